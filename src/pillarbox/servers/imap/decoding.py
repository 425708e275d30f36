"""Parts of messages without their transfer encoding, as the BINARY items want them (RFC 3516 §4.2)."""

from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

from pillarbox.core.ids import AccountId, BlobId
from pillarbox.core.limits import IMAP_MEASURES
from pillarbox.message import transfer
from pillarbox.message.structure import Part, find
from pillarbox.store.model import BlobRef
from pillarbox.store.store import Store
from pillarbox.wire.imap import encoder
from pillarbox.wire.imap.fetch import BinaryItem, BinarySize

Pause = Callable[[], Awaitable[None]]
"""What is awaited between two chunks."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """Where a part lies in its message, how it is encoded, and whether it consists of lines of text."""

    start: int
    end: int
    encoding: str
    text: bool

    @property
    def known(self) -> bool:
        """Whether the encoding can be undone."""
        return transfer.decoder(self.encoding) is not None


def encoded_part(root: Part | None, size: int, number: tuple[int, ...]) -> Encoded | None:
    """The part of that number in a message of `size` octets, () being the message itself; None if there is none.

    Messages and multiparts are no leaves, they have no encoding of their own (RFC 2045 §6.4).
    """
    if root is None or not number:
        return Encoded(0, size, "binary", text=False)
    part = find(root, number)
    if part is None:
        return None
    encoding = "binary" if part.type == "multipart" else part.encoding
    return Encoded(part.body, part.end, encoding, part.type == "text")


def spell_small(item: BinaryItem | BinarySize, part: Encoded | None, octets: bytes) -> bytes | None:
    """The item for a part of a message whose octets are in memory; None when its encoding is not known."""
    if part is None:
        return spell_absent(item)
    decoded = transfer.decode(octets[part.start : part.end], part.encoding, part.text)
    if decoded is None:
        return None
    if isinstance(item, BinarySize):
        return spell_size(item, len(decoded))
    if item.partial is not None:
        decoded = decoded[item.partial[0] : sum(item.partial)]
    return encoder.binary(item.label, decoded)


def spell_absent(item: BinaryItem | BinarySize) -> bytes:
    """The item for a part that is not there."""
    return spell_size(item, 0) if isinstance(item, BinarySize) else encoder.binary(item.label, None)


def spell_size(item: BinarySize, size: int) -> bytes:
    """`BINARY.SIZE[1] 5`."""
    return b"%b %d" % (item.label, size)


class Reading:
    """The decoded octets of a part of a large message, read forward. `position`: where what comes next begins.

    Clients read large parts piece by piece; whoever keeps this goes on where the last piece ended.
    """

    __slots__ = ("_blob", "_chunks", "_decoder", "_part", "_rest", "position")

    def __init__(self, store: Store, account: AccountId, blob: BlobRef, part: Encoded) -> None:
        decoder = transfer.decoder(part.encoding, part.text)
        assert decoder is not None  # whoever reads has looked whether it is known
        self._blob = blob
        self._part = part
        self._chunks: AsyncIterator[bytes] = store.chunks(account, blob, part.start, part.end - part.start)
        self._decoder: transfer.Decoder | None = decoder
        self._rest = b""
        self.position = 0

    def reaches(self, blob: BlobRef, part: Encoded, offset: int) -> bool:
        """Whether it is of this part and can still come to `offset`."""
        return self._blob == blob and self._part == part and self.position <= offset

    async def next(self, most: int | None = None) -> bytes:
        """Some octets more, `most` of them; none at the end."""
        while not self._rest and self._decoder is not None:
            chunk = await anext(self._chunks, None)
            if chunk is None:
                self._rest, self._decoder = self._decoder.finish(), None
            else:
                self._rest = self._decoder.feed(chunk)
        octets = self._rest if most is None else self._rest[:most]
        self._rest = self._rest[len(octets) :]
        self.position += len(octets)
        return octets

    async def seek(self, offset: int, pause: Pause) -> None:
        """Go forward to an offset, or to the end."""
        while self.position < offset and await self.next(offset - self.position):
            await pause()


@dataclass(frozen=True, slots=True)
class Measure:
    """How many octets a part has when it is decoded, and whether NUL is among them."""

    size: int
    nul: bool


class Measures:
    """The measures of large parts, remembered: each costs reading the part."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[BlobId, Encoded], Measure] = OrderedDict()

    async def of(self, store: Store, account: AccountId, blob: BlobRef, part: Encoded, pause: Pause) -> Measure:
        """The measure of a part, whose encoding is known."""
        key = (blob.blob_id, part)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = await _measured(Reading(store, account, blob, part), pause)
            if len(self._known) > IMAP_MEASURES:
                self._known.popitem(last=False)
        return known


async def _measured(reading: Reading, pause: Pause) -> Measure:
    nul = False
    while octets := await reading.next():
        nul = nul or b"\0" in octets
        await pause()
    return Measure(reading.position, nul)
