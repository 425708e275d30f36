"""QRESYNC: what a client says it knows of a mailbox, and how it learns what vanished (RFC 7162 §3.2)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pillarbox.wire.imap.errors import WireError
from pillarbox.wire.imap.reader import Reader
from pillarbox.wire.imap.sets import HIGHEST, NOTHING, STAR, SequenceSet, spell_ranges, spell_set


@dataclass(frozen=True, slots=True)
class Resync:
    """The QRESYNC parameter of SELECT and EXAMINE (RFC 7162 §3.2.5).

    `known` are the UIDs the client has, None for all below UIDNEXT. `numbers` and `uids` are a sample of sequence
    numbers and the UIDs they had, pair by pair in ascending order, both empty if there is none (§3.2.5.2).
    """

    validity: int
    modseq: int
    known: SequenceSet | None = None
    numbers: SequenceSet = NOTHING
    uids: SequenceSet = NOTHING


def parse_resync(reader: Reader) -> Resync:
    """`(uidvalidity SP modseq [SP known-uids] [SP (numbers SP uids)])`."""
    reader.expect(b"(")
    validity = reader.number(HIGHEST, smallest=1)
    reader.space()
    modseq = reader.number(smallest=1)
    known = None
    numbers = uids = NOTHING
    more = reader.skip(b" ")
    if more and not reader.at(b"("):
        known = _finite_set(reader)
        more = reader.skip(b" ")
    if more:
        reader.expect(b"(")
        numbers = _finite_set(reader)
        reader.space()
        uids = _finite_set(reader)
        reader.expect(b")")
    reader.expect(b")")
    return Resync(validity, modseq, known, numbers, uids)


def vanished(uids: Sequence[int]) -> bytes:
    """`* VANISHED 5:7` of one or more UIDs, ascending (RFC 7162 §3.2.10.2)."""
    return b"* VANISHED %b\r\n" % spell_set(uids)


def vanished_earlier(ranges: Iterable[tuple[int, int]]) -> bytes:
    """`* VANISHED (EARLIER) 5:7` of one or more ranges of UIDs, gone before the command (RFC 7162 §3.2.10.1)."""
    return b"* VANISHED (EARLIER) %b\r\n" % spell_ranges(ranges)


def _finite_set(reader: Reader) -> SequenceSet:
    value = reader.sequence_set()
    if value.saved or value.highest == STAR:  # RFC 7162 §7: "*" is not allowed
        raise WireError("a set without * expected")
    return value
