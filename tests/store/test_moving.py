"""Copying, moving and expunging: UIDs, tombstones, quota, octets, and what other sessions learn."""

import pytest

from pillarbox.core.errors import NotFound, Unavailable
from pillarbox.core.ids import BlobId, MailboxId
from pillarbox.core.limits import BLOB_GRACE
from pillarbox.store.model import DELETED, SEEN, Account, FlagChange, Kind, Place
from pillarbox.store.store import Store
from pillarbox.store.transaction import Transaction
from tests.stores import StepClock, act, deliver, inbox, letter, since


async def test_copy(store: Store, you: Account) -> None:
    box = await inbox(store, you.account_id)
    archive = await store.mailbox_named(you.account_id, "Archive")
    for flags in (SEEN, 0, 0):
        await deliver(store, you.account_id, None, Place(box.mailbox_id, flags, ("k",)))
    used = (await store.quota(you.account_id)).used

    async def unit(tx: Transaction) -> list[tuple[int, int]]:
        return [*await tx.copy(you.account_id, box.mailbox_id, [1, 3, 7], archive.mailbox_id)]

    assert await act(store, you.account_id, unit) == [(1, 1), (3, 2)]
    assert await act(store, you.account_id, unit) == [(1, 3), (3, 4)]
    after = await store.mailbox(you.account_id, archive.mailbox_id)
    assert (after.total, after.unseen, after.uidnext) == (4, 2, 5)
    assert (await store.quota(you.account_id)).used == used
    rows = [row async for page in store.placements(you.account_id, archive.mailbox_id, [(1, 9)]) for row in page]
    assert [(row.flags, row.keywords) for row in rows] == [(SEEN, "k"), (0, "k")] * 2


async def test_move_leaves_tombstones_and_keeps_the_message(store: Store, you: Account) -> None:
    box = await inbox(store, you.account_id)
    archive = await store.mailbox_named(you.account_id, "Archive")
    added = [await deliver(store, you.account_id) for _ in range(3)]
    before = await inbox(store, you.account_id)

    async def unit(tx: Transaction) -> list[tuple[int, int]]:
        return [*await tx.move(you.account_id, box.mailbox_id, [1, 2], archive.mailbox_id)]

    assert await act(store, you.account_id, unit) == [(1, 1), (2, 2)]
    changes = await since(store, you.account_id, box.mailbox_id, before.highestmodseq)
    assert (changes.vanished, changes.changed, changes.reset) == ((1, 2), (), False)
    assert changes.mailbox is not None
    assert (changes.mailbox.total, changes.mailbox.uidnext) == (1, 4)
    log = await store.changes(you.account_id, Kind.EMAIL, before.highestmodseq, 10)
    assert (log.created, len(log.updated), log.destroyed) == ((), 2, ())
    thread = await store.changes(you.account_id, Kind.THREAD, before.highestmodseq, 10)
    assert (thread.created, thread.updated, thread.destroyed) == ((), (), ())
    emails = await store.emails(you.account_id, [one.message_id for one in added])
    assert [email.mailboxes for email in emails.values()] == [
        {archive.mailbox_id},
        {archive.mailbox_id},
        {box.mailbox_id},
    ]
    modseq = await store.modseq(you.account_id)
    assert await act(store, you.account_id, unit) == []
    assert await store.modseq(you.account_id) == modseq


