"""Results of a search that are kept up to date: what to add and what to remove as the mailbox changes (RFC 5267)."""

from array import array
from bisect import bisect_left
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from pillarbox.core.limits import PAGE
from pillarbox.wire.imap.results import Correlator

Places = list[tuple[int, list[int]]]
"""UIDs and their place among the results, from 1; 0 where the order of the mailbox tells it (RFC 5267 §4.3.2)."""
Order = Callable[[Sequence[int]], Awaitable[Sequence[int]]]


@dataclass(slots=True)
class Context:
    """`correlator`: which search it is. `found`: the UIDs the client was told, in its order: ascending, unless there is
    `order`.

    `match`: which of some UIDs meet the keys now. `order`: some UIDs in the order asked for. `show`: tells of messages
    that came what the client wants to see of them (RFC 5465 §7).
    """

    correlator: Correlator
    found: "array[int]"
    match: Callable[[Sequence[int]], Awaitable[Collection[int]]]
    order: Order | None = None
    show: Callable[[Sequence[int]], Awaitable[None]] | None = None

    def remove(self, uids: Collection[int]) -> Places:
        """Take UIDs out; what REMOVEFROM says of it."""
        removed, self.found = self._without(self._among(uids))
        return removed

    async def update(self, changed: Sequence[int]) -> "Change":
        """What is to be told after these messages (ascending) came or changed; `found` stays as it is until then."""
        matching = await self.match(changed)
        before = self._among(changed)
        known = {uid for _, uid in before}
        fresh = [uid for uid in changed if uid in matching and uid not in known]
        removed, kept = self._without([(at, uid) for at, uid in before if uid not in matching])
        added, found = await self._with(kept, fresh) if fresh else ([], kept)
        return Change(removed, added, found)

    def _among(self, uids: Collection[int]) -> list[tuple[int, int]]:
        """Where those that are among the results stand, in the order of the results."""
        found = self.found
        if self.order is not None:
            wanted = set(uids)
            return [(at, uid) for at, uid in enumerate(found) if uid in wanted]
        places = ((bisect_left(found, uid), uid) for uid in sorted(uids))
        return [(at, uid) for at, uid in places if at < len(found) and found[at] == uid]

    def _without(self, some: Sequence[tuple[int, int]]) -> "tuple[Places, array[int]]":
        if not some:
            return [], self.found
        kept = array("L")
        start = 0
        for at, _ in some:
            kept.extend(self.found[start:at])
            start = at + 1
        kept.extend(self.found[start:])
        if self.order is None:
            return [(0, [uid for _, uid in some])], kept
        return _runs((at - gone, uid, at - gone) for gone, (at, uid) in enumerate(some)), kept

    async def _with(self, found: "array[int]", fresh: Sequence[int]) -> "tuple[Places, array[int]]":
        if self.order is None:
            places = [(bisect_left(found, uid), uid) for uid in fresh]
        else:
            places = await _belong(found, (0, len(found)), fresh, self.order)
        merged = array("L")
        start = 0
        for at, uid in places:
            merged.extend(found[start:at])
            merged.append(uid)
            start = at
        merged.extend(found[start:])
        if self.order is None:
            return [(0, list(fresh))], merged
        return _runs((at + put, uid, at) for put, (at, uid) in enumerate(places)), merged


@dataclass(frozen=True, slots=True)
class Change:
    """What REMOVEFROM and then ADDTO say, and what is found after both."""

    removed: Places
    added: Places
    found: "array[int]"


def _runs(placed: Iterable[tuple[int, int, int]]) -> Places:
    """Of (place from 0, UID, run) each run with its first place, from 1; they are worked off one after the other."""
    found: Places = []
    for _, run in groupby(placed, key=lambda one: one[2]):
        some = list(run)
        found.append((some[0][0] + 1, [uid for _, uid, _ in some]))
    return found


async def _belong(
    found: Sequence[int], gap: tuple[int, int], fresh: Sequence[int], order: Order
) -> list[tuple[int, int]]:
    """Before which of the results in the gap each new one belongs, first to last: a page of the results, spread over
    the gap, is put in order with them, and so on between two of these."""
    low, high = gap
    step = -(-(high - low) // PAGE) or 1
    pivots = {found[at]: at for at in range(low, high, step)}
    between: list[tuple[int, int, list[int]]] = [(low, low, [])]
    for uid in await order([*pivots, *fresh]):
        at = pivots.get(uid)
        if at is None:
            between[-1][2].append(uid)
        else:
            start, _, some = between[-1]
            between[-1] = (start, at, some)
            between.append((at + 1, high, []))
    places: list[tuple[int, int]] = []
    for start, end, some in between:
        if some and start < end and step > 1:
            places += await _belong(found, (start, end), some, order)
        else:
            places += [(start, uid) for uid in some]
    return places
