"""Bringing a database to the present schema, one step at a time."""

from pillarbox.core.errors import Unavailable
from pillarbox.engines.schema.steps import STEPS
from pillarbox.store.port import Connection, Database, Dialect

_VERSION_TABLE = "CREATE TABLE IF NOT EXISTS schema_version (version {integer} NOT NULL, PRIMARY KEY (version))"


async def migrate(database: Database) -> int:
    """Do the steps that are missing, each in a transaction of its own; the version reached.

    Several processes may do this at once. Raises Unavailable when the database is newer than this program.
    """
    while True:
        before, after = await database.write(lambda connection: _step(connection, database.dialect))
        if before == after:
            return after


async def _step(connection: Connection, dialect: Dialect) -> tuple[int, int]:
    await connection.run(_spelled(_VERSION_TABLE, dialect))
    row = await connection.one("SELECT max(version) FROM schema_version")
    version: int = row[0] if row and row[0] is not None else 0
    if version > len(STEPS):
        raise Unavailable(f"the database has schema version {version}, this program knows {len(STEPS)}")
    if version == len(STEPS):
        return version, version
    for statement in STEPS[version]:
        await connection.run(_spelled(statement, dialect))
    await connection.run("INSERT INTO schema_version (version) VALUES ($1)", version + 1)
    return version, version + 1


def _spelled(statement: str, dialect: Dialect) -> str:
    return statement.format(
        integer=dialect.integer, octets=dialect.octets, text=dialect.text, clustered=dialect.clustered
    )
