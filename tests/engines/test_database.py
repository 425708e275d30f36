"""What both engines promise the store (store.port.Database)."""

import asyncio
from typing import Any

import pytest

from pillarbox.core.errors import Conflict, Exists, MailError, OverQuota, Unavailable
from pillarbox.store.port import Connection, Database
from tests.engines_fixtures import Engine


async def table(database: Database, *rows: tuple[int, str | None, bytes | None]) -> None:
    """A table `t` of a key, a text and octets, with `rows`."""
    kind = database.dialect

    async def create(connection: Connection) -> None:
        await connection.run(f"CREATE TABLE t (k {kind.integer} PRIMARY KEY, s {kind.text}, o {kind.octets})")
        await connection.many("INSERT INTO t (k, s, o) VALUES ($1, $2, $3)", rows)

    await database.write(create)


async def keys(database: Database) -> list[int]:
    """The keys of `t` in order."""
    rows = await database.read(lambda connection: connection.all("SELECT k FROM t ORDER BY k"))
    return [key for (key,) in rows]


VALUES = [
    (1, "", b""),
    (2, None, None),
    (3, "Grüße, 世界 🐦 'quoted' $1 ?1", bytes(range(256))),
    (-(2**63), "\n\r\t", b"\x00"),
    (2**63 - 1, "x" * 100_000, b"y" * 100_000),
]


async def test_values_come_back_as_they_were(database: Database) -> None:
    await table(database, *VALUES)
    rows = await database.read(lambda connection: connection.all("SELECT k, s, o FROM t ORDER BY k"))
    assert rows == sorted(VALUES, key=lambda row: row[0])
    assert all(type(row) is tuple and type(row[0]) is int for row in rows)
    assert {type(row[2]) for row in rows} == {bytes, type(None)}


async def test_aggregates_are_whole_numbers(database: Database) -> None:
    await table(database, (1, "a", None), (2, "b", None))
    sql = "SELECT count(*), sum(k), max(k), coalesce(sum(length(s)), 0) FROM t"
    row = await database.read(lambda connection: connection.one(sql))
    assert row == (2, 3, 2, 2)
    assert all(type(number) is int for number in row)


async def test_parameters_go_by_number(database: Database) -> None:
    await table(database)
    insert = "INSERT INTO t (s, k) VALUES ($2, $1) RETURNING s, k"
    assert await database.write(lambda connection: connection.one(insert, 7, "$1")) == ("$1", 7)
    again = "SELECT k FROM t WHERE k = $1 AND s = '$2' OR k = $1 AND s = $2"
    assert await database.read(lambda connection: connection.one(again, 7, "$1")) == (7,)


async def test_arrays(database: Database) -> None:
    await table(database, *((number, str(number), None) for number in range(10)))
    kind = database.dialect
    numbers = f"SELECT k FROM t WHERE k IN {kind.members('$1')} AND k > $2 ORDER BY k"
    many = kind.array([9, 3, 2, 1, *range(100, 5000)])
    assert await database.read(lambda connection: connection.all(numbers, many, 1)) == [(2,), (3,), (9,)]
    texts = f"SELECT k FROM t WHERE s IN {kind.texts('$1')} ORDER BY k"
    words = kind.array(["4", 'a"b', "é", "5"])
    assert await database.read(lambda connection: connection.all(texts, words)) == [(4,), (5,)]
    assert await database.read(lambda connection: connection.all(texts, kind.array([]))) == []


async def test_one_and_run(database: Database) -> None:
    await table(database, (1, "a", None), (2, "b", None))
    assert await database.read(lambda connection: connection.one("SELECT k FROM t WHERE k = 99")) is None
    assert await database.read(lambda connection: connection.one("SELECT k FROM t ORDER BY k")) == (1,)
    assert await database.write(lambda connection: connection.run("UPDATE t SET s = 'x'")) == 2
    assert await database.write(lambda connection: connection.run("DELETE FROM t WHERE k = $1", 99)) == 0
    upsert = "INSERT INTO t (k, s) VALUES (1, 'y') ON CONFLICT (k) DO NOTHING"
    assert await database.write(lambda connection: connection.run(upsert)) == 0


async def test_a_taken_key_is_exists(database: Database) -> None:
    await table(database, (1, "a", None))
    with pytest.raises(Exists):
        await database.write(lambda connection: connection.run("INSERT INTO t (k) VALUES (1)"))


@pytest.mark.parametrize("error", [OverQuota("full"), ValueError("a bug"), Conflict("state")])
async def test_an_error_undoes_its_unit_only(database: Database, error: Exception) -> None:
    await table(database)

    async def put(connection: Connection, key: int, raised: Exception | None = None) -> int:
        await connection.run("INSERT INTO t (k) VALUES ($1)", key)
        if raised is not None:
            raise raised
        return key

    units = [database.write(lambda connection, key=key: put(connection, key)) for key in (1, 2)]  # type: ignore[misc]
    units.insert(1, database.write(lambda connection: put(connection, 3, error)))
    assert await asyncio.gather(*units, return_exceptions=True) == [1, error, 2]
    assert await keys(database) == [1, 2]


