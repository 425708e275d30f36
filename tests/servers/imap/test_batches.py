"""UIDBATCHES: how a mailbox is parted, by tables and by properties."""

import itertools
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pillarbox.core.ids import AccountId, MailboxId, Modseq
from pillarbox.core.limits import IMAP_BATCH_TURNS
from pillarbox.servers.imap.commands.batches import _appropriate, batches
from pillarbox.servers.imap.selected import Selected

SPARSE = array("L", range(7, 7 + 3 * 1200, 3))  # 1200 messages


@pytest.mark.parametrize(
    ("uids", "size", "wanted", "found"),
    [
        (array("L"), 500, None, []),
        (array("L"), 500, (1, 5), []),
        (array("L", [9]), 500, None, [(9, 1)]),
        (array("L", [1]), 500, None, [(1, 1)]),
        (SPARSE, 500, None, [(3604, 2107), (2106, 607), (606, 1)]),
        (SPARSE, 500, (2, 2), [(2106, 607)]),
        (SPARSE, 500, (3, 9), [(606, 1)]),
        (SPARSE, 500, (4, 9), []),
        (SPARSE, 600, None, [(3604, 1807), (1806, 1)]),
        (SPARSE, 1200, None, [(3604, 1)]),
        (SPARSE, 4294967295, None, [(3604, 1)]),
        (SPARSE, 4294967295, (1, 1), [(3604, 1)]),
    ],
)
def test_batches(uids: "array[int]", size: int, wanted: tuple[int, int] | None, found: list[tuple[int, int]]) -> None:
    assert batches(uids, size, wanted) == found


@given(st.sets(st.integers(1, 500), max_size=80), st.integers(1, 100))
def test_every_message_is_in_one_batch(uids: set[int], size: int) -> None:
    """Sizes below the least are as good for it."""
    known = array("L", sorted(uids))
    found = batches(known, size)
    counts = [sum(low <= uid <= high for uid in uids) for high, low in found]
    assert sum(counts) == len(uids)
    assert all(count == size for count in counts[:-1])
    assert not found or (found[0][0] == known[-1] and found[-1][1] == 1)
    assert all(lower[0] == higher[1] - 1 for higher, lower in itertools.pairwise(found))
    for first in range(1, len(found) + 2):
        assert batches(known, size, (first, first + 1)) == found[first - 1 : first + 1]


def test_asking_again_without_need_is_noticed() -> None:
    selected = Selected(AccountId(1), MailboxId(1), False, SPARSE, Modseq(1))
    turns = 0
    while _appropriate(selected, 500, 3):
        turns += 1
    assert 1 < turns <= IMAP_BATCH_TURNS
    selected.uids = array("L", [*SPARSE, *range(4000, 4250)])
    assert not _appropriate(selected, 500, 3)  # half a batch is not more than half a batch
    selected.uids = array("L", [*SPARSE, *range(4000, 4251)])
    assert _appropriate(selected, 500, 3)
    selected.uids = SPARSE[251:]
    assert _appropriate(selected, 500, 2)


def test_asking_for_one_range_after_the_other_is_fine() -> None:
    selected = Selected(AccountId(1), MailboxId(1), False, array("L", range(1, 1_000_001)), Modseq(1))
    for first in range(1, 2001, 100):
        assert _appropriate(selected, 500, len(batches(selected.uids, 500, (first, first + 100))))
