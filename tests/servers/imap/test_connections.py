"""What talks cannot show: TLS, large messages, shutting down, many messages, and the standard library's client."""

import asyncio
import imaplib
import re
import socket
import ssl
from pathlib import Path

import pytest

from pillarbox.core.ids import Uid
from pillarbox.core.limits import IMAP_APPEND_MEMORY
from pillarbox.servers.imap.commands import append
from pillarbox.store.model import Place
from pillarbox.store.transaction import Transaction
from tests.server import PASSWORD
from tests.servers.imap.house import SIZE, House
from tests.servers.imap.wire import Client, connect
from tests.stores import arrive, deliver, letter


async def _enter(house: House, login: str, mailbox: str = "INBOX") -> Client:
    client = await connect(house.port["imap"])
    await client.ok(f"LOGIN {login} {PASSWORD}")
    await client.ok(f"SELECT {mailbox}")
    return client


async def test_no_password_goes_in_clear(house: House) -> None:
    account = await house.account()
    client = await connect(house.port["strict"])
    offered = (await client.ok("CAPABILITY"))[0]
    assert b"LOGINDISABLED" in offered
    assert b"STARTTLS" in offered
    assert b"AUTH=" not in offered
    for command in (f"LOGIN {account.login} {PASSWORD}", "AUTHENTICATE PLAIN"):
        _, tagged = await client.command(command)
        assert tagged.startswith(b"NO [PRIVACYREQUIRED]")
    client.close()


async def test_implicit_tls(house: House) -> None:
    account = await house.account()
    client = await connect(house.port["imaps"], tls=True)
    offered = (await client.ok("CAPABILITY"))[0]
    assert b"AUTH=PLAIN" in offered
    assert b"STARTTLS" not in offered
    await client.ok(f"LOGIN {account.login} {PASSWORD}")
    client.close()


async def test_commands_injected_before_tls_are_forgotten(house: House) -> None:
    def attack() -> tuple[bytes, bytes]:
        plain = socket.create_connection(("127.0.0.1", house.port["imap"]), timeout=20)
        plain.recv(4096)
        plain.sendall(b"a1 STARTTLS\r\na2 CAPABILITY\r\n")
        first = plain.recv(4096)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        with context.wrap_socket(plain) as sealed:
            sealed.sendall(b"a3 NOOP\r\n")
            return first, sealed.recv(4096)

    first, second = await asyncio.to_thread(attack)
    assert first == b"a1 OK begin TLS now\r\n"
    assert second == b"a3 OK NOOP completed\r\n"


async def test_a_large_message_comes_back_octet_by_octet(house: House) -> None:
    account = await house.account()
    client = await _enter(house, account.login)
    octets = letter("large", body="".join(f"line {n}\r\n" for n in range(200_000)))
    assert len(octets) > 2 << 20
    await client.ok(f"APPEND INBOX {{{len(octets)}}}", octets)
    (answer,) = await client.ok("FETCH 1 (UID BODY[])")
    assert answer == b"1 FETCH (UID 1 FLAGS (\\Seen \\Recent) BODY[] {%d}\r\n" % len(octets) + octets + b")"
    (answer,) = await client.ok("FETCH 1 (BODY.PEEK[TEXT]<100.10> BODY.PEEK[HEADER.FIELDS (SUBJECT)] BODY.PEEK[7])")
    body = octets.partition(b"\r\n\r\n")[2]
    assert answer == (
        b"1 FETCH (BODY[TEXT]<100> {10}\r\n" + body[100:110] + b" BODY[HEADER.FIELDS (SUBJECT)] {18}\r\n"
        b"Subject: large\r\n\r\n BODY[7] NIL)"
    )
    _, tagged = await client.command(f"APPEND INBOX {{{SIZE + 1}}}")
    assert tagged.startswith(b"NO [TOOBIG]")
    client.close()


async def test_many_messages_are_paged(house: House) -> None:
    account = await house.account()
    arrived = await arrive(house.store, letter("many"))

    async def unit(tx: Transaction) -> None:
        inbox = await tx.mailbox_named(account.account_id, "INBOX")
        await tx.add(account.account_id, arrived, [Place(inbox.mailbox_id)])
        for _ in range(11):
            view = (1, 1 << 20)
            await tx.copy(account.account_id, inbox.mailbox_id, [view], inbox.mailbox_id)

    await house.store.write([account.account_id], unit)
    client = await _enter(house, account.login)
    answers = await client.ok("FETCH 1:* (UID FLAGS ENVELOPE)")
    assert [int(answer.split()[0]) for answer in answers] == list(range(1, 2049))
    assert len(await client.ok("FETCH 1:* BODY.PEEK[HEADER.FIELDS (SUBJECT)]")) == 2048
    assert len(await client.ok("UID FETCH 3:5,1000:1999,2048:9999 (UID)")) == 1004
    await client.ok("STORE 1:* +FLAGS.SILENT (\\Deleted)")
    answers = await client.ok("EXPUNGE")
    assert answers == [b"1 EXPUNGE"] * 2048
    client.close()


