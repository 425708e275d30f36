"""Every IMAP talk, whole and in small pieces, within this process."""

import asyncio
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
        player = Player(talk, lambda number, w=world, p=piece: w.connect(number, p), world.remembered())  # type: ignore[misc]
        await asyncio.to_thread(player.play)
