"""Every IMAP talk, whole and in small pieces, within this process."""

import asyncio
import functools
from pathlib import Path
from typing import cast

import pytest

from tests.server import PillarboxServer
from tests.servers.imap.house import House
from tests.talks.player import Player
from tests.talks.script import read
from tests.talks.world import World

_TALKS = sorted((Path(__file__).parents[2] / "talks" / "imap").glob("*.talk"))


@pytest.mark.parametrize("path", _TALKS, ids=lambda path: path.stem)
async def test_talk(house: House, path: Path) -> None:
    await house.store.directory.add_domain("talk.test")
    talk = read(path)
    for piece in (0, 3):
        world = World(cast("PillarboxServer", house), house.store, talk, "imap")
        await world.make()
        connect = functools.partial(world.connect, piece)
        await asyncio.to_thread(Player(talk, connect, world.remembered(), early=True).play)
