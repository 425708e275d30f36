"""Results that are kept up to date: a client that does what ADDTO and REMOVEFROM say has the result as it is."""

import asyncio
from array import array
from collections.abc import Collection, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pillarbox.servers.imap import contexts
from pillarbox.servers.imap.contexts import Context, Places
from pillarbox.wire.imap.results import Correlator

Change = tuple[frozenset[int], frozenset[int]]
UIDS = st.frozensets(st.integers(1, 60), max_size=40)


def removed(known: list[int], places: Places) -> list[int]:
    """RFC 5267 §4.3.4."""
    for place, uids in places:
        for uid in uids:
            at = known.index(uid) if place == 0 else place - 1
            assert known[at] == uid
            del known[at]
    return known


def added(known: list[int], places: Places) -> list[int]:
    """RFC 5267 §4.3.3."""
    for place, uids in places:
        if place:
            assert place <= len(known) + 1
            known[place - 1 : place - 1] = uids
        else:
            known = sorted([*known, *uids])
    return known


class World:
    """Which messages there are and match, and their order: UIDs scattered by a multiplication, or ascending."""

    def __init__(self, ordered: bool) -> None:
        self.matching: frozenset[int] = frozenset()
        self.ordered = ordered

    def key(self, uid: int) -> int:
        return uid * 37 % 61 // 3 * 100 + uid if self.ordered else uid

    async def match(self, uids: Sequence[int]) -> Collection[int]:
        return self.matching.intersection(uids)

    async def order(self, uids: Sequence[int]) -> Sequence[int]:
        return sorted(uids, key=self.key)

    def result(self) -> list[int]:
        return sorted(self.matching, key=self.key)


@pytest.mark.parametrize("page", [1, 2, 3, 500])
@pytest.mark.parametrize("ordered", [True, False])
@given(steps=st.lists(st.tuples(UIDS, UIDS, UIDS), max_size=6), begin=UIDS)
@settings(max_examples=60, deadline=None)
def test_the_client_follows(
    page: int, ordered: bool, begin: frozenset[int], steps: list[tuple[frozenset[int], frozenset[int], frozenset[int]]]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(contexts, "PAGE", page)
        asyncio.run(follow(ordered, begin, steps))


async def follow(
    ordered: bool, begin: frozenset[int], steps: list[tuple[frozenset[int], frozenset[int], frozenset[int]]]
) -> None:
    """Each step: what vanishes, what changes, and what of that matches afterwards."""
    world = World(ordered)
    world.matching = begin
    client = world.result()
    context = Context(Correlator(b"t"), array("L", client), world.match, world.order if ordered else None)
    for gone, changed, matching in steps:
        world.matching -= gone
        client = removed(client, context.remove(gone))
        world.matching = (world.matching - changed) | (matching & changed)
        change = await context.update(sorted(changed))
        client = added(removed(client, change.removed), change.added)
        context.found = change.found
        assert client == world.result() == list(context.found)


def test_runs_are_told_together() -> None:
    async def never(uids: Sequence[int]) -> Sequence[int]:
        return uids

    context = Context(Correlator(b"t"), array("L", [9, 7, 5, 3, 1]), never, never)
    assert context.remove({7, 5, 1}) == [(2, [7, 5]), (3, [1])]
    assert list(context.found) == [9, 3]
