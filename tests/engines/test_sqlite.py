"""What only SQLite does: groups, flushes, the log, and a damaged file."""

import asyncio
import os
import resource
from pathlib import Path

import apsw
import pytest

from pillarbox.core.errors import Unavailable
from pillarbox.core.limits import GROUP
from pillarbox.engines.sqlite.connection import open_connection
from pillarbox.engines.sqlite.database import SqliteDatabase
from pillarbox.engines.sqlite.dialect import numbered
from pillarbox.store.port import Connection


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT $2, $1", "SELECT ?2, ?1"),
        ("SELECT '$1', \"$2\", $3", "SELECT '$1', \"$2\", ?3"),
        ("SELECT 'it''s $1' || $12", "SELECT 'it''s $1' || ?12"),
        ("SELECT $1 -- not $2\n, $2", "SELECT ?1 -- not $2\n, ?2"),
    ],
)
def test_parameters_are_numbered(sql: str, expected: str) -> None:
    assert numbered(sql) == expected


def test_a_plan_does_not_depend_on_values(sqlite_path: str) -> None:
    raw = open_connection(sqlite_path)
    assert raw.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, -1) == 1
    raw.close()


@pytest.fixture
async def rows(sqlite_path: str) -> str:
    """A database whose table `t` has 400 rows, each on pages of its own."""
    database = SqliteDatabase(sqlite_path)

    async def create(connection: Connection) -> None:
        await connection.run("CREATE TABLE t (k INTEGER PRIMARY KEY, o BLOB)")
        await connection.many("INSERT INTO t VALUES ($1, $2)", [(key, os.urandom(3000)) for key in range(400)])

    await database.write(create)
    await database.close()
    return sqlite_path


def log_size(path: str) -> int:
    """Octets of the write-ahead log."""
    return Path(f"{path}-wal").stat().st_size


async def count(database: SqliteDatabase) -> int:
    """The rows of `t`."""
    row = await database.read(lambda connection: connection.one("SELECT count(*) FROM t"))
    assert row is not None
    return int(row[0])


async def test_a_unit_that_suspends_is_a_bug(rows: str) -> None:
    database = SqliteDatabase(rows)

    async def sleeps(connection: Connection) -> None:
        await connection.one("SELECT count(*) FROM t")
        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="other than its connection"):
        await database.write(sleeps)
    with pytest.raises(RuntimeError, match="other than its connection"):
        await database.read_apart(sleeps)
    assert await count(database) == 400
    await database.close()


async def test_a_connection_ends_with_its_unit(rows: str) -> None:
    database = SqliteDatabase(rows)
    kept: list[Connection] = []

    async def keeps(connection: Connection) -> None:
        kept.append(connection)

    await database.write(keeps)
    with pytest.raises(Unavailable, match="over"):
        await kept[0].run("DELETE FROM t")
    with pytest.raises(Unavailable, match="over"):
        await kept[0].many("DELETE FROM t WHERE k = $1", [(1,)])
    assert await count(database) == 400
    await database.close()


async def test_what_waits_is_one_commit(rows: str) -> None:
    database = SqliteDatabase(rows)
    versions = []

    async def put(connection: Connection, key: int) -> None:
        await connection.run("INSERT INTO t VALUES ($1, NULL)", key)
        versions.append(await connection.one("SELECT count(*) FROM t"))

    await database.write(lambda connection: put(connection, 1000))
    alone = log_size(rows)
    await asyncio.gather(*(database.write(lambda c, key=key: put(c, key)) for key in range(1001, 1051)))  # type: ignore[misc]
    assert log_size(rows) - alone < 10 * alone
    assert versions == [(number,) for number in range(401, 452)]
    assert GROUP >= 50
    await database.close()