async def test_expunge_forgets_the_message_with_its_last_placement(
    store: Store, you: Account, clock: StepClock
) -> None:
    box = await inbox(store, you.account_id)
    archive = await store.mailbox_named(you.account_id, "Archive")
    octets = letter(name="a@x")
    added = await deliver(store, you.account_id, octets, Place(box.mailbox_id, DELETED))
    blob = await store.blob(you.account_id, (await stored_blob(store, you, box.mailbox_id))[0])

    async def expunge(tx: Transaction) -> list[int]:
        await tx.copy(you.account_id, box.mailbox_id, [1], archive.mailbox_id)
        return [*await tx.expunge(you.account_id, box.mailbox_id, None)]

    assert await act(store, you.account_id, expunge) == [1]
    assert (await store.quota(you.account_id)).messages == 1
    assert await store.sweep() == 0

    async def rest(tx: Transaction) -> list[int]:
        return [*await tx.expunge(you.account_id, archive.mailbox_id, [(1, 5)], only_deleted=False)]

    assert await act(store, you.account_id, rest) == [1]
    quota = await store.quota(you.account_id)
    assert (quota.used, quota.messages) == (0, 0)
    assert await store.octets(you.account_id, blob) == octets
    clock.time += BLOB_GRACE + 1
    assert await store.sweep() == 1
    with pytest.raises(Unavailable):
        await store.octets(you.account_id, blob)
    again = await deliver(store, you.account_id, octets)
    assert again.placed[0].uid == 2
    assert again.message_id != added.message_id


async def stored_blob(store: Store, you: Account, mailbox_id: MailboxId) -> list[BlobId]:
    """Blob ids of a mailbox's messages."""
    from_rows = store.placements(you.account_id, mailbox_id, [(1, 99)])
    ids = [row.message_id async for page in from_rows for row in page]

    async def unit(tx: Transaction) -> list[BlobId]:
        await tx.set_flags(you.account_id, mailbox_id, [(1, 99)], FlagChange(remove=DELETED))
        blobs = [(await tx.email(you.account_id, one)).blob.blob_id for one in ids]
        await tx.set_flags(you.account_id, mailbox_id, [(1, 99)], FlagChange(add=DELETED))
        return [*blobs]

    return await act(store, you.account_id, unit)


async def test_a_swept_blob_that_came_again_stays(store: Store, you: Account, clock: StepClock) -> None:
    box = await inbox(store, you.account_id)
    octets = letter()
    await deliver(store, you.account_id, octets)

    async def unit(tx: Transaction) -> None:
        await tx.expunge(you.account_id, box.mailbox_id, [1], only_deleted=False)

    await act(store, you.account_id, unit)
    added = await deliver(store, you.account_id, octets)
    clock.time += BLOB_GRACE + 1
    await store.sweep()
    email = (await store.emails(you.account_id, [added.message_id]))[added.message_id]
    assert await store.octets(you.account_id, email.blob) == octets


async def test_expunge_of_given_uids_takes_only_deleted_ones(store: Store, you: Account) -> None:
    box = await inbox(store, you.account_id)
    for flags in (DELETED, 0, DELETED):
        await deliver(store, you.account_id, None, Place(box.mailbox_id, flags))

    async def unit(tx: Transaction) -> list[int]:
        return [*await tx.expunge(you.account_id, box.mailbox_id, [1, 2])]

    assert await act(store, you.account_id, unit) == [1]
    after = await inbox(store, you.account_id)
    assert (after.total, after.deleted, after.unseen) == (2, 1, 2)


async def test_email_by_message(store: Store, you: Account) -> None:
    box = await inbox(store, you.account_id)
    archive = await store.mailbox_named(you.account_id, "Archive")
    trash = await store.mailbox_named(you.account_id, "Trash")
    added = await deliver(store, you.account_id, None, Place(box.mailbox_id, 0, ("a",)))
    account, message = you.account_id, added.message_id

    async def place(tx: Transaction) -> None:
        both = frozenset((archive.mailbox_id, trash.mailbox_id))
        await tx.update_email(account, message, mailboxes=both, keywords=(SEEN, frozenset(("b",))))

    await act(store, account, place)
    email = (await store.emails(account, [message]))[message]
    assert email.mailboxes == {archive.mailbox_id, trash.mailbox_id}
    assert (email.flags, email.keywords) == (SEEN, frozenset(("b",)))
    modseq = await store.modseq(account)
    await act(store, account, place)
    assert await store.modseq(account) == modseq

    async def destroy(tx: Transaction) -> None:
        await tx.destroy_email(account, message)

    await act(store, account, destroy)
    assert (await store.quota(account)).messages == 0
    assert len((await store.changes(account, Kind.EMAIL, modseq, 10)).destroyed) == 1
    with pytest.raises(NotFound):
        await act(store, account, destroy)
