"""Notes on mailboxes and the server, over both engines."""

import asyncio
from collections.abc import Mapping

import pytest

from pillarbox.core.errors import Conflict, Denied, NotFound, OverQuota, TooBig
from pillarbox.core.ids import AccountId, MailboxId, Modseq
from pillarbox.core.limits import LOG_LIFE, METADATA_ENTRIES, METADATA_OCTETS, METADATA_VALUE
from pillarbox.store.metadata import WHOLE
from pillarbox.store.model import Account, Kind
from pillarbox.store.rights import EntryChange
from pillarbox.store.store import Store
from pillarbox.store.transaction import Transaction
from pillarbox.store.watching import DIRECTORY
from tests.stores import StepClock, act, add_account, deliver, inbox

COMMENT, MINE = "/shared/comment", "/private/comment"


async def note(
    store: Store, account: AccountId, mailbox_id: MailboxId, values: Mapping[str, bytes | None], reader: AccountId
) -> list[str]:
    """Set notes in a transaction."""

    async def unit(tx: Transaction) -> list[str]:
        return await tx.set_metadata(account, mailbox_id, reader, values)

    return await act(store, account, unit)


async def note_server(store: Store, values: Mapping[str, bytes | None]) -> Modseq:
    """Set notes on the server."""

    async def unit(tx: Transaction) -> Modseq:
        return await tx.set_server_metadata(values)

    return await store.write([], unit)


async def test_shared_is_everybodys_and_private_the_readers(store: Store, you: Account) -> None:
    account, friend = you.account_id, (await add_account(store, "friend@demo.test")).account_id
    box = (await inbox(store, account)).mailbox_id
    assert await note(store, account, box, {COMMENT: b"all", MINE: b"own\0"}, account) != []
    assert await note(store, account, box, {MINE: b"theirs"}, friend) == [MINE]
    both = [COMMENT, MINE, "/shared/none"]
    assert await store.metadata(account, [box], account, both) == {box: {COMMENT: b"all", MINE: b"own\0"}}
    assert await store.metadata(account, [box], friend, both) == {box: {COMMENT: b"all", MINE: b"theirs"}}
    assert await store.metadata_sizes(account, box, friend) == {MINE: 6, COMMENT: 3}
    assert await store.metadata(account, [WHOLE], account, both) == {}
    await store.directory.remove_account(friend)
    assert await store.metadata(account, [box], friend, both) == {box: {COMMENT: b"all"}}


async def test_changes_are_logged_once_and_only_when_there_are_any(store: Store, you: Account) -> None:
    account = you.account_id
    box, before = (await inbox(store, account)).mailbox_id, await store.modseq(account)
    await note(store, account, box, {COMMENT: b"a"}, account)
    modseq = await store.modseq(account)
    assert await note(store, account, box, {COMMENT: b"a", MINE: None}, account) == []
    assert await store.modseq(account) == modseq
    assert await note(store, account, WHOLE, {MINE: b""}, account) == [MINE]
    assert await note(store, account, box, {COMMENT: None}, account) == [COMMENT]
    changed, reached = await store.metadata_changes(account, account, before)
    assert [(one.mailbox_id, one.entry) for one in changed] == [(box, COMMENT), (WHOLE, MINE), (box, COMMENT)]
    assert reached == await store.modseq(account) == changed[-1].modseq
    stranger = AccountId(account + 2)
    assert [one.mailbox_id for one in (await store.metadata_changes(account, stranger, before))[0]] == [box, box]
    assert (await store.changes(account, Kind.MAILBOX, before, 10)).updated == ()
    assert (await inbox(store, account)).highestmodseq <= before


async def test_a_log_that_was_trimmed_is_a_conflict(store: Store, you: Account, clock: StepClock) -> None:
    account, before = you.account_id, await store.modseq(you.account_id)
    await note(store, account, WHOLE, {MINE: b"x"}, account)
    clock.time += LOG_LIFE + 1
    await store.trim()
    with pytest.raises(Conflict):
        await store.metadata_changes(account, account, before)
    with pytest.raises(NotFound):
        await store.metadata_changes(AccountId(account + 2), account, before)