async def test_a_failed_commit_acknowledges_nothing(rows: str) -> None:
    database = SqliteDatabase(rows)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    async def put(connection: Connection, key: int) -> None:
        await connection.run("INSERT INTO t VALUES ($1, $2)", key, os.urandom(100_000))

    limit = log_size(rows) + 200_000
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        writes = [database.write(lambda c, key=key: put(c, key)) for key in range(1000, 1010)]  # type: ignore[misc]
        results = await asyncio.gather(*writes, return_exceptions=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert {type(result) for result in results} == {Unavailable}
    assert await count(database) == 400
    await database.write(lambda connection: put(connection, 1000))
    assert await count(database) == 401
    await database.close()


@pytest.mark.parametrize("seconds", [0.0, 3600.0])
async def test_a_slow_flush_is_waited_for_in_a_thread(rows: str, seconds: float) -> None:
    database = SqliteDatabase(rows, flush_seconds=seconds)
    writes = [
        database.write(lambda c, key=key: c.run("INSERT INTO t VALUES ($1, NULL)", key))  # type: ignore[misc]
        for key in range(1000, 1000 + 3 * GROUP)
    ]
    assert await asyncio.gather(*writes) == [1] * 3 * GROUP
    assert await count(database) == 400 + 3 * GROUP
    await database.close()


async def test_the_log_stays_bounded(rows: str) -> None:
    database = SqliteDatabase(rows)

    async def task() -> None:
        for _ in range(40):
            await database.write(lambda c: c.run("UPDATE t SET o = $1 WHERE k < 8", os.urandom(400_000)))

    await asyncio.gather(*(task() for _ in range(4)))
    assert log_size(rows) < 64 << 20  # 128 MB were written
    await database.close()


async def test_a_damaged_page_harms_its_own_rows_only(rows: str) -> None:
    with open(rows, "r+b") as file:  # noqa: ASYNC230
        file.seek(4096 * 200)
        file.write(b"\xff" * 4096)
    database = SqliteDatabase(rows)
    lost = []

    async def page(connection: Connection) -> None:
        for key in range(400):
            try:
                await connection.one("SELECT o FROM t WHERE k = $1", key)
            except Unavailable:
                lost.append(key)

    await database.read(page)
    assert 1 <= len(lost) <= 2
    with pytest.raises(Unavailable):
        await database.read(lambda connection: connection.all("SELECT o FROM t"))
    assert len(await database.read(lambda connection: connection.all("SELECT o FROM t WHERE k < 100"))) == 100
    await database.close()


async def test_no_database_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "mail.db").write_bytes(b"this is no database at all" * 100)
    with pytest.raises(Unavailable):
        SqliteDatabase(str(tmp_path / "mail.db"))
    with pytest.raises(Unavailable):
        SqliteDatabase(str(tmp_path / "nowhere" / "mail.db"))


async def test_close_finishes_what_waits(rows: str) -> None:
    database = SqliteDatabase(rows)
    write = asyncio.ensure_future(database.write(lambda c: c.run("INSERT INTO t VALUES (1000, NULL)")))
    await asyncio.sleep(0)
    await database.close()
    assert await write == 1
    database = SqliteDatabase(rows)
    assert await count(database) == 401
    await database.close()


async def test_without_the_lock_nothing_is_written(rows: str, monkeypatch: pytest.MonkeyPatch) -> None:
    database = SqliteDatabase(rows)
    with monkeypatch.context() as broken:
        broken.setattr("fcntl.flock", lambda *_: os.open("/nowhere", os.O_RDONLY))
        writes = [database.write(lambda c: c.run("DELETE FROM t")) for _ in range(3)]
        results = await asyncio.gather(*writes, return_exceptions=True)
    assert {type(result) for result in results} == {Unavailable}
    assert await count(database) == 400
    assert await database.write(lambda c: c.run("DELETE FROM t")) == 400
    await database.close()


class Ending(BaseException):
    """What no `except Exception` takes, as KeyboardInterrupt."""


async def test_a_unit_that_ends_with_the_process_leaves_nobody_waiting(sqlite_path: str) -> None:
    database = SqliteDatabase(sqlite_path)
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)

    async def stop(connection: Connection) -> None:
        raise Ending

    with pytest.raises(Unavailable):
        await database.write(stop)
    await database.close()
