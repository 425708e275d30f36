"""Group commit: the units waiting in this process run back to back in one SQLite transaction with one flush."""

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import apsw

from pillarbox.core.errors import Unavailable
from pillarbox.core.limits import GROUP
from pillarbox.engines.filelock import FileLock
from pillarbox.engines.sqlite.connection import SqliteConnection, drive
from pillarbox.store.port import Connection

T = TypeVar("T")
Unit = Callable[[Connection], Awaitable[Any]]

GROUP_SECONDS = 0.02  # no further unit joins a group after this, so that reads get their turn
INLINE_SECONDS = 0.001  # DESIGN §3: commit on the loop while the flush is usually faster than this
FLUSH_WEIGHT = 0.1  # of the latest flush in the moving average

_log = logging.getLogger("pillarbox.engines.sqlite")


@dataclass(frozen=True, slots=True)
class Waiter:
    """A unit and the future of whoever waits for its commit."""

    unit: Unit
    future: asyncio.Future[Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a unit gave, to be told after the commit."""

    future: asyncio.Future[Any]
    value: Any
    error: BaseException | None


class TransactionLost(Exception):
    """SQLite rolled the whole group back."""


class GroupWriter:
    """The one writer of a process. Units run on the loop; a slow flush or a held lock is waited for in a thread."""

    def __init__(self, raw: apsw.Connection, lock: FileLock, flush: float) -> None:
        self._raw = raw
        self._lock = lock
        self._executor = ThreadPoolExecutor(1, "sqlite-writer")
        self._waiting: deque[Waiter] = deque()
        self._active = False
        self._closed = False
        self._flush = flush
        self._apart: deque[tuple[Callable[[], None], asyncio.Future[None]]] = deque()
        self._was_apart = False  # they take turns with the groups
        self._idle = asyncio.Event()
        self._idle.set()

    async def write(self, unit: Callable[[Connection], Awaitable[T]]) -> T:
        """See store.port.Database.write."""
        if self._closed:
            raise Unavailable("the database is closed")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._waiting.append(Waiter(unit, future))
        self._wake(loop)
        return await future

    async def write_apart(self, unit: Callable[[Connection], Awaitable[T]]) -> T:
        """See store.port.Database.write_apart: a transaction of its own, in the writer thread."""
        if self._closed:
            raise Unavailable("the database is closed")
        values: list[T] = []
        await self.between(lambda: values.append(self._transact(unit)))
        return values[0]

    def _transact(self, unit: Callable[[Connection], Awaitable[T]]) -> T:
        """What raises leaves the transaction to `_released`, which rolls it back."""
        try:
            self._raw.execute("BEGIN IMMEDIATE")
            connection = SqliteConnection(self._raw)
            try:
                value = drive(cast(Coroutine[Any, Any, T], unit(connection)))
            finally:
                connection.end()
            self._raw.execute("COMMIT")
        except apsw.Error as error:
            raise Unavailable(f"the commit failed: {error}") from error
        return value

    async def between(self, work: Callable[[], None]) -> None:
        """Run `work` in the writer thread, under the lock, while no transaction of this machine is under way."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        self._apart.append((work, future))
        self._wake(loop)
        await future

    async def close(self) -> None:
        """Finish what waits, then refuse."""
        self._closed = True
        await self._idle.wait()
        self._executor.shutdown(wait=True)
        self._lock.close()
        self._raw.close()

    def _wake(self, loop: asyncio.AbstractEventLoop) -> None:
        if not self._active:
            self._active = True
            self._idle.clear()
            loop.call_soon(self._start, loop)

    def _start(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            free = self._lock.try_acquire()
        except OSError as error:
            self._locked(loop, error)
            return
        if free:
            self._locked(loop)
            return
        taken = loop.run_in_executor(self._executor, self._lock.acquire)
        taken.add_done_callback(lambda done: self._locked(loop, done.exception()))

    def _locked(self, loop: asyncio.AbstractEventLoop, error: BaseException | None = None) -> None:
        if error is not None:
            self._refuse_all(error)
            self._next(loop)
        elif self._apart and not (self._waiting and self._was_apart):
            self._was_apart = True
            self._run_apart(loop)
        else:
            self._was_apart = False
            self._run_group(loop)

    def _run_apart(self, loop: asyncio.AbstractEventLoop) -> None:
        work, future = self._apart.popleft()

        def finished(done: asyncio.Future[None]) -> None:
            if not future.done():
                error = done.exception()
                future.set_exception(error) if error else future.set_result(None)
            self._next(loop)

        loop.run_in_executor(self._executor, self._released, work).add_done_callback(finished)

    def _run_group(self, loop: asyncio.AbstractEventLoop) -> None:
        outcomes: list[Outcome] = []
        try:
            before = self._raw.total_changes()
            self._run_units(outcomes)
            changed = self._raw.total_changes() != before
            if changed and self._flush > INLINE_SECONDS:
                flushing = loop.run_in_executor(self._executor, self._released, self._commit)
                flushing.add_done_callback(lambda done: self._finish(loop, outcomes, done.exception()))
                return
            self._commit(measured=changed)
        except BaseException as error:
            self._abandon()
            self._lock.release()
            self._finish(loop, outcomes, error)
            if not isinstance(error, Exception):
                raise
        else:
            self._lock.release()
            self._finish(loop, outcomes, None)

    def _released(self, work: Callable[[], None]) -> None:
        try:
            work()
        finally:
            self._abandon()
            self._lock.release()

    def _run_units(self, outcomes: list[Outcome]) -> None:
        self._raw.execute("BEGIN IMMEDIATE")
        end = time.monotonic() + GROUP_SECONDS
        while self._waiting and len(outcomes) < GROUP:
            if self._waiting[0].future.done():
                self._waiting.popleft()
                continue
            self._raw.execute("SAVEPOINT unit")
            self._run_unit(self._waiting.popleft(), outcomes)
            if time.monotonic() > end:
                return

    def _run_unit(self, waiter: Waiter, outcomes: list[Outcome]) -> None:
        connection = SqliteConnection(self._raw)
        value, error = None, None
        try:
            value = drive(cast(Coroutine[Any, Any, Any], waiter.unit(connection)))
        except (Exception, asyncio.CancelledError) as raised:
            error = raised
        except BaseException as raised:  # the process is told to end: the group goes with it, and its waiters learn it
            outcomes.append(Outcome(waiter.future, None, raised))
            raise
        connection.end()
        outcomes.append(Outcome(waiter.future, value, error))
        if not self._raw.in_transaction:
            raise TransactionLost("rolled back by SQLite") from error
        if error is not None:
            self._raw.execute("ROLLBACK TO unit")
        self._raw.execute("RELEASE unit")

    def _commit(self, measured: bool = True) -> None:
        start = time.monotonic()
        self._raw.execute("COMMIT")
        if measured:
            self._flush += FLUSH_WEIGHT * (time.monotonic() - start - self._flush)

    def _abandon(self) -> None:
        if self._raw.in_transaction:
            with contextlib.suppress(apsw.Error):  # the transaction is over all the same
                self._raw.execute("ROLLBACK")

    def _finish(self, loop: asyncio.AbstractEventLoop, outcomes: list[Outcome], failure: BaseException | None) -> None:
        if failure is not None and outcomes:
            _log.error("engines.group_failed units=%d error=%r", len(outcomes), failure)
        for outcome in outcomes:
            if outcome.future.done():
                continue
            if failure is not None:
                outcome.future.set_exception(Unavailable(f"the commit failed: {failure}"))
            elif outcome.error is not None:
                outcome.future.set_exception(outcome.error)
            else:
                outcome.future.set_result(outcome.value)
        if failure is not None and not outcomes:
            self._refuse_all(failure)
        self._next(loop)

    def _refuse_all(self, failure: BaseException) -> None:
        _log.error("engines.no_transaction units=%d error=%r", len(self._waiting), failure)
        futures = [*(waiter.future for waiter in self._waiting), *(future for _, future in self._apart)]
        self._waiting.clear()
        self._apart.clear()
        for future in futures:
            if not future.done():
                future.set_exception(Unavailable(f"no transaction can begin: {failure}"))

    def _next(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._waiting or self._apart:
            loop.call_soon(self._start, loop)
        else:
            self._active = False
            self._idle.set()
