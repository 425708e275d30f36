"""Flags and keywords: changes, no-ops, UNCHANGEDSINCE, counters, and what JMAP sees of \\Deleted."""

import pytest

from pillarbox.core.errors import Invalid
from pillarbox.core.ids import MailboxId, Modseq
from pillarbox.store.model import ANSWERED, DELETED, FLAGGED, SEEN, Account, FlagChange, FlagResult, Kind, Place
from pillarbox.store.store import Store
from pillarbox.store.transaction import Transaction
from tests.stores import act, deliver, inbox


async def flag(
    store: Store,
    you: Account,
    mailbox_id: MailboxId,
    uids: list[int],
    change: FlagChange,
    unchanged_since: int | None = None,
) -> FlagResult:
    """One set_flags of one transaction."""
    since = None if unchanged_since is None else Modseq(unchanged_since)

    async def unit(tx: Transaction) -> FlagResult:
        return await tx.set_flags(you.account_id, mailbox_id, uids, change, since)

    return await act(store, you.account_id, unit)


async def test_change_and_no_change(store: Store, you: Account) -> None:
    for _ in range(3):
        await deliver(store, you.account_id)
    box = await inbox(store, you.account_id)
    result = await flag(store, you, box.mailbox_id, [1, 3, 9], FlagChange(add=SEEN | FLAGGED, add_keywords=("Work",)))
    after = await inbox(store, you.account_id)
    assert [(one.uid, one.flags, one.keywords, one.modseq) for one in result.states] == [
        (1, SEEN | FLAGGED, "Work", after.highestmodseq),
        (3, SEEN | FLAGGED, "Work", after.highestmodseq),
    ]
    assert result.changed == (1, 3)
    assert (after.unseen, after.highestmodseq) == (1, box.highestmodseq + 1)
    again = await flag(store, you, box.mailbox_id, [1, 3], FlagChange(add=SEEN, add_keywords=("WORK",)))
    assert (again.changed, len(again.states)) == ((), 2)
    assert await store.modseq(you.account_id) == after.highestmodseq
    replaced = await flag(
        store, you, box.mailbox_id, [1], FlagChange(add=ANSWERED, add_keywords=("$JUNK", "work"), replace=True)
    )
    assert [(one.flags, one.keywords) for one in replaced.states] == [(ANSWERED, "$Junk Work")]
    removed = await flag(store, you, box.mailbox_id, [1], FlagChange(remove=ANSWERED, remove_keywords=("WORK",)))
    assert [(one.flags, one.keywords) for one in removed.states] == [(0, "$Junk")]


async def test_unchanged_since(store: Store, you: Account) -> None:
    for _ in range(3):
        await deliver(store, you.account_id)
    box = await inbox(store, you.account_id)
    known = box.highestmodseq
    await flag(store, you, box.mailbox_id, [2], FlagChange(add=SEEN))
    result = await flag(store, you, box.mailbox_id, [1, 2, 3], FlagChange(add=FLAGGED), known)
    assert (result.changed, result.modified) == ((1, 3), (2,))


@pytest.mark.parametrize("name", ["", "a b", "ü", "x" * 256, "a(b", 'a"b', "a\\b", "a]b"])
async def test_bad_keywords_change_nothing(store: Store, you: Account, name: str) -> None:
    await deliver(store, you.account_id)
    box = await inbox(store, you.account_id)
    with pytest.raises(Invalid):
        await flag(store, you, box.mailbox_id, [1], FlagChange(add=SEEN, add_keywords=(name,)))
    assert await inbox(store, you.account_id) == box


async def test_many_uids_with_many_different_flags(store: Store, you: Account) -> None:
    box = await inbox(store, you.account_id)
    first = await deliver(store, you.account_id)
    for count in (1, 2, 4, 8, 16, 32, 64, 128, 256, 512):

        async def unit(tx: Transaction, count: int = count) -> None:
            await tx.copy(you.account_id, box.mailbox_id, [(1, count)], box.mailbox_id)

        await act(store, you.account_id, unit)
    uids = list(range(1, 1025, 2))
    result = await flag(store, you, box.mailbox_id, uids, FlagChange(add=SEEN))
    assert len(result.changed) == 512
    assert list(result.changed) == uids
    after = await inbox(store, you.account_id)
    assert (after.total, after.unseen) == (1024, 512)
    assert (await store.quota(you.account_id)).messages == 1
    rows = [row async for page in store.placements(you.account_id, box.mailbox_id, [(1, 5000)]) for row in page]
    assert [row.uid for row in rows if row.flags] == uids
    assert {row.message_id for row in rows} == {first.message_id}
    sparse = list(range(1, 1025, 30))
    rows = [row async for page in store.placements(you.account_id, box.mailbox_id, sparse) for row in page]
    assert [row.uid for row in rows] == sparse
    mixed = [(1, 3), (10, 12), (400, 900), (1020, 2000)]
    rows = [row async for page in store.placements(you.account_id, box.mailbox_id, mixed) for row in page]
    assert [row.uid for row in rows] == [*range(1, 4), *range(10, 13), *range(400, 901), *range(1020, 1025)]


async def test_deleted_hides_from_jmap_and_shows_again(store: Store, you: Account) -> None:
    added = await deliver(store, you.account_id)
    box = await inbox(store, you.account_id)
    start = await store.modseq(you.account_id)
    await flag(store, you, box.mailbox_id, [1], FlagChange(add=DELETED))
    assert await store.emails(you.account_id, [added.message_id]) == {}
    for kind in (Kind.EMAIL, Kind.THREAD):
        assert len((await store.changes(you.account_id, kind, start, 10)).destroyed) == 1
    hidden = await store.modseq(you.account_id)
    await flag(store, you, box.mailbox_id, [1], FlagChange(add=SEEN))
    quiet = await store.changes(you.account_id, Kind.EMAIL, hidden, 10)
    assert (quiet.created, quiet.updated, quiet.destroyed) == ((), (), ())
    await flag(store, you, box.mailbox_id, [1], FlagChange(remove=DELETED))
    for kind in (Kind.EMAIL, Kind.THREAD):
        assert len((await store.changes(you.account_id, kind, hidden, 10)).created) == 1
        folded = await store.changes(you.account_id, kind, start, 10)
        assert (folded.created, len(folded.updated), folded.destroyed) == ((), 1, ())
    assert (await inbox(store, you.account_id)).deleted == 0


async def test_jmap_reads_the_union_over_placements(store: Store, you: Account) -> None:
    box = await inbox(store, you.account_id)
    archive = await store.mailbox_named(you.account_id, "Archive")
    added = await deliver(store, you.account_id, None, Place(box.mailbox_id, SEEN, ("one",)))

    async def unit(tx: Transaction) -> None:
        await tx.copy(you.account_id, box.mailbox_id, [1], archive.mailbox_id)

    await act(store, you.account_id, unit)
    await flag(store, you, archive.mailbox_id, [1], FlagChange(add=FLAGGED, add_keywords=("Two", "ONE"), replace=True))
    email = (await store.emails(you.account_id, [added.message_id]))[added.message_id]
    assert email.mailboxes == {box.mailbox_id, archive.mailbox_id}
    assert email.flags == FLAGGED
    assert {name.lower() for name in email.keywords} == {"one", "two"}
    changed = await store.changes(you.account_id, Kind.MAILBOX, box.highestmodseq, 10)
    assert changed.counts_only
