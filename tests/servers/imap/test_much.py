"""So much has happened that it is told page by page: what a client is told comes to the same."""

import re
import threading
from collections.abc import Awaitable, Callable

import pytest

from pillarbox.core.limits import PAGE
from pillarbox.store import mailboxes
from pillarbox.store.model import Place
from pillarbox.store.transaction import Transaction
from tests.server import PASSWORD
from tests.servers.imap.house import House
from tests.servers.imap.wire import Client, connect

_MANY = 4 * PAGE + 10


async def _fill(house: House, count: int) -> str:
    account = await house.account()
    box = await house.store.mailbox_named(account.account_id, "INBOX")
    spool = house.store.spool()
    spool.write(b"Subject: one of many\r\n\r\n")
    arrived = await spool.finish()

    async def unit(tx: Transaction) -> None:
        for _ in range(count):
            await tx.add(account.account_id, arrived, [Place(box.mailbox_id)])

    await house.store.write([account.account_id], unit)
    return account.login


async def _enter(house: House, login: str, *commands: str) -> Client:
    client = await connect(house.port["imap"])
    await client.ok(f"LOGIN {login} {PASSWORD}")
    for command in commands:
        await client.ok(command)
    return client


@pytest.mark.parametrize("enabled", ["", "ENABLE QRESYNC", "ENABLE UIDONLY"])
async def test_many_expunges_flags_and_arrivals_at_once(house: House, enabled: str) -> None:
    login = await _fill(house, _MANY + 20)
    watcher = await _enter(house, login, *([enabled] if enabled else []), "SELECT INBOX")
    actor = await _enter(house, login, "SELECT INBOX")
    await actor.ok("STORE 1:10 +FLAGS.SILENT (\\Deleted)")
    await actor.ok(f"STORE {_MANY + 20} +FLAGS.SILENT (\\Deleted)")
    await actor.ok("EXPUNGE")
    await actor.ok("STORE 1:* +FLAGS.SILENT (\\Flagged)")
    for _ in range(3):
        await actor.ok("APPEND INBOX {3+}\r\nabc")
    told = await watcher.ok("NOOP")
    flags = [one for one in told if b"FETCH (" in one]
    assert len(flags) == _MANY + 9
    assert f"{_MANY + 12} EXISTS".encode() in told
    if enabled:
        assert [one for one in told if b"VANISHED" in one] == [b"VANISHED 1:10,%d" % (_MANY + 20)]
    else:
        gone = [one for one in told if one.endswith(b"EXPUNGE")]
        assert gone == [b"1 EXPUNGE"] * 10 + [b"%d EXPUNGE" % (_MANY + 10)]
    fresh = await actor.ok("UID SEARCH ALL")
    known = await watcher.ok("UID SEARCH ALL")
    assert known == fresh
    assert await watcher.ok("NOOP") == []
    watcher.close()
    actor.close()


async def test_expunges_wait_for_a_command_that_allows_them(house: House) -> None:
    login = await _fill(house, _MANY)
    watcher = await _enter(house, login, "SELECT INBOX")
    actor = await _enter(house, login, "SELECT INBOX")
    await actor.ok("STORE 1:* +FLAGS.SILENT (\\Seen)")
    await actor.ok("STORE 3 +FLAGS.SILENT (\\Deleted)")
    await actor.ok("EXPUNGE")
    told = await watcher.ok("FETCH 1 UID")
    assert not [one for one in told if b"EXPUNGE" in one]
    numbers = [int(found[1]) for one in told[1:] if (found := re.match(rb"(\d+) FETCH \(FLAGS", one))]
    assert numbers == [1, 2, *range(4, _MANY + 1)]
    assert await watcher.ok("NOOP") == [b"3 EXPUNGE"]
    watcher.close()
    actor.close()


async def test_fetch_changed_since_filters_pages(house: House) -> None:
    login = await _fill(house, _MANY + 5)
    client = await _enter(house, login, "SELECT INBOX (CONDSTORE)")
    before = int(b" ".join(await client.ok("STATUS INBOX (HIGHESTMODSEQ)")).partition(b"MODSEQ ")[2].rstrip(b")"))
    await client.ok(f"STORE 1:{_MANY} +FLAGS.SILENT (\\Seen)")
    told = await client.ok(f"UID FETCH 3:* (FLAGS) (CHANGEDSINCE {before})")
    assert [int(one.split()[0]) for one in told] == list(range(3, _MANY + 1))
    client.close()


async def test_mailboxes_with_very_many_messages_go_beside_the_loop(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RENAME of INBOX moves its messages, and DELETE removes them, all in one transaction."""
    threads: list[int] = []

    def watched(work: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
        async def noted(*arguments: object) -> None:
            threads.append(threading.get_ident())
            await work(*arguments)

        return noted

    for name in ("rename", "delete"):
        monkeypatch.setattr(mailboxes, name, watched(getattr(mailboxes, name)))
    client = await _enter(house, await _fill(house, 3), "RENAME INBOX Old", "DELETE Old")
    assert len(threads) == 2
    assert threading.get_ident() not in threads
    client.close()
