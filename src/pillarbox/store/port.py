"""What an engine must offer the mail store: a database, a place for large blobs, wake-ups, and locks."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from typing import Any, Protocol, TypeVar

from pillarbox.core.ids import AccountId, BlobId, MessageId, Modseq
from pillarbox.core.limits import PAGE
from pillarbox.store.vocabulary import Cursor, Document, Found, Wanted

T = TypeVar("T")
Record = tuple[Any, ...]

STRIDE = 4 * PAGE
"""Rows that a connection hands over in one go."""


class Connection(Protocol):
    """A database inside one transaction. Statements use `$1` parameters and the shared subset of SQL (DESIGN §3)."""

    async def all(self, sql: str, *values: object) -> list[Record]:
        """Every row the statement gives."""
        ...

    def pages(self, sql: str, *values: object) -> AsyncIterator[list[Record]]:
        """Every row the statement gives, STRIDE at a time: for those that give more than a page."""
        ...

    async def one(self, sql: str, *values: object) -> Record | None:
        """The first row, or None."""
        ...

    async def run(self, sql: str, *values: object) -> int:
        """The number of rows changed."""
        ...

    async def many(self, sql: str, rows: Sequence[Sequence[object]]) -> None:
        """The statement once for each row of values."""
        ...


class Dialect(Protocol):
    """The few spellings in which the engines differ."""

    name: str
    for_update: str  # " FOR UPDATE" or ""
    skip_locked: str  # " FOR UPDATE SKIP LOCKED" or ""
    integer: str  # the column type of 64-bit numbers
    octets: str  # the column type of bytes
    text: str  # the column type of str
    clustered: str  # ends a CREATE TABLE whose rows are to lie in the order of the primary key

    def exclusive(self, table: str) -> str:
        """The statement that keeps other writers off `table` until the transaction ends; "" when they always are."""
        ...

    def members(self, parameter: str) -> str:
        """A sub-select giving the integers of an array parameter: `x IN {members('$3')}`."""
        ...

    def texts(self, parameter: str) -> str:
        """A sub-select giving the strings of an array parameter."""
        ...

    def array(self, members: Sequence[int] | Sequence[str]) -> object:
        """The value to bind for `members` and `texts`."""
        ...


class Database(Protocol):
    """One shard. A unit is a coroutine function that awaits nothing but its connection and may be run again."""

    dialect: Dialect
    index: "SearchIndex"

    async def write(self, unit: Callable[[Connection], Awaitable[T]]) -> T:
        """Run `unit` in a transaction and return its value once the commit is durable.

        A MailError from the unit rolls its changes back and is raised; a unit does not go on after an error of its
        connection. Raises Unavailable when the database does not answer, Damaged when what is stored cannot be
        read, Exists when a unique key is taken.
        """
        ...

    async def write_apart(self, unit: Callable[[Connection], Awaitable[T]]) -> T:
        """The same for a long `unit`, the loop going on; it touches nothing that belongs to the loop."""
        ...

    async def read(self, unit: Callable[[Connection], Awaitable[T]]) -> T:
        """Run `unit` on one unchanging snapshot. It may run on the loop itself: a page of rows at most."""
        ...

    async def read_apart(self, unit: Callable[[Connection], Awaitable[T]]) -> T:
        """Run a long `unit` on one snapshot, the loop going on; it touches nothing that belongs to the loop."""
        ...

    async def flaws(self) -> list[str]:
        """What is wrong with the files of the database as far as it can tell; reads all of them, beside the loop."""
        ...

    async def close(self) -> None:
        """Finish what is under way and let go."""
        ...


class SearchIndex(Protocol):
    """The full-text index of a shard: it lags behind, may be thrown away, and is made again from the messages."""

    async def look(self, account: AccountId, wanted: Sequence[Wanted]) -> Found:
        """Answer on one snapshot. An account that is not indexed has reached Cursor()."""
        ...

    async def update(
        self, account: AccountId, before: Cursor, documents: Sequence[Document], plain: Collection[str], after: Cursor
    ) -> bool:
        """Add documents, the plain tokens in them, and move the cursor, in one commit; False when it was not `before`.

        A document that is there already stays as it is.
        """
        ...

    async def remove(self, account: AccountId, message_ids: Sequence[MessageId]) -> None:
        """Forget documents; harmless when they are not there."""
        ...

    async def documents(self, account: AccountId) -> list[MessageId]:
        """Every document of the account."""
        ...

    async def accounts(self) -> dict[AccountId, Cursor]:
        """How far each account is indexed."""
        ...

    async def clear(self, account: AccountId) -> None:
        """Forget everything about the account."""
        ...

    async def close(self) -> None:
        """Finish what is under way and let go."""
        ...


class BlobStore(Protocol):
    """Octets too large for a row, by blob id; immutable once put."""

    async def put_file(self, blob_id: BlobId, path: str) -> None:
        """Take over the file at `path` (it is gone afterwards); durable when this returns. Repeating it is harmless."""
        ...

    async def read(self, blob_id: BlobId, start: int, length: int) -> bytes:
        """Octets of a blob; NotFound when it does not exist, Unavailable when it cannot be read."""
        ...

    async def delete(self, blob_id: BlobId, put_before: int | None = None) -> None:
        """Forget a blob; harmless when it is gone. With `put_before` only if it was not put since (seconds UTC)."""
        ...

    def ids(self) -> AsyncIterator[tuple[BlobId, int]]:
        """Every blob with the time it was last put (seconds UTC)."""
        ...

    async def close(self) -> None:
        """Finish what is under way."""
        ...


class Notifier(Protocol):
    """Wake-ups between processes and nodes: hints only, may be lost."""

    def publish(self, changes: Sequence[tuple[AccountId, Modseq]]) -> None:
        """Tell everybody else that these accounts have reached these modseqs."""
        ...

    def subscribe(self, callback: Callable[[AccountId, Modseq], None]) -> None:
        """Have `callback` called on the loop for every hint from elsewhere."""
        ...

    async def close(self) -> None:
        """Be reachable no longer."""
        ...


class Locks(Protocol):
    """Named locks of accounts, held across processes and freed when their holder dies."""

    async def acquire(self, account_id: AccountId, name: str) -> "Lock":
        """Raises Busy when somebody holds it."""
        ...

    async def close(self) -> None:
        """Let go of everything."""
        ...


class Lock(Protocol):
    """A lock that is held."""

    async def release(self) -> None:
        """Let go."""
        ...
