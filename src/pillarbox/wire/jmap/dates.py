"""UTCDate and Date (RFC 8620 §1.4) from and to seconds."""

import re
from datetime import datetime, timedelta

_UTC = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.[0-9]*[1-9])?Z", re.ASCII)
_DATE = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.[0-9]*[1-9])?(?:Z|([+-])([0-9]{2}):([0-9]{2}))",
    re.ASCII,
)
_EPOCH = datetime(1970, 1, 1)
_FIRST = -62_135_596_800  # 0001-01-01T00:00:00Z
_LAST = 253_402_300_799  # 9999-12-31T23:59:59Z


def spell_utc(seconds: int) -> str:
    """A UTCDate such as 2014-10-30T06:12:00Z; times outside the years 1 to 9999 become the nearest inside."""
    return (_EPOCH + timedelta(seconds=min(max(seconds, _FIRST), _LAST))).isoformat() + "Z"


def spell_date(seconds: int, zone: int) -> str:
    """A Date with a zone of `zone` minutes east of UTC."""
    if zone == 0:
        return spell_utc(seconds)
    sign, away = ("-", -zone) if zone < 0 else ("+", zone)
    return f"{spell_utc(seconds + zone * 60)[:-1]}{sign}{away // 60:02d}:{away % 60:02d}"


def parse_utc(text: str) -> int | None:
    """Seconds since the epoch of a UTCDate (fractions dropped), or None."""
    match = _UTC.fullmatch(text)
    return None if match is None else _seconds(match[1])


def parse_date(text: str) -> tuple[int, int] | None:
    """Seconds since the epoch of a Date and its zone in minutes east of UTC, or None."""
    match = _DATE.fullmatch(text)
    if match is None or (seconds := _seconds(match[1])) is None:
        return None
    zone = 0 if match[2] is None else int(match[2] + "1") * (int(match[3]) * 60 + int(match[4]))
    return (seconds - zone * 60, zone) if abs(zone) < 24 * 60 else None


def _seconds(text: str) -> int | None:
    try:
        return int(datetime.fromisoformat(text + "+00:00").timestamp())
    except ValueError:
        return None
