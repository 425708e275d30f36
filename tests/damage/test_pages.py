"""Pages of the database file that were overwritten: the rest is served, and a repair saves what can be read."""

import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.damage.house import FRIEND, House, build, letter

PAGE = 4096


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = build(tmp_path, 200)
    yield made
    made.server.kill()


def pages_of(house: House, table: str) -> list[int]:
    """The leaf pages of a table or an index, as the file has them."""
    raw = sqlite3.connect(house.database)
    raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    sql = "SELECT pageno FROM dbstat WHERE name = ? AND pagetype = 'leaf' ORDER BY pageno"
    found = [row[0] for row in raw.execute(sql, (table,))]
    raw.close()
    return found


def overwrite(house: House, page: int) -> None:
    """Put nonsense in the place of a page."""
    with house.database.open("r+b") as file:
        file.seek((page - 1) * PAGE)
        file.write(random.Random(page).randbytes(PAGE))


def break_pages(house: House, *tables: str) -> None:
    """The leaf page in the middle of each table, while nobody has it open."""
    assert house.server.stop() == 0
    for table in tables:
        pages = pages_of(house, table)
        overwrite(house, pages[len(pages) // 2])
    house.server.start()


def wrong(found: dict[int, bytes | None]) -> set[int]:
    """The messages that are not given; those that are given are right."""
    assert all(octets is None or octets == letter(number) for number, octets in found.items())
    return {number for number, octets in found.items() if octets is None}


def repaired(house: House) -> list[dict[str, str]]:
    """What a repair said, with the server stopped; afterwards nothing is wrong."""
    code, rows = house.check()
    assert code == 5, rows
    code, rows = house.check("--repair")
    assert code == 5, rows  # not under a running server
    assert any("running" in row["detail"] for row in rows), rows
    assert house.server.stop() == 0
    code, rows = house.check("--repair")
    assert code == 0, rows
    after = house.check("--deep")
    assert after[0] == 0, after
    house.server.start()
    return rows


def test_a_page_of_octets(house: House) -> None:
    break_pages(house, "blob")
    lost = wrong(house.by_imap())
    assert 0 < len(lost) < 10
    assert len(house.envelopes()) == house.messages
    assert house.by_imap(FRIEND) == {number: letter(number) for number in range(1, 6)}
    rows = repaired(house)
    assert sum("set_aside" in row["detail"] for row in rows if row["state"] == "repaired") == len(lost)
    assert wrong(house.by_imap()) == lost
    assert len(house.by_imap()) == house.messages
    assert list(house.database.parent.glob("mail.db.damaged-*"))


def test_a_page_of_messages(house: House) -> None:
    break_pages(house, "message")
    assert 0 < len(wrong(house.by_imap())) < 10
    assert house.messages - 10 < len(house.envelopes()) < house.messages
    assert house.by_imap(FRIEND) == {number: letter(number) for number in range(1, 6)}
    repaired(house)
    assert wrong(house.by_imap()) == set()
    assert house.envelopes() == [f"Number {number}".encode() for number in range(1, house.messages + 1)]
    assert set(house.by_jmap().values()) == {200}


def test_a_page_of_placements(house: House) -> None:
    before = house.by_imap()
    break_pages(house, "placement")
    repaired(house)
    assert house.by_imap() == before
    assert house.by_pop3() == list(before.values())


def test_pages_of_everything(house: House) -> None:
    names = ("message", "blob", "placement", "placement_message", "message_blob", "change_log", "thread_key", "mailbox")
    break_pages(house, *names)
    assert house.server.stop() == 0
    code, rows = house.check("--repair")
    assert code == 0, rows
    house.server.start()
    found = [*house.by_imap().values(), *house.by_imap(FRIEND).values()]
    assert sum(octets is not None for octets in found) > house.messages // 2
    assert {octets for octets in found if octets is not None} <= {letter(one) for one in range(1, house.messages + 1)}
