"""The mail store: everything servers and services do with mail goes through here."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from pillarbox.core.clock import Clock
from pillarbox.core.ids import AccountId, BlobId, MailboxId, MessageId, Modseq, Uid
from pillarbox.store import (
    checking,
    indexing,
    queueing,
    searching,
    spool,
)
from pillarbox.store.adding import NotPut
from pillarbox.store.devices import Devices
from pillarbox.store.directory import Directory
from pillarbox.store.model import (
    Finding,
    MailboxView,
    QueueRow,
    StoreLimits,
)
from pillarbox.store.port import BlobStore, Connection, Database, Lock, Locks, Notifier
from pillarbox.store.query import Condition, Order
from pillarbox.store.reads import Reads
from pillarbox.store.repairing import Repair
from pillarbox.store.sharing import Sharing
from pillarbox.store.spool import Spooling
from pillarbox.store.sweeping import Sweeper
from pillarbox.store.transaction import Transaction
from pillarbox.store.watching import DIRECTORY, Callback, Watch, Watching
from pillarbox.store.work import Work

T = TypeVar("T")

Unit = Callable[[Transaction], Awaitable[T]]


class Store(Reads):
    """One shard of the mail store. Belongs to one event loop; ids of things that do not exist raise NotFound."""

    def __init__(
        self,
        database: Database,
        blobs: BlobStore,
        notifier: Notifier,
        locks: Locks,
        settings: StoreLimits,
        clock: Clock,
    ) -> None:
        super().__init__(database, blobs, settings, clock)
        self._notifier = notifier
        self._locks = locks
        self._watching = Watching(database)
        self.sharing = Sharing(database)
        self.devices = Devices(database, clock)
        self.directory = Directory(database, notifier, settings, clock)

    async def open(self) -> None:
        """Clear the spool of what an earlier run left, and begin to listen."""
        await asyncio.to_thread(spool.clear, self.settings.spool_dir)
        self._notifier.subscribe(self._hinted)
        self._watching.start()

    async def close(self) -> None:
        """Stop listening. What was handed in (database, blobs, notifier, locks) is closed by who made it."""
        await self._watching.stop()

    async def write(
        self, accounts: Sequence[AccountId], unit: Unit[T], login: AccountId | None = None, *, apart: bool = False
    ) -> T:
        """Run `unit` in a transaction on these accounts; durable when this returns, and watchers are woken.

        Inside, only methods of the Transaction are awaited; it may be run again. A MailError rolls everything back.
        `login`: on whose behalf; the transaction then does nothing that this account has no right to. `apart`: it is
        long; the loop goes on meanwhile, so it touches nothing that belongs to the loop.
        """
        transact = self.database.write_apart if apart else self.database.write
        put: set[BlobId] = set()

        async def run(connection: Connection) -> tuple[T, list[tuple[AccountId, Modseq]]]:
            work = Work(connection, self.database.dialect, self.settings, self.clock.now(), frozenset(put))
            work.login = login
            await work.lock(accounts)
            return await unit(Transaction(work)), await work.finish()

        while True:
            try:
                value, changed = await transact(run)
            except NotPut as missing:
                await spool.put(self.blobs, missing.arrived, self.settings)
                put.add(missing.arrived.blob_id)
            else:
                break
        for account, modseq in changed:
            self._hinted(account, modseq)
        if changed:
            self._notifier.publish(changed)
        return value

    def spool(self) -> Spooling:
        """Where octets that are arriving go."""
        return Spooling(self.settings)

    async def search(
        self,
        account: AccountId,
        mailbox_id: MailboxId,
        condition: Condition,
        view: MailboxView | None = None,
        pause: searching.Pause | None = None,
    ) -> list[Uid]:
        """The UIDs of a mailbox that meet a condition, in order (IMAP SEARCH). Within `view` when it is given.

        `pause` is awaited between the messages that are looked at, with how many of how many are; what it raises ends
        the search.
        """
        return await searching.search(self, account, mailbox_id, condition, view, pause)

    async def query(
        self,
        account: AccountId,
        condition: Condition,
        order: Sequence[Order] = (),
        collapse_threads: bool = False,
        page: tuple[int, int | None] = (0, None),
    ) -> list[MessageId]:
        """The messages JMAP sees that meet a condition, in order (RFC 8621 §4.4); of those `page`: position, limit."""
        return await searching.query(self, account, condition, order, collapse_threads, page)

    async def counted(
        self,
        account: AccountId,
        condition: Condition,
        order: Sequence[Order],
        collapse_threads: bool,
        page: tuple[int, int],
    ) -> tuple[list[MessageId], int]:
        """What `query` finds, and how many messages (or threads) there are on all pages: one search for both."""
        return await searching.counted(self, account, condition, order, collapse_threads, page)

    def watch(self, account: AccountId, callback: Callback) -> Watch:
        """Have `callback` called on the loop after changes of the account, here or elsewhere: a hint only."""
        return self._watching.watch(account, callback)

    async def look(self) -> None:
        """Wake the watchers of accounts whose changes no hint told of (done now and then anyway)."""
        await self._watching.look()

    async def lock(self, account: AccountId, name: str) -> Lock:
        """A lock held across processes, freed when the process dies. Busy when somebody has it."""
        return await self._locks.acquire(account, name)

    async def queued(self, account: AccountId | None = None, limit: int = 1000) -> list[QueueRow]:
        """What waits for remote delivery by due time, of one account or of all."""
        return await self.database.read(lambda connection: queueing.queued(connection, account, limit))

    async def sweep(self) -> int:
        """Delete octets nobody refers to any more; how many blobs. Harmless in several processes at once."""
        return await Sweeper(self.database, self.blobs, self.clock.now()).sweep()

    async def trim(self) -> None:
        """Forget log rows, tombstones and delivery ids that are old; clients that were away longer start afresh."""
        await Sweeper(self.database, self.blobs, self.clock.now()).trim()

    async def flaws(self) -> list[str]:
        """What the database says is wrong with its own files; accounts are looked at by `check`."""
        return await self.database.flaws()

    async def check(self, account: AccountId, deep: bool = False) -> list[Finding]:
        """What is wrong with an account; `deep` reads all octets."""
        return await checking.check(self.database, self._octets, account, deep)

    async def repair(self, account: AccountId) -> list[Finding]:
        """Make rows, counters and what is stored about messages agree with the octets; what was found and done."""
        found = await Repair(self.database, self._octets, self.settings, self.clock.now()).repair(account)
        await self.database.index.clear(account)  # made again by the housekeeping
        return found

    async def reindex(self, account: AccountId) -> int:
        """Throw the full-text index of an account away and make it again; how many messages are in it."""
        return await indexing.rebuild(self, account)

    def _hinted(self, account: AccountId, modseq: Modseq) -> None:
        if account == DIRECTORY:
            self.directory.hint(modseq)
        self._watching.hint(account, modseq)
