"""The mailbox a sub-address leads to (RFC 5233 §4), on both engines."""

from collections.abc import AsyncIterator

import pytest

from pillarbox.core.ids import AccountId
from pillarbox.services.delivery.service import Envelope, deliver
from pillarbox.store.model import Account, Local
from pillarbox.store.store import Store
from pillarbox.store.transaction import Transaction
from tests.engines_fixtures import Engine
from tests.stores import act, add_account, arrive, letter, open_store


@pytest.fixture
async def store(engine: Engine) -> AsyncIterator[Store]:
    opened = await open_store(engine)
    yield opened
    await opened.close()


@pytest.fixture
async def you(store: Store) -> Account:
    """An account with a mailbox Work, and with Lists, which is only a name above Lists/Old."""
    account = await add_account(store)

    async def unit(tx: Transaction) -> None:
        await tx.create_mailbox(account.account_id, "Work")
        await tx.create_mailbox(account.account_id, "Lists/Old")
        lists = await tx.mailbox_named(account.account_id, "Lists")
        await tx.delete_mailbox(account.account_id, lists.mailbox_id, keep_name=True)

    await act(store, account.account_id, unit)
    return account


async def where(store: Store, account: AccountId) -> list[str]:
    """The mailboxes with a message in them."""
    return [mailbox.name for mailbox in await store.mailboxes(account) if mailbox.total]


@pytest.mark.parametrize(
    ("detail", "mailbox"),
    [("work", "Work"), ("nowhere", "INBOX"), ("trash", "INBOX"), ("lists", "INBOX"), ("lists/old", "Lists/Old")],
)
async def test_detail(store: Store, you: Account, detail: str, mailbox: str) -> None:
    """A mailbox that is only a name takes no messages: what is sent to it arrives all the same."""
    recipient = Local(f"you+{detail}@demo.test", (you.account_id,), detail)
    await deliver(store, await arrive(store, letter()), Envelope("ann@example.org", (recipient,), "d1"))
    assert await where(store, you.account_id) == [mailbox]
