"""The change log: folding, limits, floors; objects; and watchers that hear of changes."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from pillarbox.core.errors import Conflict, Invalid, NotFound, TooBig
from pillarbox.core.ids import AccountId, Modseq, spell
from pillarbox.core.limits import LOG_LIFE, OBJECT
from pillarbox.store import sweeping, watching
from pillarbox.store.model import DELETED, MESSAGE_PREFIX, SEEN, Account, Arrived, FlagChange, Kind, Place, Remote
from pillarbox.store.port import Connection, Record
from pillarbox.store.queueing import Schedule
from pillarbox.store.store import Store
from pillarbox.store.transaction import Transaction
from tests.engines_fixtures import Engine
from tests.stores import StepClock, act, add_account, arrive, deliver, inbox, letter, since


async def test_created_updated_destroyed_fold(store: Store, you: Account) -> None:
    box = await inbox(store, you.account_id)
    start = await store.modseq(you.account_id)
    kept, gone = [await deliver(store, you.account_id) for _ in range(2)]

    async def unit(tx: Transaction) -> None:
        await tx.set_flags(you.account_id, box.mailbox_id, [1], FlagChange(add=SEEN))
        await tx.expunge(you.account_id, box.mailbox_id, [2], only_deleted=False)

    middle = await store.modseq(you.account_id)
    await act(store, you.account_id, unit)
    whole = await store.changes(you.account_id, Kind.EMAIL, start, 10)
    assert (whole.created, whole.updated, whole.destroyed) == ((spell(MESSAGE_PREFIX, kept.message_id),), (), ())
    rest = await store.changes(you.account_id, Kind.EMAIL, middle, 10)
    assert rest.updated == (spell(MESSAGE_PREFIX, kept.message_id),)
    assert rest.destroyed == (spell(MESSAGE_PREFIX, gone.message_id),)
    assert rest.modseq == await store.modseq(you.account_id)
    counts = await store.changes(you.account_id, Kind.MAILBOX, start, 10)
    assert (len(counts.updated), counts.counts_only) == (1, True)


async def test_limits_never_cut_a_transaction(store: Store, you: Account) -> None:
    start = await store.modseq(you.account_id)
    box = await inbox(store, you.account_id)
    arrived = await arrive(store, letter())

    async def three(tx: Transaction) -> None:
        for _ in range(3):
            await tx.add(you.account_id, arrived, [Place(box.mailbox_id)])

    for _ in range(4):
        await act(store, you.account_id, three)
    seen: list[str] = []
    state = start
    for number in range(4):
        part = await store.changes(you.account_id, Kind.EMAIL, state, 5)
        assert len(part.created) == 3
        assert part.has_more == (number < 3)
        seen += part.created
        state = part.modseq
    assert len(set(seen)) == 12
    assert state == await store.modseq(you.account_id)
    with pytest.raises(Conflict):
        await store.changes(you.account_id, Kind.EMAIL, start, 2)
    with pytest.raises(Conflict):
        await store.changes(you.account_id, Kind.EMAIL, Modseq(state + 1), 5)


async def test_trimming_keeps_floors(store: Store, you: Account, clock: StepClock) -> None:
    box = await inbox(store, you.account_id)
    await deliver(store, you.account_id, None, Place(box.mailbox_id, DELETED))

    async def expunge(tx: Transaction) -> None:
        await tx.expunge(you.account_id, box.mailbox_id, None)

    await act(store, you.account_id, expunge)
    known = await store.view(you.account_id, box.mailbox_id)
    clock.time += LOG_LIFE + 1
    await deliver(store, you.account_id)
    await store.trim()
    floor = known.modseq
    with pytest.raises(Conflict):
        await store.changes(you.account_id, Kind.EMAIL, Modseq(floor - 1), 10)
    assert len((await store.changes(you.account_id, Kind.EMAIL, floor, 10)).created) == 1
    assert (await since(store, you.account_id, box.mailbox_id, Modseq(floor - 1))).reset
    delta = await since(store, you.account_id, box.mailbox_id, floor)
    assert ([one.uid for one in delta.changed], delta.vanished, delta.reset) == ([2], (), False)
    assert list((await store.view(you.account_id, box.mailbox_id)).uids) == [2]


async def test_objects(store: Store, you: Account) -> None:
    start = await store.modseq(you.account_id)

    async def put(tx: Transaction) -> None:
        await tx.put_object(you.account_id, Kind.IDENTITY, "a", b"1")
        await tx.put_object(you.account_id, Kind.IDENTITY, "b", b"2")

    await act(store, you.account_id, put)
    after = await store.modseq(you.account_id)
    await act(store, you.account_id, put)
    assert await store.modseq(you.account_id) == after
    found = await store.objects(you.account_id, Kind.IDENTITY)
    assert [(one.object_id, one.data, one.modseq) for one in found] == [("a", b"1", after), ("b", b"2", after)]
    assert [one.object_id for one in await store.objects(you.account_id, Kind.IDENTITY, ["b", "c"])] == ["b"]

    async def change(tx: Transaction) -> bytes | None:
        await tx.put_object(you.account_id, Kind.IDENTITY, "a", b"3")
        await tx.delete_object(you.account_id, Kind.IDENTITY, "b")
        return await tx.get_object(you.account_id, Kind.IDENTITY, "a")

    assert await act(store, you.account_id, change) == b"3"
    changes = await store.changes(you.account_id, Kind.IDENTITY, after, 10)
    assert (changes.updated, changes.destroyed) == (("a",), ("b",))
    assert (await store.changes(you.account_id, Kind.IDENTITY, start, 10)).created == ("a",)

    async def wrong(tx: Transaction) -> None:
        await tx.delete_object(you.account_id, Kind.IDENTITY, "b")

    async def large(tx: Transaction) -> None:
        await tx.put_object(you.account_id, Kind.IDENTITY, "c", bytes(OBJECT + 1))

    async def nameless(tx: Transaction) -> None:
        await tx.put_object(you.account_id, Kind.IDENTITY, "", b"")

    for unit, error in ((wrong, NotFound), (large, TooBig), (nameless, Invalid)):
        with pytest.raises(error):
            await act(store, you.account_id, unit)


async def test_queue_and_uploads(store: Store, you: Account) -> None:
    arrived = await arrive(store, letter())

    async def unit(tx: Transaction) -> list[int]:
        await tx.add_upload(you.account_id, arrived, "message/rfc822")
        recipients: list[str | Remote] = [Remote("a@Else.test"), "b@else.test"]
        return await tx.enqueue(you.account_id, arrived, "you@demo.test", recipients, Schedule(submission_id="s"))

    ids = await act(store, you.account_id, unit)
    rows = await store.queued()
    assert [row.queue_id for row in rows] == ids
    assert {(row.recipient, row.destination, row.submission_id) for row in rows} == {
        ("a@Else.test", "else.test", "s"),
        ("b@else.test", "else.test", "s"),
    }
    assert await store.octets(you.account_id, rows[0].blob) == arrived.octets
    upload = await store.upload(you.account_id, arrived.blob_id)
    assert upload.length == arrived.size
    friend = await add_account(store, "friend@demo.test")
    with pytest.raises(NotFound):
        await store.blob(friend.account_id, arrived.blob_id)

    async def nobody(tx: Transaction) -> list[int]:
        return await tx.enqueue(None, arrived, "", ["c@else.test"])

    assert len(await store.write([], nobody)) == 1
    assert len(await store.queued(AccountId(0))) == 1


async def test_watchers_hear_of_every_change_once_a_turn(store: Store, other: Store, you: Account) -> None:
    heard: list[int] = []
    watch = store.watch(you.account_id, lambda account, modseq: heard.append(modseq))

    def failing(account: AccountId, modseq: Modseq) -> None:
        raise ValueError(account, modseq)

    broken = store.watch(you.account_id, failing)
    await deliver(store, you.account_id)
    await asyncio.sleep(0)
    assert heard == [await store.modseq(you.account_id)]
    broken.close()
    await deliver(other, you.account_id)
    for _ in range(200):
        if len(heard) == 2:
            break
        await asyncio.sleep(0.02)
    assert heard[1:] == [await store.modseq(you.account_id)]
    watch.close()
    watch.close()
    await deliver(store, you.account_id)
    await asyncio.sleep(0)
    assert len(heard) == 2


class Deaf:
    """A notifier whose hints are all lost."""

    def publish(self, changes: Sequence[tuple[AccountId, Modseq]]) -> None:
        """Lose them."""

    def subscribe(self, callback: Callable[[AccountId, Modseq], None]) -> None:
        """Never call."""

    async def close(self) -> None:
        """Nothing to let go."""


async def test_a_look_finds_what_no_hint_told_of(store: Store, engine: Engine, you: Account) -> None:
    silent = Store(store.database, engine.blobs, Deaf(), engine.locks, store.settings, store.clock)
    heard: list[Modseq] = []
    store.watch(you.account_id, lambda account, modseq: heard.append(modseq))
    for count in range(2):
        await deliver(silent, you.account_id)
        await asyncio.sleep(0.01)
        assert len(heard) == count
        for _look in range(2):
            await store.look()
            await asyncio.sleep(0)
    assert len(heard) == 2
    assert heard[-1] == await store.modseq(you.account_id)


async def test_a_transaction_sees_only_its_accounts(store: Store, you: Account) -> None:
    friend = await add_account(store, "friend@demo.test")
    box = await inbox(store, friend.account_id)
    arrived: Arrived = await arrive(store, letter())

    async def unit(tx: Transaction) -> None:
        await tx.add(friend.account_id, arrived, [Place(box.mailbox_id)])

    with pytest.raises(NotFound):
        await act(store, you.account_id, unit)
    with pytest.raises(NotFound):
        await store.write([AccountId(5)], unit)


async def test_trimming_forgets_keys_of_gone_threads_page_by_page(
    store: Store, you: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The account is locked, and the loop held up, for a page at a time only."""
    monkeypatch.setattr(sweeping, "KEYS", 2)
    account = you.account_id
    for number in range(9):
        extra = f"References: <r{number}@x>\r\n"
        await deliver(store, account, letter(f"Thread {number}", name=f"m{number}@x", extra=extra))
    box = await inbox(store, account)
    await act(store, account, lambda tx: tx.expunge(account, box.mailbox_id, [2, 3, 4, 8], only_deleted=False))
    written = 0
    write = store.database.write

    async def counted(unit: Callable[[Connection], Awaitable[Any]]) -> Any:
        nonlocal written
        written += 1
        return await write(unit)

    monkeypatch.setattr(store.database, "write", counted)
    await store.trim()
    assert written >= 9

    async def keys(connection: Connection) -> list[Record]:
        return await connection.all("SELECT thread_id FROM thread_key WHERE account_id = $1", account)

    left = [row[0] for row in await store.database.read(keys)]
    assert (len(left), len(set(left))) == (10, 5)


async def test_looking_goes_on_after_a_bug(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "LOOK_SECONDS", 0.01)
    watched = watching.Watching(engine.database())
    looks = asyncio.Queue[None]()

    async def look() -> None:
        looks.put_nowait(None)
        raise RuntimeError("a bug")

    monkeypatch.setattr(watched, "look", look)
    watched.start()
    async with asyncio.timeout(20):
        await looks.get()
        await looks.get()
    await watched.stop()
