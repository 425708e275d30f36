"""Mailboxes shared between accounts: what names mean, who may do what, and messages that go from one to another."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec
import pytest

from pillarbox.core.errors import Denied, Exists, Invalid, MailError, NotFound, OverQuota
from pillarbox.core.ids import AccountId, MailboxId, Modseq, Uid, spell
from pillarbox.core.limits import BLOB_INLINE
from pillarbox.store import rights, sharing
from pillarbox.store.carrying import CARRIED
from pillarbox.store.model import (
    ANSWERED,
    DELETED,
    FLAGGED,
    SEEN,
    THREAD_PREFIX,
    Account,
    FlagChange,
    Kind,
    Mailbox,
    Need,
    Place,
    Row,
)
from pillarbox.store.naming import foreign_name, split_foreign
from pillarbox.store.people import delete_account
from pillarbox.store.rights import ALL, ANYONE, EntryChange, Found
from pillarbox.store.store import Store
from pillarbox.store.transaction import Transaction
from tests.engines_fixtures import Engine
from tests.stores import act, add_account, deliver, inbox, letter, open_store, since

T = TypeVar("T")


@pytest.fixture
async def friend(store: Store) -> Account:
    """Somebody else."""
    return await add_account(store, "friend@demo.test")


async def grant(
    store: Store, owner: Account, name: str, who: Account | None, letters: str, negative: bool = False
) -> None:
    """The owner gives or denies rights in a mailbox; `who` None: to anyone."""
    grantee = ANYONE if who is None else who.account_id
    mailbox = await store.mailbox_named(owner.account_id, name)

    async def unit(tx: Transaction) -> None:
        change = EntryChange(grantee, "replace", frozenset(letters), negative)
        await tx.change_acl(owner.account_id, mailbox.mailbox_id, change)

    accounts = [owner.account_id] if who is None else [owner.account_id, who.account_id]
    await store.write(accounts, unit, owner.account_id)


async def create(store: Store, owner: Account, name: str) -> Mailbox:
    """A mailbox made by its owner."""
    return await act(store, owner.account_id, lambda tx: tx.create_mailbox(owner.account_id, name))


async def as_login(store: Store, login: Account, owner: Account, unit: Callable[[Transaction], Awaitable[T]]) -> T:
    """One transaction of a login on its own account and another's."""
    return await store.write([login.account_id, owner.account_id], unit, login.account_id)


@pytest.mark.parametrize(
    ("shared", "login", "name", "spelled"),
    [
        (False, "you@demo.test", "INBOX", "Other Users/you@demo.test/INBOX"),
        (True, "team@demo.test", "A/B", "Shared/team@demo.test/A/B"),
        (False, "a/b%c@demo.test", "A", "Other Users/a%2Fb%25c@demo.test/A"),
    ],
)
def test_names_of_others(shared: bool, login: str, name: str, spelled: str) -> None:
    assert foreign_name(shared, login, name) == spelled
    assert split_foreign(spelled) == (shared, login, name)


@pytest.mark.parametrize(
    "name", ["INBOX", "Other Users", "Other Users/you@demo.test", "Shared/", "shared/you@demo.test/A", "Shared//A"]
)
def test_names_that_are_not_of_others(name: str) -> None:
    assert split_foreign(name) is None


@pytest.mark.parametrize(
    ("entries", "held"),
    [
        ([], ""),
        ([("lr", "")], "lr"),
        ([("lr", ""), ("ls", "")], "lrs"),
        ([("lr", "r"), ("rs", "")], "ls"),
        ([("lrq0", "")], "lr"),
    ],
)
def test_entries_are_combined(entries: list[tuple[str, str]], held: str) -> None:
    assert rights.combined(entries) == frozenset(held)


async def test_a_mailbox_is_found_only_with_rights(store: Store, you: Account, friend: Account) -> None:
    name = "Other Users/you@demo.test/INBOX"
    for letters, needed, refusal in (
        ("", "r", NotFound),
        ("r", "i", NotFound),
        ("w", "", NotFound),
        ("l", "r", Denied),
        ("lr", "r", None),
        ("r", "r", None),
        ("k", "", None),
    ):
        await grant(store, you, "INBOX", friend, letters)
        if refusal is None:
            found = await store.sharing.find(friend.account_id, name.replace("you@", "YOU@"), needed)
            assert (found.account, found.mailbox.name, found.name) == (you.account_id, "INBOX", name)
            assert found.rights == frozenset(letters)
        else:
            with pytest.raises(refusal):
                await store.sharing.find(friend.account_id, name, needed)
    own = await store.sharing.find(you.account_id, "inbox", "lrswipkxtea")
    assert (own.name, own.rights) == ("INBOX", ALL)


