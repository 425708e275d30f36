"""POP3 over real sockets: what a talk cannot say."""

import poplib
import socket
import ssl
from collections.abc import Iterator

import pytest

from pillarbox.store.model import Arrived, Place
from pillarbox.store.store import Store
from pillarbox.store.transaction import Transaction
from tests.server import DOMAIN, PASSWORD, PillarboxServer, new_account

USER = f"pop@{DOMAIN}"
BIG = b"Subject: big\r\n\r\n" + b".a line that begins with a dot\r\n" * 200_000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PillarboxServer]:
    running = PillarboxServer(tmp_path_factory.mktemp("pop3"), workers=2)
    running.store(fill)
    yield running
    assert running.stop() == 0


async def fill(store: Store) -> None:
    account = await new_account(store, USER)
    for octets in (BIG, b"Subject: bare\n\n.\nend", b"Subject: none\r\n"):
        spooling = store.spool()
        spooling.write(octets)
        arrived = await spooling.finish()

        async def unit(tx: Transaction, arrived: Arrived = arrived) -> None:
            inbox = await tx.mailbox_named(account, "INBOX")
            await tx.add(account, arrived, [Place(inbox.mailbox_id)])

        await store.write([account], unit)


def context() -> ssl.SSLContext:
    made = ssl.create_default_context()
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    return made


def test_a_large_message_comes_octet_for_octet(server: PillarboxServer) -> None:
    session = poplib.POP3_SSL("127.0.0.1", server.port["pop3s"], context=context(), timeout=60)
    session.user(USER)
    session.pass_(PASSWORD)
    _, lines, size = session.retr(1)
    assert b"\r\n".join(lines) + b"\r\n" == BIG
    assert size >= len(BIG)
    assert session.top(1, 3)[1] == BIG.split(b"\r\n")[:5]
    assert session.retr(2)[1] == [b"Subject: bare", b"", b".", b"end"]
    assert session.quit().startswith(b"+OK")


def test_what_is_sent_behind_stls_is_thrown_away(server: PillarboxServer) -> None:
    with socket.create_connection(("127.0.0.1", server.port["pop3"]), timeout=20) as raw:
        assert raw.recv(1000).startswith(b"+OK")
        raw.sendall(b"STLS\r\nUSER injected\r\nPASS x\r\n")
        assert raw.recv(1000) == b"+OK begin TLS\r\n"
        with context().wrap_socket(raw) as tls:
            tls.sendall(b"PASS y\r\n")
            assert tls.recv(1000) == b"-ERR send USER first\r\n"


def test_the_maildrop_is_locked_for_pop3_only_and_in_every_worker(server: PillarboxServer) -> None:
    first = poplib.POP3("127.0.0.1", server.port["pop3"], timeout=20)
    first.user(USER)
    first.pass_(PASSWORD)
    for _ in range(8):  # the workers share the port: some of these reach the other one
        other = poplib.POP3("127.0.0.1", server.port["pop3"], timeout=20)
        other.user(USER)
        with pytest.raises(poplib.error_proto, match="IN-USE"):
            other.pass_(PASSWORD)
        other.close()
    first.quit()


@pytest.mark.parametrize("octets", [b"x" * 100_000, b"\0" * 2000 + b"\r\n", b"USER " + b"y" * 600 + b"\r\n"])
def test_long_lines_end_in_an_error(server: PillarboxServer, octets: bytes) -> None:
    with socket.create_connection(("127.0.0.1", server.port["pop3"]), timeout=20) as raw:
        assert raw.recv(1000).startswith(b"+OK")
        raw.sendall(octets)
        assert raw.recv(1000).startswith(b"-ERR line too long")
