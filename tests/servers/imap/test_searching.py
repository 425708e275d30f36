"""A long search gives way: the server stops, the client has gone."""

import asyncio
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from pillarbox.core.ids import AccountId, MessageId
from pillarbox.servers.imap import progress, selected, updating
from pillarbox.servers.imap import searching as server_searching
from pillarbox.store import search_leaves
from pillarbox.store.search_text import Source, rows_of
from pillarbox.store.store import Store
from tests.server import PASSWORD
from tests.servers.imap.house import House
from tests.servers.imap.wire import Client, connect
from tests.stores import deliver, letter


@dataclass
class Halt:
    """Holds searches at their first page; `pages`: how many were begun."""

    begun: asyncio.Event = field(default_factory=asyncio.Event)
    on: asyncio.Event = field(default_factory=asyncio.Event)
    pages: int = 0


@pytest.fixture
def halt(monkeypatch: pytest.MonkeyPatch) -> Halt:
    """Searches look at one message at a time and wait before it."""
    made = Halt()

    async def halted(store: Store, account: AccountId, ids: Sequence[MessageId]) -> list[Source]:
        made.pages += 1
        made.begun.set()
        await made.on.wait()
        return await rows_of(store, account, ids)

    monkeypatch.setattr(search_leaves, "PAGE", 1)
    monkeypatch.setattr(search_leaves, "rows_of", halted)
    return made


async def searching(house: House) -> Client:
    """A client of a mailbox of three messages that has to wait for what it searches."""
    account = await house.account()
    for _ in range(3):
        await deliver(house.store, account.account_id, letter(body="a red apple\r\n"))
    client = await connect(house.port["imap"])
    await client.ok(f"LOGIN {account.login} {PASSWORD}")
    await client.ok("SELECT INBOX")
    return client


async def test_a_search_gives_up_when_the_server_stops(house: House, halt: Halt) -> None:
    client = await searching(house)
    answer = asyncio.create_task(client.command('SEARCH BODY "red apple"'))
    await halt.begun.wait()
    draining = asyncio.create_task(house.listeners["imap"].drain(5))
    await asyncio.sleep(0)
    halt.on.set()
    _, tagged = await answer
    assert tagged.startswith(b"NO [UNAVAILABLE]")
    assert halt.pages == 1
    await draining


async def test_a_search_says_how_far_it_has_come(house: House, halt: Halt, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "IMAP_PATIENCE", 0)
    client = await searching(house)
    halt.on.set()
    untagged, tagged = await client.command('SEARCH BODY "red apple"')
    said = [b'OK [INPROGRESS ("t3" %d 3)] still at it' % done for done in range(3) for _ in range(2)]
    assert untagged == [*said, b"SEARCH 1 2 3"]
    assert tagged.startswith(b"OK")


async def test_a_client_that_sends_nothing_more_is_told_at_once_how_far_a_search_has_come(
    house: House, halt: Halt
) -> None:
    client = await searching(house)
    await client.send(b't SEARCH BODY "red apple"\r\n')
    await halt.begun.wait()
    client.writer.write_eof()
    await asyncio.sleep(0.05)
    halt.on.set()
    lines = [await client.reader.readline() for _ in range(3)]
    assert lines[0].startswith(b'* OK [INPROGRESS ("t" 0 3)] ')
    assert lines[1:] == [b"* SEARCH 1 2 3\r\n", b"t OK SEARCH completed\r\n"]


async def test_a_search_ends_when_the_client_has_gone(house: House, halt: Halt) -> None:
    client = await searching(house)
    await client.send(b't UID SEARCH BODY "red apple"\r\n')
    await halt.begun.wait()
    client.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.writer.transport.abort()  # a reset, as from a client that was killed with answers under way
    for _ in range(500):
        if not house.listeners["imap"].connections:
            break
        await asyncio.sleep(0.01)
    halt.on.set()
    for _ in range(20):  # time to go on, if it did
        await asyncio.sleep(0.01)
    assert halt.pages == 1


async def test_a_search_ends_when_the_client_has_closed_its_end(
    house: House, halt: Halt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "IMAP_PROBE", 0)
    client = await searching(house)
    await client.send(b't UID SEARCH BODY "red apple"\r\n')
    await halt.begun.wait()
    client.close()
    await client.writer.wait_closed()
    await asyncio.sleep(0.05)
    halt.on.set()  # what is said then is refused by the other end, which shows when more is said
    for _ in range(500):
        if not house.listeners["imap"].connections:
            break
        await asyncio.sleep(0.01)
    assert not house.listeners["imap"].connections
    assert halt.pages <= 2


async def test_what_is_too_much_to_save_is_refused_and_leaves_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_searching, "IMAP_SAVED", 1)
    client = await searching(house)
    assert await client.ok("SEARCH RETURN (SAVE) 1:2") == []
    assert await client.ok("SEARCH $") == [b"SEARCH 1 2"]
    assert (await client.command("SEARCH RETURN (SAVE COUNT) 1,3"))[1].startswith(b"NO [NOTSAVED] ")
    assert await client.ok("SEARCH $") == [b"SEARCH"]
    assert (await client.command("ESEARCH RETURN (SAVE) 1,3"))[1].startswith(b"NO [NOTSAVED] ")


@pytest.mark.parametrize(
    ("limit", "refused"),
    [
        ("IMAP_CONTEXT_MESSAGES", ["SEARCH RETURN (UPDATE) 1:2"]),
        ("IMAP_CONTEXT_SORTED", ["SORT RETURN (UPDATE) (DATE) UTF-8 1:2"]),
        ("IMAP_CONTEXT_KEY", ["SEARCH RETURN (UPDATE) NOT (SEEN 1)", "SEARCH RETURN (UPDATE) 1,3"]),
        ("IMAP_CONTEXTS", []),
    ],
)
async def test_what_is_too_much_to_keep_up_to_date_is_refused(
    house: House, monkeypatch: pytest.MonkeyPatch, limit: str, refused: list[str]
) -> None:
    monkeypatch.setattr(updating, limit, 1)
    client = await searching(house)
    assert await client.ok("SEARCH RETURN (UPDATE COUNT) 2") == [b'ESEARCH (TAG "t3") COUNT 1']
    for command in refused or ["SEARCH RETURN (UPDATE) 3"]:
        untagged = await client.ok(command)
        assert untagged[-1].startswith(b"NO [NOUPDATE "), command


async def test_a_long_command_that_changes_messages_says_how_far_it_has_come(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "IMAP_PATIENCE", 0)
    monkeypatch.setattr(selected, "IMAP_PORTION", 2)
    client = await searching(house)
    untagged = await client.ok("STORE 1:3 +FLAGS.SILENT (\\Deleted)")
    assert untagged == [
        b'OK [INPROGRESS ("t3" 2 3)] still at it',
        b'OK [INPROGRESS ("t3" 3 NIL)] still at it',
    ]
    untagged = await client.ok("MOVE 1:2 Trash")
    assert b'OK [INPROGRESS ("t4" 2 NIL)] still at it' in untagged
