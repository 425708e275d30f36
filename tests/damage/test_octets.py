"""Octets that were lost or altered: refused by every pillar, found by check, set aside by repair; the rest goes on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.damage.house import FRIEND, YOU, House, build, letter


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = build(tmp_path)
    yield made
    made.server.kill()
    log = made.server.log.read_text("utf-8", "replace")
    assert "Traceback" not in log, log[-3000:]


FLIPPED, CUT, GONE, ROW, EMPTIED = 7, 17, 27, 3, 11
BROKEN = {FLIPPED, CUT, GONE, ROW, EMPTIED}


def break_octets(house: House) -> None:
    """A bit in a file, the end of a file, a file, a row's octets for another's, a row of nonsense."""
    flipped = house.blob_file(FLIPPED)
    octets = bytearray(flipped.read_bytes())
    octets[70_000] ^= 4
    flipped.write_bytes(octets)
    cut = house.blob_file(CUT)
    cut.write_bytes(cut.read_bytes()[:80_000])
    house.blob_file(GONE).unlink()
    you = "(SELECT account_id FROM person WHERE login LIKE 'you%')"
    blob = {number: house.blob_id(number) for number in (ROW, 4, EMPTIED)}
    house.run(
        f"UPDATE blob SET octets = (SELECT octets FROM blob b WHERE b.blob_id = '{blob[4]}')"
        f" WHERE blob_id = '{blob[ROW]}' AND account_id = {you}",
        f"UPDATE blob SET octets = x'00112233' WHERE blob_id = '{blob[EMPTIED]}'",
    )


def test_what_is_damaged_is_refused_and_set_aside(house: House) -> None:
    assert house.check("--deep")[0] == 0
    break_octets(house)
    whole = {number: letter(number) if number not in BROKEN else None for number in range(1, house.messages + 1)}
    assert house.by_imap() == whole
    assert house.by_imap() == whole
    assert house.by_pop3() == list(whole.values())
    statuses = house.by_jmap()
    assert {name for name, status in statuses.items() if status != 200} == {f"Number {one}" for one in BROKEN}
    assert len(statuses) == house.messages
    assert len(house.envelopes()) == house.messages
    assert house.by_imap(FRIEND) == {number: letter(number) for number in range(1, 6)}
    assert house.server.log.read_text("utf-8").count("store.blob_damaged") >= len(BROKEN)
    _check_and_repair(house)
    assert house.by_imap() == whole


def _check_and_repair(house: House) -> None:
    code, rows = house.check("--deep")
    assert code == 5
    assert sum(row["state"] == "bad" for row in rows) == len(BROKEN), rows
    code, rows = house.check("--repair")
    assert code == 0, rows
    assert sum("set_aside" in row["detail"] and row["state"] == "repaired" for row in rows) == len(BROKEN), rows
    code, rows = house.check("--deep")
    assert code == 0, rows
    assert sum(row["state"] == "note" and "set_aside" in row["detail"] for row in rows) == len(BROKEN), rows


def test_a_message_that_arrives_again_brings_its_octets_back(house: House) -> None:
    break_octets(house)
    assert house.by_imap()[FLIPPED] is None
    again = build_again(house)
    found = house.by_imap()
    for uid, number in again.items():
        assert found[uid] == letter(number), number
    assert [number for number, octets in found.items() if octets is None] == []
    assert house.check("--deep", "--repair")[0] == 0


def build_again(house: House) -> dict[int, int]:
    """Append the broken ones once more: their new UIDs."""
    found = {}
    session = house.imap(YOU)
    for uid, number in enumerate(sorted(BROKEN), house.messages + 1):
        assert session.append("INBOX", "", "", letter(number))[0] == "OK"
        found[uid] = number
    session.logout()
    return found
