"""Mailboxes: names, roles, renaming, deleting, UIDVALIDITY."""

import pytest

from pillarbox.core.errors import Conflict, Exists, Invalid, MailError, NotFound
from pillarbox.core.ids import spell
from pillarbox.store.model import MAILBOX_PREFIX, Account, Kind, Mailbox, Place
from pillarbox.store.store import Store
from pillarbox.store.transaction import Transaction
from tests.stores import act, deliver, inbox, since


async def make(store: Store, you: Account, name: str, role: str | None = None) -> Mailbox:
    """A mailbox made in one transaction."""

    async def unit(tx: Transaction) -> Mailbox:
        return await tx.create_mailbox(you.account_id, name, role)

    return await act(store, you.account_id, unit)


async def names(store: Store, you: Account) -> list[str]:
    """Full names in order."""
    return [one.name for one in await store.mailboxes(you.account_id)]


async def test_defaults(store: Store, you: Account) -> None:
    boxes = await store.mailboxes(you.account_id)
    assert [(one.name, one.role) for one in boxes] == [
        ("INBOX", "inbox"),
        ("Archive", "archive"),
        ("Drafts", "drafts"),
        ("Junk", "junk"),
        ("Sent", "sent"),
        ("Trash", "trash"),
    ]
    assert all(one.subscribed and one.highestmodseq >= 1 for one in boxes)
    assert await store.mailbox_named(you.account_id, "inBox") == boxes[0]


async def test_create_makes_what_is_missing_above(store: Store, you: Account) -> None:
    made = await make(store, you, "Lists/Python/Dev")
    boxes = {one.name: one for one in await store.mailboxes(you.account_id)}
    assert made.parent_id == boxes["Lists/Python"].mailbox_id
    assert boxes["Lists/Python"].parent_id == boxes["Lists"].mailbox_id
    assert boxes["Lists"].parent_id is None
    with pytest.raises(Exists):
        await make(store, you, "Lists")
    below = await make(store, you, "Inbox/sub")
    assert (below.name, below.parent_id) == ("INBOX/sub", boxes["INBOX"].mailbox_id)
    assert (await make(store, you, "Cafe\u0301")).name == "Caf\u00e9"


@pytest.mark.parametrize(
    "name", ["", "a//b", "/a", "a/", "a\nb", "x" * 256, "/".join("abcdefghijklmnopqrstuvwxyz"), " a", ".."]
)
async def test_bad_names(store: Store, you: Account, name: str) -> None:
    before = await store.modseq(you.account_id)
    with pytest.raises(Invalid):
        await make(store, you, name)
    assert await store.modseq(you.account_id) == before


async def test_one_mailbox_for_each_role(store: Store, you: Account) -> None:
    with pytest.raises(Exists):
        await make(store, you, "Rubbish", "trash")
    with pytest.raises(Invalid):
        await make(store, you, "Rubbish", "rubbish")
    with pytest.raises(Invalid):
        await make(store, you, "Other", "inbox")
    trash = await store.mailbox_named(you.account_id, "Trash")

    async def swap(tx: Transaction) -> None:
        await tx.update_mailbox(you.account_id, trash.mailbox_id, role=None, sort_order=7, subscribed=False)
        await tx.create_mailbox(you.account_id, "Rubbish", "trash")

    await act(store, you.account_id, swap)
    after = await store.mailbox_named(you.account_id, "Trash")
    assert (after.role, after.sort_order, after.subscribed) == (None, 7, False)
    assert (await store.mailbox_named(you.account_id, "Rubbish")).role == "trash"


async def test_rename_takes_children_along(store: Store, you: Account) -> None:
    made = await make(store, you, "a/b/c")
    other = await make(store, you, "ab")

    async def unit(tx: Transaction) -> None:
        box = await tx.mailbox_named(you.account_id, "a/b")
        await tx.rename_mailbox(you.account_id, box.mailbox_id, "x/y")

    before = await store.modseq(you.account_id)
    await act(store, you.account_id, unit)
    assert (await names(store, you))[6:] == ["a", "ab", "x", "x/y", "x/y/c"]
    assert (await store.mailbox_named(you.account_id, "x/y/c")).mailbox_id == made.mailbox_id
    assert (await store.mailbox(you.account_id, other.mailbox_id)).name == "ab"
    changes = await store.changes(you.account_id, Kind.MAILBOX, before, 10)
    assert (len(changes.created), len(changes.updated), changes.counts_only) == (1, 2, False)


@pytest.mark.parametrize(("new_name", "error"), [("Sent", Exists), ("a/b", Invalid), ("a\0", Invalid)])
async def test_rename_refused(store: Store, you: Account, new_name: str, error: type[MailError]) -> None:
    made = await make(store, you, "a")

    async def unit(tx: Transaction) -> None:
        await tx.rename_mailbox(you.account_id, made.mailbox_id, new_name)

    before = await names(store, you)
    with pytest.raises(error):
        await act(store, you.account_id, unit)
    assert await names(store, you) == before


async def test_rename_of_inbox_moves_its_messages(store: Store, you: Account) -> None:
    box = await inbox(store, you.account_id)
    await make(store, you, "INBOX/below")
    await deliver(store, you.account_id)

    async def unit(tx: Transaction) -> None:
        await tx.rename_mailbox(you.account_id, box.mailbox_id, "Old mail")

    await act(store, you.account_id, unit)
    assert (await inbox(store, you.account_id)).total == 0
    assert (await inbox(store, you.account_id)).mailbox_id == box.mailbox_id
    assert (await store.mailbox_named(you.account_id, "Old mail")).total == 1
    assert "INBOX/below" in await names(store, you)


