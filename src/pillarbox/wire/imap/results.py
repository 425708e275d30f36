"""What SEARCH, SORT, THREAD and ESEARCH found, spelled (RFC 4731 §3, 5256 §4, 5267, 7377 §2.1, 9394)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pillarbox.wire.imap.partial import Partial
from pillarbox.wire.imap.sets import spell_set
from pillarbox.wire.imap.spelling import NIL, mailbox

_PIECES = 10_000  # numbers and parentheses of a THREAD in one piece of it


@dataclass(frozen=True, slots=True)
class Correlator:
    """Which search an ESEARCH answers: its tag and, for one of many mailboxes, that mailbox (RFC 7377 §2.1)."""

    tag: bytes
    uid: bool = False
    mailbox: str | None = None
    validity: int = 0
    utf8: bool = False


def esearch_items(correlator: Correlator, items: Iterable[bytes]) -> bytes:
    """`* ESEARCH (TAG "a1" MAILBOX "x" UIDVALIDITY 1) UID item …` of items spelled below; all_found(…) is one too."""
    where = b""
    if correlator.mailbox is not None:
        where = b" MAILBOX %b UIDVALIDITY %d" % (mailbox(correlator.mailbox, correlator.utf8), correlator.validity)
    start = b'* ESEARCH (TAG "%b"%b)%b' % (correlator.tag, where, b" UID" if correlator.uid else b"")
    return b" ".join((start, *items)) + b"\r\n"


def extent(numbers: Sequence[int], returns: Iterable[str]) -> list[bytes]:
    """The items of MIN, MAX, ALL and COUNT among `returns`; all but COUNT are left out when nothing was found.

    `numbers` are in the order to tell: ascending for SEARCH, sorted for SORT, where MIN and MAX are the first and the
    last in that order (RFC 5267 §3).
    """
    wanted = frozenset(returns)
    items: list[bytes] = []
    if numbers:
        items += [b"%b %d" % (name, numbers[at]) for name, at in ((b"MIN", 0), (b"MAX", -1)) if name.decode() in wanted]
        if "ALL" in wanted:
            items.append(b"ALL " + spell_set(numbers))
    if "COUNT" in wanted:
        items.append(b"COUNT %d" % len(numbers))
    return items


def partial(asked: Partial, numbers: Sequence[int]) -> bytes:
    """`PARTIAL (1:500 3:7,9)`: the range as it was asked for and what is in it, NIL for nothing (RFC 9394 §3.1)."""
    return b"PARTIAL (%b %b)" % (asked.spell(), spell_set(numbers) or NIL)


def relevancy(scores: Iterable[int]) -> bytes:
    """`RELEVANCY (4 99 42)`: 1 to 100 for each message told, in their order (RFC 6203 §4)."""
    return b"RELEVANCY (%b)" % " ".join(map(str, scores)).encode()


def modseq(highest: int) -> bytes:
    """`MODSEQ n`: the highest of the messages told (RFC 7162 §3.1.6)."""
    return b"MODSEQ %d" % highest


def add_to(places: Iterable[tuple[int, Sequence[int]]]) -> bytes:
    """`ADDTO (1 2731:2733)`: messages and where they go, from 1; 0 without an order (RFC 5267 §4.3.3)."""
    return b"ADDTO (%b)" % _places(places)


def remove_from(places: Iterable[tuple[int, Sequence[int]]]) -> bytes:
    """`REMOVEFROM (0 32768)`: messages and where they were, as in add_to (RFC 5267 §4.3.4)."""
    return b"REMOVEFROM (%b)" % _places(places)


@dataclass(frozen=True, slots=True)
class Threads:
    """Threads to tell, in order. Nodes are counted from 0; `numbers` are those of the first ones, others stand for a
    parent that is not there, and have children. `first`: of each node the first of its children, `following`: the next
    of its siblings, -1 for none."""

    roots: Sequence[int]
    first: Sequence[int]
    following: Sequence[int]
    numbers: Sequence[int]


def thread(threads: Threads) -> Iterator[bytes]:
    """`* THREAD (2)(3 6 (4 23)(44 7 96))`, however deep they go, in pieces (RFC 5256 §4)."""
    pieces = ["* THREAD " if threads.roots else "* THREAD"]
    for root in threads.roots:
        if threads.first[root] < 0:
            pieces.append(f"({threads.numbers[root]})")
        else:
            yield from _branches(threads, root, pieces)
        if len(pieces) > _PIECES:
            yield "".join(pieces).encode("ascii")
            pieces.clear()
    yield "".join((*pieces, "\r\n")).encode("ascii")


def _branches(threads: Threads, root: int, pieces: list[str]) -> Iterator[bytes]:
    """Add a thread in its parentheses to the pieces, yielding them when there are many. Without recursion: it may be
    deep."""
    first, following, numbers = threads.first, threads.following, threads.numbers
    node, before = root, "("
    waiting: list[int] = []  # what comes after the threads that are open, -1 when nothing does
    while True:
        if node < len(numbers):
            pieces.append(f"{before}{numbers[node]}")
            before = " "
        child = first[node]
        if child >= 0:
            node = child
            if following[child] >= 0:
                waiting.append(following[child])
                before += "("
            continue
        if len(pieces) > _PIECES:
            yield "".join(pieces).encode("ascii")
            pieces.clear()
        before = ")"
        while waiting:
            node = waiting.pop()
            if node >= 0:
                waiting.append(following[node])
                before += "("
                break
            before += ")"
        else:
            pieces.append(before)
            return


def uid_batches(tag: bytes, batches: Iterable[tuple[int, int]]) -> bytes:
    """`* UIDBATCHES (TAG "a1") 215295:99696,99695:1`: (highest, lowest) UID of each, from the newest (RFC 10022)."""
    spelled = b",".join(b"%d:%d" % pair for pair in batches)
    return b'* UIDBATCHES (TAG "%b")%b%b\r\n' % (tag, b" " if spelled else b"", spelled)


def _places(places: Iterable[tuple[int, Sequence[int]]]) -> bytes:
    return b" ".join(b"%d %b" % (place, spell_set(numbers)) for place, numbers in places)
