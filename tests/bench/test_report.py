"""The table of a bench: medians of clean samples, ratios that say who is better, and nothing left out unsaid."""

from collections.abc import Sequence

from bench.load import Sample
from bench.machine import CORES, Use
from bench.report import lines, markdown

CLEAN = Use(wall=1.0, server=0.5)
NOISY = Use(wall=1.0, server=0.5, foreign=0.5 * CORES)


def samples(name: str, unit: str, values: Sequence[float], use: Use = CLEAN, *, pooled: bool = False) -> list[Sample]:
    return [Sample(name, value, unit, use, pooled) for value in values]


def test_the_ratio_says_how_much_better_the_first_is() -> None:
    measured = {
        "ours": samples("rate", "msg/s", [100, 300, 200]) + samples("time", "ms", [1, 3, 2]),
        "theirs": samples("rate", "msg/s", [50, 50, 50]) + samples("time", "ms", [8, 8, 8]),
    }
    assert [(row.name, row.ratio) for row in lines(measured, ["ours", "theirs"])] == [("rate", 4.0), ("time", 4.0)]


def test_samples_in_company_are_left_out_where_others_are_left() -> None:
    [row] = lines({"ours": samples("rate", "msg/s", [100, 102]) + samples("rate", "msg/s", [1], NOISY)}, ["ours"])
    cell = row.cells[0]
    assert cell is not None
    assert (cell.value, cell.low, cell.high, cell.kept, cell.noisy) == (101, 100, 102, 2, 1)
    assert "-1" in markdown([row], ["ours"])


def test_nothing_but_samples_in_company_is_shown_with_a_mark() -> None:
    rows = lines({"ours": samples("rate", "msg/s", [1, 2, 3], NOISY)}, ["ours"])
    assert "2.00 (1.00–3.00) ~" in markdown(rows, ["ours"])


def test_waking_up_is_told_by_its_median_and_its_tail() -> None:
    rows = lines({"ours": samples("wake", "ms", range(1, 101), pooled=True)}, ["ours"])
    assert [(row.name, row.cells[0] and row.cells[0].value) for row in rows] == [("wake p50", 50.5), ("wake p99", 100)]


def test_what_one_of_them_cannot_do_has_no_ratio() -> None:
    rows = lines({"ours": samples("memory", "kB", [4.0]), "theirs": []}, ["ours", "theirs"])
    assert rows[0].ratio is None
    assert markdown(rows, ["ours", "theirs"]).endswith("| memory | kB | 4.00 | – |  |\n")