@pytest.mark.parametrize(
    "name",
    [
        "Other Users/nobody@demo.test/INBOX",
        "Other Users/friend@demo.test/INBOX",
        "Other Users/you@demo.test/Nothing",
        "Shared/you@demo.test/INBOX",
        "Other Users/you@demo.test",
        "Other Users",
    ],
)
async def test_what_is_not_there_is_not_found(store: Store, you: Account, friend: Account, name: str) -> None:
    await grant(store, you, "INBOX", friend, "lrswipkxtea")
    with pytest.raises(NotFound):
        await store.sharing.find(friend.account_id, name, "")


async def test_rights_of_anyone_and_denied_ones(store: Store, you: Account, friend: Account) -> None:
    third = await add_account(store, "third@demo.test")
    box = await inbox(store, you.account_id)
    await grant(store, you, "INBOX", None, "lrs")
    await grant(store, you, "INBOX", friend, "rw")
    await grant(store, you, "INBOX", friend, "s", negative=True)
    assert await store.sharing.rights(friend.account_id, you.account_id, box.mailbox_id) == frozenset("lrw")
    assert await store.sharing.rights(third.account_id, you.account_id, box.mailbox_id) == frozenset("lrs")
    found, owner, entries = await store.sharing.acl(you.account_id, "INBOX")
    assert (found.mailbox.mailbox_id, owner) == (box.mailbox_id, "you@demo.test")
    assert [(one.login, one.rights, one.denied) for one in entries] == [
        ("anyone", frozenset("lrs"), frozenset()),
        ("friend@demo.test", frozenset("rw"), frozenset("s")),
    ]
    await grant(store, you, "INBOX", friend, "")
    await grant(store, you, "INBOX", friend, "", negative=True)
    assert [one.login for one in (await store.sharing.acl(you.account_id, "INBOX"))[2]] == ["anyone"]


async def test_owners_cannot_lock_themselves_out(store: Store, you: Account) -> None:
    box = await inbox(store, you.account_id)
    for change in (
        EntryChange(you.account_id, "replace", frozenset("lr")),
        EntryChange(you.account_id, "remove", frozenset("a")),
        EntryChange(you.account_id, "add", frozenset("l"), negative=True),
    ):
        with pytest.raises(Invalid):
            await act(store, you.account_id, lambda tx: tx.change_acl(you.account_id, box.mailbox_id, change))  # noqa: B023
    await grant(store, you, "INBOX", None, "lrswipkxtea", negative=True)
    assert await store.sharing.rights(you.account_id, you.account_id, box.mailbox_id) == ALL


async def test_only_the_shared_are_listed(store: Store, you: Account, friend: Account) -> None:
    assert await store.sharing.shared(friend.account_id) == []
    await create(store, you, "A/B")
    await create(store, you, "C")
    await grant(store, you, "A/B", friend, "lr")
    await grant(store, you, "C", friend, "rswipkxtea")
    await grant(store, you, "INBOX", None, "l")
    found = await store.sharing.shared(friend.account_id)
    assert [(one.name, "".join(sorted(one.rights))) for one in found] == [
        ("Other Users/you@demo.test/A/B", "lr"),
        ("Other Users/you@demo.test/INBOX", "l"),
    ]
    assert await store.sharing.shared(you.account_id) == []


