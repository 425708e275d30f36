"""MESSAGELIMIT and SAVELIMIT, as a wish and enforced (RFC 9738)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from pillarbox.core.ids import Uid
from pillarbox.net.listener import listen
from pillarbox.servers.imap.door import factory
from pillarbox.servers.imap.house import ImapSettings
from pillarbox.servers.imap.recents import Recents
from pillarbox.store.transaction import Transaction
from tests.logins import open_logins
from tests.server import PASSWORD
from tests.servers.imap.house import HOST, House
from tests.servers.imap.wire import Client, connect
from tests.stores import deliver, letter


@asynccontextmanager
async def entered(house: House, limit: int, *, enforce: bool, messages: int = 6) -> AsyncIterator[Client]:
    """A client with INBOX selected: UIDs 2, 4, 6, … of so many messages."""
    settings = ImapSettings(HOST, True, message_limit=limit, enforce_message_limit=enforce)
    logins = open_logins(house.store)
    listener = await listen("127.0.0.1", 0, factory(house.store, logins, Recents(house.store), settings, None))
    account = (await house.account()).account_id
    login = (await house.store.directory.account(account)).login
    for number in range(2 * messages):
        await deliver(house.store, account, letter(f"number {number}"))

    async def thin(tx: Transaction) -> None:
        inbox = await tx.mailbox_named(account, "INBOX")
        odd = [Uid(uid) for uid in range(1, 2 * messages, 2)]
        await tx.expunge(account, inbox.mailbox_id, odd, only_deleted=False)

    await house.store.write([account], thin)
    client = await connect(listener.port)
    await client.ok(f"LOGIN {login} {PASSWORD}")
    await client.ok("CREATE Other")
    await client.ok("SELECT INBOX")
    yield client
    client.close()
    listener.close()
    logins.close()


ANSWERED = [
    # command, untagged responses of it (whole or their beginnings), the tagged one
    ("FETCH 1:* (UID)", ["4 FETCH (UID 8)", "5 FETCH (UID 10)", "6 FETCH (UID 12)"], "OK [MESSAGELIMIT 3 8]"),
    ("FETCH 1:3 (UID)", ["1 FETCH (UID 2)", "2 FETCH (UID 4)", "3 FETCH (UID 6)"], "OK FETCH completed"),
    ("FETCH 1,3,4,6 (UID)", ["3 FETCH (UID 6)", "4 FETCH (UID 8)", "6 FETCH (UID 12)"], "OK [MESSAGELIMIT 3 6]"),
    ("UID FETCH 1:9 (FLAGS)", ["2 FETCH", "3 FETCH", "4 FETCH"], "OK [MESSAGELIMIT 3 4]"),
    ("UID FETCH 9:* (FLAGS)", ["5 FETCH", "6 FETCH"], "OK UID FETCH completed"),
    ("UID FETCH 1:* (FLAGS) (PARTIAL 1:3)", ["1 FETCH", "2 FETCH", "3 FETCH"], "OK UID FETCH completed"),
    ("UID FETCH 1:* (FLAGS) (PARTIAL -1:-4)", [], "NO [MESSAGELIMIT 3]"),
    ("SEARCH ALL", ["SEARCH 4 5 6"], "OK [MESSAGELIMIT 3 8]"),
    ("UID SEARCH UNDELETED", ["SEARCH 8 10 12"], "OK [MESSAGELIMIT 3 8]"),
    ("UID SEARCH SEEN", ["SEARCH"], "OK [MESSAGELIMIT 3 8]"),  # those that are looked at count
    ("UID SEARCH UID 1:7 UNDELETED", ["SEARCH 2 4 6"], "OK UID SEARCH completed"),
    ("UID SEARCH UID 1:9 UNDELETED", ["SEARCH 4 6 8"], "OK [MESSAGELIMIT 3 4]"),
    ("SEARCH 1:99 UNDELETED", ["SEARCH 4 5 6"], "OK [MESSAGELIMIT 3 8]"),
    ("SEARCH 1:2 UNDELETED", ["SEARCH 1 2"], "OK SEARCH completed"),
    ("UID SEARCH UIDAFTER 8", ["SEARCH 10 12"], "OK UID SEARCH completed"),
    ("UID SEARCH UIDBEFORE 6", ["SEARCH 2 4"], "OK UID SEARCH completed"),
    ("SEARCH RETURN (COUNT) ALL", ['ESEARCH (TAG "t4") COUNT 3'], "OK [MESSAGELIMIT 3 8]"),
    ("STORE 1:4 +FLAGS (\\Seen)", ["2 FETCH", "3 FETCH", "4 FETCH"], "OK [MESSAGELIMIT 3 4]"),
    ("UID STORE 1:* +FLAGS.SILENT (\\Seen)", [], "OK [MESSAGELIMIT 3 8]"),
    ("UID MOVE 1:9 Other", ["OK [COPYUID", "2 EXPUNGE", "2 EXPUNGE", "2 EXPUNGE"], "OK [MESSAGELIMIT 3 4]"),
    ("COPY 1:4 Other", [], "NO [MESSAGELIMIT 3 4]"),
    ("UID COPY 1:* Other", [], "NO [MESSAGELIMIT 3 8]"),
    ("COPY 1:3 Other", [], "OK [COPYUID"),
    ("SORT (ARRIVAL) UTF-8 ALL", ["SORT 1 2 3 4 5 6"], "OK SORT completed"),
]


@pytest.mark.parametrize(("command", "untagged", "tagged"), ANSWERED, ids=[row[0] for row in ANSWERED])
async def test_enforced(house: House, command: str, untagged: list[str], tagged: str) -> None:
    async with entered(house, 3, enforce=True) as client:
        heard, end = await client.command(command)
        assert end.decode().startswith(tagged), end
        assert len(heard) == len(untagged), heard
        assert all(one.decode().startswith(begin) for one, begin in zip(heard, untagged, strict=True)), heard


async def test_expunge_has_no_limit_and_uid_expunge_has(house: House) -> None:
    async with entered(house, 2, enforce=True) as client:
        await client.ok("UID STORE 10:12 +FLAGS.SILENT (\\Deleted)")
        await client.ok("UID STORE 6:8 +FLAGS.SILENT (\\Deleted)")
        heard, end = await client.command("UID EXPUNGE 1:8")
        assert (heard, end) == ([b"3 EXPUNGE", b"3 EXPUNGE"], b"OK UID EXPUNGE completed")
        await client.ok("UID STORE 2:4 +FLAGS.SILENT (\\Deleted)")
        heard, end = await client.command("UID EXPUNGE 1:*")
        assert heard == [b"3 EXPUNGE", b"3 EXPUNGE"]
        assert end.startswith(b"OK [MESSAGELIMIT 2 10]")
        assert await client.ok("EXPUNGE") == [b"1 EXPUNGE", b"1 EXPUNGE"]
    async with entered(house, 2, enforce=True) as client:
        await client.ok("UID STORE 1:5 +FLAGS.SILENT (\\Deleted)")
        await client.ok("UID STORE 6:8 +FLAGS.SILENT (\\Deleted)")
        assert len(await client.ok("EXPUNGE")) == 4


async def test_where_there_is_another_code(house: House) -> None:
    async with entered(house, 3, enforce=True) as client:
        await client.ok("ENABLE QRESYNC")
        await client.ok("UID STORE 1:5 +FLAGS.SILENT (\\Deleted)")
        await client.ok("UID STORE 6:9 +FLAGS.SILENT (\\Deleted)")
        heard, end = await client.command("UID EXPUNGE 1:*")
        assert heard[0].startswith(b"NO [MESSAGELIMIT 3 4]")
        assert heard[1:] == [b"VANISHED 4,6,8"]
        assert end.startswith(b"OK [HIGHESTMODSEQ ")
        heard, end = await client.command("UID STORE 1:* (UNCHANGEDSINCE 1) +FLAGS (\\Seen)")
        assert end.startswith(b"OK [MODIFIED ")


async def test_a_saved_result_is_no_larger(house: House) -> None:
    async with entered(house, 3, enforce=True) as client:
        _, end = await client.command("UID SEARCH RETURN (SAVE) ALL")
        assert end.startswith(b"OK [MESSAGELIMIT 3 8]")
        assert len(await client.ok("UID FETCH $ (UID)")) == 3


async def test_append_is_whole_or_nothing(house: House) -> None:
    async with entered(house, 2, enforce=False) as client:
        one = b"Subject: x\r\n\r\nx\r\n"
        appended = b" {%d+}\r\n%b" % (len(one), one)
        await client.ok(b"APPEND Other" + 2 * appended)
        _, end = await client.command(b"APPEND Other" + 3 * appended)
        assert end.startswith(b"NO [MESSAGELIMIT 2]")
        assert await client.ok("STATUS Other (MESSAGES)") == [b'STATUS "Other" (MESSAGES 2)']


async def test_as_a_wish_it_holds_copies_only(house: House) -> None:
    async with entered(house, 3, enforce=False) as client:
        offered = (await client.ok("CAPABILITY"))[0].split()
        assert {b"MESSAGELIMIT=3", b"SAVELIMIT=3"} <= set(offered)
        assert len(await client.ok("FETCH 1:* (UID)")) == 6
        assert await client.ok("SEARCH ALL") == [b"SEARCH 1 2 3 4 5 6"]
        _, end = await client.command("COPY 1:* Other")
        assert end.startswith(b"NO [MESSAGELIMIT 3 8]")
        assert await client.ok("STATUS Other (MESSAGES)") == [b'STATUS "Other" (MESSAGES 0)']
        assert (await client.ok("UID MOVE 1:* Other"))[0].startswith(b"OK [COPYUID")
    async with entered(house, 3, enforce=True) as client:
        offered = (await client.ok("CAPABILITY"))[0].split()
        assert b"MESSAGELIMIT=3" in offered
        assert b"SAVELIMIT=3" not in offered
    async with entered(house, 0, enforce=True) as client:
        assert b"LIMIT=3" not in (await client.ok("CAPABILITY"))[0]
        assert len(await client.ok("FETCH 1:* (UID)")) == 6
        await client.ok("COPY 1:* Other")
