"""Several processes on one SQLite file, and processes that are killed while they write."""

import multiprocessing
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

from pillarbox.core.errors import Unavailable
from pillarbox.engines.sqlite.connection import open_connection
from pillarbox.engines.sqlite.database import SqliteDatabase
from pillarbox.store.port import Connection
from tests.engines import writing

ROUNDS = 5


def start(path: str, first: int, count: int) -> subprocess.Popen[bytes]:
    """A process of `writing` in the background."""
    root = Path(__file__).parent.parent.parent
    command = [sys.executable, "-m", writing.__name__, path, str(first), str(count)]
    environment = {**os.environ, "PYTHONPATH": f"{root / 'src'}:{root}"}
    return subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, cwd=root)


async def prepared(path: str) -> SqliteDatabase:
    """The database with an empty table `t` and the counting row 0."""
    database = SqliteDatabase(path)

    async def create(connection: Connection) -> None:
        await connection.run("CREATE TABLE t (k INTEGER PRIMARY KEY, n INTEGER, o BLOB)")
        await connection.run("INSERT INTO t (k, n) VALUES (0, 0)")

    await database.write(create)
    return database


async def written(database: SqliteDatabase) -> set[int]:
    """The keys there are, after a look at the health of file and count."""
    rows = await database.read(lambda connection: connection.all("SELECT k FROM t WHERE k > 0"))
    assert await database.read(lambda connection: connection.one("SELECT n FROM t WHERE k = 0")) == (len(rows),)
    assert await database.read(lambda connection: connection.all("PRAGMA integrity_check")) == [("ok",)]
    return {key for (key,) in rows}


async def test_processes_write_at_once_without_loss(sqlite_path: str) -> None:
    database = await prepared(sqlite_path)
    processes = [start(sqlite_path, first, 300) for first in (1, 1001, 2001)]
    told = [{int(line) for line in process.communicate()[0].split()} for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0]
    expected = {first + n for first in (1, 1001, 2001) for n in range(300)}
    assert set.union(*told) == expected == await written(database)
    await database.close()


def opened_together(path: str, together: threading.Barrier, told: "multiprocessing.SimpleQueue[str]") -> None:
    """Open a file at the same moment as others do; tells what went wrong, or nothing."""
    together.wait()
    try:
        open_connection(path)
    except Unavailable as error:
        told.put(str(error))
    else:
        told.put("")


def test_a_new_file_is_opened_by_several_processes_at_once(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("fork")
    for number in range(20):
        together, told = spawn.Barrier(4), spawn.SimpleQueue()
        arguments = (str(tmp_path / f"{number}.db"), together, told)
        processes = [spawn.Process(target=opened_together, args=arguments) for _ in range(4)]
        for process in processes:
            process.start()
        assert [told.get() for _ in processes] == [""] * 4
        for process in processes:
            process.join()


async def test_what_was_acknowledged_survives_kill(sqlite_path: str) -> None:
    database = await prepared(sqlite_path)
    told: set[int] = set()
    for number in range(ROUNDS):
        process = start(sqlite_path, number * 1_000_000 + 1, 1_000_000)
        assert process.stdout is not None
        for _ in range(50):  # it is well under way, and is killed wherever it happens to be
            told.add(int(process.stdout.readline()))
        time.sleep(0.013 * number)  # noqa: ASYNC251
        process.kill()
        rest = process.stdout.read().split(b"\n")
        told |= {int(line) for line in rest if line}
        process.wait()
        process.stdout.close()
        assert told <= await written(database)
        assert await database.write(lambda connection: connection.run("UPDATE t SET n = n WHERE k = 0")) == 1
    assert len(told) >= ROUNDS * 50
    await database.close()