async def test_very_much_that_is_shared(
    store: Store, you: Account, friend: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pillarbox.store.sharing.PAGE", 3)
    monkeypatch.setattr("pillarbox.store.sharing.SHARED_MAILBOXES", 5)
    for number in range(6):
        await create(store, you, f"A{number}")
        await grant(store, you, f"A{number}", None if number < 3 else friend, "lr")
    names = [one.mailbox.name for one in await store.sharing.shared(friend.account_id)]
    assert len(names) == 5
    assert {"A3", "A4", "A5"} <= set(names)  # what is granted by name before what is open to anyone


async def test_new_mailboxes_take_over_what_is_above(store: Store, you: Account, friend: Account) -> None:
    account = you.account_id
    await create(store, you, "A")
    await grant(store, you, "A", friend, "lrk")
    made = await as_login(store, friend, you, lambda tx: tx.create_mailbox(account, "A/B/C", subscribed=None))
    assert await store.sharing.rights(friend.account_id, account, made.mailbox_id) == frozenset("lrk")
    assert await store.sharing.find(friend.account_id, "Other Users/you@demo.test/A/B", "lrk")
    for name in ("D", "INBOX/D", "Sent/D"):
        with pytest.raises(Denied):
            await as_login(store, friend, you, lambda tx: tx.create_mailbox(account, name))  # noqa: B023
    with pytest.raises(Denied):  # a special use is the owner's
        await as_login(store, friend, you, lambda tx: tx.create_mailbox(account, "A/E", "important"))


async def test_a_name_left_behind_is_nobody_elses(store: Store, you: Account, friend: Account) -> None:
    account = you.account_id
    await create(store, you, "A/B/C")
    for name in ("A", "A/B"):
        await grant(store, you, name, friend, "lrkx")
    mailbox = await store.mailbox_named(account, "A/B")
    await as_login(store, friend, you, lambda tx: tx.delete_mailbox(account, mailbox.mailbox_id, keep_name=True))
    assert not (await store.mailbox_named(account, "A/B")).selectable
    with pytest.raises(NotFound):
        await store.sharing.find(friend.account_id, "Other Users/you@demo.test/A/B", "")
    again = await as_login(store, friend, you, lambda tx: tx.create_mailbox(account, "A/B", subscribed=None))
    assert await store.sharing.rights(friend.account_id, account, again.mailbox_id) == frozenset("lrkx")


async def test_renaming(store: Store, you: Account, friend: Account) -> None:
    account = you.account_id
    moved = await create(store, you, "A/B")
    await create(store, you, "C")
    await grant(store, you, "A/B", friend, "lx")

    async def rename(to: str) -> None:
        await as_login(store, friend, you, lambda tx: tx.rename_mailbox(account, moved.mailbox_id, to))

    with pytest.raises(Denied):
        await rename("C/B")
    await grant(store, you, "C", friend, "k")
    await rename("C/B")
    assert await store.sharing.rights(friend.account_id, account, moved.mailbox_id) == frozenset("lx")
    with pytest.raises(Denied):
        await rename("Top")
    await grant(store, you, "C/B", friend, "l")
    with pytest.raises(Denied):
        await rename("C/D")


@pytest.mark.parametrize("top", ["Other Users", "Shared"])
async def test_reserved_names(store: Store, you: Account, top: str) -> None:
    account = you.account_id
    kept = await create(store, you, "Kept/Below")
    for name in (top, f"{top}/x", f"{top}/friend@demo.test/A"):
        with pytest.raises(Invalid):
            await create(store, you, name)
        with pytest.raises(Invalid):
            await act(store, account, lambda tx: tx.rename_mailbox(account, kept.mailbox_id, name))  # noqa: B023
    await create(store, you, top.lower())


async def test_a_mailbox_that_has_had_such_a_name_keeps_it(store: Store, you: Account, friend: Account) -> None:
    account = you.account_id
    name = "Other Users/friend@demo.test/INBOX"
    await create(store, you, "Old")
    sql = "UPDATE mailbox SET name = $2 WHERE account_id = $1 AND name = 'Old'"
    await store.database.write(lambda connection: connection.run(sql, account, name))
    await grant(store, friend, "INBOX", you, "lr")
    found = await store.sharing.find(account, name, "lrswipkxtea")
    assert (found.account, found.name) == (account, name)
    await act(store, account, lambda tx: tx.rename_mailbox(account, found.mailbox.mailbox_id, "Saved"))
    assert (await store.sharing.find(account, name, "r")).account == friend.account_id


async def test_subscribing(store: Store, you: Account, friend: Account) -> None:
    name = "Other Users/you@demo.test/INBOX"
    mine = friend.account_id

    async def subscribe(wanted: bool) -> list[str]:
        await store.write([mine], lambda tx: tx.subscribe(mine, name, wanted), mine)
        return (await store.subscriptions(mine))[1]

    await grant(store, you, "INBOX", friend, "r")
    with pytest.raises(NotFound):
        await subscribe(True)
    await grant(store, you, "INBOX", friend, "l")
    assert await subscribe(True) == [name]
    await grant(store, you, "INBOX", friend, "")
    assert await subscribe(True) == [name]  # what is subscribed to stays so
    assert await subscribe(False) == []
    assert await subscribe(False) == []
    with pytest.raises(NotFound):
        await subscribe(True)
    assert (await inbox(store, you.account_id)).subscribed


async def test_a_change_is_told_to_watchers_and_jmap(store: Store, you: Account, friend: Account) -> None:
    before = await store.modseq(you.account_id)
    await grant(store, you, "INBOX", friend, "lr")
    changes = await store.changes(you.account_id, Kind.MAILBOX, before, 10)
    assert len(changes.updated) == 1
    assert not changes.counts_only
    reached = await store.modseq(you.account_id)
    assert reached > before
    await grant(store, you, "INBOX", friend, "lr")
    assert await store.modseq(you.account_id) == reached


async def test_accounts_that_go_take_their_rights_along(store: Store, you: Account, friend: Account) -> None:
    await grant(store, you, "INBOX", friend, "lr")
    await grant(store, friend, "INBOX", you, "lr")
    await store.directory.remove_account(friend.account_id)
    rows = await store.database.read(lambda connection: connection.all("SELECT account_id, grantee FROM acl"))
    assert rows == []
    again = await add_account(store, "friend@demo.test")
    assert await store.sharing.shared(again.account_id) == []
    with pytest.raises(NotFound):
        await store.sharing.find(you.account_id, "Other Users/friend@demo.test/INBOX", "")


async def test_rights_are_not_given_to_somebody_who_is_just_going(store: Store, you: Account, friend: Account) -> None:
    box = await inbox(store, you.account_id)
    change = EntryChange(friend.account_id, "replace", frozenset("lr"))
    with pytest.raises(NotFound):  # the one they are for is not locked
        await store.write([you.account_id], lambda tx: tx.change_acl(you.account_id, box.mailbox_id, change))
    await store.database.write(lambda connection: delete_account(connection, friend.account_id))
    with pytest.raises(NotFound):
        await grant(store, you, "INBOX", friend, "lr")


async def test_too_many_entries(store: Store, you: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "ACL_ENTRIES", 2)
    people = [await add_account(store, f"p{number}@demo.test") for number in range(3)]
    await grant(store, you, "INBOX", people[0], "l")
    await grant(store, you, "INBOX", people[1], "l")
    with pytest.raises(Invalid):
        await grant(store, you, "INBOX", people[2], "l")
    await grant(store, you, "INBOX", people[1], "lr")
    monkeypatch.setattr(sharing, "ACL_ALL", 3)
    await grant(store, you, "Sent", people[0], "lr")
    with pytest.raises(Invalid):
        await grant(store, you, "Drafts", people[0], "lr")
    with pytest.raises(Invalid):  # it would take over what is above
        await create(store, you, "Sent/Below")
    await create(store, you, "Drafts/Below")
    await grant(store, you, "INBOX", people[1], "")
    await create(store, you, "Sent/Below")


async def test_a_repair_forgets_lists_of_mailboxes_that_are_lost(store: Store, you: Account, friend: Account) -> None:
    lost = await create(store, you, "Lost")
    for name in ("Lost", "INBOX"):
        await grant(store, you, name, friend, "lr")
    sql = "DELETE FROM mailbox WHERE account_id = $1 AND mailbox_id = $2"
    await store.database.write(lambda connection: connection.run(sql, you.account_id, lost.mailbox_id))
    assert len(await store.sharing.shared(friend.account_id)) == 1
    await store.repair(you.account_id)
    rows = await store.database.read(lambda connection: connection.all("SELECT mailbox_id FROM acl"))
    assert rows == [((await inbox(store, you.account_id)).mailbox_id,)]


async def test_shared_accounts(store: Store, you: Account) -> None:
    team = await store.directory.add_account("team@demo.test", "hash", shared=True)
    assert team.shared
    assert await store.directory.login("team@demo.test") is None
    await store.directory.add_alias("all@demo.test", ["team@demo.test"])
    assert await store.directory.login("all@demo.test") is None
    known = await store.directory.known("all@demo.test")
    assert known is not None
    assert known.account_id == team.account_id
    await grant(store, team, "INBOX", you, "lr")
    assert [one.name for one in await store.sharing.shared(you.account_id)] == ["Shared/team@demo.test/INBOX"]
    found = await store.sharing.find(you.account_id, "Shared/TEAM@demo.test/inbox", "r")
    assert found.account == team.account_id
    with pytest.raises(NotFound):
        await store.sharing.find(you.account_id, "Other Users/team@demo.test/INBOX", "")


# -- flags and messages


async def rows_of(store: Store, account: AccountId, mailbox_id: MailboxId, need: Need) -> list[Row]:
    """Everything in a mailbox, by UID."""
    return [row async for rows in store.placements(account, mailbox_id, [(1, 1000)], need) for row in rows]


async def flags_of(store: Store, account: AccountId, mailbox_id: MailboxId) -> list[tuple[int, str]]:
    """Flags and keywords of all messages, by UID."""
    return [(row.flags, row.keywords) for row in await rows_of(store, account, mailbox_id, Need.PLACEMENT)]


@pytest.mark.parametrize(
    ("letters", "change", "after"),
    [
        ("rs", FlagChange(add=SEEN | FLAGGED, add_keywords=("b",)), (SEEN | ANSWERED, "a")),
        ("rw", FlagChange(add=SEEN | FLAGGED, add_keywords=("b",)), (FLAGGED | ANSWERED, "a b")),
        ("rt", FlagChange(add=DELETED | FLAGGED), (DELETED | ANSWERED, "a")),
        ("rt", FlagChange(replace=True), (ANSWERED, "a")),
        ("rs", FlagChange(add=SEEN, replace=True), (SEEN | ANSWERED, "a")),
        ("rw", FlagChange(add=SEEN | DELETED | FLAGGED, replace=True), (FLAGGED, "")),
        ("rw", FlagChange(remove=ANSWERED, remove_keywords=("a",)), (0, "")),
        ("rs", FlagChange(add=FLAGGED), None),
        ("rt", FlagChange(add=SEEN, add_keywords=("b",)), None),
        ("rix", FlagChange(replace=True), None),
        ("swt", FlagChange(add=SEEN), None),
    ],
)
async def test_flags_that_may_be_changed(
    store: Store, you: Account, friend: Account, letters: str, change: FlagChange, after: tuple[int, str] | None
) -> None:
    account, box = you.account_id, await inbox(store, you.account_id)
    await deliver(store, account, place=Place(box.mailbox_id, ANSWERED, ("a",)))
    await grant(store, you, "INBOX", friend, letters)

    async def unit(tx: Transaction) -> None:
        await tx.set_flags(account, box.mailbox_id, [1], change)

    if after is None:
        with pytest.raises(MailError):
            await as_login(store, friend, you, unit)
        after = (ANSWERED, "a")
    else:
        await as_login(store, friend, you, unit)
    assert await flags_of(store, account, box.mailbox_id) == [after]


async def test_no_change_comes_after_the_rights_are_gone(
    store: Store, other: Store, you: Account, friend: Account
) -> None:
    """Of changes that are under way in another process while rights are taken away, some are denied."""
    account, box = you.account_id, await inbox(store, you.account_id)
    for _ in range(30):
        await deliver(store, account)
    await grant(store, you, "INBOX", friend, "rw")

    async def flag(uid: int) -> bool:
        async def unit(tx: Transaction) -> None:
            await tx.set_flags(account, box.mailbox_id, [uid], FlagChange(add=FLAGGED))

        try:
            await other.write([account], unit, friend.account_id)
        except MailError:
            return False
        return True

    async def take_away() -> Modseq:
        async def unit(tx: Transaction) -> Modseq:
            change = EntryChange(friend.account_id, "replace", frozenset("r"))
            await tx.change_acl(account, box.mailbox_id, change)
            return tx.modseq(account)

        return await store.write([account, friend.account_id], unit)

    assert await flag(30)
    *done, gone = await asyncio.gather(*(flag(uid) for uid in range(1, 15)), take_away())
    assert not await flag(29)
    rows = await rows_of(store, account, box.mailbox_id, Need.PLACEMENT)
    flagged = [row for row in rows if row.flags & FLAGGED]
    assert len(flagged) == sum(done) + 1
    assert all(row.modseq < gone for row in flagged)


async def test_copying_to_another_account(store: Store, you: Account, friend: Account) -> None:
    mine, theirs = await inbox(store, you.account_id), await inbox(store, friend.account_id)
    octets = letter(name="a", extra="References: <r>\r\n")
    await deliver(store, you.account_id, octets, Place(mine.mailbox_id, SEEN | DELETED | FLAGGED, ("a",)))
    await deliver(store, friend.account_id, letter(name="r"))
    await grant(store, friend, "INBOX", you, "iw")

    async def unit(tx: Transaction) -> list[tuple[Uid, Uid]]:
        return await tx.copy(you.account_id, mine.mailbox_id, [1], theirs.mailbox_id, friend.account_id)

    assert await as_login(store, you, friend, unit) == [(1, 2)]
    assert await flags_of(store, friend.account_id, theirs.mailbox_id) == [(0, ""), (FLAGGED, "a")]
    need = Need.ENVELOPE | Need.BODYSTRUCTURE | Need.STRUCTURE | Need.PREVIEW | Need.HEADERS | Need.BLOB | Need.LISTING
    (source,) = await rows_of(store, you.account_id, mine.mailbox_id, need)
    _, copied = await rows_of(store, friend.account_id, theirs.mailbox_id, need)
    assert (copied.message_id, copied.thread_id) == (source.message_id, source.thread_id)  # RFC 8474 §5.1, §5.2
    own = {"uid": 1, "flags": 1, "keywords": "", "modseq": 1, "saved": 1}
    assert msgspec.structs.replace(copied, **own) == msgspec.structs.replace(source, **own)
    assert copied.blob is not None
    assert await store.octets(friend.account_id, copied.blob) == octets
    quota = await store.quota(friend.account_id)
    assert (quota.messages, quota.used) == (2, len(octets) + len(letter(name="r")))
    for account in (you, friend):
        assert await store.check(account.account_id, deep=True) == []


async def test_a_message_that_is_there_already_is_not_carried_again(
    store: Store, you: Account, friend: Account
) -> None:
    mine, theirs = await inbox(store, you.account_id), await inbox(store, friend.account_id)
    other = await create(store, friend, "Other")
    await deliver(store, you.account_id, octets := letter(name="a"))
    for name in ("INBOX", "Other"):
        await grant(store, friend, name, you, "lrswipkxte")

    async def unit(tx: Transaction) -> list[tuple[Uid, Uid]]:
        await tx.copy(you.account_id, mine.mailbox_id, [1], theirs.mailbox_id, friend.account_id)
        return await tx.copy(you.account_id, mine.mailbox_id, [1], other.mailbox_id, friend.account_id)

    assert await as_login(store, you, friend, unit) == [(1, 1)]
    quota = await store.quota(friend.account_id)
    assert (quota.messages, quota.used) == (1, len(octets))
    (first,) = await rows_of(store, friend.account_id, theirs.mailbox_id, Need.PLACEMENT)
    (again,) = await rows_of(store, friend.account_id, other.mailbox_id, Need.PLACEMENT)
    assert first.message_id == again.message_id

    async def back(tx: Transaction) -> list[tuple[Uid, Uid]]:
        return await tx.move(friend.account_id, theirs.mailbox_id, [1], mine.mailbox_id, you.account_id)

    assert await as_login(store, you, friend, back) == [(1, 2)]
    quota = await store.quota(you.account_id)
    assert (quota.messages, quota.used) == (1, len(octets))
    for account in (you, friend):
        assert await store.check(account.account_id, deep=True) == []


async def test_threads_of_messages_that_were_carried(store: Store, you: Account, friend: Account) -> None:
    """Who comes later belongs to them; they keep the thread that others know them by."""
    mine, theirs = await inbox(store, you.account_id), await inbox(store, friend.account_id)
    await deliver(store, you.account_id, letter(name="a"))
    await grant(store, friend, "INBOX", you, "i")

    async def unit(tx: Transaction) -> list[tuple[Uid, Uid]]:
        return await tx.copy(you.account_id, mine.mailbox_id, [1], theirs.mailbox_id, friend.account_id)

    state = await store.modseq(friend.account_id)
    await as_login(store, you, friend, unit)
    (copied,) = await rows_of(store, friend.account_id, theirs.mailbox_id, Need.PLACEMENT)
    threads = await store.changes(friend.account_id, Kind.THREAD, state, 100)
    assert threads.created == (spell(THREAD_PREFIX, copied.thread_id),)
    await deliver(store, friend.account_id, letter("Re: Hello", name="b", extra="References: <a>\r\n"))
    _, answer = await rows_of(store, friend.account_id, theirs.mailbox_id, Need.PLACEMENT)
    assert answer.thread_id == copied.thread_id
    assert await store.check(friend.account_id, deep=True) == []


TABLES_OF_MESSAGES = {
    "sqlite": (
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql LIKE '%PRIMARY KEY (account_id, message_id)%'"
    ),
    "postgres": (
        "SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid WHERE i.indisprimary"
        " AND pg_get_indexdef(i.indexrelid) LIKE '%(account_id, message_id)'"
        " AND c.relnamespace = current_schema()::regnamespace"
    ),
}
"""Those with a row, or none, for each message."""


async def test_everything_kept_of_a_message_is_carried(store: Store, you: Account, friend: Account) -> None:
    mine, theirs = await inbox(store, you.account_id), await inbox(store, friend.account_id)
    await deliver(store, you.account_id, letter(name="a"))
    await grant(store, friend, "INBOX", you, "i")

    async def unit(tx: Transaction) -> None:
        await tx.copy(you.account_id, mine.mailbox_id, [1], theirs.mailbox_id, friend.account_id)

    await as_login(store, you, friend, unit)
    sql = TABLES_OF_MESSAGES[store.database.dialect.name]
    tables = await store.database.read(lambda connection: connection.all(sql))
    assert {row[0] for row in tables} == {"message", *CARRIED}
    for table in ("message", *CARRIED):
        sql = f"SELECT * FROM {table} WHERE account_id = $1"
        one = await store.database.read(lambda connection: connection.one(sql, you.account_id))  # noqa: B023
        other = await store.database.read(lambda connection: connection.one(sql, friend.account_id))  # noqa: B023
        assert one is not None
        assert other is not None
        own = {you.account_id, friend.account_id}
        differing = [(a, b) for a, b in zip(one, other, strict=True) if a != b and {a, b} != own]
        assert len(differing) <= (3 if table == "message" else 1), table  # message and thread id, created modseq


async def test_moving_to_another_account(store: Store, you: Account, friend: Account) -> None:
    mine, theirs = await inbox(store, you.account_id), await inbox(store, friend.account_id)
    octets = letter(body="x" * BLOB_INLINE)
    for _ in range(2):
        await deliver(store, you.account_id, octets)
    before = await store.modseq(you.account_id)
    await grant(store, friend, "INBOX", you, "i")

    async def unit(tx: Transaction) -> list[tuple[Uid, Uid]]:
        return await tx.move(you.account_id, mine.mailbox_id, [1, 2], theirs.mailbox_id, friend.account_id)

    assert await as_login(store, you, friend, unit) == [(1, 1), (2, 2)]
    assert (await store.quota(you.account_id)).messages == 0
    assert len((await store.changes(you.account_id, Kind.EMAIL, before, 10)).destroyed) == 2
    assert len((await store.changes(friend.account_id, Kind.EMAIL, Modseq(0), 10)).created) == 2
    assert (await since(store, you.account_id, mine.mailbox_id, mine.highestmodseq)).vanished == (1, 2)
    async for rows in store.placements(friend.account_id, theirs.mailbox_id, [1], Need.BLOB):
        assert rows[0].blob is not None
        chunks = [chunk async for chunk in store.chunks(friend.account_id, rows[0].blob)]
        assert b"".join(chunks) == octets
    for account in (you, friend):
        assert await store.check(account.account_id, deep=True) == []


async def test_one_message_placed_twice_is_one_there(store: Store, you: Account, friend: Account) -> None:
    mine, theirs = await inbox(store, you.account_id), await inbox(store, friend.account_id)
    await deliver(store, you.account_id)
    await grant(store, friend, "INBOX", you, "it")

    async def unit(tx: Transaction) -> None:
        await tx.copy(you.account_id, mine.mailbox_id, [1], mine.mailbox_id)
        await tx.set_flags(you.account_id, mine.mailbox_id, [1], FlagChange(add=DELETED))
        await tx.copy(you.account_id, mine.mailbox_id, [1, 2], theirs.mailbox_id, friend.account_id)

    await as_login(store, you, friend, unit)
    assert (await store.quota(friend.account_id)).messages == 1
    assert await flags_of(store, friend.account_id, theirs.mailbox_id) == [(DELETED, ""), (0, "")]
    assert len((await store.changes(friend.account_id, Kind.EMAIL, Modseq(0), 10)).created) == 1


async def test_the_quota_of_the_target_counts(store: Store, you: Account) -> None:
    small = await add_account(store, "small@demo.test", quota=len(letter()) * 3 // 2)
    mine, theirs = await inbox(store, you.account_id), await inbox(store, small.account_id)
    for _ in range(2):
        await deliver(store, you.account_id)
    await grant(store, small, "INBOX", you, "i")

    async def unit(tx: Transaction) -> None:
        try:
            await tx.move(you.account_id, mine.mailbox_id, [1, 2], theirs.mailbox_id, small.account_id)
        except OverQuota:  # then nothing has been changed
            return
        raise AssertionError("there is no room")

    await as_login(store, you, small, unit)
    for account in (you, small):
        assert await store.check(account.account_id, deep=True) == []
    assert (await inbox(store, you.account_id)).total == 2
    assert (await store.quota(small.account_id)).messages == 0


ACTS: dict[str, Callable[[Transaction, Found, Found], Awaitable[object]]] = {
    "add": lambda tx, box, own: tx.copy(own.account, own.mailbox.mailbox_id, [1], box.mailbox.mailbox_id, box.account),
    "set flags": lambda tx, box, own: tx.set_flags(box.account, box.mailbox.mailbox_id, [1], FlagChange(add=31)),
    "copy from": lambda tx, box, own: tx.copy(
        box.account, box.mailbox.mailbox_id, [1], own.mailbox.mailbox_id, own.account
    ),
    "move from": lambda tx, box, own: tx.move(
        box.account, box.mailbox.mailbox_id, [1], own.mailbox.mailbox_id, own.account
    ),
    "expunge": lambda tx, box, own: tx.expunge(box.account, box.mailbox.mailbox_id, None),
    "expunge undeleted": lambda tx, box, own: tx.expunge(box.account, box.mailbox.mailbox_id, None, only_deleted=False),
    "create": lambda tx, box, own: tx.create_mailbox(box.account, "A/New"),
    "delete": lambda tx, box, own: tx.delete_mailbox(box.account, box.mailbox.mailbox_id),
    "rename": lambda tx, box, own: tx.rename_mailbox(box.account, box.mailbox.mailbox_id, "A/Other"),
    "change acl": lambda tx, box, own: tx.change_acl(
        box.account, box.mailbox.mailbox_id, EntryChange(ANYONE, "add", frozenset("l"))
    ),
    "subscribe": lambda tx, box, own: tx.subscribe(box.account, "A/B", True),
    "update": lambda tx, box, own: tx.update_mailbox(box.account, box.mailbox.mailbox_id, sort_order=3),
    "put object": lambda tx, box, own: tx.put_object(box.account, Kind.VACATION, "x", b"{}"),
}
NEEDED = {
    "add": ["i"],
    "set flags": ["rs", "rw", "rt"],
    "copy from": ["r"],
    "move from": ["rte"],
    "expunge": ["e"],
    "expunge undeleted": ["te"],
    "create": ["k"],
    "delete": ["x"],
    "rename": ["xk"],
    "change acl": ["a"],
}
"""What each act asks for; any one of the sets will do. What is not here is for the owner alone."""


@pytest.mark.parametrize("name", ACTS)
async def test_each_act_needs_its_rights(engine: Engine, name: str) -> None:
    store = await open_store(engine)
    you, friend = await add_account(store), await add_account(store, "friend@demo.test")
    mailbox = await create(store, you, "A/B")
    await deliver(store, you.account_id, place=Place(mailbox.mailbox_id, DELETED))
    await deliver(store, friend.account_id)
    sets = [frozenset(one) for one in NEEDED.get(name, ())]
    combinations = ["", *sorted(ALL), *("".join(sorted(ALL - {letter})) for letter in sorted(ALL)), *map("".join, sets)]
    for letters in combinations:
        for one in ("A", "A/B"):
            await grant(store, you, one, friend, letters)
        found = Found(you.account_id, mailbox, frozenset(letters), "")
        own = Found(friend.account_id, await inbox(store, friend.account_id), ALL, "INBOX")
        knows = not rights.KNOWING.isdisjoint(letters)
        expected = knows and any(one.issubset(letters) for one in sets)

        async def unit(tx: Transaction, found: Found = found, own: Found = own) -> None:
            await ACTS[name](tx, found, own)
            raise Exists("done, and taken back")

        with pytest.raises(MailError) as caught:
            await as_login(store, friend, you, unit)
        assert (caught.type is Exists) is expected, (name, letters, caught.value)
        if not expected and {"l", "r"}.isdisjoint(letters) and name in NEEDED and name not in ("create", "rename"):
            assert caught.type is NotFound, (name, letters)
    await store.close()
