"""Numbered changes of a database's tables, each applied once, by whichever process comes first."""

from collections.abc import Sequence
from dataclasses import dataclass

from pillarbox.core.errors import Conflict, Exists
from pillarbox.store.port import Connection, Database


@dataclass(frozen=True, slots=True)
class Step:
    """One change: the statements of it, run in one transaction, in the dialect of the database at hand."""

    number: int
    name: str
    statements: tuple[str, ...]


async def migrate(database: Database, steps: Sequence[Step], series: str = "store") -> int:
    """Apply the steps of `series` that are missing, in order of number; how many were applied.

    Several processes may do so at once. Raises Conflict when the database knows a step that is not in `steps`: it
    belongs to a newer program.
    """
    await _ensure_table(database)
    count = 0
    for step in sorted(steps, key=lambda step: step.number):
        count += await database.write(_Apply(database, step, series))
    known = {step.number for step in steps}
    rows = await database.read(_Applied(series))
    if strange := sorted(set(rows) - known):
        raise Conflict(f"the database has steps of {series} that this program does not know: {strange}")
    return count


async def _ensure_table(database: Database) -> None:
    kind = database.dialect

    async def create(connection: Connection) -> None:
        await connection.run(
            f"CREATE TABLE IF NOT EXISTS migration (series {kind.text} NOT NULL, number {kind.integer} NOT NULL,"
            f" name {kind.text} NOT NULL, PRIMARY KEY (series, number))"
        )

    try:
        await database.write(create)
    except Exists:  # PostgreSQL, when another creates it at the same instant: it has committed by now
        await database.write(create)


@dataclass(frozen=True, slots=True)
class _Apply:
    database: Database
    step: Step
    series: str

    async def __call__(self, connection: Connection) -> int:
        if alone := self.database.dialect.exclusive("migration"):
            await connection.run(alone)
        place = "SELECT name FROM migration WHERE series = $1 AND number = $2"
        if await connection.one(place, self.series, self.step.number) is not None:
            return 0
        for statement in self.step.statements:
            await connection.run(statement)
        insert = "INSERT INTO migration (series, number, name) VALUES ($1, $2, $3)"
        await connection.run(insert, self.series, self.step.number, self.step.name)
        return 1


@dataclass(frozen=True, slots=True)
class _Applied:
    series: str

    async def __call__(self, connection: Connection) -> list[int]:
        rows = await connection.all("SELECT number FROM migration WHERE series = $1", self.series)
        return [number for (number,) in rows]
