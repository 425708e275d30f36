"""Writers at the same time, in two processes: every delivery once, every UID once, no deadlock."""

import asyncio

from pillarbox.store.model import Account, Added, FlagChange, Kind, Place
from pillarbox.store.store import Store
from pillarbox.store.transaction import Transaction
from tests.stores import add_account, arrive, deliver, inbox, letter


async def test_overlapping_recipients_and_repeats(store: Store, other: Store, you: Account) -> None:
    people = [you, await add_account(store, "b@demo.test"), await add_account(store, "c@demo.test")]
    boxes = {one.account_id: (await inbox(store, one.account_id)).mailbox_id for one in people}
    arrived = await arrive(store, letter(name="a@x"))

    async def send(to: Store, number: int) -> int:
        accounts = [people[number % 3].account_id, people[(number + 1) % 3].account_id]
        if number % 2:
            accounts.reverse()

        async def unit(tx: Transaction) -> list[Added]:
            return [await tx.add(one, arrived, [Place(boxes[one])], delivery_id=f"d{number}") for one in accounts]

        return sum(not added.already for added in await to.write(accounts, unit))

    sent = await asyncio.gather(*[send(to, number) for number in range(24) for to in (store, other, store)])
    assert sum(sent) == 48
    for one in people:
        box = await inbox(store, one.account_id)
        view = await other.view(one.account_id, box.mailbox_id)
        assert list(view.uids) == list(range(1, 17))
        assert (box.total, box.uidnext, box.unseen) == (16, 17, 16)
        assert await store.modseq(one.account_id) == 1 + 16
        assert await store.check(one.account_id, deep=True) == []


async def test_everything_at_once(store: Store, other: Store, you: Account) -> None:
    account = you.account_id
    box, archive = await inbox(store, account), await store.mailbox_named(account, "Archive")

    async def work(to: Store, number: int) -> None:
        await deliver(to, account)
        view = await to.view(account, box.mailbox_id)
        some = list(view.uids)[number % 3 :: 4]

        async def unit(tx: Transaction) -> None:
            if number % 4 == 0:
                await tx.set_flags(account, box.mailbox_id, some, FlagChange(add=1 << number % 5))
            elif number % 4 == 1:
                await tx.move(account, box.mailbox_id, some[:2], archive.mailbox_id)
            elif number % 4 == 2:
                await tx.expunge(account, box.mailbox_id, some[:1], only_deleted=False)
            else:
                await tx.copy(account, box.mailbox_id, some[:2], archive.mailbox_id)

        await to.write([account], unit)

    start = await store.modseq(account)
    await asyncio.gather(*[work(to, number) for number in range(20) for to in (store, other)])
    assert await store.check(account, deep=True) == []
    created = set((await store.changes(account, Kind.EMAIL, start, 1000)).created)
    seen: set[int] = set()
    for mailbox in await store.mailboxes(account):
        async for page in other.placements(account, mailbox.mailbox_id, [(1, 1 << 31)]):
            seen |= {row.message_id for row in page if not row.flags & 8}
    assert len(created) == len(seen)