async def test_a_mailbox_that_changes_during_a_fetch(house: House) -> None:
    """Sequence numbers stay those the client knows, whatever others do meanwhile."""
    account = await house.account()
    first, second = await _enter(house, account.login), await _enter(house, account.login)
    for number in range(5):
        await first.ok("APPEND INBOX {3}", f"{number}:x".encode())
    await second.ok("NOOP")
    await first.ok("STORE 2 +FLAGS.SILENT (\\Deleted)")
    await first.ok("EXPUNGE")
    answers = await second.ok("FETCH 1:* UID")
    assert answers == [b"1 FETCH (UID 1)", b"3 FETCH (UID 3)", b"4 FETCH (UID 4)", b"5 FETCH (UID 5)"]
    answers = await second.ok("UID FETCH 1:* UID")
    assert answers[-1] == b"2 EXPUNGE"
    first.close()
    second.close()


async def test_the_server_says_goodbye(house: House) -> None:
    account = await house.account()
    client = await _enter(house, account.login)
    await asyncio.gather(house.listeners["imap"].drain(5), _goodbye(client))


async def _goodbye(client: Client) -> None:
    assert (await client.response()).startswith(b"* BYE [UNAVAILABLE]")


async def test_imaplib(house: House) -> None:
    account = await house.account()

    def talk() -> None:
        with imaplib.IMAP4("127.0.0.1", house.port["imap"]) as client:
            client.starttls(_unchecked())
            client.login(account.login, PASSWORD)
            assert client.create("Work")[0] == "OK"
            status, data = client.append("INBOX", "\\Flagged", "", letter("by imaplib"))
            assert status == "OK"
            assert re.search(rb"APPENDUID \d+ 1\]", data[0])
            assert client.select() == ("OK", [b"1"])
            assert client.search(None, "FLAGGED", "SUBJECT", '"imaplib"') == ("OK", [b"1"])
            fetched = client.fetch("1", "(FLAGS RFC822)")[1]
            assert isinstance(fetched[0], tuple)
            assert fetched[0][1] == letter("by imaplib")
            assert client.copy("1", "Work")[0] == "OK"
            assert client.store("1", "+FLAGS", "\\Deleted")[0] == "OK"
            assert client.expunge() == ("OK", [b"1"])
            assert client.status("Work", "(MESSAGES)")[1] == [b'"Work" (MESSAGES 1)']
            client.close()

    await asyncio.to_thread(talk)


def _unchecked() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


async def test_two_sessions_cannot_both_have_a_message_recent(house: House) -> None:
    account = await house.account()
    first, second = await _enter(house, account.login), await _enter(house, account.login)
    await first.ok("APPEND INBOX {3}", b"a:x")
    assert await first.ok("SEARCH RECENT") == [b"SEARCH 1"]
    await second.ok("NOOP")
    assert await second.ok("SEARCH RECENT") == [b"SEARCH"]
    third = await _enter(house, account.login)
    assert await third.ok("SEARCH RECENT") == [b"SEARCH"]
    view = await house.store.view(account.account_id, (await house.store.mailboxes(account.account_id))[0].mailbox_id)
    assert list(view.uids) == [Uid(1)]
    for client in (first, second, third):
        client.close()


async def test_a_damaged_message_is_stepped_over(house: House) -> None:
    account = await house.account()
    client = await _enter(house, account.login)
    for name in ("one", "two", "three"):
        octets = letter(name)
        await client.ok(f"APPEND INBOX {{{len(octets)}}}", octets)
    rows = [
        row
        async for page in house.store.placements(
            account.account_id, (await house.store.mailbox_named(account.account_id, "INBOX")).mailbox_id, [2]
        )
        for row in page
    ]

    async def damage(connection: object) -> int:
        return await connection.run(  # type: ignore[attr-defined, no-any-return]
            "DELETE FROM blob WHERE blob_id = (SELECT blob_id FROM message WHERE message_id = $1)", rows[0].message_id
        )

    await house.store.database.write(damage)
    untagged, tagged = await client.command("FETCH 1:3 BODY.PEEK[]")
    assert [answer.split()[0] for answer in untagged] == [b"1", b"3"]
    assert tagged.startswith(b"NO [CORRUPTION]")
    client.close()


async def test_who_is_silent_for_too_long_is_sent_away(house: House) -> None:
    client = await connect(house.port["imap"])
    for stream in list(house.listeners["imap"]._streams):
        stream.sweep(stream.deadline + 1)
    assert (await client.response()).startswith(b"* BYE idle for too long")


async def test_a_full_account_takes_no_more(house: House) -> None:
    account = await house.account()
    await house.store.directory.set_quota(account.account_id, 100)
    client = await _enter(house, account.login)
    _, tagged = await client.command("APPEND INBOX {200}", b"x" * 200)
    assert tagged.startswith(b"NO [OVERQUOTA]")
    assert await client.ok("SEARCH ALL") == [b"SEARCH"]
    client.close()


