"""Every SMTP talk, whole and in small pieces, within this process."""

import asyncio
import base64
from pathlib import Path

import pytest

from pillarbox.services.login.passwords import hash_password
from tests.servers.smtp.house import House
from tests.talks.connection import Connection
from tests.talks.player import Player
from tests.talks.script import read

_FOLDER = Path(__file__).parents[2] / "talks"
_TALKS = sorted([*(_FOLDER / "smtp").glob("*.talk"), *(_FOLDER / "submission").glob("*.talk")])
_USER = "t1@talk.test"
_KNOWN = {"plain": base64.b64encode(f"\0{_USER}\0secret".encode()).decode(), "user": _USER}


@pytest.mark.parametrize("piece", [0, 1, 3])
@pytest.mark.parametrize("path", _TALKS, ids=lambda path: path.stem)
async def test_talk(house: House, path: Path, piece: int) -> None:
    directory, talk = house.store.directory, read(path)
    await directory.add_domain("talk.test")
    for address in (_USER, "you@talk.test", "friend@talk.test"):
        await directory.add_account(address, hash_password("secret"))
    port = house.port("clear" if path.parent.name == "submission" else "mx")
    player = Player(talk, lambda _number: Connection(port, piece), dict(_KNOWN))
    await asyncio.to_thread(player.play)
