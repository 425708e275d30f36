"""Long transactions beside the loop: they commit, roll back, and take turns with those on the loop."""

import asyncio

import pytest

from pillarbox.core.errors import Conflict
from pillarbox.store.port import Connection, Database


async def _table(database: Database) -> None:
    async def unit(connection: Connection) -> None:
        await connection.run(f"CREATE TABLE noted (n {database.dialect.integer} PRIMARY KEY)")

    await database.write(unit)


async def _count(database: Database) -> int:
    row = await database.read(lambda connection: connection.one("SELECT count(*) FROM noted"))
    assert row is not None
    return int(row[0])


def _adding(number: int, error: Exception | None = None):  # type: ignore[no-untyped-def]
    async def unit(connection: Connection) -> int:
        await connection.run("INSERT INTO noted (n) VALUES ($1)", number)
        if error is not None:
            raise error
        return number

    return unit


async def test_it_commits_and_gives_the_value(database: Database) -> None:
    await _table(database)
    assert await database.write_apart(_adding(1)) == 1
    assert await _count(database) == 1


async def test_an_error_rolls_it_back_and_is_raised(database: Database) -> None:
    await _table(database)
    with pytest.raises(Conflict):
        await database.write_apart(_adding(1, Conflict("no")))
    assert await _count(database) == 0
    assert await database.write_apart(_adding(2)) == 2


async def test_many_of_both_kinds_at_once_all_get_through(database: Database) -> None:
    await _table(database)
    apart = [database.write_apart(_adding(number)) for number in range(20)]
    inline = [database.write(_adding(100 + number)) for number in range(20)]
    assert await asyncio.gather(*apart, *inline) == [*range(20), *range(100, 120)]
    assert await _count(database) == 40


async def test_those_on_the_loop_are_not_held_up_by_one_that_keeps_coming(database: Database) -> None:
    await _table(database)
    ended = asyncio.Event()

    async def heavy() -> int:
        rounds = 0
        while not ended.is_set() and rounds < 500:
            await database.write_apart(_adding(1000 + rounds))
            rounds += 1
        return rounds

    task = asyncio.create_task(heavy())
    for number in range(5):
        await database.write(_adding(number))
    ended.set()
    assert await task < 500
