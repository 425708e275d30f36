"""Every SMTP talk, whole and in small pieces."""

import asyncio
from pathlib import Path

import pytest

from tests.servers.smtp.house import HOST, PLAIN, House
from tests.talks.connection import Connection
from tests.talks.player import Player
from tests.talks.script import read

_TALKS = sorted((Path(__file__).parents[2] / "talks" / "smtp").glob("*.talk"))


@pytest.mark.parametrize("piece", [0, 1, 3])
@pytest.mark.parametrize("path", _TALKS, ids=lambda path: path.stem)
async def test_talk(house: House, path: Path, piece: int) -> None:
    talk = read(path)
    port = house.port("submission" if "submission" in talk.given else "mx")
    player = Player(talk, lambda _number: Connection(port, piece), {"plain": PLAIN, "host": HOST})
    await asyncio.to_thread(player.play)