async def test_a_name_made_again_has_a_higher_uidvalidity(store: Store, you: Account) -> None:
    first = await make(store, you, "a")

    async def again(tx: Transaction) -> Mailbox:
        await tx.delete_mailbox(you.account_id, first.mailbox_id)
        return await tx.create_mailbox(you.account_id, "a")

    second = await act(store, you.account_id, again)
    assert second.uidvalidity > first.uidvalidity
    assert second.mailbox_id != first.mailbox_id
    with pytest.raises(NotFound):
        await store.view(you.account_id, first.mailbox_id)
    assert (await since(store, you.account_id, first.mailbox_id, first.highestmodseq)).reset


async def test_delete(store: Store, you: Account) -> None:
    parent = await make(store, you, "a")
    child = await make(store, you, "a/b")
    await deliver(store, you.account_id)
    box = await inbox(store, you.account_id)

    async def fill(tx: Transaction) -> None:
        await tx.move(you.account_id, box.mailbox_id, [1], child.mailbox_id)

    await act(store, you.account_id, fill)

    async def delete(mailbox: Mailbox, keep: bool = False) -> None:
        async def unit(tx: Transaction) -> None:
            await tx.delete_mailbox(you.account_id, mailbox.mailbox_id, keep_messages=keep)

        await act(store, you.account_id, unit)

    for mailbox, keep, error in ((parent, False, Conflict), (child, True, Conflict), (box, False, Invalid)):
        with pytest.raises(error):
            await delete(mailbox, keep)
    before = await store.modseq(you.account_id)
    await delete(child)
    assert (await store.quota(you.account_id)).messages == 0
    for kind in (Kind.EMAIL, Kind.MAILBOX, Kind.THREAD):
        assert len((await store.changes(you.account_id, kind, before, 10)).destroyed) == 1


async def delete_by_name(store: Store, you: Account, name: str) -> None:
    """As IMAP deletes."""

    async def unit(tx: Transaction) -> None:
        mailbox = await tx.mailbox_named(you.account_id, name)
        await tx.delete_mailbox(you.account_id, mailbox.mailbox_id, keep_name=True)

    await act(store, you.account_id, unit)


async def test_a_deleted_mailbox_with_children_is_only_a_name(store: Store, you: Account) -> None:
    parent = await make(store, you, "a", "flagged")
    child = await make(store, you, "a/b")
    await deliver(store, you.account_id, place=Place(parent.mailbox_id))
    before = await store.modseq(you.account_id)
    await delete_by_name(store, you, "a")
    name = await store.mailbox_named(you.account_id, "a")
    assert (name.mailbox_id, name.selectable, name.total, name.role) == (parent.mailbox_id, False, 0, None)
    assert (await store.quota(you.account_id)).messages == 0
    changes = await store.changes(you.account_id, Kind.MAILBOX, before, 10)
    assert (len(changes.updated), changes.counts_only) == (1, False)
    with pytest.raises(NotFound):
        await deliver(store, you.account_id, place=Place(parent.mailbox_id))
    box = await inbox(store, you.account_id)
    added = await deliver(store, you.account_id)

    async def move(tx: Transaction) -> None:
        await tx.move(you.account_id, box.mailbox_id, [added.placed[0].uid], parent.mailbox_id)

    async def place(tx: Transaction) -> None:
        await tx.update_email(you.account_id, added.message_id, mailboxes=frozenset((parent.mailbox_id,)))

    for unit in (move, place):
        with pytest.raises(NotFound):
            await act(store, you.account_id, unit)
    assert (await inbox(store, you.account_id)).total == 1
    again = await make(store, you, "a")
    assert (again.mailbox_id, again.selectable, again.uidnext) == (parent.mailbox_id, True, 2)
    await delete_by_name(store, you, "a")
    before = await store.modseq(you.account_id)
    await delete_by_name(store, you, "a/b")
    gone = (await store.changes(you.account_id, Kind.MAILBOX, before, 10)).destroyed
    assert set(gone) == {spell(MAILBOX_PREFIX, one.mailbox_id) for one in (parent, child)}
    assert await store.check(you.account_id, deep=True) == []


async def test_subscribed_names_outlive_their_mailboxes(store: Store, you: Account) -> None:
    await make(store, you, "a/b")
    await delete_by_name(store, you, "a/b")
    boxes, names = await store.subscriptions(you.account_id)
    assert (names, boxes) == (["a/b"], await store.mailboxes(you.account_id))

    async def unit(tx: Transaction) -> list[bool]:
        kept = await tx.create_mailbox(you.account_id, "a/b/c", subscribed=None)
        parent = await tx.mailbox_named(you.account_id, "a/b")
        return [kept.subscribed, parent.subscribed]

    assert await act(store, you.account_id, unit) == [False, True]
    assert (await store.subscriptions(you.account_id))[1] == []
    before = await store.modseq(you.account_id)
    await act(store, you.account_id, lambda tx: tx.subscribe(you.account_id, "a/b", False))
    assert len((await store.changes(you.account_id, Kind.MAILBOX, before, 10)).updated) == 1
    with pytest.raises(NotFound):
        await act(store, you.account_id, lambda tx: tx.subscribe(you.account_id, "nowhere", True))
    await act(store, you.account_id, lambda tx: tx.subscribe(you.account_id, "nowhere", False))
    await store.directory.remove_account(you.account_id)


async def test_a_mailbox_deleted_for_good_takes_its_subscription_along(store: Store, you: Account) -> None:
    made = await make(store, you, "a")
    await act(store, you.account_id, lambda tx: tx.delete_mailbox(you.account_id, made.mailbox_id))
    assert (await store.subscriptions(you.account_id))[1] == []
