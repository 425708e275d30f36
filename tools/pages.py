"""Prints the pages of docs/ that come from the code: the settings, the commands, and which RFCs are obeyed."""

import contextlib
import io
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from pillarbox.cli.main import COMMANDS, command
from pillarbox.config.explanation import explain
from pillarbox.config.settings import Settings
from tools.imap_page import imap_page

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
LEDGER = ROOT / "rfc" / "ledger.tsv"
MADE = "<!-- Printed by `make docs`; change the code instead. -->"


def settings_page() -> str:
    """Every setting with what it means and its default."""
    text = explain(Settings())
    return f"{MADE}\n# Settings\n\nThis is what `pillarbox config --explain` prints.\n\n```toml\n{text}```\n"


def commands_page() -> str:
    """The help of every command and of its parts."""
    parts = [f"{MADE}\n# Commands\n", _help([])]
    for name in COMMANDS:
        parts.append(_help([name]))
        parts += [_help([name, part]) for part in _parts(name)]
    return "\n".join(parts)


def _parts(name: str) -> Sequence[str]:
    said = _said([name, "--help"])
    words = [line.strip("│ ").split("  ")[0].strip() for line in said.partition("Commands")[2].splitlines()]
    return [word for word in words if word.isalpha() and word.islower()]


def _help(words: list[str]) -> str:
    return f"## {' '.join(['pillarbox', *words])}\n\n```\n{_said([*words, '--help']).strip()}\n```\n"


def _said(words: list[str]) -> str:
    heard = io.StringIO()
    with contextlib.redirect_stdout(heard):
        command(words)
    return "\n".join(line.rstrip() for line in heard.getvalue().splitlines())


def features_page() -> str:
    """The ledger of RFCs as a table: number, status, room, note."""
    lines = [line.split("\t") for line in LEDGER.read_text(encoding="utf-8").splitlines() if line and line[0] != "#"]
    head, *rows = lines
    table = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *(f"| {' | '.join(row)} |" for row in rows)]
    return f"{MADE}\n# Standards\n\n" + "\n".join(table) + "\n"


PAGES: Mapping[str, Callable[[], str]] = {
    "settings.md": settings_page,
    "commands.md": commands_page,
    "standards.md": features_page,
    "imap.md": lambda: f"{MADE}\n{imap_page()}",
}


def main() -> None:
    """Write the pages."""
    os.environ["COLUMNS"] = "100"
    DOCS.mkdir(exist_ok=True)
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(), encoding="utf-8")
        print(f"docs/{name}")


if __name__ == "__main__":
    main()
