"""The octets of a message as the parser reads them: in memory or mapped from a file, never copied whole."""

import mmap
from collections.abc import Callable
from functools import partial
from typing import TypeAlias

Octets: TypeAlias = bytes | mmap.mmap
"""Only len(), find() and slicing are used on it."""

Find: TypeAlias = Callable[[bytes, int, int], int]
"""Where octets are found between two offsets, -1 for nowhere."""

_BLOCK = 16 << 10
_WINDOW = 1 << 20


def finder(octets: Octets) -> Find:
    """What finds octets in a message: in a large one step by step, so that other threads have their turn in between."""
    if isinstance(octets, bytes) and len(octets) <= _WINDOW:
        return octets.find
    return partial(_find, octets)


def _find(octets: Octets, part: bytes, start: int, end: int) -> int:
    end = min(end, len(octets))
    while start < end:
        at = octets[start : min(start + _WINDOW + len(part) - 1, end)].find(part)
        if at >= 0:
            return start + at
        start += _WINDOW
    return -1


def cut_line_end(octets: Octets, floor: int, at: int) -> int:
    """The offset before the CRLF or LF that ends at `at`, but not below `floor`; `at` itself if there is none."""
    if octets[at - 1 : at] == b"\n":
        at -= 2 if octets[at - 2 : at - 1] == b"\r" else 1
    return max(at, floor)


class Lines:
    """Counts line ends between two offsets; asked about nested ranges, it still reads every octet about once."""

    __slots__ = ("_octets", "_sums")

    def __init__(self, octets: Octets) -> None:
        self._octets = octets
        self._sums: list[int] = []

    def count(self, start: int, end: int) -> int:
        """Line feeds in octets[start:end]."""
        if start >= end:
            return 0
        if end - start <= 2 * _BLOCK:
            return self._octets[start:end].count(b"\n")
        first, last = -(-start // _BLOCK), end // _BLOCK
        self._reach(last)
        total = self._sums[last] - self._sums[first]
        return (
            total + self._octets[start : first * _BLOCK].count(b"\n") + self._octets[last * _BLOCK : end].count(b"\n")
        )

    def _reach(self, block: int) -> None:
        """Extend the running sums (line feeds before each block) up to `block`."""
        sums = self._sums or [0]
        for index in range(len(sums) - 1, block):
            sums.append(sums[-1] + self._octets[index * _BLOCK : (index + 1) * _BLOCK].count(b"\n"))
        self._sums = sums
