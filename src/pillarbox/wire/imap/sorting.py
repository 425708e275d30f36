"""SORT and THREAD: in which order and in which threads messages that were searched for come (RFC 5256, 5267, 5957)."""

from dataclasses import dataclass

from pillarbox.wire.imap.errors import WireError
from pillarbox.wire.imap.reader import Reader
from pillarbox.wire.imap.search import Search
from pillarbox.wire.imap.search_keys import parse_charset, parse_program
from pillarbox.wire.imap.search_returns import clearing, parse_returns

SORT_KEYS = frozenset(
    {"ARRIVAL", "CC", "DATE", "FROM", "SIZE", "SUBJECT", "TO", "DISPLAYFROM", "DISPLAYTO", "RELEVANCY"}
)
"""RFC 5256 §3, RFC 5957 §3, RFC 6203 §6."""
THREAD_ALGORITHMS = frozenset({"ORDEREDSUBJECT", "REFERENCES", "REFS"})
"""RFC 5256 §3; REFS is of the IANA registry of threading algorithms."""


@dataclass(frozen=True, slots=True)
class Criterion:
    """One sort key, of SORT_KEYS, and whether its order is turned round."""

    key: str
    reverse: bool = False


@dataclass(frozen=True, slots=True)
class Sort:
    """SORT and UID SORT. `search.returns` is None for the plain form, else the answer is an ESEARCH (RFC 5267 §3)."""

    criteria: tuple[Criterion, ...]
    search: Search


@dataclass(frozen=True, slots=True)
class Thread:
    """THREAD and UID THREAD by an algorithm of THREAD_ALGORITHMS."""

    algorithm: str
    search: Search


def parse_sort(reader: Reader, uid: bool = False) -> Sort:
    """`SP [RETURN SP (options) SP] (criteria) SP charset SP keys`."""
    reader.space()
    returns = parse_returns(reader)
    criteria = reader.listed(_criterion)
    by_relevancy = any(criterion.key == "RELEVANCY" for criterion in criteria)
    with clearing(returns):
        codec = _charset(reader)
        return Sort(criteria, parse_program(reader, codec, returns, uid=uid, by_relevancy=by_relevancy))


def parse_thread(reader: Reader, uid: bool = False) -> Thread:
    """`SP algorithm SP charset SP keys`."""
    reader.space()
    algorithm = reader.word().decode("ascii")
    if algorithm not in THREAD_ALGORITHMS:
        raise WireError("unknown threading algorithm")
    return Thread(algorithm, parse_program(reader, _charset(reader), None, uid=uid))


def _charset(reader: Reader) -> str:
    reader.space()
    codec = parse_charset(reader)
    reader.space()
    return codec


def _criterion(reader: Reader) -> Criterion:
    word = reader.word()
    reverse = word == b"REVERSE"
    if reverse:
        reader.space()
        word = reader.word()
    key = word.decode("ascii")
    if key not in SORT_KEYS:
        raise WireError("unknown sort key")
    return Criterion(key, reverse)
