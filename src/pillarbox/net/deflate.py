"""Compression of what a session says, before it is sent or sealed by TLS: a raw DEFLATE stream each way (RFC 1951)."""

import zlib
from typing import Final

from pillarbox.core.limits import CHUNK

_LEVEL: Final = 4  # makes text 0.29 of its size; level 1 gives 0.34, level 6 gives 0.27 at a third of the speed
_FEW: Final = (-10, 3)  # window, raw, and memory of a compressor for answers: 14 KB
_MANY: Final = (-14, 7)  # the same for lists and messages: 134 KB
_MUCH: Final = 8192  # octets of a burst that are worth it
_PEERS_WINDOW: Final = -15  # the most a peer may use
_SAMPLE: Final = 1024  # octets by which a piece is judged
_NOISE: Final = 0.7  # what shrinks no further, as base64 does not, has no repetitions worth looking for
_PIECE: Final = 4096  # compressed octets looked at together
_FLUSHED: Final = b"\x00\x00\xff\xff"  # what a flush ends with; by chance it may stand elsewhere
_FLUSH: Final = 7  # octets of a flush that may come behind the last octet said: the end of its block, and the mark
_LAST_BLOCKS: Final = b"\x01\x03"  # what a last block that says nothing begins with; a command does not


class Deflate:
    """Both directions of one connection. What is written is flushed each time, so that the peer can read it.

    `packed`: octets received and not inflated yet. `fence`: a word, in upper case; what the peer sent behind the flush
    that follows it is left for the next `unpack`, because there compression may have ended.
    """

    __slots__ = (
        "_compressor",
        "_fence",
        "_fenced",
        "_flushed",
        "_held",
        "_inflater",
        "_large",
        "_more",
        "_recent",
        "_tail",
        "_trail",
        "_used",
        "ended",
        "over",
        "packed",
    )

    def __init__(self, packed: bytes, fence: bytes) -> None:
        self.packed = bytearray(packed)
        self.ended = False
        self.over = False
        self._inflater = zlib.decompressobj(_PEERS_WINDOW)
        self._tail = b""  # compressed octets whose meaning had no room
        self._more = False  # the inflater may have more to say of what it was given
        self._trail = b""  # the last compressed octets, which may begin the mark of a flush
        self._flushed = False  # what the inflater was given last ends with that mark
        self._fence = fence
        self._fenced = False  # the word was seen, the flush not yet
        self._recent = b""  # the last octets inflated, in upper case
        self._held = b""  # octets that may be the rest of the last flush
        self._compressor: zlib._Compress | None = None
        self._large = False  # it is one for much
        self._used = False

    # -- what is sent

    def pack(self, data: bytes) -> bytes:
        """The octets to send for `data`."""
        if self.ended:
            return data
        if len(data) <= CHUNK:
            return self._pack(data)
        return b"".join(self._pack(data[start : start + CHUNK]) for start in range(0, len(data), CHUNK))

    def _pack(self, data: bytes) -> bytes:
        compressor = self._compressor
        if len(data) > 4 * _SAMPLE and _is_noise(data):
            compressor = zlib.compressobj(1, zlib.DEFLATED, _PEERS_WINDOW, 8, zlib.Z_HUFFMAN_ONLY)
            self._compressor = None  # it counts distances, and does not know of what is said here
        elif compressor is None or (len(data) > _MUCH and not self._large):
            self._large = len(data) > _MUCH
            compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, *(_MANY if self._large else _FEW))
            self._compressor = compressor
        self._used = True
        return compressor.compress(data) + compressor.flush(zlib.Z_SYNC_FLUSH)

    def tire(self) -> None:
        """Give up the compressor if nothing was sent since the last call: the next one begins with an empty window, and
        the peer need not know."""
        if not self._used:
            self._compressor = None
        self._used = False

    # -- what is received

    @property
    def waiting(self) -> bool:
        """Whether `unpack` has anything to do."""
        return bool(self.packed or self._tail or self._more)

    def unpack(self, into: bytearray) -> None:
        """Append to `into` up to CHUNK octets of what the peer said. Raises zlib.error when it is not DEFLATE, or comes
        after its end."""
        room = CHUNK
        while room and self.waiting:
            if self._inflater.eof:
                raise zlib.error("octets behind the end")
            said = self._inflater.decompress(self._tail or (b"" if self._more else self._next()), room)
            self._tail = self._inflater.unconsumed_tail
            into += said
            room -= len(said)
            self._more = not room
            if self._inflater.eof:
                self.packed[:0] = self._inflater.unused_data
                self._tail, self._more = b"", False
                return
            if self._stops(said):
                return

    def _next(self) -> bytes:
        """The next octets for the inflater, up to the mark of a flush."""
        before = len(self._trail)
        seen = self._trail + bytes(self.packed[:_PIECE])
        mark = seen.find(_FLUSHED)
        self._flushed = mark >= 0
        size = mark + len(_FLUSHED) - before if self._flushed else len(seen) - before
        piece = bytes(self.packed[:size])
        del self.packed[:size]
        self._trail = b"" if self._flushed else seen[-3:]
        return piece

    def _stops(self, said: bytes) -> bool:
        """Whether the fence has been passed and the flush that follows it."""
        recent = self._recent + said.upper()
        self._fenced = self._fenced or self._fence in recent
        self._recent = recent[-len(self._fence) + 1 :]
        if not self._fenced or not self._flushed or self._tail or self._more:
            return False
        self._fenced = False
        return True

    # -- the end

    def end(self) -> None:
        """The peer has ended compression with what it said last, and so do we: `pack` changes nothing from now on, and
        what the peer sends is asked for by `leave`."""
        self.ended = True
        self._compressor = None
        self.over = self._inflater.eof

    def leave(self, into: bytearray) -> None:
        """Append to `into` what the peer sent since, without what completes its last flush or marks the end by a last
        block. When `over`, there is nothing more to ask for."""
        while self.packed and not self.over:
            if self._flushed and self.packed[0] not in _LAST_BLOCKS:
                self.over = True
            else:
                self._flushed = False
                self._complete(into)
        if self.over:
            into += self.packed
            self.packed.clear()

    def _complete(self, into: bytearray) -> None:
        """Take an octet that may be the rest of a flush or of a last block; what is not goes to `into`."""
        octet = bytes(self.packed[:1])
        del self.packed[:1]
        self._held += octet
        try:
            said = self._inflater.decompress(octet)
        except zlib.error:
            said = octet
        if self._inflater.eof and not said:
            self.over = True
        elif said or len(self._held) == _FLUSH:
            into += self._held
            self.over = True
        elif (self._trail + self._held).endswith(_FLUSHED):
            self._flushed = True
            self._held = self._trail = b""


def _is_noise(data: bytes) -> bool:
    middle = len(data) // 2
    return len(zlib.compress(data[middle : middle + _SAMPLE], 1)) > _NOISE * _SAMPLE
