"""Plays every talk over each engine, whole and in pieces of 1 and 3 octets, against a real server."""

import asyncio
import functools
from collections.abc import Iterator
from pathlib import Path

import pytest

from pillarbox.store.store import Store
from tests.engines_fixtures import new_schema
from tests.server import PillarboxServer
from tests.talks.player import Player
from tests.talks.script import read
from tests.talks.world import World

HERE = Path(__file__).parent
PROTOCOLS = ("imap", "pop3", "smtp", "submission")
EXTRA = '[imap]\ncontact = "mailto:postmaster@talk.test"\n'
PIECES = (0, 1, 3)
TALKS = sorted(path for folder in PROTOCOLS for path in (HERE / folder).glob("*.talk"))


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PillarboxServer]:
    """One running server for all talks on an engine. It must end in order and have logged no bug."""
    url = ""
    if request.param == "postgres":
        url = asyncio.run(new_schema(request.getfixturevalue("postgres_server")))
    running = PillarboxServer(tmp_path_factory.mktemp(request.param), url, extra=EXTRA)
    yield running
    assert running.stop() == 0
    log = running.log.read_text("utf-8", "replace")
    assert "Traceback" not in log, log[-3000:]


@pytest.mark.parametrize("path", TALKS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_talk(server: PillarboxServer, path: Path) -> None:
    talk = read(path)

    async def make(store: Store) -> list[World]:
        worlds = [World(server, store, talk, path.parent.name) for _ in PIECES]
        for world in worlds:
            await world.make()
        return worlds

    for world, piece in zip(server.store(make), PIECES, strict=True):
        connect = functools.partial(world.connect, piece)
        Player(talk, connect, world.remembered(), early=path.parent.name == "imap").play()


def test_there_are_talks_for_each_protocol() -> None:
    assert {path.parent.name for path in TALKS} == set(PROTOCOLS)
