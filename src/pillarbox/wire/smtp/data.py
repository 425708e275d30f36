"""Message octets on the wire: the end of DATA, dots, chunks, broken lines (RFC 5321 §4.5.2, RFC 3030 §2)."""

from enum import Enum

from pillarbox.core.limits import SMTP_DATA_LINE

_END = b"\r\n.\r\n"
_NOT_LINE_END = bytes(octet for octet in range(256) if octet not in b"\r\n")
_PIECE = 256 << 10  # octets looked at in one go; less than SMTP_DATA_LINE


class DataFault(Enum):
    """Why a message cannot be taken."""

    BARE = "CR or LF alone"
    NUL = "NUL"
    LONG_LINE = "line too long"
    FOLDED = "begins with a folded line"


class LineCheck:
    """Looks at the octets of one message as they come: every CR with its LF, no NUL, no endless line, and no white
    space at the very beginning, which would go on with the last of the trace fields that are put before the message.

    Only counts, over whole blocks: the octets are well-formed when there are half as many CRLF as CR and LF together.
    """

    __slots__ = ("_begun", "_carried", "_crlf", "_ends", "_folded", "_long", "_nul", "_open")

    def __init__(self) -> None:
        self._ends = self._crlf = 0
        self._carried = 0  # octets since the last LF
        self._nul = self._long = self._open = self._begun = self._folded = False

    def feed(self, block: bytes) -> None:
        """The next octets; at most SMTP_DATA_LINE at once."""
        if not block:
            return
        if not self._begun:
            self._begun = True
            self._folded = block.startswith((b" ", b"\t"))
        self._crlf += block.count(b"\r\n") + (self._open and block.startswith(b"\n"))
        self._ends += len(block.translate(None, _NOT_LINE_END))  # twice as fast as counting each
        self._open = block.endswith(b"\r")
        self._nul = self._nul or b"\0" in block
        first = block.find(b"\n")
        if self._carried + (first if first >= 0 else len(block)) > SMTP_DATA_LINE:
            self._long = True
        self._carried = self._carried + len(block) if first < 0 else len(block) - block.rfind(b"\n") - 1

    def fault(self) -> DataFault | None:
        """What is wrong with the whole of it, or None."""
        if self._ends != 2 * self._crlf:
            return DataFault.BARE
        if self._nul:
            return DataFault.NUL
        if self._long:
            return DataFault.LONG_LINE
        return DataFault.FOLDED if self._folded else None


class DataDecoder:
    """The octets between the 354 and the line with a single dot, dots of transparency removed.

    Only CRLF "." CRLF ends them; every other mixture of CR, LF and dots is content (and a fault to LineCheck).
    """

    __slots__ = ("_at_start", "ended")

    def __init__(self) -> None:
        self._at_start = True  # as if a CRLF had just been taken
        self.ended = False

    def next(self, buffer: bytearray) -> bytes:
        """Take what is certain out of the buffer and give it decoded; b"" when more has to arrive.

        `ended` tells the end. A few octets that may belong to the end stay in the buffer.
        """
        if self._at_start and not self._start(buffer):
            return b""
        end = buffer.find(_END, 0, _PIECE)
        if end >= 0:
            size, taken = end + 2, end + 5
            self.ended = True
        else:
            limit = min(len(buffer), _PIECE)
            size = taken = limit - _undecided(buffer[max(0, limit - 4) : limit])
        block = bytes(memoryview(buffer)[:size]).replace(b"\r\n.", b"\r\n")
        del buffer[:taken]
        return block

    def _start(self, buffer: bytearray) -> bool:
        """Read over a dot at the very start. False when the end is reached, or more is needed to tell."""
        if buffer.startswith(b"."):
            if buffer.startswith(b".\r\n"):
                del buffer[:3]
                self.ended = True
                return False
            if b".\r\n".startswith(buffer):
                return False
            del buffer[:1]
        elif not buffer:
            return False
        self._at_start = False
        return True


def _undecided(tail: bytes | bytearray) -> int:
    """How many octets at the end may be the beginning of the end."""
    for length in range(len(tail), 0, -1):
        if _END.startswith(tail[-length:]):
            return length
    return 0


class ChunkDecoder:
    """The octets of one BDAT: exactly `remaining` of them, whatever they are (RFC 3030 §2)."""

    __slots__ = ("last", "remaining")

    def __init__(self, size: int, *, last: bool) -> None:
        self.remaining = size
        self.last = last

    def next(self, buffer: bytearray) -> bytes:
        """Take what has arrived of the chunk, up to a block of it."""
        block = bytes(memoryview(buffer)[: min(self.remaining, _PIECE)])
        del buffer[: len(block)]
        self.remaining -= len(block)
        return block
