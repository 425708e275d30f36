"""Dates as standards and people write them."""

import pytest

from pillarbox.message.date import format_date, parse_date, parse_date_zone

NOON = 1793620800  # 2026-11-02T12:00:00Z


@pytest.mark.parametrize(
    "value",
    [
        b"Mon, 2 Nov 2026 12:00:00 +0000",
        b" Mon, 02 Nov 2026 12:00:00 GMT",
        b"2 Nov 2026 12:00 +0000",
        b"Mon, 2 Nov 2026 13:00:00 +0100 (CET)",
        b"Mon,  2 nov 2026 07:00:00 EST",
        b"Mon, 2 Nov 26 04:00:00 PST",
        b"Mon Nov  2 12:00:00 2026",
        b"Mon Nov  2 12:00:00 UTC 2026",
        b"Mon Nov  2 13:00:00 2026 +0100",
        b"2026-11-02T12:00:00Z",
        b"2026-11-02 13:00:00.123+01:00",
        b"2026-11-02T12:00:00.000-0000",
        b"Mon, 2 Nov 2026 14:00:00 GMT+0200",
        b"Monday, November 2, 2026 12:00:00 PM",
        b"2-Nov-2026 12:00:00 +0000",
        b"2 November 2026 12.00.00 UT",
        b"Mon, 2 Nov 2026 12:00:00 +0000 (Coordinated (Universal) Time)",
        b"Mon,\r\n 2 Nov 2026\r\n 12:00:00 +0000",
        b"Mon, 2 Nov 126 12:00:00 Z",
        b"Tue, 2 Nov 2026 12:00:00 +0000",
    ],
)
def test_noon(value: bytes) -> None:
    assert parse_date(value) == NOON


def test_local_clock_and_zone() -> None:
    assert parse_date_zone(b"Mon, 2 Nov 2026 23:30:00 -0800") == (NOON + 41_400, -480)
    assert parse_date(b"Mon, 2 Nov 2026 23:30:00 -0800") == NOON + 41_400 + 8 * 3600
    assert parse_date(b"Wed, 1 Jan 1969 00:00:00 +0000") == -31_536_000
    assert parse_date(b"31 Dec 2016 23:59:60 +0000") == 1_483_228_800


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"yesterday",
        b"32 Jan 2026 12:00:00 +0000",
        b"1 Foo 2026 12:00",
        b"12:00",
        b"\xff\xfe",
        b"Mon, 2 Nov 2026 25:00:00 +0000",
        b"2026-13-45",
    ],
)
def test_no_date(value: bytes) -> None:
    assert parse_date(value) is None


@pytest.mark.parametrize("zone", [0, 60, -480, 330, -570])
def test_format_date(zone: int) -> None:
    assert parse_date_zone(format_date(NOON, zone).encode()) == (NOON + zone * 60, zone)
    assert format_date(NOON) == "Mon, 2 Nov 2026 12:00:00 +0000"
