"""Sets of UIDs cut into pieces that are read by index range, never one query for each UID."""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pillarbox.core.limits import PAGE

UidSet = Sequence[int] | Sequence[tuple[int, int]]
"""UIDs in order, or closed ranges (low, high) in order and not overlapping."""

_DENSE = 4  # a list is read as one range when it holds at least a quarter of the range


@dataclass(frozen=True, slots=True)
class Piece:
    """UIDs from `low` to `high`; when `uids` is not None only those (at most PAGE of them)."""

    low: int
    high: int
    uids: tuple[int, ...] | None = None

    @property
    def dense(self) -> bool:
        """Whether reading the whole range costs little more than reading the UIDs."""
        return self.uids is None or self.high - self.low < _DENSE * len(self.uids)


def pieces(wanted: UidSet) -> Iterator[Piece]:
    """The pieces of a set, in UID order."""
    gathered: list[int] = []
    for low, high in ranges(wanted):
        if high - low >= PAGE // 2:
            yield from _listed(gathered)
            gathered = []
            yield Piece(low, high)
        else:
            gathered.extend(range(low, high + 1))
            if len(gathered) >= 2 * PAGE:
                yield from _listed(gathered[:PAGE])
                gathered = gathered[PAGE:]
    yield from _listed(gathered)


def ranges(wanted: UidSet) -> Iterator[tuple[int, int]]:
    """The closed ranges of a set, neighbours joined."""
    low = high = 0
    for one in wanted:
        first, last = one if isinstance(one, tuple) else (one, one)
        if low and first <= high + 1:
            high = max(high, last)
            continue
        if low:
            yield low, high
        low, high = max(first, 1), last
    if low and low <= high:
        yield low, high


def _listed(uids: list[int]) -> Iterator[Piece]:
    for start in range(0, len(uids), PAGE):
        part = tuple(uids[start : start + PAGE])
        if part[-1] - part[0] == len(part) - 1:
            yield Piece(part[0], part[-1])
        else:
            yield Piece(part[0], part[-1], part)


def without(uids: Sequence[int], positions: Iterable[int]) -> "array[int]":
    """A copy of the UIDs that leaves out those at some ascending positions."""
    whole = array("L", uids)
    kept = array("L")
    start = 0
    for at in positions:
        kept += whole[start:at]
        start = at + 1
    return kept + whole[start:] if start else whole
