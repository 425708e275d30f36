"""One PostgreSQL session inside a transaction, and what the server's errors mean to the store."""

import logging
from collections.abc import AsyncIterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NoReturn

import asyncpg

from pillarbox.core.errors import Exists, Unavailable
from pillarbox.store.port import STRIDE, Record

if TYPE_CHECKING:
    Session = asyncpg.pool.PoolConnectionProxy[asyncpg.Record] | asyncpg.Connection[asyncpg.Record]

RETRIED = (
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.InvalidCachedStatementError,
    asyncpg.OutdatedSchemaCacheError,
)
"""40001, 40P01, and a statement prepared before a migration: the transaction may simply be run again."""

FAILURES = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError)
"""Everything asyncpg raises for a server that refuses or does not answer."""

_DOWN = (
    asyncpg.PostgresConnectionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
    asyncpg.PostgresSystemError,
    asyncpg.InternalServerError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.ObjectNotInPrerequisiteStateError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
)
_TAKEN = (asyncpg.UniqueViolationError, asyncpg.DuplicateTableError, asyncpg.DuplicateObjectError)
_GONE = ("connection is closed", "connection was closed", "pool is clos", "connection has been released")

_log = logging.getLogger("pillarbox.engines.postgres")


class PostgresConnection:
    """See store.port.Connection."""

    __slots__ = ("_session",)

    def __init__(self, session: "Session") -> None:
        self._session = session

    async def all(self, sql: str, *values: object) -> list[Record]:
        """Every row the statement gives."""
        try:
            return [tuple(row) for row in await self._session.fetch(sql, *values)]
        except FAILURES as error:
            refuse(error)

    async def pages(self, sql: str, *values: object) -> AsyncIterator[list[Record]]:
        """Every row the statement gives, STRIDE at a time."""
        try:
            cursor = await self._session.cursor(sql, *values)
            while rows := await cursor.fetch(STRIDE):
                yield [tuple(row) for row in rows]
        except FAILURES as error:
            refuse(error)

    async def one(self, sql: str, *values: object) -> Record | None:
        """The first row, or None."""
        try:
            row = await self._session.fetchrow(sql, *values)
        except FAILURES as error:
            refuse(error)
        return None if row is None else tuple(row)

    async def run(self, sql: str, *values: object) -> int:
        """The number of rows changed."""
        try:
            status = await self._session.execute(sql, *values)
        except FAILURES as error:
            refuse(error)
        count = status.rpartition(" ")[2]
        return int(count) if count.isdigit() else 0

    async def many(self, sql: str, rows: Sequence[Sequence[object]]) -> None:
        """The statement once for each row of values."""
        try:
            await self._session.executemany(sql, rows)
        except FAILURES as error:
            refuse(error)


def refuse(error: Exception) -> NoReturn:
    """Raise what `error` means to the store; what is to be run again or a mistake in a statement stays what it is."""
    if isinstance(error, _TAKEN):
        raise Exists(str(error)) from error
    closed = isinstance(error, asyncpg.InterfaceError) and any(text in str(error) for text in _GONE)
    if closed or isinstance(error, _DOWN):
        _log.error("engines.postgres_failed error=%s detail=%s", type(error).__name__, error)
        raise Unavailable(f"{type(error).__name__}: {error}") from error
    raise error


async def prepare(session: "asyncpg.Connection[Any]") -> None:
    """Have sums of bigint, which PostgreSQL makes numeric, arrive as int like SQLite's."""
    await session.set_type_codec("numeric", schema="pg_catalog", encoder=str, decoder=_number, format="text")


def _number(text: str) -> int | float:
    number = Decimal(text)
    return int(number) if number == number.to_integral_value() else float(number)
