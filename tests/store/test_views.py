"""Views: shared while nothing changes, brought up to date by deltas, equal to a fresh look, also of another process."""

import asyncio
import random

from pillarbox.core.ids import AccountId, MailboxId, Modseq
from pillarbox.store.model import DELETED, SEEN, Account, FlagChange, FlagState, MailboxView, Place
from pillarbox.store.store import Store
from pillarbox.store.transaction import Transaction
from pillarbox.store.views import Views
from tests.stores import act, arrive, deliver, inbox, letter, since


async def fresh(store: Store, account: AccountId, mailbox_id: MailboxId) -> MailboxView:
    """The view as somebody sees it who has none yet."""
    return await Views(store.database).view(account, mailbox_id)


def same(one: MailboxView, other: MailboxView) -> bool:
    """Views with the same content."""
    return list(one.uids) == list(other.uids) and (
        (one.uidvalidity, one.uidnext, one.modseq, one.unseen, one.first_unseen)
        == (other.uidvalidity, other.uidnext, other.modseq, other.unseen, other.first_unseen)
    )


async def test_shared_until_something_changes(store: Store, other: Store, you: Account) -> None:
    box = await inbox(store, you.account_id)
    empty = await store.view(you.account_id, box.mailbox_id)
    assert (list(empty.uids), empty.unseen, empty.first_unseen, empty.uidnext) == ([], 0, 0, 1)
    assert await store.view(you.account_id, box.mailbox_id) is empty
    await deliver(other, you.account_id)
    view = await store.view(you.account_id, box.mailbox_id)
    assert (list(view.uids), view.unseen, view.first_unseen, view.uidnext) == ([1], 1, 1, 2)
    assert list(empty.uids) == []


async def test_deltas_equal_a_fresh_look(store: Store, other: Store, you: Account) -> None:
    box = await inbox(store, you.account_id)
    arrived = await arrive(store, letter())
    choice = random.Random(5)
    for _ in range(60):
        known = list((await store.view(you.account_id, box.mailbox_id)).uids)
        some = sorted(choice.sample(known, choice.randint(0, len(known))))
        act_on = choice.choice(["add", "add", "seen", "unseen", "expunge", "copy"])

        async def unit(tx: Transaction, act_on: str = act_on, some: list[int] = some) -> None:
            account, mailbox_id = you.account_id, box.mailbox_id
            if act_on == "add":
                await tx.add(account, arrived, [Place(mailbox_id, choice.choice([0, SEEN]))] * choice.randint(1, 6))
            elif act_on == "seen":
                await tx.set_flags(account, mailbox_id, some, FlagChange(add=SEEN))
            elif act_on == "unseen":
                await tx.set_flags(account, mailbox_id, some[:2], FlagChange(remove=SEEN))
            elif act_on == "expunge":
                await tx.expunge(account, mailbox_id, some[: len(some) // 2], only_deleted=False)
            else:
                await tx.copy(account, mailbox_id, some[:5], mailbox_id)

        await act(choice.choice([store, other]), you.account_id, unit)
        view = await store.view(you.account_id, box.mailbox_id)
        assert same(view, await fresh(store, you.account_id, box.mailbox_id))
        assert same(view, await other.view(you.account_id, box.mailbox_id))


async def test_resync_replays_to_the_truth(store: Store, you: Account) -> None:
    """QRESYNC (RFC 7162 §3.2.6): what was known, plus what changed, minus what vanished, is what is there."""
    box = await inbox(store, you.account_id)
    known: dict[int, FlagState] = {}
    modseq = Modseq(0)
    choice = random.Random(7)
    for round_number in range(40):
        await deliver(store, you.account_id, None, Place(box.mailbox_id, choice.choice([0, DELETED]), ("k",)))
        uids = sorted(choice.sample(range(1, round_number + 2), min(3, round_number + 1)))

        async def unit(tx: Transaction, uids: list[int] = uids) -> None:
            await tx.set_flags(you.account_id, box.mailbox_id, uids, FlagChange(add=SEEN, add_keywords=("x",)))
            if choice.random() < 0.3:
                await tx.expunge(you.account_id, box.mailbox_id, None)

        await act(store, you.account_id, unit)
        if choice.random() < 0.5:
            delta = await since(store, you.account_id, box.mailbox_id, modseq)
            assert not delta.reset
            known.update({one.uid: one for one in delta.changed})
            for uid in delta.vanished:
                known.pop(uid, None)
            modseq = delta.modseq
            whole = await since(store, you.account_id, box.mailbox_id, Modseq(0))
            assert tuple(known[uid] for uid in sorted(known)) == whole.changed


async def test_no_uid_appears_late(store: Store, other: Store, you: Account) -> None:
    """A reader that has seen a UID never finds a lower one that it had not seen."""
    box = await inbox(store, you.account_id)
    done = asyncio.Event()

    async def write(to: Store) -> None:
        for _ in range(25):
            await deliver(to, you.account_id)

    async def read(of: Store) -> int:
        seen: list[int] = []
        looks = 0
        while not done.is_set():
            uids = list((await of.view(you.account_id, box.mailbox_id)).uids)
            rows = [row async for page in of.placements(you.account_id, box.mailbox_id, [(1, 999)]) for row in page]
            assert uids[: len(seen)] == seen
            assert [row.uid for row in rows][: len(uids)] == uids
            seen = uids
            looks += 1
            await asyncio.sleep(0)
        return looks

    readers = [asyncio.ensure_future(read(one)) for one in (store, other)]
    await asyncio.gather(write(store), write(store), write(other), write(other))
    done.set()
    assert all(await asyncio.gather(*readers))
    view = await store.view(you.account_id, box.mailbox_id)
    assert list(view.uids) == list(range(1, 101))
    assert (await inbox(store, you.account_id)).total == 100
