"""Copying the write-ahead log back into the database, beside the commits instead of inside one."""

import asyncio
import contextlib
import logging
from concurrent.futures import ThreadPoolExecutor

import apsw

from pillarbox.core.errors import Unavailable
from pillarbox.engines.sqlite.connection import open_connection
from pillarbox.engines.sqlite.writer import GroupWriter

CHECKPOINT_PAGES = 4000  # pages in the log (16 MiB) before it is copied back

_log = logging.getLogger("pillarbox.engines.sqlite")


class Checkpointer:
    """Copies in a thread while commits go on, then the little that came meanwhile while none does: only a log that
    was copied whole is written from its beginning again."""

    def __init__(self, path: str, writer: GroupWriter) -> None:
        self._raw = open_connection(path)
        self._writer = writer
        self._executor = ThreadPoolExecutor(1, "sqlite-checkpoint")
        self._task: asyncio.Task[None] | None = None
        self._pages = 0
        self._due = CHECKPOINT_PAGES
        self._closed = False

    def grew(self, _raw: apsw.Connection, _name: str, pages: int) -> int:
        """The hook of the writing connection: the log has `pages` now. Called in whatever thread commits."""
        self._pages = pages
        return apsw.SQLITE_OK

    def look(self) -> None:
        """Begin when it is time (on the loop)."""
        if self._pages >= self._due and not self._closed and (self._task is None or self._task.done()):
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def close(self) -> None:
        """Finish what is under way. The writer must still be open."""
        self._closed = True
        if self._task is not None:
            await self._task
        self._executor.shutdown(wait=True)
        self._raw.close()

    async def _run(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._executor, self._copy)
        with contextlib.suppress(Unavailable):  # the writer has said why
            await self._writer.between(self._copy)

    def _copy(self) -> None:
        try:
            pages, copied = self._raw.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        except apsw.BusyError:  # another process is at it
            pages, copied = self._pages, 0
        except apsw.Error as error:
            _log.error("engines.checkpoint_failed error=%s", error)
            pages, copied = self._pages, 0
        # Held up by a reader of an old snapshot, the log grows on: try again a good deal later.
        self._due = CHECKPOINT_PAGES + (pages if copied < pages else 0)
