"""What a session remembers of its searches in the selected mailbox; one that makes none has nothing of it."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import dataclass, field

from pillarbox.servers.imap.contexts import Context, Places
from pillarbox.wire.imap import results
from pillarbox.wire.imap.results import esearch_items

Index = Callable[[int], int]
"""From a UID to its position."""


def _nothing() -> "array[int]":
    return array("L")


@dataclass(slots=True)
class Findings:
    """`saved`: what `$` stands for, as the lowest and the highest UID of each run of messages in turn (RFC 5182).
    `contexts`: the results that are kept up to date, by their tags (RFC 5267)."""

    saved: "array[int]" = field(default_factory=_nothing)
    contexts: dict[bytes, Context] = field(default_factory=dict)

    def clear(self) -> None:
        """`$` stands for nothing."""
        self.saved = _nothing()

    def positions(self, uids: Sequence[int]) -> list[range]:
        """Where the messages of `$` stand in `uids`, those that were expunged left out (RFC 5182 §2.1)."""
        found = []
        bounds = iter(self.saved)
        end = 0
        for low, high in zip(bounds, bounds, strict=True):
            start = bisect_left(uids, low, end)
            end = bisect_right(uids, high, start)
            if start < end:
                found.append(range(start, end))
        return found

    def vanish(self, uids: Collection[int], index: Index) -> list[bytes]:
        """What to say of results that are gone, while they still have their numbers (RFC 5267 §4.3.4)."""
        return [
            _spell(context, index, removed, [])
            for context in self.contexts.values()
            if (removed := context.remove(uids))
        ]

    async def update(self, changed: Sequence[int], arrived: Collection[int], index: Index) -> AsyncIterator[bytes]:
        """What to say of results after these messages (ascending) changed or, some of them, arrived."""
        for context in list(self.contexts.values()):
            change = await context.update(changed)
            fresh = sorted(uid for _, uids in change.added for uid in uids if uid in arrived)
            if fresh and context.show is not None:
                await context.show(fresh)
            context.found = change.found
            if change.removed or change.added:
                yield _spell(context, index, change.removed, change.added)


def runs(uids: Sequence[int], positions: Sequence[int]) -> "array[int]":
    """The messages, ascending, as `Findings.saved` has them."""
    saved = array("L")
    last = -2
    for uid, position in zip(uids, positions, strict=True):
        if position == last + 1:
            saved[-1] = uid
        else:
            saved.extend((uid, uid))
        last = position
    return saved


def _spell(context: Context, index: Index, removed: Places, added: Places) -> bytes:
    items = []
    if removed:
        items.append(results.remove_from(_numbered(context, index, removed)))
    if added:
        items.append(results.add_to(_numbered(context, index, added)))
    return esearch_items(context.correlator, items)


def _numbered(context: Context, index: Index, places: Places) -> Places:
    if context.correlator.uid:
        return places
    return [(place, [index(uid) + 1 for uid in uids]) for place, uids in places]
