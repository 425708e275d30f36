"""The ledger of RFCs, the code and the talks say the same."""

import re
from functools import cache
from pathlib import Path

import pytest

from pillarbox.servers.imap.capabilities import CAPABILITIES

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "pillarbox"
TALKS = ROOT / "tests" / "talks"
STATUSES = ("yes", "partial", "no")
MENTION = re.compile(r"RFC (\d{3,5})")
LISTED = re.compile(r"RFC \d{3,5}(?: §[\w.]+)?(?:, (?:RFC )?\d{3,5}(?: §[\w.]+)?)*")


def rows() -> list[list[str]]:
    lines = (ROOT / "rfc" / "ledger.tsv").read_text("utf-8").splitlines()
    return [line.split("\t") for line in lines if line and not line.startswith("#")][1:]


@cache
def mentioned(folder: Path, ending: str) -> frozenset[str]:
    """The RFCs that files below a folder name."""
    return frozenset(
        number
        for path in folder.rglob(f"*{ending}")
        for listed in LISTED.findall(path.read_text("utf-8"))
        for number in re.findall(r"(?<![§.\d])\d{3,5}", listed)
    )


def test_rows_are_whole_and_in_order() -> None:
    numbers = [int(row[0]) for row in rows()]
    assert numbers == sorted(set(numbers))
    for row in rows():
        assert len(row) == 5, row
        assert row[2] in STATUSES, row
        assert bool(row[3]) == (row[2] != "no"), row


@pytest.mark.parametrize("row", [row for row in rows() if row[2] != "no"], ids=lambda row: row[0])
def test_what_is_obeyed_is_named_in_the_code_and_its_rooms_exist(row: list[str]) -> None:
    rooms = [SOURCE / room.strip() for room in row[3].split(",")]
    assert all(room.is_dir() for room in rooms), row
    assert any(row[0] in mentioned(room, ".py") for room in rooms), f"no file of {row[3]} names RFC {row[0]}"


def test_every_rfc_the_code_obeys_is_in_the_ledger() -> None:
    known = {row[0] for row in rows() if row[2] != "no"}
    imap = {number for one in CAPABILITIES for number in MENTION.findall(one.source)}
    assert imap <= known
    talks = mentioned(TALKS, ".talk")
    assert talks <= {row[0] for row in rows()}


def test_every_whole_protocol_rfc_has_a_talk() -> None:
    spoken = [row for row in rows() if row[2] == "yes" and re.search(r"servers/(smtp|imap|pop3)", row[3])]
    talks = mentioned(TALKS, ".talk")
    silent = [row[0] for row in spoken if row[0] not in talks]
    assert not silent, f"no talk names RFC {', '.join(silent)}"
