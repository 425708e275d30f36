"""Adding messages: counters, ids, quota, repeats, several accounts at once."""

import pytest

from pillarbox.core.errors import NotFound, OverQuota
from pillarbox.core.ids import MailboxId
from pillarbox.store.model import DELETED, SEEN, Account, Added, Kind, Need, Place
from pillarbox.store.store import Store
from pillarbox.store.transaction import Transaction
from tests.stores import act, add_account, arrive, deliver, inbox, letter


async def test_a_message_is_where_it_was_placed(store: Store, you: Account) -> None:
    box = await inbox(store, you.account_id)
    octets = letter("Grüße", body="x" * 3000)
    arrived = await arrive(store, octets)

    async def unit(tx: Transaction) -> Added:
        place = Place(box.mailbox_id, SEEN, ("$forwarded", "Todo", "TODO"))
        return await tx.add(you.account_id, arrived, [place], received=77)

    added = await act(store, you.account_id, unit)
    after = await inbox(store, you.account_id)
    assert added.placed[0].uid == 1
    assert (after.total, after.unseen, after.deleted, after.size, after.uidnext) == (1, 0, 0, len(octets), 2)
    assert after.highestmodseq == await store.modseq(you.account_id) == box.highestmodseq + 1
    need = Need.ENVELOPE | Need.BODYSTRUCTURE | Need.STRUCTURE | Need.PREVIEW | Need.HEADERS | Need.BLOB
    pages = [page async for page in store.placements(you.account_id, box.mailbox_id, [(1, 9)], need)]
    row = pages[0][0]
    assert (row.uid, row.flags, row.keywords, row.received, row.size) == (1, SEEN, "$Forwarded Todo", 77, len(octets))
    assert row.message_id == added.message_id
    assert row.headers is not None
    assert row.headers.subject == "Grüße"
    assert row.headers.from_ == (("Ann", "ann@demo.test"),)
    assert row.envelope.startswith(b"(")
    assert row.preview.startswith("xxx")
    assert row.blob is not None
    assert await store.octets(you.account_id, row.blob) == octets


async def test_large_octets_go_to_the_blob_store(store: Store, you: Account) -> None:
    octets = letter(body="line\r\n" * 300_000)
    added = await deliver(store, you.account_id, octets)
    email = (await store.emails(you.account_id, [added.message_id]))[added.message_id]
    whole = b"".join([chunk async for chunk in store.chunks(you.account_id, email.blob)])
    assert whole == octets
    assert await store.slice(you.account_id, email.blob, 5, 10) == octets[5:15]


async def test_large_octets_in_memory_too(store: Store, you: Account) -> None:
    octets = letter(body="line\r\n" * 30_000)
    added = await deliver(store, you.account_id, octets)
    again = await deliver(store, you.account_id, octets)
    for one in (added, again):
        email = (await store.emails(you.account_id, [one.message_id]))[one.message_id]
        assert await store.octets(you.account_id, email.blob) == octets


async def test_a_repeated_delivery_adds_nothing(store: Store, you: Account) -> None:
    box = await inbox(store, you.account_id)
    arrived = await arrive(store, letter())

    async def unit(tx: Transaction) -> Added:
        return await tx.add(you.account_id, arrived, [Place(box.mailbox_id)], delivery_id="d1")

    first = await act(store, you.account_id, unit)
    modseq = await store.modseq(you.account_id)
    second = await act(store, you.account_id, unit)
    assert (first.already, second.already, second.placed) == (False, True, ())
    assert await store.modseq(you.account_id) == modseq
    assert (await inbox(store, you.account_id)).total == 1


async def test_over_quota_changes_nothing(store: Store, you: Account) -> None:
    await store.directory.set_quota(you.account_id, 500)
    await deliver(store, you.account_id)
    modseq = await store.modseq(you.account_id)
    with pytest.raises(OverQuota):
        await deliver(store, you.account_id, letter(body="y" * 500))
    assert await store.modseq(you.account_id) == modseq
    quota = await store.quota(you.account_id)
    assert (quota.limit, quota.messages, quota.used) == (500, 1, (await inbox(store, you.account_id)).size)


async def test_one_transaction_for_several_accounts(store: Store, you: Account) -> None:
    friend = await add_account(store, "friend@demo.test", quota=10)
    arrived = await arrive(store, letter())
    boxes = [(await inbox(store, one.account_id)).mailbox_id for one in (you, friend)]

    async def strict(tx: Transaction) -> None:
        for one, box in zip((you, friend), boxes, strict=True):
            await tx.add(one.account_id, arrived, [Place(box)])

    async def lenient(tx: Transaction) -> list[str]:
        results = []
        for one, box in zip((you, friend), boxes, strict=True):
            try:
                await tx.add(one.account_id, arrived, [Place(box)], delivery_id="d")
                results.append("added")
            except OverQuota:
                results.append("full")
        return results

    accounts = [you.account_id, friend.account_id]
    with pytest.raises(OverQuota):
        await store.write(accounts, strict)
    assert (await inbox(store, you.account_id)).total == 0
    assert await store.write(accounts, lenient) == ["added", "full"]
    assert [(await inbox(store, one)).total for one in accounts] == [1, 0]


async def test_a_mailbox_that_does_not_exist(store: Store, you: Account) -> None:
    with pytest.raises(NotFound):
        await deliver(store, you.account_id, None, Place(MailboxId(5)))


async def test_a_deleted_message_is_not_created_for_jmap(store: Store, you: Account) -> None:
    box = await inbox(store, you.account_id)
    before = await store.modseq(you.account_id)
    await deliver(store, you.account_id, None, Place(box.mailbox_id, DELETED))
    changes = await store.changes(you.account_id, Kind.EMAIL, before, 10)
    assert (changes.created, changes.updated, changes.destroyed) == ((), (), ())
    assert (await store.changes(you.account_id, Kind.THREAD, before, 10)).created == ()


async def test_replies_join_their_thread(store: Store, you: Account) -> None:
    first = await deliver(store, you.account_id, letter("Plan", name="a@x"))
    reply = await deliver(
        store, you.account_id, letter("Re: Plan", name="b@x", extra="In-Reply-To: <a@x>\r\nReferences: <a@x>\r\n")
    )
    other = await deliver(store, you.account_id, letter("Other plan", name="c@x", extra="References: <a@x> <b@x>\r\n"))
    late = await deliver(store, you.account_id, letter("plan", name="d@x", extra="References: <e@x> <b@x>\r\n"))
    assert first.thread_id == reply.thread_id == late.thread_id != other.thread_id
    members = await store.thread(you.account_id, [first.thread_id, other.thread_id])
    assert members[first.thread_id] == [first.message_id, reply.message_id, late.message_id]
    assert members[other.thread_id] == [other.message_id]
