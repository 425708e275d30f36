"""The embedded engine: one SQLite file, one group-committing writer per process, reads on snapshots of their own."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar, cast

import apsw

from pillarbox.core.errors import Unavailable
from pillarbox.engines.filelock import FileLock
from pillarbox.engines.sqlite.checkpoint import Checkpointer
from pillarbox.engines.sqlite.connection import SqliteConnection, drive, open_connection, refuse
from pillarbox.engines.sqlite.dialect import SqliteDialect
from pillarbox.engines.sqlite.search import SqliteSearch
from pillarbox.engines.sqlite.writer import GroupWriter
from pillarbox.store.port import Connection, Dialect, SearchIndex

T = TypeVar("T")

MOST_FLAWS = 20  # that are told of a damaged file
READERS = 2  # threads (and connections) for long reads


class SqliteDatabase:
    """See store.port.Database. Belongs to one event loop; several processes may open the same file.

    `flush_seconds` is what a flush is expected to take before some were measured.
    """

    def __init__(self, path: str, *, flush_seconds: float = 0.0) -> None:
        self.dialect: Dialect = SqliteDialect()
        self.index: SearchIndex = SqliteSearch(str(Path(path).with_name("search.db")))
        self._path = path
        raw = open_connection(path)
        self._writer = GroupWriter(raw, FileLock(f"{path}.lock"), flush_seconds)
        self._reader = open_connection(path, readonly=True)
        self._readers: list[apsw.Connection] = []
        self._executor = ThreadPoolExecutor(READERS, "sqlite-reader")
        self._checkpointer = Checkpointer(path, self._writer)
        self._closed = False
        raw.set_wal_hook(self._checkpointer.grew)

    async def write(self, unit: Callable[[Connection], Awaitable[T]]) -> T:
        """See store.port.Database.write."""
        value = await self._writer.write(unit)
        self._checkpointer.look()
        return value

    async def write_apart(self, unit: Callable[[Connection], Awaitable[T]]) -> T:
        """See store.port.Database.write_apart."""
        value = await self._writer.write_apart(unit)
        self._checkpointer.look()
        return value

    async def read(self, unit: Callable[[Connection], Awaitable[T]]) -> T:
        """See store.port.Database.read; runs on the loop, so a unit reads at most a page of rows."""
        if self._closed:
            raise Unavailable("the database is closed")
        return snapshot(self._reader, unit)

    async def read_apart(self, unit: Callable[[Connection], Awaitable[T]]) -> T:
        """Run a long `unit` on one snapshot in a thread; it must not touch what belongs to the loop."""
        if self._closed:
            raise Unavailable("the database is closed")
        return await asyncio.get_running_loop().run_in_executor(self._executor, self._read_in_thread, unit)

    async def flaws(self) -> list[str]:
        """See store.port.Database."""
        if self._closed:
            raise Unavailable("the database is closed")
        return await asyncio.get_running_loop().run_in_executor(self._executor, flaws, self._path)

    async def close(self) -> None:
        """Finish what is under way and let go."""
        if self._closed:
            return
        self._closed = True
        await self.index.close()
        await self._checkpointer.close()
        await self._writer.close()
        self._executor.shutdown(wait=True)
        for raw in (self._reader, *self._readers):
            raw.close()

    def _read_in_thread(self, unit: Callable[[Connection], Awaitable[T]]) -> T:
        try:
            raw = self._readers.pop()
        except IndexError:
            raw = open_connection(self._path, readonly=True)
        try:
            return snapshot(raw, unit)
        finally:
            self._readers.append(raw)


def flaws(path: str) -> list[str]:
    """What SQLite finds wrong with a database file; nothing when there is none."""
    raw = open_connection(path, readonly=True)
    try:
        said = [str(row[0]) for row in raw.execute(f"PRAGMA integrity_check({MOST_FLAWS})").fetchall()]
    except apsw.Error as error:
        said = [str(error)]
    finally:
        raw.close()
    return [] if said == ["ok"] else said


def snapshot(raw: apsw.Connection, unit: Callable[[Connection], Awaitable[T]]) -> T:
    """The value of `unit` inside one read transaction."""
    connection = SqliteConnection(raw)
    try:
        raw.execute("BEGIN")
        try:
            return drive(cast(Coroutine[Any, Any, T], unit(connection)))
        finally:
            connection.end()
            if raw.in_transaction:
                raw.execute("ROLLBACK")
    except apsw.Error as error:
        refuse(error)
