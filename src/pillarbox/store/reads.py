"""What can be read of the mail store: octets, mailboxes, messages, changes and small documents."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TypeVar

from pillarbox.core.clock import Clock
from pillarbox.core.ids import AccountId, BlobId, MailboxId, MessageId, Modseq, ThreadId, Uid
from pillarbox.core.limits import PAGE
from pillarbox.store import (
    changes,
    metadata,
    objects,
    quotas,
    reading,
    stepping,
)
from pillarbox.store.blobs import Octets
from pillarbox.store.counting import Counting
from pillarbox.store.mailbox_news import MailboxNews, mailbox_news
from pillarbox.store.metadata import Changed, Notes
from pillarbox.store.model import (
    BlobRef,
    Changes,
    Counts,
    Email,
    Kind,
    Mailbox,
    MailboxChanges,
    MailboxView,
    Need,
    Quota,
    Row,
    StoredObject,
    StoreLimits,
)
from pillarbox.store.port import BlobStore, Connection, Database
from pillarbox.store.quotas import Allowance, Holdings
from pillarbox.store.ranges import Piece, UidSet, pieces
from pillarbox.store.transaction import Transaction
from pillarbox.store.views import Views

T = TypeVar("T")

Unit = Callable[[Transaction], Awaitable[T]]


class Reads:
    """The reading half of Store; ids of things that do not exist raise NotFound."""

    def __init__(self, database: Database, blobs: BlobStore, settings: StoreLimits, clock: Clock) -> None:
        self.database = database
        self.blobs = blobs
        self.settings = settings
        self.clock = clock
        self._octets = Octets(database, blobs, clock)
        self._views = Views(database)
        self._counting = Counting(database)

    async def octets(self, account: AccountId, blob: BlobRef) -> bytes:
        """All octets of a small blob. Unavailable when they are damaged (reported and remembered)."""
        return await self._octets.slice(account, blob, 0, blob.length)

    def chunks(
        self, account: AccountId, blob: BlobRef, start: int = 0, length: int | None = None
    ) -> AsyncIterator[bytes]:
        """`length` octets from `start` (None: to the end), in chunks. Unavailable when they are damaged."""
        return self._octets.chunks(account, blob, start, length)

    async def slice(self, account: AccountId, blob: BlobRef, start: int, length: int) -> bytes:
        """`length` octets from `start`; fewer at the end."""
        return await self._octets.slice(account, blob, start, length)

    async def many_octets(self, account: AccountId, refs: Sequence[BlobRef], apart: bool = False) -> list[bytes | None]:
        """The octets of several blobs, in the order of `refs`; None for a damaged one (reported and remembered).

        `apart`: they are read and unpacked beside the loop.
        """
        return await self._octets.many(account, refs, apart)

    async def blob(self, account: AccountId, blob_id: BlobId) -> BlobRef:
        """The whole blob, when a message, an upload or a queued message of the account refers to it."""
        return await self.database.read(lambda connection: reading.blob_of(connection, account, blob_id))

    async def upload(self, account: AccountId, blob_id: BlobId) -> BlobRef:
        """The whole blob of an upload of the account."""
        return await self.database.read(lambda connection: reading.upload_of(connection, account, blob_id))

    async def mailboxes(self, account: AccountId) -> list[Mailbox]:
        """All mailboxes by full name, INBOX first, children after their parent."""
        return (await self.subscriptions(account))[0]

    async def subscriptions(self, account: AccountId) -> tuple[list[Mailbox], list[str]]:
        """All mailboxes, and the names subscribed to that none of them has, on one snapshot."""
        found = await self.database.read(lambda connection: reading.subscriptions(connection, account, PAGE))
        if found is None:
            found = await self.database.read_apart(lambda one: reading.subscriptions(one, account, None))
        assert found is not None  # apart there is no limit
        return found

    async def has_children(self, account: AccountId, mailbox_id: MailboxId) -> bool:
        """Whether mailboxes lie below a mailbox."""
        return await self.database.read(lambda connection: reading.has_children(connection, account, mailbox_id))

    async def reclaimable(self, account: AccountId, mailbox_id: MailboxId) -> int:
        """Octets that expunging all with \\Deleted from a mailbox would free."""
        return await self.database.read_apart(lambda connection: reading.reclaimable(connection, account, mailbox_id))

    async def mailbox_news(self, account: AccountId, since: Modseq) -> MailboxNews:
        """Which mailboxes changed after a modseq. Conflict when that is not known, or is too much: read them all."""
        dialect = self.database.dialect
        return await self.database.read(lambda connection: mailbox_news(connection, dialect, account, since))

    async def survey(self, account: AccountId) -> tuple[Modseq, list[Mailbox]]:
        """All mailboxes as by `mailboxes`, and the modseq of the account, on one snapshot."""

        async def unit(connection: Connection) -> tuple[Modseq, list[Mailbox]]:
            return await reading.modseq(connection, account), await reading.mailboxes(connection, account)

        return await self.database.read_apart(unit)

    async def mailbox(self, account: AccountId, mailbox_id: MailboxId) -> Mailbox:
        """The mailbox of that id."""
        return await self.database.read(lambda connection: reading.mailbox(connection, account, mailbox_id))

    async def mailbox_named(self, account: AccountId, name: str) -> Mailbox:
        """The mailbox of that full name, INBOX in any case. Invalid when it cannot be a name."""
        return await self.database.read(lambda connection: reading.mailbox_named(connection, account, name))

    async def view(self, account: AccountId, mailbox_id: MailboxId) -> MailboxView:
        """The UIDs of a mailbox at present; the same object as long as nothing changes."""
        return await self._views.view(account, mailbox_id)

    async def placements(
        self, account: AccountId, mailbox_id: MailboxId, uids: UidSet, need: Need = Need.PLACEMENT
    ) -> AsyncIterator[list[Row]]:
        """The placements with these UIDs in UID order, in pages; each page is a snapshot of its own."""
        for whole in pieces(uids):
            piece: Piece | None = whole
            while piece is not None:
                rows, piece = await stepping.page(self.database, (account, mailbox_id), piece, need)
                if rows:
                    yield rows

    async def since(self, account: AccountId, mailbox_id: MailboxId, modseq: Modseq) -> MailboxChanges | None:
        """What happened in a mailbox after a modseq, on one snapshot; None when it is too much to be listed."""
        place, most = (account, mailbox_id), 4 * PAGE
        return await self.database.read(lambda connection: reading.since(connection, place, modseq, most))

    async def changed_since(self, account: AccountId, mailbox_id: MailboxId, modseq: Modseq) -> list[Uid] | None:
        """The UIDs of placements made or changed after a modseq, in order; None when they are too many to be listed."""
        place, most = (account, mailbox_id), 4 * PAGE
        return await self.database.read(lambda connection: reading.changed_since(connection, place, modseq, most))

    async def vanished_since(self, account: AccountId, mailbox_id: MailboxId, modseq: Modseq) -> Sequence[int] | None:
        """The UIDs expunged after a modseq, in order; None when the log does not reach back that far. NotFound."""
        place = (account, mailbox_id)
        return await self.database.read_apart(lambda connection: reading.vanished_since(connection, place, modseq))

    async def emails(
        self, account: AccountId, message_ids: Sequence[MessageId], need: Need = Need.PLACEMENT
    ) -> dict[MessageId, Email]:
        """The messages JMAP sees, in the order asked for; those that do not exist are left out."""
        found: dict[MessageId, Email] = {}
        for start in range(0, len(message_ids), PAGE):
            found |= await stepping.emails(self.database, account, message_ids[start : start + PAGE], need)
        return found

    async def thread(self, account: AccountId, thread_ids: Sequence[ThreadId]) -> dict[ThreadId, list[MessageId]]:
        """The messages of threads, oldest first; threads that do not exist are left out."""
        found: dict[ThreadId, list[MessageId]] = {}
        for start in range(0, len(thread_ids), PAGE):
            found |= await self._threads(account, thread_ids[start : start + PAGE])
        return found

    async def _threads(self, account: AccountId, ids: Sequence[ThreadId]) -> dict[ThreadId, list[MessageId]]:
        dialect = self.database.dialect
        return await self.database.read(lambda connection: reading.threads(connection, dialect, account, ids))

    async def modseq(self, account: AccountId) -> Modseq:
        """The modseq of the account's last change."""
        return await self.database.read(lambda connection: reading.modseq(connection, account))

    async def changes(self, account: AccountId, kind: Kind, since: Modseq, limit: int) -> Changes:
        """What happened to objects of a kind after a modseq, at most `limit` of them, never half a transaction.

        Conflict when that is not known (any more), or one transaction changed more than `limit`.
        """
        return await self.database.read(lambda connection: changes.changes(connection, account, kind, since, limit))

    async def quota(self, account: AccountId) -> Quota:
        """What the account holds, and may hold."""
        default = self.settings.quota
        return await self.database.read(lambda connection: reading.quota(connection, account, default))

    async def holdings(self, account: AccountId) -> Holdings:
        """All that an account holds, with what it may hold."""
        default = self.settings.quota
        return await self.database.read(lambda connection: quotas.holdings(connection, account, default))

    async def allowance(self, account: AccountId) -> Allowance:
        """What was said that the account may hold."""
        return await self.database.read(lambda connection: quotas.allowance(connection, account))

    async def metadata_sizes(self, account: AccountId, mailbox_id: MailboxId, reader: AccountId) -> dict[str, int]:
        """The entries of notes on a mailbox (or metadata.WHOLE) that `reader` sees, with the octets of their values."""
        place = (account, mailbox_id)
        return await self.database.read(lambda connection: metadata.sizes(connection, place, reader))

    async def metadata(
        self, account: AccountId, mailbox_ids: Sequence[MailboxId], reader: AccountId, entries: Sequence[str]
    ) -> dict[MailboxId, Notes]:
        """The values of entries of notes on mailboxes (or metadata.WHOLE); what has none is left out."""
        dialect, places = self.database.dialect, (account, mailbox_ids)
        return await self.database.read(lambda connection: metadata.read(connection, dialect, places, reader, entries))

    async def metadata_changes(
        self, account: AccountId, reader: AccountId, since: Modseq
    ) -> tuple[list[Changed], Modseq]:
        """The notes that `reader` sees and that were set or removed after a modseq, in order, and up to which modseq.

        Conflict when that is not known any more.
        """
        return await self.database.read(lambda connection: metadata.changes(connection, account, reader, since))

    async def counts(self, account: AccountId) -> dict[MailboxId, Counts]:
        """Messages and threads of each mailbox that is not empty, as JMAP counts them."""
        return await self._counting.counts(account, await self.modseq(account))

    async def objects(self, account: AccountId, kind: Kind, ids: Sequence[str] | None = None) -> list[StoredObject]:
        """The small documents of a kind with these ids (None: all), by id."""
        dialect = self.database.dialect
        return await self.database.read(lambda connection: objects.read(connection, dialect, account, kind, ids))