async def test_a_mistake_in_a_statement_is_no_mail_error(database: Database) -> None:
    await table(database)
    for call in (database.write, database.read):
        with pytest.raises(Exception, match="nowhere") as raised:
            await call(lambda connection: connection.run("SELECT * FROM nowhere"))
        assert not isinstance(raised.value, MailError)
    assert await keys(database) == []


async def test_fifty_writers_of_one_row(database: Database) -> None:
    await table(database, (1, "0", None))
    lock = f"SELECT s FROM t WHERE k = 1{database.dialect.for_update}"

    async def increase(connection: Connection) -> int:
        row = await connection.one(lock)
        assert row is not None
        await connection.run("UPDATE t SET s = $1 WHERE k = 1", str(int(row[0]) + 1))
        return int(row[0])

    seen = await asyncio.gather(*(database.write(increase) for _ in range(50)))
    assert sorted(seen) == list(range(50))
    assert await database.read(lambda connection: connection.one("SELECT s FROM t")) == ("50",)


async def test_two_openings_write_one_row(engine: Engine) -> None:
    databases = [engine.database(), engine.database()]
    await table(databases[0], (1, "", None))
    add = "UPDATE t SET s = s || 'x' WHERE k = 1"
    writes = [databases[n % 2].write(lambda connection: connection.run(add)) for n in range(60)]
    assert await asyncio.gather(*writes) == [1] * 60
    assert await databases[1].read(lambda connection: connection.one("SELECT length(s) FROM t")) == (60,)


async def test_a_deadlock_is_run_again(engine: Engine) -> None:
    database = engine.database()
    await table(database, (1, "", None), (2, "", None))

    async def both(connection: Connection, first: int, second: int) -> None:
        for key in (first, second):
            await connection.run("UPDATE t SET s = s || 'x' WHERE k = $1", key)

    orders = [(1, 2), (2, 1)] * 5
    await asyncio.gather(*(database.write(lambda c, a=a, b=b: both(c, a, b)) for a, b in orders))  # type: ignore[misc]
    rows = await database.read(lambda connection: connection.all("SELECT length(s) FROM t"))
    assert rows == [(10,), (10,)]


async def test_a_read_sees_one_snapshot(engine: Engine) -> None:
    database, other = engine.database(), engine.database()
    await table(database, (1, "a", None))
    counts: list[Any] = []

    async def twice(connection: Connection) -> None:
        for _ in range(2):
            counts.append(await connection.one("SELECT count(*) FROM t"))
            for _ in range(20):
                await connection.one("SELECT 1")

    async def puts() -> None:
        for key in range(2, 12):
            await other.write(lambda connection: connection.run("INSERT INTO t (k) VALUES ($1)", key))  # noqa: B023

    await asyncio.gather(puts(), *(database.read_apart(twice) for _ in range(5)), database.read(twice))
    assert len(counts) == 12
    assert len(await keys(database)) == 11
    counts.clear()
    await database.read_apart(twice)
    assert counts == [(11,), (11,)]


async def test_a_write_is_seen_by_the_next_read(engine: Engine) -> None:
    database, other = engine.database(), engine.database()
    await table(database)
    for key in range(20):
        await database.write(lambda connection, key=key: connection.run("INSERT INTO t (k) VALUES ($1)", key))  # type: ignore[misc]
        assert len(await keys(other)) == len(await keys(database)) == key + 1


async def test_a_cancelled_waiter_harms_nobody(database: Database) -> None:
    await table(database)
    writes = [
        asyncio.ensure_future(database.write(lambda c, key=key: c.run("INSERT INTO t (k) VALUES ($1)", key)))  # type: ignore[misc]
        for key in range(30)
    ]
    await asyncio.sleep(0)
    for write in writes[::3]:
        write.cancel()
    results = await asyncio.gather(*writes, return_exceptions=True)
    assert [type(result) for result in results[::3]] == [asyncio.CancelledError] * 10
    assert {key for key in range(30) if key % 3} <= set(await keys(database))
    assert await database.write(lambda connection: connection.run("INSERT INTO t (k) VALUES (99)")) == 1


async def test_a_read_changes_nothing(database: Database) -> None:
    await table(database)
    with pytest.raises(Unavailable, match=r"(?i)read-?only"):
        await database.read(lambda connection: connection.run("INSERT INTO t (k) VALUES (1)"))
    assert await keys(database) == []


async def test_closed_is_unavailable(database: Database) -> None:
    await table(database)
    await database.close()
    for call in (database.write, database.read, database.read_apart):
        with pytest.raises(Unavailable):
            await call(lambda connection: connection.one("SELECT 1"))


async def test_tables_may_change_beside_us(engine: Engine) -> None:
    database, other = engine.database(), engine.database()
    await table(database, (1, "a", None))
    sql = "SELECT * FROM t WHERE k = $1"
    for _ in range(2):
        assert await database.read(lambda connection: connection.one(sql, 1)) == (1, "a", None)
    await other.write(lambda c: c.run(f"ALTER TABLE t ADD COLUMN n {other.dialect.integer} NOT NULL DEFAULT 7"))
    assert await database.read(lambda connection: connection.one(sql, 1)) == (1, "a", None, 7)
    assert await database.write(lambda connection: connection.one(sql, 1)) == (1, "a", None, 7)
