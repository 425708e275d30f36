"""The store is away for a moment: what a command has done is acknowledged, and nothing is lost or told wrongly."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from pillarbox.core.errors import Unavailable
from tests.server import PASSWORD
from tests.servers.imap.house import House
from tests.servers.imap.wire import Client, connect

Fail = Callable[[str], None]


@pytest.fixture
def fail(house: House, monkeypatch: pytest.MonkeyPatch) -> Fail:
    """Have the next call of a method of the store fail."""

    def arrange(name: str) -> None:
        whole = getattr(house.store, name)

        def once(*_arguments: object, **_more: object) -> Any:
            monkeypatch.setattr(house.store, name, whole)
            raise Unavailable("the database is away")

        monkeypatch.setattr(house.store, name, once)

    return arrange


@pytest.fixture
async def clients(house: House) -> AsyncIterator[list[Client]]:
    """Two sessions in an INBOX of four messages: one that watches, one that acts."""
    login = (await house.account()).login
    both = [await connect(house.port["imap"]) for _ in range(2)]
    for client in both:
        await client.ok(f"LOGIN {login} {PASSWORD}")
        await client.ok("ENABLE CONDSTORE")
    for _ in range(4):
        await both[1].ok("APPEND INBOX {3+}\r\nabc")
    for client in both:
        await client.ok("SELECT INBOX")
    yield both
    for client in both:
        client.close()


async def _change(actor: Client) -> None:
    await actor.ok("STORE 1 +FLAGS.SILENT (\\Deleted)")
    await actor.ok("EXPUNGE")
    await actor.ok("APPEND INBOX {3+}\r\nabc")
    await actor.ok("STORE 1 +FLAGS.SILENT (\\Flagged)")


def _plain(told: list[bytes]) -> list[bytes]:
    return [one.split(b" (")[0] for one in told if not one.endswith(b"RECENT")]


NEWS = [b"1 EXPUNGE", b"4 EXISTS", b"1 FETCH"]


async def test_what_was_done_is_acknowledged_and_the_news_come_later(clients: list[Client], fail: Fail) -> None:
    watcher, actor = clients
    await _change(actor)
    fail("since")
    told, tagged = await watcher.command("UID COPY 4 Trash")
    assert (told, tagged[:12]) == ([], b"OK [COPYUID ")
    assert _plain(await watcher.ok("NOOP")) == NEWS


async def test_news_are_known_without_the_shared_view(clients: list[Client], fail: Fail) -> None:
    watcher, actor = clients
    await _change(actor)
    fail("view")
    assert _plain(await watcher.ok("NOOP")) == NEWS
    assert await watcher.ok("NOOP") == []
    assert await watcher.ok("FETCH 1:* UID") == [b"%d FETCH (UID %d)" % (number, number + 1) for number in range(1, 5)]


async def test_flags_that_could_not_be_read_are_told_the_next_time(
    house: House, clients: list[Client], fail: Fail, monkeypatch: pytest.MonkeyPatch
) -> None:
    watcher, actor = clients
    await _change(actor)

    async def too_much(*_arguments: object) -> None:
        return None

    monkeypatch.setattr(house.store, "since", too_much)
    fail("placements")
    assert _plain(await watcher.ok("NOOP")) == NEWS[:2]
    assert _plain(await watcher.ok("NOOP")) == [b"1 FETCH", b"4 FETCH"]  # that of the new message does no harm


async def test_idle_goes_on(clients: list[Client], fail: Fail) -> None:
    watcher, actor = clients
    await _change(actor)
    fail("since")
    await watcher.send(b"i1 IDLE\r\n")
    assert await watcher.response() == b"+ idling"
    await watcher.send(b"DONE\r\n")
    told = []
    while not (line := await watcher.response()).startswith(b"i1 "):
        told.append(line[2:])
    assert (_plain(told), line) == (NEWS, b"i1 OK IDLE terminated")


async def test_nothing_is_selected_by_a_select_that_fails(clients: list[Client], fail: Fail) -> None:
    watcher, _ = clients
    await watcher.ok("ENABLE QRESYNC")
    selected = await watcher.ok("SELECT INBOX")
    [validity] = [one.split(b"UIDVALIDITY ")[1].split(b"]")[0] for one in selected if b"UIDVALIDITY" in one]
    fail("vanished_since")
    _, tagged = await watcher.command(b"SELECT INBOX (QRESYNC (%b 1))" % validity)
    assert tagged.startswith(b"NO [UNAVAILABLE]")
    _, tagged = await watcher.command("FETCH 1 FLAGS")
    assert tagged.startswith(b"BAD")


async def _news_of_mailboxes(watcher: Client) -> bytes:
    """The next word of a mailbox, which NOTIFY has it told of unasked or with a NOOP."""
    await watcher.send(b"n1 NOOP\r\n")
    told = await watcher.response()
    return await watcher.response() if told.startswith(b"n1") else told


async def test_word_of_mailboxes_comes_later(clients: list[Client], fail: Fail) -> None:
    watcher, actor = clients
    await watcher.ok("NOTIFY SET (PERSONAL (MailboxName))")
    fail("mailbox_news")
    await actor.ok("CREATE Fresh")
    assert (await _news_of_mailboxes(watcher)).endswith(b'"Fresh"')


async def test_a_notify_that_fails_changes_nothing(clients: list[Client], fail: Fail) -> None:
    watcher, actor = clients
    await watcher.ok("NOTIFY SET (PERSONAL (MailboxName))")
    fail("survey")
    _, tagged = await watcher.command("NOTIFY SET (PERSONAL (MailboxName SubscriptionChange))")
    assert tagged.startswith(b"NO [UNAVAILABLE]")
    await actor.ok("CREATE Fresh")
    assert (await _news_of_mailboxes(watcher)).endswith(b'"Fresh"')


async def test_word_of_notes_comes_later(clients: list[Client], fail: Fail) -> None:
    watcher, actor = clients
    await watcher.ok("ENABLE METADATA")
    await actor.ok('SETMETADATA INBOX (/shared/comment "new")')
    fail("metadata_changes")
    assert await watcher.ok("NOOP") == []
    assert await watcher.ok("NOOP") == [b'METADATA "INBOX" /shared/comment']


async def test_old_notes_are_no_news_where_enable_failed_at_first(clients: list[Client], fail: Fail) -> None:
    watcher, actor = clients
    await actor.ok('SETMETADATA INBOX (/shared/comment "old")')
    fail("modseq")
    _, tagged = await watcher.command("ENABLE METADATA")
    assert tagged.startswith(b"NO [UNAVAILABLE]")
    await watcher.ok("ENABLE METADATA")
    await actor.ok('SETMETADATA Sent (/shared/comment "new")')
    assert await watcher.ok("NOOP") == [b'METADATA "Sent" /shared/comment']
