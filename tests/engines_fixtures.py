"""Fixtures that give a test a real engine: SQLite in a temporary folder, or PostgreSQL."""

import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Protocol, TypeVar

import asyncpg
import pytest

from pillarbox.engines.blobs.files import FileBlobs
from pillarbox.engines.locks.files import FileLocks
from pillarbox.engines.notify.local import LocalNotifier
from pillarbox.engines.notify.postgres import PostgresNotifier
from pillarbox.engines.postgres.database import PostgresDatabase
from pillarbox.engines.postgres.locks import PostgresLocks
from pillarbox.engines.sqlite.database import SqliteDatabase
from pillarbox.store.port import BlobStore, Database, Locks, Notifier
from tests.postgres import PostgresServer


class Closing(Protocol):
    """What is closed when the test is over."""

    async def close(self) -> None: ...


C = TypeVar("C", bound=Closing)


class Engine:
    """One shard with everything around it. Each call of `database`, `another_notifier` and `another_locks` is what a
    further process would have; all is closed when the test is over."""

    def __init__(self, name: str, folder: Path, url: str) -> None:
        self.name = name
        self.folder = folder
        self.url = url
        self._open: list[Closing] = []
        self.blobs: BlobStore = self._closing(FileBlobs(str(folder / "blobs")))
        self.notifier: Notifier = self.another_notifier()
        self.locks: Locks = self.another_locks()

    def database(self) -> Database:
        """The shard, opened once more."""
        if self.name == "postgres":
            return self._closing(PostgresDatabase(self.url))
        return self._closing(SqliteDatabase(str(self.folder / "mail.db")))

    def another_notifier(self) -> Notifier:
        """A notifier, not yet listening before its first `subscribe`."""
        if self.name == "postgres":
            return self._closing(PostgresNotifier(self.url))
        return self._closing(LocalNotifier(str(self.folder / "run")))

    def another_locks(self) -> Locks:
        """Locks as another process would hold them."""
        if self.name == "postgres":
            return self._closing(PostgresLocks(self.database()))
        return self._closing(FileLocks(str(self.folder / "locks")))

    async def close(self) -> None:
        """Close everything, last opened first."""
        while self._open:
            await self._open.pop().close()

    def _closing(self, part: C) -> C:
        self._open.append(part)
        return part


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One PostgreSQL of this test process, quick and not durable."""
    server = PostgresServer()
    yield server
    server.stop()


async def new_schema(server: PostgresServer) -> str:
    """The url of an empty schema of its own."""
    schema = f"t{secrets.token_hex(8)}"
    session = await asyncpg.connect(server.url())
    await session.execute(f"CREATE SCHEMA {schema}")
    await session.close()
    return server.url(schema)


@pytest.fixture
async def postgres_url(postgres_server: PostgresServer) -> str:
    """The url of an empty schema in `postgres_server`."""
    return await new_schema(postgres_server)


@pytest.fixture
def sqlite_path(tmp_path: Path) -> str:
    """Where a SQLite database may be made."""
    return str(tmp_path / "mail.db")


@pytest.fixture(params=["sqlite", "postgres"])
async def engine(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Engine]:
    """An empty shard of either engine with blobs, notifier and locks."""
    url = await new_schema(request.getfixturevalue("postgres_server")) if request.param == "postgres" else ""
    made = Engine(request.param, tmp_path, url)
    yield made
    await made.close()


@pytest.fixture
def database(engine: Engine) -> Database:
    """An empty database of either engine."""
    return engine.database()
