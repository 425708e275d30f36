"""Large blobs as files."""

import asyncio
import hashlib
import os
import time
from pathlib import Path

import pytest

from pillarbox.core.errors import NotFound, Unavailable
from pillarbox.core.ids import BlobId
from pillarbox.engines.blobs.files import FileBlobs
from tests.engines_fixtures import Engine

OCTETS = bytes(range(256)) * 1000


def blob_id(octets: bytes) -> BlobId:
    """Some id of the right form."""
    return BlobId(hashlib.sha256(octets).hexdigest())


def spooled(folder: Path, octets: bytes = OCTETS) -> str:
    """A file with octets, to be taken over."""
    path = folder / f"spool.{os.urandom(4).hex()}"
    path.write_bytes(octets)
    return str(path)


def found(folder: Path) -> list[Path]:
    """The files below `folder`."""
    return [path for path in folder.rglob("*") if path.is_file() and path.name != "lock"]


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_put_read_delete(engine: Engine, tmp_path: Path) -> None:
    name, path = blob_id(OCTETS), spooled(tmp_path)
    await engine.blobs.put_file(name, path)
    assert Path(path) not in found(tmp_path)
    assert await engine.blobs.read(name, 0, len(OCTETS)) == OCTETS
    assert await engine.blobs.read(name, 255, 3) == b"\xff\x00\x01"
    assert await engine.blobs.read(name, len(OCTETS) - 2, 10) == OCTETS[-2:]
    await engine.blobs.delete(name)
    await engine.blobs.delete(name)
    with pytest.raises(NotFound):
        await engine.blobs.read(name, 0, 1)


async def test_putting_again_is_harmless_and_counts(tmp_path: Path) -> None:
    blobs, name = FileBlobs(str(tmp_path / "blobs")), blob_id(OCTETS)
    first = spooled(tmp_path)
    await blobs.put_file(name, first)
    (file,) = found(tmp_path / "blobs")
    os.utime(file, (1000, 1000))
    assert [pair async for pair in blobs.ids()] == [(name, 1000)]
    await blobs.put_file(name, spooled(tmp_path))
    ((_, when),) = [pair async for pair in blobs.ids()]
    assert when > 1000
    await blobs.put_file(name, first)  # the same call once more, after its file was taken over
    assert found(tmp_path) == [file]
    await blobs.close()


async def test_a_blob_cut_short_is_replaced(tmp_path: Path) -> None:
    blobs, name = FileBlobs(str(tmp_path / "blobs")), blob_id(OCTETS)
    await blobs.put_file(name, spooled(tmp_path))
    (file,) = found(tmp_path / "blobs")
    os.truncate(file, 10)
    await blobs.put_file(name, spooled(tmp_path))
    assert await blobs.read(name, 0, len(OCTETS)) == OCTETS
    await blobs.close()


async def test_sweeping_spares_what_was_put_meanwhile(tmp_path: Path) -> None:
    blobs, name = FileBlobs(str(tmp_path / "blobs")), blob_id(OCTETS)
    await blobs.put_file(name, spooled(tmp_path))
    (file,) = found(tmp_path / "blobs")
    os.utime(file, (1000, 1000))
    limit = int(time.time()) - 3600
    ((candidate, when),) = [pair async for pair in blobs.ids()]
    assert when < limit
    await blobs.put_file(name, spooled(tmp_path))  # a message with the same octets arrives here
    await blobs.delete(candidate, put_before=limit)
    assert await blobs.read(name, 0, 1) == b"\x00"
    os.utime(file, (1000, 1000))
    await blobs.delete(candidate, put_before=limit)
    await blobs.delete(candidate, put_before=limit)
    assert found(tmp_path) == []
    await blobs.close()


async def test_putting_against_deleting(tmp_path: Path) -> None:
    blobs, sweeper = FileBlobs(str(tmp_path / "blobs")), FileBlobs(str(tmp_path / "blobs"))
    name = blob_id(OCTETS)
    limit = int(time.time()) - 3600

    async def sweep() -> None:
        for _ in range(100):
            await sweeper.delete(name, put_before=limit)

    async def put() -> None:
        for _ in range(15):
            path = spooled(tmp_path)
            os.utime(path, (1000, 1000))
            await blobs.put_file(name, path)
            assert await blobs.read(name, 0, 1) == b"\x00"

    await asyncio.gather(sweep(), put(), put())
    await blobs.close()
    await sweeper.close()


async def test_only_blob_ids_are_files(tmp_path: Path) -> None:
    blobs = FileBlobs(str(tmp_path / "blobs"))
    for name in ("", "x", "../../etc/passwd", "A" * 64, "a" * 63):
        with pytest.raises(NotFound):
            await blobs.read(BlobId(name), 0, 1)
    await blobs.close()


async def test_what_cannot_be_read_is_unavailable(tmp_path: Path) -> None:
    blobs, name = FileBlobs(str(tmp_path / "blobs")), blob_id(OCTETS)
    await blobs.put_file(name, spooled(tmp_path))
    (file,) = found(tmp_path / "blobs")
    file.unlink()
    file.mkdir()
    with pytest.raises(Unavailable):
        await blobs.read(name, 0, 1)
    await blobs.close()
