"""Large blobs as files: `<folder>/ab/cd/<blob id>`, durable before they are named, and swept without a race."""

import asyncio
import errno
import logging
import os
import re
import secrets
import shutil
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TypeVar

from pillarbox.core.errors import NotFound, Unavailable
from pillarbox.core.ids import BlobId
from pillarbox.engines.filelock import FileLock

T = TypeVar("T")

THREADS = 4  # of one process for reading and writing blobs

_ID = re.compile(r"[0-9a-f]{64}")
_log = logging.getLogger("pillarbox.engines.blobs")


class FileBlobs:
    """See store.port.BlobStore. Putting a blob and deleting it exclude each other by a lock on `<folder>/lock`."""

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder)
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._executor = ThreadPoolExecutor(THREADS, "blobs")

    async def put_file(self, blob_id: BlobId, path: str) -> None:
        """See store.port.BlobStore; a blob that is there already counts as put now."""
        await self._threaded(partial(self._put, blob_id, Path(path)))

    async def read(self, blob_id: BlobId, start: int, length: int) -> bytes:
        """See store.port.BlobStore; fewer octets than `length` at the end."""
        return await self._threaded(partial(self._read, blob_id, start, length))

    async def delete(self, blob_id: BlobId, put_before: int | None = None) -> None:
        """Forget a blob, harmless when it is gone; with `put_before` only if it was not put again since then."""
        await self._threaded(partial(self._delete, blob_id, put_before))

    async def ids(self) -> AsyncIterator[tuple[BlobId, int]]:
        """See store.port.BlobStore; one folder is listed at a time."""
        for outer in await self._threaded(partial(_folders, self._folder)):
            for inner in await self._threaded(partial(_folders, outer)):
                for found in await self._threaded(partial(_blobs, inner)):
                    yield found

    async def close(self) -> None:
        """Finish what is under way."""
        self._executor.shutdown(wait=True)

    async def _threaded(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor, work)
        except FileNotFoundError as error:
            raise NotFound(str(error)) from error
        except (OSError, RuntimeError) as error:
            _log.error("engines.blob_failed error=%s", error)
            raise Unavailable(str(error)) from error

    def _place(self, blob_id: BlobId) -> Path:
        if not _ID.fullmatch(blob_id):
            raise NotFound(f"not a blob id: {blob_id!r}")
        return self._folder / blob_id[:2] / blob_id[2:4] / blob_id

    def _put(self, blob_id: BlobId, path: Path) -> None:
        place = self._place(blob_id)
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        arrived = _size(path)
        if arrived is not None:
            _flush(path)
        with closing(FileLock(str(self._folder / "lock"))) as lock:
            lock.acquire(shared=True)
            if arrived is None:  # put before, by a call repeated now
                os.utime(place)
            else:  # also when the blob is there: what is there may be damaged
                self._move(path, place)
        # Also when it was there: whoever put it may not have come this far.
        for folder in (place.parent, place.parent.parent, self._folder):
            _flush(folder)

    def _move(self, path: Path, place: Path) -> None:
        os.utime(path)
        try:
            path.rename(place)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            temporary = self._folder / f"{secrets.token_hex(8)}.tmp"
            shutil.copyfile(path, temporary)
            _flush(temporary)
            temporary.rename(place)
            path.unlink()

    def _read(self, blob_id: BlobId, start: int, length: int) -> bytes:
        fd = os.open(self._place(blob_id), os.O_RDONLY | os.O_CLOEXEC)
        try:
            parts = []
            while length > 0 and (part := os.pread(fd, length, start)):
                parts.append(part)
                start += len(part)
                length -= len(part)
        finally:
            os.close(fd)
        return b"".join(parts)

    def _delete(self, blob_id: BlobId, put_before: int | None) -> None:
        place = self._place(blob_id)
        with closing(FileLock(str(self._folder / "lock"))) as lock:
            lock.acquire()
            if put_before is None or (place.exists() and place.stat().st_mtime < put_before):
                place.unlink(missing_ok=True)


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None


def _flush(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _folders(folder: Path) -> list[Path]:
    return sorted(entry for entry in folder.iterdir() if len(entry.name) == 2 and entry.is_dir())


def _blobs(folder: Path) -> list[tuple[BlobId, int]]:
    with os.scandir(folder) as entries:
        return sorted(
            (BlobId(entry.name), int(entry.stat().st_mtime)) for entry in entries if _ID.fullmatch(entry.name)
        )
