"""Sequence sets against the plain meaning of their text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pillarbox.wire.imap.errors import WireError
from pillarbox.wire.imap.sets import STAR, SequenceSet, parse_set, spell_ranges, spell_set

BOUND = st.one_of(st.integers(1, 30), st.just(STAR))


def spell(number: int) -> str:
    return "*" if number == STAR else str(number)


def meant(parts: list[tuple[int, int]], largest: int) -> set[int]:
    found: set[int] = set()
    for one, two in parts:
        first, last = sorted(largest if number == STAR else number for number in (one, two))
        found |= set(range(first, last + 1))
    return found


@given(st.lists(st.tuples(BOUND, BOUND), min_size=1, max_size=8), st.sets(st.integers(1, 40)))
def test_finds_what_is_meant(parts: list[tuple[int, int]], present: set[int]) -> None:
    text = ",".join(f"{spell(one)}:{spell(two)}" for one, two in parts).encode()
    numbers = parse_set(text)
    assert parse_set(spell_ranges(numbers.ranges)) == numbers
    uids = sorted(present)
    largest = uids[-1] if uids else 0
    wanted = [uid for uid in uids if uid in meant(parts, largest)]
    assert [uids[at] for positions in numbers.positions(uids) for at in positions] == wanted
    assert [uid for uid in uids if numbers.contains(uid, largest)] == wanted
    count = len(uids)
    by_number = sorted(meant(parts, count) & set(range(1, count + 1)))
    assert [at + 1 for positions in numbers.numbers(count) for at in positions] == by_number


@given(st.lists(st.integers(1, 50)))
def test_spelled_set_keeps_the_order(numbers: list[int]) -> None:
    text = spell_set(numbers).decode()
    again: list[int] = []
    for part in text.split(",") if text else []:
        first, _, last = part.partition(":")
        again += range(int(first), int(last or first) + 1)
    assert again == numbers


@pytest.mark.parametrize(
    ("text", "ranges"),
    [
        (b"1", ((1, 1),)),
        (b"2,1,3", ((1, 3),)),
        (b"2:4,4:2,9,12:*", ((2, 4), (9, 9), (12, STAR))),
        (b"*", ((STAR, STAR),)),
        (b"*:4,5:7", ((4, STAR),)),
        (b"1:*,1:*", ((1, STAR),)),
        (b"4294967295", ((4294967295, 4294967295),)),
    ],
)
def test_ranges_are_merged(text: bytes, ranges: tuple[tuple[int, int], ...]) -> None:
    assert parse_set(text) == SequenceSet(ranges)


@pytest.mark.parametrize(
    "text", [b"", b"0", b"1:", b":1", b"1,", b"a", b"1:2:3", b"4294967296", b"00000000001", b"$,1"]
)
def test_wrong(text: bytes) -> None:
    with pytest.raises(WireError):
        parse_set(text)


def test_numbers_beyond_the_mailbox() -> None:
    assert parse_set(b"1:4").exceeds(3)
    assert parse_set(b"5:*").exceeds(3)
    assert parse_set(b"*").exceeds(0)
    assert not parse_set(b"1:*").exceeds(3)
    assert not parse_set(b"1:3,*").exceeds(3)


def test_a_million_at_once() -> None:
    uids = range(1, 1_000_001)
    assert parse_set(b"1:*").positions(uids) == [range(1_000_000)]
    assert parse_set(b"999999999:*").positions(uids) == [range(999_999, 1_000_000)]