async def test_too_much_changes_nothing(store: Store, you: Account) -> None:
    account, friend = you.account_id, AccountId(you.account_id + 2)
    box = (await inbox(store, account)).mailbox_id
    many: dict[str, bytes | None] = {f"/shared/vendor/x/{number}": b"" for number in range(METADATA_ENTRIES)}
    await note(store, account, box, many, account)
    modseq = await store.modseq(account)
    with pytest.raises(OverQuota):
        await note(store, account, box, {"/shared/vendor/x/new": b"", "/shared/vendor/x/1": b"2"}, account)
    with pytest.raises(TooBig):
        await note(store, account, box, {MINE: b"x" * (METADATA_VALUE + 1)}, account)
    with pytest.raises(NotFound):
        await note(store, account, MailboxId(5), {MINE: b"x"}, account)
    assert await store.modseq(account) == modseq
    await note(store, account, box, {"/shared/vendor/x/new": b"", "/shared/vendor/x/1": None}, account)
    await note(store, account, box, {"/shared/vendor/x/new": b"changed", MINE: b""}, account)
    await note(store, account, box, {f"/private/{number}": b"" for number in range(METADATA_ENTRIES)}, friend)
    large = {
        f"/private/vendor/x/{number}": b"x" * METADATA_VALUE for number in range(METADATA_OCTETS // METADATA_VALUE)
    }
    with pytest.raises(OverQuota):
        await note(store, account, WHOLE, large, account)


async def test_notes_go_with_the_mailbox_and_follow_a_rename(store: Store, you: Account) -> None:
    account = you.account_id

    async def make(tx: Transaction) -> tuple[MailboxId, MailboxId]:
        child = await tx.create_mailbox(account, "Work/Old")
        return (await tx.mailbox_named(account, "Work")).mailbox_id, child.mailbox_id

    work, child = await act(store, account, make)
    box = (await inbox(store, account)).mailbox_id
    for one in (work, child, box):
        await note(store, account, one, {COMMENT: b"x", MINE: b"y"}, account)

    async def change(tx: Transaction) -> MailboxId:
        await tx.rename_mailbox(account, work, "Play")
        await tx.delete_mailbox(account, work, keep_name=True)
        await tx.rename_mailbox(account, box, "Former")
        await tx.delete_mailbox(account, child)
        return (await tx.mailbox_named(account, "Former")).mailbox_id

    former = await act(store, account, change)
    kept = {COMMENT: b"x", MINE: b"y"}
    found = await store.metadata(account, [work, child, box, former], account, [COMMENT, MINE])
    assert found == {box: kept, former: kept}


async def test_notes_on_the_server_are_the_same_for_everybody(store: Store, other: Store, clock: StepClock) -> None:
    heard: list[tuple[AccountId, Modseq]] = []
    watch = other.watch(DIRECTORY, lambda account, version: heard.append((account, version)))
    assert (await other.directory.metadata()).values == {}
    await note_server(store, {COMMENT: b"closed on Sunday", "/shared/vendor/x/y": b"1"})
    await note_server(store, {COMMENT: b"closed on Sunday", "/shared/vendor/x/y": None})
    notes = await store.directory.metadata()
    assert notes.values == {COMMENT: b"closed on Sunday"}
    assert [entry for _, entry in notes.changed] == [COMMENT, "/shared/vendor/x/y", "/shared/vendor/x/y"]
    for _ in range(200):
        if heard:
            break
        await asyncio.sleep(0.01)
    await other.look()
    await asyncio.sleep(0)
    assert heard[-1] == (DIRECTORY, notes.changed[-1][0])
    assert await other.directory.metadata() == notes
    watch.close()
    with pytest.raises(TooBig):
        await note_server(store, {COMMENT: b"x" * (METADATA_VALUE + 1)})
    clock.time += LOG_LIFE + 1
    await note_server(store, {COMMENT: None})
    assert [entry for _, entry in (await store.directory.metadata()).changed] == [COMMENT]


async def test_a_change_of_role_is_a_change_of_special_use(store: Store, you: Account) -> None:
    account = you.account_id
    await deliver(store, account)
    box, before = await store.mailbox_named(account, "Archive"), await store.modseq(account)

    async def unit(tx: Transaction) -> None:
        await tx.update_mailbox(account, box.mailbox_id, role=None)

    await act(store, account, unit)
    changed, _ = await store.metadata_changes(account, account, before)
    assert [(one.mailbox_id, one.entry) for one in changed] == [(box.mailbox_id, "/private/specialuse")]
    stranger = AccountId(account + 2)
    assert (await store.metadata_changes(account, stranger, before))[0] == []


async def test_a_login_sets_shared_notes_only_where_it_may_write(store: Store, you: Account) -> None:
    account, friend = you.account_id, (await add_account(store, "friend@demo.test")).account_id
    box = (await inbox(store, account)).mailbox_id

    async def unit(tx: Transaction, entry: str = COMMENT) -> list[str]:
        return await tx.set_metadata(account, box, friend, {entry: b"theirs"})

    for letters in ("lr", "lrw"):

        async def share(tx: Transaction, letters: str = letters) -> None:
            await tx.change_acl(account, box, EntryChange(friend, "replace", frozenset(letters)))

        await store.write([account, friend], share, account)
        if "w" in letters:
            assert await store.write([account], unit, friend) == [COMMENT]
        else:
            with pytest.raises(Denied):
                await store.write([account], unit, friend)
            assert await store.write([account], lambda tx: unit(tx, MINE), friend) == [MINE]
