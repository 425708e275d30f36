"""What only PostgreSQL does: run again, break off, and come back."""

import asyncio

import asyncpg
import pytest

from pillarbox.core.errors import Unavailable
from pillarbox.engines.postgres.database import ATTEMPTS, PostgresDatabase
from pillarbox.store.port import Connection
from tests.postgres import PostgresServer


async def test_a_unit_is_run_again_as_long_as_it_makes_sense(postgres_url: str) -> None:
    database = PostgresDatabase(postgres_url)
    runs: list[int] = []

    async def unit(connection: Connection, failures: int) -> int:
        runs.append(1)
        if len(runs) <= failures:
            await connection.run("DO $$ BEGIN RAISE EXCEPTION 'again' USING ERRCODE = '40001'; END $$")
        return len(runs)

    assert await database.write(lambda connection: unit(connection, 3)) == 4
    runs.clear()
    with pytest.raises(Unavailable, match="attempts"):
        await database.write(lambda connection: unit(connection, 1000))
    assert len(runs) == ATTEMPTS
    await database.close()


async def test_no_prepared_statements_for_a_pooler(postgres_url: str) -> None:
    database = PostgresDatabase(postgres_url, statement_cache_size=0, pool_size=1)
    for number in range(3):
        assert await database.read(lambda c, n=number: c.one("SELECT CAST($1 AS bigint)", n)) == (number,)  # type: ignore[misc]
    prepared = "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%CAST%'"
    assert await database.read(lambda connection: connection.one(prepared)) in {(0,), (1,)}
    await database.close()


async def test_a_lost_session_is_unavailable_and_replaced(postgres_url: str) -> None:
    database = PostgresDatabase(postgres_url)
    killer = await asyncpg.connect(postgres_url)
    await database.write(lambda connection: connection.run("CREATE TABLE t (k bigint)"))

    async def unit(connection: Connection) -> None:
        await connection.run("INSERT INTO t (k) VALUES (1)")
        row = await connection.one("SELECT pg_backend_pid()")
        assert row is not None
        await killer.execute("SELECT pg_terminate_backend($1, 1000)", row[0])
        await connection.run("INSERT INTO t (k) VALUES (2)")

    with pytest.raises(Unavailable):
        await database.write(unit)
    assert await database.read(lambda connection: connection.one("SELECT count(*) FROM t")) == (0,)
    await killer.close()
    await database.close()


async def test_a_server_that_is_not_there(tmp_path: object) -> None:
    database = PostgresDatabase(f"postgresql://mail@/mail?host={tmp_path}")
    for call in (database.read, database.write):
        with pytest.raises(Unavailable):
            await call(lambda connection: connection.one("SELECT 1"))
    await database.close()


async def test_what_was_acknowledged_survives_a_crash_of_the_server() -> None:
    server = PostgresServer(durable=True)
    database = PostgresDatabase(server.url())
    await database.write(lambda connection: connection.run("CREATE TABLE t (k bigint PRIMARY KEY)"))
    told: set[int] = set()
    keys = iter(range(1_000_000))
    refused: list[int] = []
    enough = asyncio.Event()

    async def task() -> None:
        for key in keys:
            try:
                await database.write(lambda c, key=key: c.run("INSERT INTO t (k) VALUES ($1)", key))  # type: ignore[misc]
            except Unavailable:
                refused.append(key)
                return
            told.add(key)
            if len(told) == 50:
                enough.set()

    tasks = [asyncio.create_task(task()) for _ in range(5)]
    await enough.wait()
    server.kill()
    await asyncio.gather(*tasks)
    assert len(refused) == 5
    server.start()
    rows = await database.read(lambda connection: connection.all("SELECT k FROM t"))
    assert told <= {key for (key,) in rows} <= told | set(refused)
    await database.close()
    server.stop()
