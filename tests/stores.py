"""A store on a real engine, as tests of every room use it."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from pillarbox.core.ids import AccountId, MailboxId, Modseq
from pillarbox.engines.migration import migrate
from pillarbox.engines.schema.steps import steps
from pillarbox.store.model import Account, Added, Arrived, Mailbox, MailboxChanges, Place, StoreLimits
from pillarbox.store.store import Store
from pillarbox.store.transaction import Transaction
from tests.engines_fixtures import Engine

T = TypeVar("T")


class StepClock:
    """A clock that stands still until it is moved."""

    def __init__(self, start: int = 1_700_000_000) -> None:
        self.time = start

    def now(self) -> int:
        return self.time


async def open_store(
    engine: Engine, clock: StepClock | None = None, message_size: int = 1 << 24, quota: int | None = None
) -> Store:
    """What one process of the engine's shard has; each call is a further process. The caller closes it."""
    database = engine.database()
    await migrate(database, steps(database.dialect))
    limits = StoreLimits(message_size, str(engine.folder / "spool"), quota)
    store = Store(
        database, engine.blobs, engine.another_notifier(), engine.another_locks(), limits, clock or StepClock()
    )
    await store.open()
    return store


async def add_account(store: Store, address: str = "you@demo.test", quota: int | None = None) -> Account:
    """An account, its domain made when it is missing."""
    domain = address.rpartition("@")[2]
    if domain not in await store.directory.domains():
        await store.directory.add_domain(domain)
    return await store.directory.add_account(address, "hash", "You", quota)


async def arrive(store: Store, octets: bytes) -> Arrived:
    """Octets through the spool."""
    spool = store.spool()
    spool.write(octets)
    return await spool.finish()


def letter(subject: str = "Hello", *, extra: str = "", body: str = "Hello there.\r\n", name: str = "") -> bytes:
    """A small message; `name` is its message id."""
    identity = f"Message-ID: <{name}>\r\n" if name else ""
    return (
        f"From: Ann <ann@demo.test>\r\nTo: you@demo.test\r\nSubject: {subject}\r\n{identity}{extra}"
        f"Date: Mon, 23 Nov 2026 10:00:00 +0000\r\n\r\n{body}"
    ).encode()


async def act(store: Store, account: AccountId, unit: Callable[[Transaction], Awaitable[T]]) -> T:
    """One transaction on one account."""
    return await store.write([account], unit)


async def inbox(store: Store, account: AccountId) -> Mailbox:
    """INBOX with its counters."""
    return await store.mailbox_named(account, "INBOX")


async def deliver(store: Store, account: AccountId, octets: bytes | None = None, place: Place | None = None) -> Added:
    """A message into INBOX, or another place."""
    arrived = await arrive(store, octets if octets is not None else letter())
    target = place or Place((await inbox(store, account)).mailbox_id)

    async def unit(tx: Transaction) -> Added:
        return await tx.add(account, arrived, [target])

    return await store.write([account], unit)


async def since(store: Store, account: AccountId, mailbox_id: MailboxId, modseq: Modseq) -> MailboxChanges:
    """What happened in a mailbox after a modseq, when it is little enough to be listed."""
    changes = await store.since(account, mailbox_id, modseq)
    assert changes is not None
    return changes
