"""A part of a long answer, counted from its start or its end: PARTIAL of SEARCH, SORT and UID FETCH (RFC 9394)."""

import re
from dataclasses import dataclass

from pillarbox.wire.imap.errors import WireError
from pillarbox.wire.imap.reader import Reader
from pillarbox.wire.imap.sets import HIGHEST

_RANGE = re.compile(rb"(-?)([1-9][0-9]{0,9}):(-?)([1-9][0-9]{0,9})(?![0-9])")


@dataclass(frozen=True, slots=True)
class Partial:
    """The results from the `first` to the `last` one asked for, counting from 1, or from the end with -1 (RFC 9394 §4).

    The one nearer to where counting begins is first; both have the same sign.
    """

    first: int
    last: int

    def cut(self, count: int) -> range:
        """Which of `count` results are asked for, as indices from 0 in ascending order; none beyond the end."""
        low, high = abs(self.first), abs(self.last)
        if self.first > 0:
            return range(low - 1, max(min(high, count), low - 1))
        return range(max(count - high, 0), max(count - low + 1, 0))

    def spell(self) -> bytes:
        """As it was asked for, 500:400 as 400:500, which is the same (RFC 9394 §4)."""
        return b"%d:%d" % (self.first, self.last)


def parse_partial(reader: Reader) -> Partial:
    """`1:500` or `-1:-100`."""
    found = _RANGE.match(reader.text, reader.pos)
    if found is None or found[1] != found[3]:
        raise WireError("range of results expected")
    reader.pos = found.end()
    first, last = sorted((int(found[1] + found[2]), int(found[3] + found[4])), key=abs)
    if abs(last) > HIGHEST:
        raise WireError("range of results too high")
    return Partial(first, last)
