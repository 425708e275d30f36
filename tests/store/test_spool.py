"""The spool: memory, files, bounds, and what is left over."""

import os
from pathlib import Path

import pytest
from blake3 import blake3

from pillarbox.core.errors import TooBig
from pillarbox.core.limits import BLOB_INLINE, SPOOL_MEMORY
from pillarbox.message.digest import summarise
from pillarbox.store.model import StoreLimits
from pillarbox.store.spool import Spooling, clear, discard
from tests.stores import letter


def pieces(octets: bytes, size: int) -> list[bytes]:
    """The octets in pieces."""
    return [octets[start : start + size] for start in range(0, len(octets), size)]


def read(path: str) -> bytes:
    """The octets of a file."""
    return Path(path).read_bytes()


@pytest.mark.parametrize("size", [0, 1, 3000, BLOB_INLINE, BLOB_INLINE + 1, SPOOL_MEMORY + 1, 3 * SPOOL_MEMORY])
async def test_octets_come_through(tmp_path: Path, size: int) -> None:
    octets = (letter(body="abcdefghi\r\n" * (size // 11)) + bytes(size))[:size]
    spool = Spooling(StoreLimits(1 << 24, str(tmp_path)))
    for piece in pieces(octets, 70_001):
        spool.write(memoryview(piece))
    arrived = await spool.finish()
    assert (arrived.size, arrived.blob_id) == (size, blake3(octets).hexdigest())
    assert arrived.summary == summarise(octets)
    if size > SPOOL_MEMORY:
        assert arrived.octets is None
        assert arrived.path is not None
        assert read(arrived.path) == octets
    else:
        assert arrived.octets == octets
    spool.discard()
    discard(arrived)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("limit", [10, SPOOL_MEMORY + 10])
async def test_too_big_at_once(tmp_path: Path, limit: int) -> None:
    spool = Spooling(StoreLimits(limit, str(tmp_path)))
    spool.write(bytes(limit))
    with pytest.raises(TooBig):
        spool.write(b"x")
    assert os.listdir(tmp_path) == []


def test_leftovers_of_the_dead_are_removed(tmp_path: Path) -> None:
    dead = tmp_path / "pillarbox-999999999-x.spool"
    alive = tmp_path / f"pillarbox-{os.getppid()}-x.spool"
    strange = tmp_path / "letter.txt"
    for path in (dead, alive, strange):
        path.write_bytes(b"x")
    clear(str(tmp_path))
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted((alive.name, strange.name))
