"""Account locks, over both engines."""

import subprocess
import sys
from pathlib import Path

import pytest

from pillarbox.core.errors import Busy, Invalid
from pillarbox.core.ids import AccountId
from pillarbox.engines.locks.files import FileLocks
from pillarbox.engines.postgres.locks import PostgresLocks
from tests.engines_fixtures import Engine

ONE, TWO = AccountId(2**62 + 1), AccountId(2)


async def test_a_lock_excludes(engine: Engine) -> None:
    locks, elsewhere = engine.locks, engine.another_locks()
    held = await locks.acquire(ONE, "pop3")
    for other in (locks, elsewhere):
        with pytest.raises(Busy):
            await other.acquire(ONE, "pop3")
    await (await elsewhere.acquire(TWO, "pop3")).release()
    await (await elsewhere.acquire(ONE, "backup")).release()
    await held.release()
    again = await elsewhere.acquire(ONE, "pop3")
    await held.release()  # once more: it does not free what another holds now
    with pytest.raises(Busy):
        await locks.acquire(ONE, "pop3")
    await again.release()


async def test_close_frees(engine: Engine) -> None:
    elsewhere = engine.another_locks()
    await elsewhere.acquire(ONE, "pop3")
    await elsewhere.close()
    await engine.locks.acquire(ONE, "pop3")


async def test_a_name_is_a_word(tmp_path: Path) -> None:
    with pytest.raises(Invalid):
        await FileLocks(str(tmp_path)).acquire(ONE, "../x")


async def test_the_kernel_frees_what_a_dead_process_held(tmp_path: Path) -> None:
    program = (
        "import asyncio, sys, time\n"
        "from pillarbox.engines.locks.files import FileLocks\n"
        f"held = asyncio.run(FileLocks({str(tmp_path)!r}).acquire({ONE}, 'pop3'))\n"
        "print('held', flush=True); time.sleep(100)\n"
    )
    with started(program) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(Busy):
            await FileLocks(str(tmp_path)).acquire(ONE, "pop3")
        process.kill()
    await FileLocks(str(tmp_path)).acquire(ONE, "pop3")


@pytest.mark.parametrize("engine", ["postgres"], indirect=True)
async def test_a_lease_expires_unless_renewed(engine: Engine) -> None:
    database = engine.database()
    locks, elsewhere = PostgresLocks(database), PostgresLocks(engine.database())
    dead = await locks.acquire(ONE, "pop3")
    alive = await locks.acquire(TWO, "pop3")
    await database.write(lambda connection: connection.run("UPDATE lease SET expires = 1"))
    await locks.release(dead)
    await database.write(lambda connection: connection.run("INSERT INTO lease VALUES ($1, 'pop3', 7, 1)", ONE))
    await locks.renew()
    with pytest.raises(Busy):
        await elsewhere.acquire(TWO, "pop3")
    taken = await elsewhere.acquire(ONE, "pop3")
    for lease in (dead, alive, taken):
        await lease.release()
    await locks.close()
    await elsewhere.close()
    rows = await database.read(lambda connection: connection.all("SELECT * FROM lease"))
    assert rows == []


def started(program: str) -> subprocess.Popen[bytes]:
    """A Python process of `program` in the background."""
    return subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
