"""Fixtures of the tests with real mail programs: one server per module and engine, new people for each test."""

import asyncio
import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.people import Person
from tests.clients.programs import Home
from tests.engines_fixtures import new_schema
from tests.server import DOMAIN, PillarboxServer

_numbers = itertools.count(1)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PillarboxServer]:
    """A running server with two workers. It must end in order and have logged no bug."""
    url = ""
    if request.param == "postgres":
        url = asyncio.run(new_schema(request.getfixturevalue("postgres_server")))
    running = PillarboxServer(tmp_path_factory.mktemp(request.param), url, workers=2)
    yield running
    assert running.stop() == 0
    log = running.log.read_text("utf-8", "replace")
    assert "Traceback" not in log, log[-3000:]


def _person(server: PillarboxServer, name: str) -> Person:
    address = f"{name}{next(_numbers)}@{DOMAIN}"
    return Person(server, server.add_account(address), address)


@pytest.fixture
def you(server: PillarboxServer) -> Person:
    """Somebody new."""
    return _person(server, "you")


@pytest.fixture
def friend(server: PillarboxServer) -> Person:
    """Somebody else."""
    return _person(server, "friend")


@pytest.fixture
def home(server: PillarboxServer, tmp_path: Path) -> Home:
    """An empty home folder."""
    return Home(tmp_path, server)
