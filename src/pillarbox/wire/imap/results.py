"""What SEARCH, SORT, THREAD and ESEARCH found, spelled (RFC 4731 §3, 5256 §4, 5267, 7377 §2.1, 9394)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pillarbox.wire.imap.partial import Partial
from pillarbox.wire.imap.sets import spell_set
from pillarbox.wire.imap.spelling import NIL, mailbox


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


def sort(numbers: Sequence[int], highest: int | None = None) -> bytes:
    """`* SORT 5 3 4`; `highest` mod-sequence if a MODSEQ key was used (RFC 5256 §4, RFC 7162 §7)."""
    found = "".join(map(" %d".__mod__, numbers)).encode("ascii")
    return b"* SORT%b%b\r\n" % (found, b" (MODSEQ %d)" % highest if highest is not None and numbers else b"")


@dataclass(frozen=True, slots=True)
class Branch:
    """A message with the answers to it, in order; `number` is None for a parent that is not there (RFC 5256 §4)."""

    number: int | None
    children: "Sequence[Branch]" = ()


def thread(threads: Iterable[Branch]) -> bytes:
    """`* THREAD (2)(3 6 (4 23)(44 7 96))` of the roots, however deep they go (RFC 5256 §4)."""
    spelled = b"".join(map(_spell_thread, threads))
    return b"* THREAD %b\r\n" % spelled if spelled else b"* THREAD\r\n"


def _spell_thread(root: Branch) -> bytes:
    """One thread in its parentheses, b"" if it holds no message. Without recursion: a thread may be long."""
    pieces: list[bytes] = []
    waiting: list[Branch | bytes] = [b")", root, b"("]
    while waiting:
        branch = waiting.pop()
        if isinstance(branch, bytes):
            pieces.append(branch)
            continue
        if branch.number is not None:
            spaced = bool(pieces) and pieces[-1] != b"("
            pieces.append(b"%b%d" % (b" " if spaced else b"", branch.number))
        children = branch.children
        if len(children) == 1:
            waiting.append(children[0])
        elif children:
            if pieces[-1] != b"(":
                pieces.append(b" ")
            for child in reversed(children):
                waiting += (b")", child, b"(")
    return b"" if pieces == [b"(", b")"] else b"".join(pieces)


def uid_batches(tag: bytes, batches: Iterable[tuple[int, int]]) -> bytes:
    """`* UIDBATCHES (TAG "a1") 215295:99696,99695:1`: (highest, lowest) UID of each, from the newest (RFC 10022)."""
    spelled = b",".join(b"%d" % high if high == low else b"%d:%d" % (high, low) for high, low in batches)
    return b'* UIDBATCHES (TAG "%b")%b%b\r\n' % (tag, b" " if spelled else b"", spelled)


def _places(places: Iterable[tuple[int, Sequence[int]]]) -> bytes:
    return b" ".join(b"%d %b" % (place, spell_set(numbers)) for place, numbers in places)
