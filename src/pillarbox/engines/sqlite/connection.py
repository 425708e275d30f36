"""One SQLite connection: how it is opened, how statements run on it, and what its errors mean to the store."""

import logging
import os
import time
from collections.abc import AsyncIterator, Coroutine, Sequence
from itertools import islice
from typing import Any, NoReturn, TypeVar, cast

import apsw

from pillarbox.core.errors import Damaged, Exists, Unavailable
from pillarbox.engines.sqlite.dialect import numbered
from pillarbox.store.port import STRIDE, Record

T = TypeVar("T")

BUSY_MILLISECONDS = 5000  # writers are kept apart by the file lock; this is for recovery and foreign tools
STATEMENTS = 400  # prepared statements kept per connection
CACHE_KIB = 16384  # page cache per connection
JOURNAL_LIMIT = 64 << 20  # octets the WAL file keeps after a restart

_UNIQUE = (apsw.SQLITE_CONSTRAINT_PRIMARYKEY, apsw.SQLITE_CONSTRAINT_UNIQUE, apsw.SQLITE_CONSTRAINT_ROWID)
_DOWN = (
    apsw.FullError,
    apsw.IOError,
    apsw.CorruptError,
    apsw.NotADBError,
    apsw.CantOpenError,
    apsw.BusyError,
    apsw.LockedError,
    apsw.ReadOnlyError,
    apsw.ProtocolError,
    apsw.PermissionsError,
    apsw.NoMemError,
    apsw.InterruptError,
)

_log = logging.getLogger("pillarbox.engines.sqlite")


def open_connection(path: str, *, readonly: bool = False) -> apsw.Connection:
    """A connection in WAL mode that flushes at every commit; a readonly one refuses to write. Raises Unavailable."""
    try:
        _create_private(path)
        raw = apsw.Connection(path, statementcachesize=STATEMENTS)
        raw.set_busy_timeout(BUSY_MILLISECONDS)
        raw.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)  # else a range bound to other values is planned anew each time
        use_wal(raw)
        for pragma in (
            "synchronous=FULL",
            f"cache_size=-{CACHE_KIB}",
            "wal_autocheckpoint=0",
            f"journal_size_limit={JOURNAL_LIMIT}",
            "temp_store=MEMORY",
            f"query_only={int(readonly)}",
        ):
            raw.execute(f"PRAGMA {pragma}").fetchall()
    except (apsw.Error, OSError) as error:
        refuse(error)
    return raw


def use_wal(raw: apsw.Connection) -> None:
    """WAL mode. Processes that open a new file at the same moment find it locked here, whatever the busy timeout."""
    end = time.monotonic() + BUSY_MILLISECONDS / 1000
    while True:
        try:
            raw.execute("PRAGMA journal_mode=WAL").fetchall()
        except apsw.BusyError:
            if time.monotonic() > end:
                raise
            time.sleep(0.01)
        else:
            return


def _create_private(path: str) -> None:
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))


def refuse(error: Exception) -> NoReturn:
    """Raise what `error` of SQLite means to the store; a mistake in a statement stays what it is."""
    if isinstance(error, apsw.ConstraintError) and getattr(error, "extendedresult", 0) in _UNIQUE:
        raise Exists(str(error)) from error
    if isinstance(error, (*_DOWN, OSError)):
        _log.error("engines.sqlite_failed error=%s detail=%s", type(error).__name__, error)
        if isinstance(error, (apsw.CorruptError, apsw.NotADBError)):
            raise Damaged(str(error)) from error
        raise Unavailable(f"{type(error).__name__}: {error}") from error
    raise error


class SqliteConnection:
    """See store.port.Connection; none of its coroutines ever suspends. Refuses all once its transaction is over."""

    __slots__ = ("_over", "_raw")

    def __init__(self, raw: apsw.Connection) -> None:
        self._raw = raw
        self._over = False

    async def all(self, sql: str, *values: object) -> list[Record]:
        """Every row the statement gives."""
        return self._rows(sql, values)

    async def pages(self, sql: str, *values: object) -> AsyncIterator[list[Record]]:
        """Every row the statement gives, STRIDE at a time."""
        if self._over:
            raise Unavailable("the transaction is over")
        try:
            cursor = self._raw.execute(numbered(sql), cast(Any, values))
            while rows := list(islice(cursor, STRIDE)):
                yield rows
        except apsw.Error as error:
            self._failed(error)

    async def one(self, sql: str, *values: object) -> Record | None:
        """The first row, or None."""
        rows = self._rows(sql, values)
        return rows[0] if rows else None

    async def run(self, sql: str, *values: object) -> int:
        """The number of rows changed."""
        self._rows(sql, values)
        return self._raw.changes()

    async def many(self, sql: str, rows: Sequence[Sequence[object]]) -> None:
        """The statement once for each row of values."""
        if self._over:
            raise Unavailable("the transaction is over")
        try:
            self._raw.executemany(numbered(sql), cast(Any, rows)).fetchall()
        except apsw.Error as error:
            self._failed(error)

    def end(self) -> None:
        """Refuse every further statement."""
        self._over = True

    def _rows(self, sql: str, values: tuple[object, ...]) -> list[Record]:
        if self._over:
            raise Unavailable("the transaction is over")
        try:
            return self._raw.execute(numbered(sql), cast(Any, values)).fetchall()
        except apsw.Error as error:
            self._failed(error)
        except UnicodeDecodeError as error:  # of a text we stored as UTF-8
            raise Damaged(str(error)) from error

    def _failed(self, error: apsw.Error) -> NoReturn:
        # Some errors make SQLite roll the whole transaction back; a statement after that would commit by itself.
        self._over = not self._raw.in_transaction
        refuse(error)


def drive(unit: Coroutine[Any, Any, T]) -> T:
    """The value of a coroutine that never suspends; RuntimeError when it does."""
    try:
        unit.send(None)
    except StopIteration as stop:
        return cast(T, stop.value)
    unit.close()
    raise RuntimeError("a unit awaited something other than its connection")
