"""Command lines: taking whole ones out of what has arrived (RFC 5321 §2.3.8, §4.5.3.1.4)."""

import re
from enum import Enum

_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")


class LineFault(Enum):
    """Why a line is refused; it is consumed all the same."""

    TOO_LONG = "too long"
    BARE = "CR or LF alone"
    CONTROL = "control character"


class LineDecoder:
    """Takes lines out of a buffer. Only CRLF ends a line; a lone LF ends a refused one, a lone CR spoils it."""

    __slots__ = ("_skipping",)

    def __init__(self) -> None:
        self._skipping = False

    def next(self, buffer: bytearray, limit: int) -> bytes | LineFault | None:
        """The next line without its CRLF, what is wrong with it, or None until more octets arrive.

        `limit` counts the CRLF. Of a longer line nothing is kept while the rest of it arrives.
        """
        end = buffer.find(b"\n")
        if end < 0:
            if self._skipping or len(buffer) >= limit:
                self._skipping = True
                buffer.clear()
            return None
        if self._skipping or end >= limit:
            self._skipping = False
            del buffer[: end + 1]
            return LineFault.TOO_LONG
        line = bytes(buffer[:end])
        del buffer[: end + 1]
        if not line.endswith(b"\r"):
            return LineFault.BARE
        line = line[:-1]
        if _CONTROL.search(line):
            return LineFault.BARE if b"\r" in line else LineFault.CONTROL
        return line
