"""Mail comes in by every way while processes are killed: nothing acknowledged is lost, nothing is there twice.

PILLARBOX_CRASH_ROUNDS says how many kills (20), PILLARBOX_CRASH_SEED which random numbers; a failure names its seed.
"""

import asyncio
import os
import poplib
import random
import secrets
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pillarbox.engines.postgres.locks import LEASE_SECONDS
from tests.crash.ledger import Ledger
from tests.crash.load import ACCOUNTS, APPENDED, CREATED, SHARED, Load
from tests.crash.verification import Known, check_changes, check_promises, check_rows, check_watchers, look
from tests.engines_fixtures import new_schema
from tests.postgres import PostgresServer
from tests.server import PASSWORD, PillarboxServer, new_account, until

ROUNDS = int(os.environ.get("PILLARBOX_CRASH_ROUNDS", "20"))
WORKERS = 2
PROGRESS = 12  # messages acknowledged between two kills
LEASE = LEASE_SECONDS + 30.0  # seconds after which the lock of a process that was killed is free, on any engine

pytestmark = pytest.mark.timeout(300 + 10 * ROUNDS)


@contextmanager
def serving(engine: str, folder: Path) -> Iterator[tuple[PillarboxServer, PostgresServer | None]]:
    """A server with several workers on an engine that flushes as in production."""
    postgres = PostgresServer(durable=True) if engine == "postgres" else None
    try:
        url = asyncio.run(new_schema(postgres)) if postgres else ""
        server = PillarboxServer(folder, url, workers=WORKERS)
        try:
            yield server, postgres
        finally:
            server.kill()
    finally:
        if postgres is not None:
            postgres.stop()


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_nothing_acknowledged_is_lost(engine: str, tmp_path: Path) -> None:
    seed = int(os.environ.get("PILLARBOX_CRASH_SEED", "0")) or secrets.randbelow(1 << 30) + 1
    print(f"PILLARBOX_CRASH_SEED={seed}")
    chance = random.Random(seed)
    ledger = Ledger()
    with serving(engine, tmp_path) as (server, postgres):
        _settle(server)
        load = Load(server, ledger, seed)
        known = [look(server, account) for account in (SHARED[0], APPENDED, CREATED)]
        load.start()
        held = _hold(server)
        for number in range(ROUNDS):
            _under_load(ledger)
            time.sleep(chance.uniform(0, 0.3))
            _kill(server, postgres, chance, number)
            if number == ROUNDS // 2:
                _under_load(ledger)
                known += [look(server, account) for account in (APPENDED, CREATED)]
        _under_load(ledger)
        load.stop()
        held.close()
        _verify(server, ledger, load, known)
        _lock_is_free(server)
        assert server.stop() == 0
        until(lambda: not _group(server.process.pid))


def _settle(server: PillarboxServer) -> None:
    async def work(store: Any) -> None:
        for account in ACCOUNTS:
            await new_account(store, account)

    server.store(work)


def _hold(server: PillarboxServer) -> socket.socket:
    """A POP3 session that holds its lock until its worker is killed."""
    session = poplib.POP3("127.0.0.1", server.port["pop3"], timeout=30)
    session.user(SHARED[2])
    session.pass_(PASSWORD)
    return session.sock


def _under_load(ledger: Ledger) -> None:
    goal = ledger.acknowledged + PROGRESS
    until(lambda: ledger.acknowledged >= goal or bool(ledger.broken))
    assert not ledger.broken, ledger.broken


def _kill(server: PillarboxServer, postgres: PostgresServer | None, chance: random.Random, number: int) -> None:
    victim = chance.choice(["worker", "worker", "group", "database" if postgres else "worker"])
    if number == 0 or victim == "group":  # the first round always, so that the lock of `_hold` has lost its process
        server.kill()
        until(lambda: not _group(server.process.pid))
        server.start()
    elif victim == "worker":
        workers = server.workers()
        dead = chance.choice(workers)
        os.kill(dead, signal.SIGKILL)
        until(lambda: dead not in server.workers() and len(server.workers()) == WORKERS, 15)
        assert set(workers) - {dead} <= set(server.workers())
    elif postgres is not None:
        postgres.kill()
        postgres.start()
    until(lambda: _answers(server), 15)


def _answers(server: PillarboxServer) -> bool:
    for name in ("smtp", "imap", "pop3", "http"):
        try:
            socket.create_connection(("127.0.0.1", server.port[name]), timeout=5).close()
        except OSError:
            return False
    return True


def _verify(server: PillarboxServer, ledger: Ledger, load: Load, known: list[Known]) -> None:
    tally = check_promises(server, ledger)
    print(sorted(tally.items()))
    check_watchers(load, ledger)
    assert not ledger.broken, ledger.broken
    assert server.store(check_rows) == []
    for one in known:
        check_changes(server, one)
    assert ledger.acknowledged > ROUNDS * PROGRESS
    log = server.log.read_text("utf-8", "replace")
    assert "Traceback" not in log, log[log.index("Traceback") - 1000 :][:4000]
    assert threading.active_count() < 10


def _lock_is_free(server: PillarboxServer) -> None:
    def free() -> bool:
        session = poplib.POP3("127.0.0.1", server.port["pop3"], timeout=30)
        try:
            session.user(SHARED[2])
            session.pass_(PASSWORD)
            session.quit()
        except poplib.error_proto as error:
            assert b"IN-USE" in error.args[0], error
            session.close()
            return False
        return True

    until(free, LEASE)


def _group(leader: int) -> list[int]:
    """The living processes of a process group."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state, _, group = (entry / "stat").read_text().rpartition(")")[2].split()[:3]
            except OSError:
                continue
            if int(group) == leader and state != "Z":
                found.append(int(entry.name))
    return found
