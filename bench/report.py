"""From samples to a table: medians, spread and ratio, noisy samples left out."""

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from rich.table import Table

from bench.load import MORE_IS_BETTER, NOISY, Sample


@dataclass(frozen=True, slots=True)
class Cell:
    """What one server did: median, least, most, samples kept and left out."""

    value: float
    low: float
    high: float
    kept: int
    noisy: int


@dataclass(frozen=True, slots=True)
class Line:
    """One figure of each server. `ratio`: how much better the first is than the second, None without a second."""

    name: str
    unit: str
    cells: tuple[Cell | None, ...]
    ratio: float | None


Samples = dict[str, list[Sample]]
"""By name of the server."""


def lines(samples: Samples, servers: Sequence[str]) -> list[Line]:
    """A line for each figure, in the order in which they were first measured."""
    found = []
    names = dict.fromkeys(sample.name for server in servers for sample in samples[server])
    for name in names:
        some = [[sample for sample in samples[server] if sample.name == name] for server in servers]
        first = next(group[0] for group in some if group)
        for title, quantile in (("p50", 0.5), ("p99", 0.99)) if first.pooled else (("", 0.5),):
            fair = all(any(map(_clean, group)) for group in some if group)
            cells = tuple(_cell(group, quantile, fair) for group in some)
            found.append(Line(f"{name} {title}".strip(), first.unit, cells, _ratio(cells, first.unit)))
    return found


def _clean(sample: Sample) -> bool:
    return sample.use.foreign_share <= NOISY


def _cell(group: Sequence[Sample], quantile: float, fair: bool) -> Cell | None:
    """`fair`: every server has clean samples; else clean ones of one would be set against noisy ones of another."""
    if not group:
        return None
    clean = [sample for sample in group if fair and _clean(sample)]
    kept = clean or group
    values = sorted(sample.value for sample in kept)
    value = statistics.median(values) if quantile == 0.5 else values[min(len(values) - 1, int(len(values) * quantile))]
    return Cell(value, values[0], values[-1], len(clean), len(group) - len(clean))


def _ratio(cells: Sequence[Cell | None], unit: str) -> float | None:
    if len(cells) < 2 or cells[0] is None or cells[1] is None:
        return None
    ours, theirs = cells[0].value, cells[1].value
    over, under = (ours, theirs) if unit in MORE_IS_BETTER else (theirs, ours)
    return over / under if under > 0 else None


def spelled(value: float) -> str:
    """Three digits are enough."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}" if abs(value) >= 0.1 else f"{value:.3f}"


def _cell_text(cell: Cell | None) -> str:
    if cell is None:
        return "–"
    spread = f" ({spelled(cell.low)}–{spelled(cell.high)})" if cell.kept + cell.noisy > 1 else ""
    mark = "" if not cell.noisy else f" -{cell.noisy}" if cell.kept else " ~"
    return f"{spelled(cell.value)}{spread}{mark}"


def table(rows: Sequence[Line], servers: Sequence[str]) -> Table:
    """For the terminal."""
    shown = Table(box=None, pad_edge=False)
    shown.add_column("load", overflow="fold")
    shown.add_column("unit")
    for server in servers:
        shown.add_column(server, justify="right", overflow="fold")
    if len(servers) > 1:
        shown.add_column("ratio", justify="right")
    for row in rows:
        ratio = [] if len(servers) < 2 else ["" if row.ratio is None else f"{spelled(row.ratio)}×"]
        style = "" if row.ratio is None else "green" if row.ratio >= 1 else "yellow"
        shown.add_row(row.name, row.unit, *(_cell_text(cell) for cell in row.cells), *ratio, style=style)
    return shown


def markdown(rows: Sequence[Line], servers: Sequence[str]) -> str:
    """The same for a page."""
    head = ["load", "unit", *servers, *(["ratio"] if len(servers) > 1 else [])]
    text = [f"| {' | '.join(head)} |", f"|---|---|{'---:|' * (len(head) - 2)}"]
    for row in rows:
        ratio = [] if len(servers) < 2 else ["" if row.ratio is None else f"{spelled(row.ratio)}×"]
        text.append(f"| {' | '.join([row.name, row.unit, *map(_cell_text, row.cells), *ratio])} |")
    return "\n".join(text) + "\n"


def document(
    rows: Sequence[Line], servers: Sequence[str], facts: dict[str, str], samples: Samples
) -> dict[str, object]:
    """Everything, for machines."""
    raw = {server: [asdict(sample) for sample in samples[server]] for server in servers}
    return {"facts": facts, "servers": list(servers), "lines": [asdict(row) for row in rows], "samples": raw}