async def test_an_idling_client_of_a_deleted_mailbox_is_sent_away(house: House) -> None:
    account = await house.account()
    client = await _enter(house, account.login)
    await client.ok("CREATE Work")
    idler = await _enter(house, account.login, "Work")
    await idler.send(b"i IDLE\r\n")
    assert await idler.response() == b"+ idling"
    await client.ok("DELETE Work")
    assert (await idler.response()).startswith(b"* BYE")
    client.close()


async def test_news_of_another_way_in_reach_an_idling_client(house: House) -> None:
    account = await house.account()
    idler = await _enter(house, account.login)
    await idler.send(b"i IDLE\r\n")
    assert await idler.response() == b"+ idling"
    await deliver(house.store, account.account_id)
    assert await idler.response() == b"* 1 EXISTS"
    assert await idler.response() == b"* 1 RECENT"
    await idler.send(b"DONE\r\n")
    assert await idler.response() == b"i OK IDLE terminated"
    idler.close()


async def test_recent_in_one_session_whatever_listener_it_came_by(house: House) -> None:
    account = await house.account()
    await deliver(house.store, account.account_id)
    clear = await connect(house.port["imap"])
    sealed = await connect(house.port["imaps"], tls=True)
    told = []
    for client in (clear, sealed):
        await client.ok(f"LOGIN {account.login} {PASSWORD}")
        told.append(await client.ok("SELECT INBOX"))
    assert b"1 RECENT" in told[0]
    assert b"0 RECENT" in told[1]
    clear.close()
    sealed.close()


def _spooled(house: House) -> list[Path]:
    return list(Path(house.store.settings.spool_dir).iterdir())


async def test_many_messages_in_one_append(house: House) -> None:
    """More than wait in memory: they come back in order, as they were."""
    client = await _enter(house, (await house.account()).login)
    octets = [b"Subject: %d\r\n\r\n" % number + b"x" * 60_000 for number in range(2 * IMAP_APPEND_MEMORY // 60_000)]
    command = b"APPEND INBOX" + b"".join(b" {%d+}\r\n%b" % (len(one), one) for one in octets)
    await client.ok(command)
    found = await client.ok("FETCH 1:* BODY.PEEK[]")
    bodies = [line for line in found if b" FETCH " in line]
    assert bodies == [b"%d FETCH (BODY[] {%d}\r\n%b)" % (number, len(one), one) for number, one in enumerate(octets, 1)]
    assert not _spooled(house)
    client.close()


async def test_large_parts_in_catenate(house: House) -> None:
    client = await _enter(house, (await house.account()).login)
    part = b"y" * 1_000_000
    octets = b"Subject: x\r\n\r\n" + part
    await client.ok(b"APPEND INBOX {%d+}\r\n%b" % (len(octets), octets))
    await client.ok(
        'APPEND INBOX CATENATE (URL ";UID=1" URL ";UID=1/;SECTION=TEXT" URL ";UID=1/;SECTION=1/;PARTIAL=5.10")'
    )
    found = await client.ok("FETCH 2 BODY.PEEK[]")
    whole = octets + part + b"y" * 10
    assert b"2 FETCH (BODY[] {%d}\r\n%b)" % (len(whole), whole) in found
    urls = b" ".join([b'URL ";UID=2"'] * 3)
    _, tagged = await client.command(b"APPEND INBOX CATENATE (" + urls + b")")
    assert tagged.startswith(b"NO [TOOBIG]")
    assert not _spooled(house)
    client.close()


async def test_messages_made_of_urls_are_bounded_together(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line may name the same large message many times."""
    monkeypatch.setattr(append, "IMAP_APPEND", 2_500_000)
    client = await _enter(house, (await house.account()).login)
    await client.ok(b"APPEND INBOX {%d+}\r\n%b" % (1_000_000, b"y" * 1_000_000))
    message = b' CATENATE (URL ";UID=1")'
    await client.ok(b"APPEND INBOX" + message * 2)
    _, tagged = await client.command(b"APPEND INBOX" + message * 3)
    assert tagged.startswith(b"NO [TOOBIG]")
    assert not _spooled(house)
    client.close()


async def test_replacing_counts_only_what_is_more(house: House) -> None:
    """RFC 8508 §3.4: the message that goes makes room for the one that comes."""
    account = await house.account()
    await house.store.directory.set_quota(account.account_id, 1000)
    client = await _enter(house, account.login)
    first, larger = b"a" * 900, b"b" * 1000
    await client.ok(b"APPEND INBOX {900+}\r\n" + first)
    _, tagged = await client.command(b"APPEND INBOX {1000+}\r\n" + larger)
    assert tagged.startswith(b"NO [OVERQUOTA]")
    _, tagged = await client.command(b"REPLACE 1 INBOX {1001+}\r\n" + larger + b"b")
    assert tagged.startswith(b"NO [OVERQUOTA]")
    assert b"1 FETCH (UID 1)" in await client.ok("FETCH 1:* UID")
    await client.ok(b"REPLACE 1 INBOX {1000+}\r\n" + larger)
    assert b"1 FETCH (UID 2 RFC822.SIZE 1000)" in await client.ok("FETCH 1:* (UID RFC822.SIZE)")
    client.close()
