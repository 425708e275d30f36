"""Damage: found by check, set aside by readers, repaired from the octets."""

import pytest

from pillarbox.core.errors import Unavailable
from pillarbox.store.model import DELETED, Account, BlobRef, Need, Place
from pillarbox.store.port import Connection
from pillarbox.store.store import Store
from tests.stores import deliver, inbox, letter, since


async def break_rows(store: Store, *statements: str) -> None:
    """Run statements behind the store's back."""

    async def unit(connection: Connection) -> None:
        for statement in statements:
            await connection.run(statement)

    await store.database.write(unit)


async def kinds(store: Store, you: Account, deep: bool = False) -> set[str]:
    """The kinds of findings."""
    return {finding.kind for finding in await store.check(you.account_id, deep)}


async def test_counters_are_counted_again(store: Store, you: Account) -> None:
    box = await inbox(store, you.account_id)
    for flags in (0, DELETED):
        await deliver(store, you.account_id, None, Place(box.mailbox_id, flags))
    before, quota = await store.mailboxes(you.account_id), await store.quota(you.account_id)
    assert await kinds(store, you, deep=True) == set()
    await break_rows(
        store,
        "UPDATE mailbox SET total = 7, unseen = 0, size = 1, uidnext = 1, highestmodseq = 99",
        "UPDATE account SET used = 1, messages = 9",
    )
    assert await kinds(store, you) == {"mailbox_counters", "uidnext", "modseq", "account_counters"}
    assert {one.kind for one in await store.repair(you.account_id)} >= {"mailbox_counters", "uidnext"}
    assert await kinds(store, you, deep=True) == set()
    after = await store.mailboxes(you.account_id)
    assert (after[0].total, after[0].unseen, after[0].deleted, after[0].size, after[0].uidnext) == (
        before[0].total,
        before[0].unseen,
        before[0].deleted,
        before[0].size,
        before[0].uidnext,
    )
    assert await store.quota(you.account_id) == quota
    added = await deliver(store, you.account_id)
    assert added.placed[0].uid == 3


async def test_orphans(store: Store, you: Account) -> None:
    box = await inbox(store, you.account_id)
    first, second = [await deliver(store, you.account_id) for _ in range(2)]
    await break_rows(
        store,
        f"DELETE FROM message WHERE message_id = {first.message_id}",
        f"DELETE FROM placement WHERE message_id = {second.message_id}",
    )
    assert await kinds(store, you) >= {"placement_without_message", "message_without_placement"}
    modseq = await store.modseq(you.account_id)
    await store.repair(you.account_id)
    assert await kinds(store, you) == set()
    assert (await since(store, you.account_id, box.mailbox_id, modseq)).vanished == (1,)
    recovered = await store.mailbox_named(you.account_id, "Recovered")
    emails = await store.emails(you.account_id, [second.message_id])
    assert emails[second.message_id].mailboxes == {recovered.mailbox_id}


async def test_summaries_are_made_again(store: Store, you: Account) -> None:
    box = await inbox(store, you.account_id)
    await deliver(store, you.account_id)
    need = Need.ENVELOPE | Need.BODYSTRUCTURE | Need.STRUCTURE | Need.PREVIEW | Need.HEADERS
    before = [page async for page in store.placements(you.account_id, box.mailbox_id, [(1, 9)], need)]
    await break_rows(store, "UPDATE message SET preview = 'broken', sent = 5")
    assert {one.kind for one in await store.repair(you.account_id)} == {"summary_renewed"}
    after = [page async for page in store.placements(you.account_id, box.mailbox_id, [(1, 9)], need)]
    assert before == after
    assert await store.repair(you.account_id) == []


async def test_a_damaged_blob_is_set_aside_and_stepped_over(store: Store, you: Account) -> None:
    good, bad, gone = [letter(str(number), body="hello " * 300) for number in range(3)]
    added = [await deliver(store, you.account_id, octets) for octets in (good, bad, gone)]
    emails = await store.emails(you.account_id, [one.message_id for one in added])
    refs: list[BlobRef] = [email.blob for email in emails.values()]
    await break_rows(
        store,
        "UPDATE blob SET octets = (SELECT octets FROM blob b WHERE b.blob_id = "
        f"'{refs[0].blob_id}') WHERE blob_id = '{refs[1].blob_id}'",
        f"DELETE FROM blob WHERE blob_id = '{refs[2].blob_id}'",
    )
    assert await store.many_octets(you.account_id, refs) == [good, None, None]
    with pytest.raises(Unavailable):
        await store.octets(you.account_id, refs[2])
    assert await kinds(store, you) == {"blob_missing"}
    assert await kinds(store, you, deep=True) == {"blob_missing", "blob_damaged"}
    found = await store.repair(you.account_id)
    assert sorted(one.kind for one in found) == ["blob_missing", "set_aside", "set_aside"]
    rows = await store.database.read(lambda one: one.all("SELECT blob_id FROM damaged ORDER BY blob_id"))
    assert [row[0] for row in rows] == sorted(ref.blob_id for ref in refs[1:])
    await deliver(store, you.account_id, gone)
    assert await store.octets(you.account_id, refs[2]) == gone
    await store.repair(you.account_id)
    rows = await store.database.read(lambda one: one.all("SELECT blob_id FROM damaged"))
    assert [row[0] for row in rows] == [refs[1].blob_id]


async def test_octets_that_cannot_be_unpacked(store: Store, you: Account) -> None:
    added = await deliver(store, you.account_id, letter(body="hello " * 300))
    await break_rows(store, "UPDATE blob SET octets = (SELECT headers FROM message)")
    ref = (await store.emails(you.account_id, [added.message_id]))[added.message_id].blob
    assert await store.many_octets(you.account_id, [ref, ref]) == [None, None]
    with pytest.raises(Unavailable):
        async for _ in store.chunks(you.account_id, ref):
            pass
