"""The spool: octets that are arriving, counted, hashed and bounded, in memory or in a temporary file."""

import asyncio
import contextlib
import mmap
import os
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from blake3 import blake3

from pillarbox.core.errors import TooBig, Unavailable
from pillarbox.core.ids import BlobId
from pillarbox.core.limits import BLOB_INLINE, SPOOL_ALL, SPOOL_MEMORY
from pillarbox.message.digest import Summary, summarise
from pillarbox.message.octets import Octets
from pillarbox.store.adding import packed, packed_anywhere
from pillarbox.store.model import Arrived, StoreLimits
from pillarbox.store.port import BlobStore

PREFIX = "pillarbox-"
SUFFIX = ".spool"


class _Held:
    """How many octets of arriving messages this process keeps in memory."""

    octets = 0


class Spooling:
    """One message or upload on its way in. Call `write` for each chunk, then `finish`, or `discard`."""

    __slots__ = ("_file", "_hash", "_limits", "_memory", "size")

    def __init__(self, limits: StoreLimits) -> None:
        self._limits = limits
        self._hash = blake3()
        self._memory = bytearray()  # one, not a list of pieces: those of a peer that trickles may be an octet each
        self._file: BinaryIO | None = None
        self.size = 0
        """Octets so far."""

    def write(self, chunk: bytes | bytearray | memoryview) -> None:
        """Take the next octets. TooBig as soon as there are more than the setting `limits.message_size` allows."""
        octets = bytes(chunk)
        self.size += len(octets)
        if self.size > self._limits.message_size:
            self.discard()
            raise TooBig(f"more than {self._limits.message_size} octets")
        self._hash.update(octets)
        if self._file is None and (self.size > SPOOL_MEMORY or _Held.octets + len(octets) > SPOOL_ALL):
            self._file = _temporary(self._limits.spool_dir, (self._memory,))
            self._forget()
        if self._file is None:
            self._memory += octets
            _Held.octets += len(octets)
        else:
            _put(self._file, octets)

    async def finish(self) -> Arrived:
        """The octets with what the store keeps about them. A large message is read in a thread."""
        blob_id = BlobId(self._hash.hexdigest())
        if self._file is None:
            octets = bytes(self._memory)
            self._forget()
            if self.size <= BLOB_INLINE:
                return _small(blob_id, octets)
            return Arrived(blob_id, self.size, octets, None, await asyncio.to_thread(summarise, octets))
        file, self._file = self._file, None
        path = file.name
        try:
            if self.size <= BLOB_INLINE:
                return _small(blob_id, await asyncio.to_thread(_taken_back, file))
            return Arrived(blob_id, self.size, None, path, await asyncio.to_thread(_close_and_read, file))
        except BaseException:
            remove(path)
            raise

    def discard(self) -> None:
        """Forget the octets; harmless after `finish`, whose result stays good."""
        self._forget()
        if self._file is not None:
            _abandon(self._file)
            self._file = None

    def _forget(self) -> None:
        _Held.octets -= len(self._memory)
        self._memory = bytearray()

    def __del__(self) -> None:
        self._forget()


def _small(blob_id: BlobId, octets: bytes) -> Arrived:
    """Octets that will be a row."""
    return Arrived(blob_id, len(octets), octets, None, summarise(octets), packed(octets))


def discard(arrived: Arrived) -> None:
    """Remove the temporary file of octets that will not be added; harmless when they were."""
    if arrived.path is not None:
        remove(arrived.path)


def remove(path: str) -> None:
    """Remove a temporary file; harmless when it is gone."""
    Path(path).unlink(missing_ok=True)


def to_file(arrived: Arrived, limits: StoreLimits) -> str:
    """A temporary file with the octets (in a thread)."""
    if arrived.path is not None:
        return arrived.path
    file = _temporary(limits.spool_dir, [arrived.octets or b""])
    file.close()
    return file.name


async def put(blobs: BlobStore, arrived: Arrived, limits: StoreLimits) -> None:
    """Hand the octets over to the blob store."""
    path = await asyncio.to_thread(to_file, arrived, limits)
    try:
        await blobs.put_file(arrived.blob_id, path)
    except BaseException:
        if arrived.path is None:
            remove(path)
        raise


def recall(arrived: Arrived) -> Arrived:
    """The same with its octets in memory, where small ones that will be a row have waited in a file."""
    if arrived.octets is not None or arrived.path is None or arrived.size > BLOB_INLINE:
        return arrived
    try:
        octets = Path(arrived.path).read_bytes()
    except OSError as error:
        raise Unavailable(f"spool: {error}") from error
    return replace(arrived, octets=octets, packed=packed_anywhere(octets))


@contextlib.contextmanager
def opened(arrived: Arrived) -> Iterator[Octets]:
    """The octets, to be read."""
    if arrived.octets is not None or arrived.path is None:
        yield arrived.octets or b""
        return
    with _mapped(arrived.path) as octets:
        yield octets


def clear(spool_dir: str) -> None:
    """Remove what an earlier run left in the spool directory; files of processes that live are kept."""
    for path in Path(spool_dir).glob(f"{PREFIX}*{SUFFIX}"):
        owner = path.name[len(PREFIX) :].partition("-")[0]
        if not owner.isdigit() or int(owner) == os.getpid() or not Path(f"/proc/{owner}").exists():
            path.unlink(missing_ok=True)


def _temporary(folder: str, chunks: Iterable[bytes | bytearray]) -> BinaryIO:
    try:
        Path(folder).mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, path = tempfile.mkstemp(suffix=SUFFIX, prefix=f"{PREFIX}{os.getpid()}-", dir=folder)
        os.close(descriptor)
        file = Path(path).open("wb")  # noqa: SIM115
    except OSError as error:
        raise Unavailable(f"spool: {error}") from error
    for chunk in chunks:
        _put(file, chunk)
    return file


def _put(file: BinaryIO, octets: bytes | bytearray) -> None:
    try:
        file.write(octets)
    except OSError as error:
        _abandon(file)
        raise Unavailable(f"spool: {error}") from error


def _abandon(file: BinaryIO) -> None:
    with contextlib.suppress(OSError):  # closing tries once more to write what did not fit
        file.close()
    Path(file.name).unlink(missing_ok=True)


def _taken_back(file: BinaryIO) -> bytes:
    """The octets of a temporary file that is not wanted any more."""
    try:
        file.close()
        octets = Path(file.name).read_bytes()
    except OSError as error:
        raise Unavailable(f"spool: {error}") from error
    remove(file.name)
    return octets


def _close_and_read(file: BinaryIO) -> Summary:
    try:
        file.close()
    except OSError as error:
        raise Unavailable(f"spool: {error}") from error
    with _mapped(file.name) as octets:
        return summarise(octets)


@contextlib.contextmanager
def _mapped(path: str) -> Iterator[Octets]:
    try:
        with Path(path).open("rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        raise Unavailable(f"spool: {error}") from error
    with contextlib.closing(mapped):
        yield mapped
