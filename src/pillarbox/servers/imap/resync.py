"""QRESYNC: what a client that comes back has missed (RFC 7162 §3.2.5, §3.2.6)."""

import asyncio
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import islice

from pillarbox.core.ids import Modseq
from pillarbox.core.limits import IMAP_SET_PARTS, PAGE
from pillarbox.servers.imap.session import Session
from pillarbox.wire.imap.resync import Resync, vanished_earlier
from pillarbox.wire.imap.sets import HIGHEST, SequenceSet

Ranges = list[tuple[int, int]]


async def tell_vanished(
    session: Session, known: SequenceSet | None, since: int, uidnext: int | None = None, floor: int = 0
) -> None:
    """VANISHED (EARLIER): which of the UIDs a client knows, and above `floor`, were expunged after a mod-sequence.

    `known` None: all. Where the log does not reach back that far it is every UID below `uidnext` (None: as it is now)
    that the mailbox has no more: each of them was given to a message once.
    """
    selected, store = session.mailbox, session.store
    gone = await store.vanished_since(selected.account, selected.mailbox_id, Modseq(since))
    ranges = ((1, HIGHEST),) if known is None else known.ranges
    wanted = [(max(low, floor + 1), min(high, HIGHEST)) for low, high in ranges if high > floor]
    uids = selected.uids
    if gone is None:
        if uidnext is None:
            view = await store.view(selected.account, selected.mailbox_id)
            uidnext = view.uidnext
            if view.uids is not uids:  # what has come in is there, and what the client still counts is told otherwise
                uids = await asyncio.to_thread(lambda: sorted(set(uids).union(view.uids)))
        found = missing(uids, _below(wanted, uidnext))
    else:
        found = listed(gone, uids, wanted)
    few = len(uids if gone is None else gone) <= PAGE
    spans = list(found) if few else await asyncio.to_thread(list, found)
    for at in range(0, len(spans), IMAP_SET_PARTS):
        session.stream.write(vanished_earlier(spans[at : at + IMAP_SET_PARTS]))
        await session.breathe()


def agreed(resync: Resync, uids: Sequence[int]) -> int:
    """The highest UID up to which the sample of numbers and UIDs shows that the client knows of every expunge, 0 if it
    does not (RFC 7162 §3.2.5.2)."""
    last = 0
    pairs = zip(_each(resync.numbers), _each(resync.uids), strict=False)
    for number, uid in islice(pairs, IMAP_SET_PARTS):
        if number > len(uids) or uids[number - 1] != uid:
            break
        last = uid
    return last


def _each(numbers: SequenceSet) -> Iterator[int]:
    for low, high in numbers.ranges:
        yield from range(low, high + 1)


def _below(ranges: Ranges, end: int) -> Ranges:
    return [(low, min(high, end - 1)) for low, high in ranges if low < end]


def missing(uids: Sequence[int], wanted: Ranges) -> Iterator[tuple[int, int]]:
    """The gaps that `uids` leave in ascending ranges."""
    at = 0
    for low, high in wanted:
        at = bisect_left(uids, low, at)
        while at < len(uids) and uids[at] <= high:
            if uids[at] > low:
                yield low, uids[at] - 1
            low = uids[at] + 1
            at += 1
        if low <= high:
            yield low, high


def listed(gone: Sequence[int], uids: Sequence[int], wanted: Ranges) -> Iterator[tuple[int, int]]:
    """Those of `gone` in the ranges that are not among `uids`, as ranges; all ascending."""
    start = end = 0
    at = part = 0
    for uid in gone:
        while part < len(wanted) and wanted[part][1] < uid:
            part += 1
        if part == len(wanted):
            break
        if wanted[part][0] > uid:
            continue
        at = bisect_left(uids, uid, at)
        if at < len(uids) and uids[at] == uid:
            continue
        if start and uid == end + 1:
            end = uid
            continue
        if start:
            yield start, end
        start = end = uid
    if start:
        yield start, end
