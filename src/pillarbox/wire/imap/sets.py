"""Sequence sets: `2,4:7,9,12:*` as merged ranges that find their messages by bisection (RFC 9051 §9 sequence-set)."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from pillarbox.core import limits
from pillarbox.wire.imap.errors import WireError

HIGHEST = (1 << 32) - 1
"""The largest sequence number or UID (RFC 9051 §2.3.1.1)."""
STAR = 1 << 32
"""Stands for `*` in a range: above every number."""

_SET = re.compile(rb"[0-9*][0-9*:,]*|\$")
_PART = re.compile(rb"([1-9][0-9]{0,9}|\*)(?::([1-9][0-9]{0,9}|\*))?\Z")


@dataclass(frozen=True, slots=True)
class SequenceSet:
    """Sequence numbers or UIDs: `ranges` of (first, last), ascending, neither overlapping nor touching.

    `*` is STAR until the mailbox is known: `5:*` is (5, STAR). `saved` is `$`, the last SEARCH result (RFC 5182),
    with no ranges of its own.
    """

    ranges: tuple[tuple[int, int], ...]
    saved: bool = False

    @property
    def highest(self) -> int:
        """The largest number named, STAR if `*` was; 0 for `$`."""
        return self.ranges[-1][1] if self.ranges else 0

    def resolve(self, largest: int) -> list[tuple[int, int]]:
        """The ranges with `*` replaced by `largest`, the largest number in use, and cut there.

        `5:*` holds the last message even where that is below 5. With `largest` 0 (an empty mailbox) there are none.
        """
        resolved: list[tuple[int, int]] = []
        if largest < 1:
            return resolved
        for first, last in self.ranges:
            if last == STAR:
                first = min(first, largest)
            if first > largest:
                continue  # the last range may yet be `*`
            if resolved and first <= resolved[-1][1]:  # `3,5:*` in a mailbox of 3
                first = resolved.pop()[0]
            resolved.append((first, min(last, largest)))
        return resolved

    def positions(self, uids: Sequence[int]) -> list[range]:
        """Where the set's UIDs stand in `uids` (ascending): ranges of indices from 0, none of them empty."""
        if not uids:
            return []
        found = []
        start = 0
        for first, last in self.resolve(uids[-1]):
            start = bisect_left(uids, first, start)
            end = bisect_right(uids, last, start)
            if start < end:
                found.append(range(start, end))
                start = end
        return found

    def numbers(self, count: int) -> list[range]:
        """The messages of a mailbox of `count` that the set names by sequence number: ranges of indices from 0."""
        return [range(first - 1, last) for first, last in self.resolve(count)]

    def exceeds(self, count: int) -> bool:
        """Whether a sequence number in it is above `count`: to be answered BAD (RFC 9051 §9 seq-number)."""
        return any((last != STAR and last > count) or STAR > first > count for first, last in self.ranges) or (
            count == 0 and bool(self.ranges)
        )

    def contains(self, number: int, largest: int) -> bool:
        """Whether `number` is in the set when `largest` is the largest number in use."""
        ranges = self.resolve(largest)
        at = bisect_right(ranges, (number, STAR)) - 1
        return at >= 0 and ranges[at][0] <= number <= ranges[at][1]


SAVED = SequenceSet((), saved=True)
NOTHING = SequenceSet(())


def match_set(text: bytes, pos: int) -> tuple[SequenceSet, int]:
    """The sequence set that begins at `pos` of `text`, and where it ends. WireError if there is none."""
    found = _SET.match(text, pos)
    if found is None:
        raise WireError("sequence set expected")
    return parse_set(found[0]), found.end()


def parse_set(text: bytes) -> SequenceSet:
    """The sequence set that `text` spells. WireError for bad syntax, numbers out of range and too many parts."""
    if text == b"$":
        return SAVED
    if text.count(b",") >= limits.IMAP_SET_PARTS:
        raise WireError("too many parts in the sequence set", code="LIMIT", status="NO")
    parts = [_part(part) for part in text.split(b",")]
    return SequenceSet((parts[0],) if len(parts) == 1 else merge(parts))


def _part(text: bytes) -> tuple[int, int]:
    found = _PART.match(text)
    if found is None:
        raise WireError("bad sequence set")
    first = _number(found[1])
    last = first if found[2] is None else _number(found[2])
    return (first, last) if first <= last else (last, first)


def _number(text: bytes) -> int:
    if text == b"*":
        return STAR
    number = int(text)
    if number > HIGHEST:
        raise WireError("number above 4294967295 in the sequence set")
    return number


def merge(parts: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Ranges in any order as ascending ranges that neither overlap nor touch."""
    merged: list[tuple[int, int]] = []
    for first, last in sorted(parts):
        if merged and first <= merged[-1][1] + 1:
            if last > merged[-1][1]:
                merged[-1] = (merged[-1][0], last)
        else:
            merged.append((first, last))
    return tuple(merged)


def spell_set(numbers: Sequence[int]) -> bytes:
    """`numbers` as a sequence set, in their order, runs of successors as ranges: [3, 4, 5, 9] is `3:5,9`.

    The order is kept because the two sets of COPYUID correspond to each other (RFC 4315 §3). b"" for none.
    """
    if not numbers:
        return b""
    pieces = []
    first = numbers[0]
    for number, following in pairwise(numbers):
        if following != number + 1:
            pieces.append(b"%d" % first if first == number else b"%d:%d" % (first, number))
            first = following
    last = numbers[-1]
    pieces.append(b"%d" % first if first == last else b"%d:%d" % (first, last))
    return b",".join(pieces)


def spell_ranges(ranges: Iterable[tuple[int, int]]) -> bytes:
    """Ranges of (first, last) as a sequence set; STAR is `*`."""
    return b",".join(_bound(first) if first == last else _bound(first) + b":" + _bound(last) for first, last in ranges)


def _bound(number: int) -> bytes:
    return b"*" if number == STAR else b"%d" % number
