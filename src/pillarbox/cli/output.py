"""Answers of commands: tables for people, plain lines for pipes, JSON for programs."""

import sys
from collections.abc import Sequence

import msgspec
from rich.console import Console
from rich.table import Table

Row = dict[str, object]


def say(text: str, *, as_json: bool, **values: object) -> None:
    """One answer: the sentence for people, the values for programs."""
    print(msgspec.json.encode(values).decode() if as_json else text)


def show(rows: Sequence[Row], columns: Sequence[str], *, as_json: bool, nothing: str) -> None:
    """A list: JSON, a table on a terminal, else tab-separated lines with a heading; `nothing` is said of none."""
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(list(rows))).decode())
    elif not rows:
        print(nothing)
    elif sys.stdout.isatty():
        table = Table(box=None, pad_edge=False, header_style="bold")
        for column in columns:
            table.add_column(column, justify="right" if _numeric(rows, column) else "left")
        for row in rows:
            table.add_row(*(_text(row[column]) for column in columns))
        Console().print(table, markup=False)
    else:
        print("\t".join(columns))
        for row in rows:
            print("\t".join(_text(row[column]) for column in columns))


def _numeric(rows: Sequence[Row], column: str) -> bool:
    return all(isinstance(row[column], int | None) for row in rows)


def _text(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return str(value)
