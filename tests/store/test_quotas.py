"""What an account may hold, over both engines."""

from collections.abc import Awaitable, Callable

import pytest

from pillarbox.core.errors import NotFound, OverQuota
from pillarbox.core.ids import AccountId, MailboxId
from pillarbox.core.limits import MAILBOXES
from pillarbox.store.model import Account, Place
from pillarbox.store.quotas import UNLIMITED, Allowance, Amount, Holdings
from pillarbox.store.store import Store
from pillarbox.store.transaction import Transaction
from tests.engines_fixtures import Engine
from tests.stores import act, add_account, arrive, deliver, inbox, letter, open_store


async def test_holdings(store: Store, you: Account) -> None:
    account = you.account_id
    await deliver(store, account)
    holds = await store.holdings(account)
    size = (await inbox(store, account)).size
    assert holds == Holdings(Amount(size, None), Amount(1, None), Amount(6, MAILBOXES))
    await store.directory.allow(account, Allowance(10_000, 5, 7))
    holds = await store.holdings(account)
    assert (holds.octets.limit, holds.messages.limit, holds.mailboxes.limit) == (10_000, 5, 7)
    assert (await store.directory.account(account)).quota_messages == 5
    with pytest.raises(NotFound):
        await store.holdings(AccountId(account + 2))
    with pytest.raises(NotFound):
        await store.directory.allow(AccountId(account + 2), Allowance())


async def test_unlimited_in_spite_of_the_settings(engine: Engine) -> None:
    store = await open_store(engine, quota=10)
    account = (await add_account(store)).account_id
    with pytest.raises(OverQuota):
        await deliver(store, account)
    await store.directory.allow(account, Allowance(UNLIMITED))
    await deliver(store, account)
    assert (await store.holdings(account)).octets.limit is None
    assert (await store.quota(account)).limit is None
    await store.close()


async def test_messages_are_counted_in_every_mailbox(store: Store, you: Account) -> None:
    account = you.account_id
    box, archive = (await inbox(store, account)).mailbox_id, await store.mailbox_named(account, "Archive")
    await store.directory.allow(account, Allowance(None, 3))
    first, second = await deliver(store, account), await deliver(store, account)
    target = archive.mailbox_id

    async def copy(tx: Transaction) -> None:
        await tx.copy(account, box, [1, 2], target)

    async def both(tx: Transaction) -> None:
        await tx.update_email(account, first.message_id, mailboxes=frozenset((box, target)))
        await tx.update_email(account, second.message_id, mailboxes=frozenset((box, target)))

    async def twice(tx: Transaction) -> None:
        await tx.add(account, arrived, [Place(box), Place(target)])

    async def repeated(tx: Transaction) -> bool:
        return (await tx.add(account, arrived, [Place(box)], delivery_id="d")).already

    arrived = await arrive(store, letter("another"))
    modseq = await store.modseq(account)
    refused: list[Callable[[Transaction], Awaitable[None]]] = [copy, both, twice]
    for unit in refused:
        with pytest.raises(OverQuota):
            await act(store, account, unit)
        assert await store.modseq(account) == modseq
    assert not await act(store, account, repeated)
    assert await act(store, account, repeated)
    with pytest.raises(OverQuota):
        await deliver(store, account)

    async def move(tx: Transaction) -> None:
        await tx.move(account, box, [1, 2, 3], target)
        await tx.update_email(account, first.message_id, mailboxes=frozenset((box,)))

    await act(store, account, move)
    assert (await store.holdings(account)).messages == Amount(3, 3)


async def test_mailboxes(store: Store, you: Account) -> None:
    account = you.account_id
    await store.directory.allow(account, Allowance(mailboxes=8))

    async def make(name: str) -> MailboxId:
        async def unit(tx: Transaction) -> MailboxId:
            return (await tx.create_mailbox(account, name)).mailbox_id

        return await act(store, account, unit)

    with pytest.raises(OverQuota):
        await make("a/b/c")
    child = await make("a/b")
    with pytest.raises(OverQuota):
        await make("c")

    async def up(tx: Transaction) -> None:
        await tx.rename_mailbox(account, child, "a/new/b")

    with pytest.raises(OverQuota):
        await act(store, account, up)

    async def away(tx: Transaction) -> None:
        await tx.rename_mailbox(account, child, "b")

    await act(store, account, away)
    assert (await store.holdings(account)).mailboxes == Amount(8, 8)
