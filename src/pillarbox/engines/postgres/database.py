"""The cluster engine: one PostgreSQL server as a shard, through a pool of asyncpg sessions."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

import asyncpg

from pillarbox.core.errors import Unavailable
from pillarbox.engines.postgres.connection import FAILURES, RETRIED, PostgresConnection, prepare, refuse
from pillarbox.engines.postgres.dialect import PostgresDialect
from pillarbox.engines.postgres.search import PostgresSearch
from pillarbox.store.port import Connection, Dialect, SearchIndex

if TYPE_CHECKING:
    Pool = asyncpg.Pool[asyncpg.Record]

T = TypeVar("T")

POOL = 10  # sessions of one process
ATTEMPTS = 12  # of one transaction that the server wants run again
BACKOFF_SECONDS = 0.005  # doubled with each attempt, jittered
BACKOFF_MAX_SECONDS = 0.5
CONNECT_SECONDS = 10.0
ACQUIRE_SECONDS = 30.0  # for a free session of the pool
STATEMENT_SECONDS = 60.0  # before a server that is silent counts as gone


class PostgresDatabase:
    """See store.port.Database. `statement_cache_size` 0 is for PgBouncer in transaction mode."""

    def __init__(self, url: str, *, pool_size: int = POOL, statement_cache_size: int = 400) -> None:
        self.dialect: Dialect = PostgresDialect()
        self.index: SearchIndex = PostgresSearch(self)
        self._url = url
        self._pool_size = pool_size
        self._statement_cache_size = statement_cache_size
        self._pool: Pool | None = None
        self._opening = asyncio.Lock()
        self._closed = False

    async def write(self, unit: Callable[[Connection], Awaitable[T]]) -> T:
        """See store.port.Database.write; runs `unit` again when the server asks for it."""
        return await self._transact(unit, "read_committed", readonly=False)

    async def write_apart(self, unit: Callable[[Connection], Awaitable[T]]) -> T:
        """The same as `write`: the loop is never held up here."""
        return await self.write(unit)

    async def read(self, unit: Callable[[Connection], Awaitable[T]]) -> T:
        """See store.port.Database.read."""
        return await self._transact(unit, "repeatable_read", readonly=True)

    async def read_apart(self, unit: Callable[[Connection], Awaitable[T]]) -> T:
        """The same as `read`: the loop is never held up here."""
        return await self.read(unit)

    async def flaws(self) -> list[str]:
        """See store.port.Database: nothing, the server watches over its own files."""
        return []

    async def close(self) -> None:
        """Finish what is under way and let go."""
        self._closed = True
        async with self._opening:
            if self._pool is not None:
                await self._pool.close()

    async def _transact(self, unit: Callable[[Connection], Awaitable[T]], isolation: Any, *, readonly: bool) -> T:
        for attempt in range(ATTEMPTS):
            try:
                return await self._once(unit, isolation, readonly=readonly)
            except RETRIED:
                await asyncio.sleep(min(BACKOFF_SECONDS * 2**attempt, BACKOFF_MAX_SECONDS) * random.random())  # noqa: S311
            except FAILURES as error:
                refuse(error)
        raise Unavailable(f"the transaction did not come through in {ATTEMPTS} attempts")

    async def _once(self, unit: Callable[[Connection], Awaitable[T]], isolation: Any, *, readonly: bool) -> T:
        pool = self._pool or await self._open()
        async with (
            pool.acquire(timeout=ACQUIRE_SECONDS) as session,
            session.transaction(isolation=isolation, readonly=readonly),
        ):
            return await unit(PostgresConnection(session))

    async def _open(self) -> "Pool":
        async with self._opening:
            if self._closed:
                raise Unavailable("the database is closed")
            if self._pool is None:
                self._pool = await asyncpg.create_pool(
                    self._url,
                    min_size=0,
                    max_size=self._pool_size,
                    timeout=CONNECT_SECONDS,
                    command_timeout=STATEMENT_SECONDS,
                    statement_cache_size=self._statement_cache_size,
                    init=prepare,
                    reset=_keep,
                    server_settings={"application_name": "pillarbox", "jit": "off"},
                )
            return self._pool


async def _keep(_session: object) -> None:
    """Nothing to put back: a transaction leaves no settings behind, and asking would cost a round trip."""
