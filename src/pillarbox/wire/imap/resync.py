"""QRESYNC: what a client says it knows of a mailbox, and how it learns what vanished (RFC 7162 §3.2)."""

from collections.abc import Sequence
from dataclasses import dataclass

from pillarbox.wire.imap.errors import WireError
from pillarbox.wire.imap.reader import Reader
from pillarbox.wire.imap.sets import HIGHEST, NOTHING, STAR, SequenceSet, spell_set


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


def vanished(uids: Sequence[int], earlier: bool = False) -> bytes:
    """`* VANISHED 5:7` of one or more UIDs, ascending; `earlier`: gone before the command (RFC 7162 §3.2.10)."""
    return b"* VANISHED %b%b\r\n" % (b"(EARLIER) " if earlier else b"", spell_set(uids))


def _finite_set(reader: Reader) -> SequenceSet:
    value = reader.sequence_set()
    if value.saved or value.highest == STAR:  # RFC 7162 §7: "*" is not allowed
        raise WireError("a set without * expected")
    return value
