"""Numbered migrations, over both engines."""

import asyncio

import pytest

from pillarbox.core.errors import Conflict
from pillarbox.engines.migration import Step, migrate
from tests.engines_fixtures import Engine

ONE = Step(1, "one", ("CREATE TABLE a (k bigint PRIMARY KEY)", "INSERT INTO a (k) VALUES (1)"))
TWO = Step(2, "two", ("INSERT INTO a (k) VALUES (2)",))
BROKEN = Step(3, "broken", ("INSERT INTO a (k) VALUES (3)", "INSERT INTO nowhere (k) VALUES (3)"))


async def test_each_step_is_applied_once(engine: Engine) -> None:
    database = engine.database()
    assert await migrate(database, [ONE]) == 1
    assert await migrate(database, [TWO, ONE]) == 1
    assert await migrate(database, [ONE, TWO]) == 0
    rows = await database.read(lambda connection: connection.all("SELECT k FROM a ORDER BY k"))
    assert rows == [(1,), (2,)]


async def test_series_are_apart(engine: Engine) -> None:
    database = engine.database()
    assert await migrate(database, [ONE]) == 1
    assert await migrate(database, [Step(1, "other", ("CREATE TABLE b (k bigint)",))], "other") == 1
    assert await migrate(database, [ONE]) == 0


async def test_several_at_once(engine: Engine) -> None:
    databases = [engine.database() for _ in range(4)]
    assert sum(await asyncio.gather(*(migrate(database, [ONE, TWO]) for database in databases))) == 2


async def test_a_step_is_applied_whole_or_not(engine: Engine) -> None:
    database = engine.database()
    with pytest.raises(Exception, match="nowhere"):
        await migrate(database, [ONE, TWO, BROKEN])
    assert await migrate(database, [ONE, TWO]) == 0
    rows = await database.read(lambda connection: connection.all("SELECT k FROM a ORDER BY k"))
    assert rows == [(1,), (2,)]


async def test_a_newer_database_is_refused(engine: Engine) -> None:
    database = engine.database()
    await migrate(database, [ONE, TWO])
    with pytest.raises(Conflict, match="2"):
        await migrate(database, [ONE])
