"""A disk without room: every way in refuses for now, reading goes on, and with room again all is as before.

The room ends by RLIMIT_FSIZE, set from outside on the running server: its files cannot grow beyond it.
"""

import http.client
import imaplib
import resource
import smtplib
from collections.abc import Iterator
from pathlib import Path

import pytest

from pillarbox.core.errors import Unavailable
from pillarbox.core.limits import SPOOL_MEMORY
from pillarbox.store.model import StoreLimits
from pillarbox.store.spool import Spooling
from tests.crash.clients import Imap, Jmap
from tests.damage.house import YOU, House, build

BIG = b"Subject: big\r\n\r\n" + b"0123456789abcdef0123456789abcdef\r\n" * 131072


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = build(tmp_path)
    yield made
    made.server.kill()
    log = made.server.log.read_text("utf-8", "replace")
    assert "Traceback" not in log, log[log.index("Traceback") - 500 :][:4000]


def room(house: House, octets: int) -> None:
    """How large a file of the server may become."""
    resource.prlimit(house.server.process.pid, resource.RLIMIT_FSIZE, (octets, resource.RLIM_INFINITY))


def small(number: int) -> bytes:
    return f"Subject: small {number}\r\nMessage-ID: <small{number}@damage.test>\r\n\r\nHello.\r\n".encode()


def by_smtp(house: House, octets: bytes) -> int:
    """The code of the answer to the message."""
    with smtplib.SMTP("127.0.0.1", house.server.port["smtp"], timeout=30) as smtp:
        smtp.ehlo()
        smtp.mail("ann@elsewhere.test")
        assert smtp.rcpt(YOU)[0] == 250
        return smtp.data(octets)[0]


def by_append(house: House, octets: bytes) -> str:
    """OK or what was said instead."""
    imap = Imap(house.server, YOU)
    try:
        imap.append("INBOX", octets)
    except imaplib.IMAP4.error as error:
        return str(error)
    finally:
        imap.close()
    return "OK"


def by_import(house: House, octets: bytes) -> str:
    """The id, or what was said instead."""
    jmap = Jmap(house.server, YOU)
    try:
        email = {"blobId": jmap.upload(octets), "mailboxIds": {jmap.inbox: True}}
        answer = jmap.call("Email/import", emails={"k": email})
    except http.client.HTTPException as error:
        return str(error)
    finally:
        jmap.close()
    return str(answer["created"]["k"]["id"] if answer["created"] else answer["notCreated"])


def test_no_room(house: House) -> None:
    before = house.by_imap()
    for number in range(3):
        assert by_smtp(house, small(number)) == 250
    (wal,) = house.database.parent.glob("mail.db-wal")
    assert wal.stat().st_size < len(BIG)
    room(house, wal.stat().st_size)
    for number in range(3, 6):
        assert by_smtp(house, small(number)) in (451, 452)
    assert by_smtp(house, BIG) in (451, 452)
    for octets in (small(10), BIG):
        assert "'NO'" in by_append(house, octets)
        assert "503" in by_import(house, octets) or "507" in by_import(house, octets)
    meanwhile = house.by_imap()
    assert len(meanwhile) == len(before) + 3
    assert {number: meanwhile[number] for number in before} == before
    assert house.by_pop3()[: len(before)] == list(before.values())
    assert set(house.by_jmap().values()) == {200}
    room(house, resource.RLIM_INFINITY)
    for number in range(20, 23):
        assert by_smtp(house, small(number)) == 250
    assert by_smtp(house, BIG) == 250
    assert by_append(house, small(30)) == "OK"
    assert by_import(house, small(31)).startswith("M")
    after = [octets or b"" for octets in house.by_imap().values()]
    names = [
        octets.partition(b"\r\n\r\n")[0].rpartition(b"Subject: ")[2].split(b"\r\n")[0]
        for octets in after[len(before) :]
    ]
    assert names == [b"small %d" % one for one in (0, 1, 2, 20, 21, 22)] + [b"big", b"small 30", b"small 31"]
    assert not list((house.database.parent / "spool").iterdir())
    assert house.check("--deep")[0] == 0


def test_a_log_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "server.log").symlink_to("/dev/full")
    house = build(tmp_path, 3)
    try:
        assert by_smtp(house, small(1)) == 250
        assert by_smtp(house, b"Subject: bare\r\n\r\n\0\r\n") == 554
        assert by_append(house, small(2)) == "OK"
        assert by_import(house, small(3)).startswith("M")
        room(house, 1024)
        assert by_smtp(house, small(4)) in (451, 452)
        room(house, resource.RLIM_INFINITY)
        assert by_smtp(house, small(5)) == 250
        assert len(house.by_imap()) == 7
        assert house.server.stop() == 0
    finally:
        house.server.kill()


def test_a_spool_that_is_full(tmp_path: Path) -> None:
    spool = Spooling(StoreLimits(1 << 24, str(tmp_path)))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (SPOOL_MEMORY + 10_000, before[1]))
    try:
        with pytest.raises(Unavailable):
            for _ in range(2 * SPOOL_MEMORY // 1000):
                spool.write(b"x" * 999)
        spool.discard()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not list(tmp_path.iterdir())
