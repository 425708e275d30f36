"""Dates of messages: as RFC 5322 §3.3 and §4.3 spell them, and as they are found in the wild."""

import re
import time
from calendar import timegm
from datetime import date

from pillarbox.message.words import unfold

_MONTH_NAMES = ("", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTHS = {name.lower(): number for number, name in enumerate(_MONTH_NAMES) if name}
_DAY_NAMES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_ZONES = {"ut": 0, "gmt": 0, "utc": 0, "z": 0, "est": -300, "edt": -240, "cst": -360, "cdt": -300, "mst": -420}
_ZONES |= {"mdt": -360, "pst": -480, "pdt": -420, "bst": 60, "cet": 60, "cest": 120, "met": 60, "mest": 120, "eet": 120}
_ZONES |= {"eest": 180, "msk": 180, "jst": 540, "kst": 540, "wet": 0, "west": 60, "nzst": 720, "nzdt": 780}

_COMMON = re.compile(
    rb"\s*(?:[A-Za-z]{3},?\s+)?(\d{1,2})\s+([A-Za-z]{3})\s+(\d{4})\s+(\d{1,2}):(\d{2})(?::(\d{2}))?\s+([+-])(\d{2})(\d{2})\s*(?:\(|$)"
)
_COMMENT = re.compile(r"\([^()]*\)")
_CLOCK = re.compile(r"(?<!\d)(\d{1,2})([:.])(\d{1,2})(?:\2(\d{1,2}))?(?:[.,]\d{1,9})?(?:\s*([ap])\.?m\b\.?)?", re.I)
_CLOCK_TIMES = re.compile(rb"(?<!\d)\d{1,2}(?::\d+)+")
_OFFSET = re.compile(r"(?:\b(?:gmt|utc?)\s*|(?<![\w.]))([+-])\s?(\d{1,2}):?(\d{2})?(?!\d)", re.I)
_ISO = re.compile(r"(?<!\d)(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)")
_NUMBER = re.compile(r"\d{1,6}")
_WORD = re.compile(r"[A-Za-z]+")
_CAP = 256  # characters of a date that are read


def parse_date(value: bytes) -> int | None:
    """Seconds since the epoch, UTC, or None when it cannot be read as a date. A missing zone is UTC."""
    found = parse_date_zone(value)
    return None if found is None else found[0] - 60 * found[1]


def parse_sent_date(value: bytes) -> int | None:
    """The same to sort by: a day whose time cannot be begins it (RFC 5256 §2.2)."""
    found = parse_date(value)
    return parse_date(_CLOCK_TIMES.sub(b" ", value[:_CAP])) if found is None else found


def parse_date_zone(value: bytes) -> tuple[int, int] | None:
    """(seconds from 1970-01-01T00:00 of the sender's own clock, its zone in minutes east of UTC), or None.

    The first is what SENTON and its kin compare (RFC 9051 §6.4.4); UTC is the first less 60 times the second."""
    match = _COMMON.match(value)
    if match is not None and (month := _MONTHS.get(match[2].decode().lower())) is not None:
        zone = int(match[8]) * 60 + int(match[9])
        clock = (int(match[4]), int(match[5]), int(match[6] or 0))
        return _checked(int(match[3]), month, int(match[1]), clock, -zone if match[7] == b"-" else zone)
    return _loose(unfold(value[:_CAP]).decode("ascii", "replace"))


def _loose(text: str) -> tuple[int, int] | None:
    """Read the date piece by piece: clock, zone, then what is left as day, month and year."""
    text = _COMMENT.sub(" ", text)
    iso = _ISO.search(text)
    if iso is not None:
        text = f"{text[: iso.start()]} {text[iso.end() :]}"
        text = re.sub(r"(?<![A-Za-z])[Tt](?=\d)", " ", text)
    clock = (0, 0, 0)
    if (match := _CLOCK.search(text)) is not None:
        clock = _clock(match)
        text = f"{text[: match.start()]} {text[match.end() :]}"
    text, zone = _zone(text)
    if iso is not None:
        return _checked(int(iso[1]), int(iso[2]), int(iso[3]), clock, zone)
    month = next((m for word in _WORD.findall(text) if (m := _MONTHS.get(word[:3].lower()))), None)
    numbers = _NUMBER.findall(text)
    if month is None or len(numbers) < 2:
        return None
    year, day = (numbers[0], numbers[1]) if len(numbers[0]) == 4 else (numbers[1], numbers[0])
    return _checked(_year(year), month, int(day), clock, zone)


def _clock(match: re.Match[str]) -> tuple[int, int, int]:
    hour = int(match[1])
    if match[5]:
        hour = hour % 12 + (12 if match[5] in "pP" else 0)
    return hour, int(match[3]), int(match[4] or 0)


def _zone(text: str) -> tuple[str, int]:
    """The text without its zone, and the zone in minutes; unknown names are UTC (RFC 5322 §4.3)."""
    if (match := _OFFSET.search(text)) is not None:
        hours, minutes = int(match[2]), int(match[3] or 0)
        zone = hours * 60 + minutes
        return f"{text[: match.start()]} {text[match.end() :]}", -zone if match[1] == "-" else zone
    for word in reversed(_WORD.findall(text)):
        if word.lower() in _ZONES:
            return text, _ZONES[word.lower()]
    return text, 0


def _year(digits: str) -> int:
    """RFC 5322 §4.3: 00-49 are 2000 and on, 50-99 and three digits are added to 1900."""
    year = int(digits)
    if len(digits) == 2:
        return year + (2000 if year < 50 else 1900)
    return year + 1900 if len(digits) == 3 else year


def _checked(year: int, month: int, day: int, clock: tuple[int, int, int], zone: int) -> tuple[int, int] | None:
    """The date if there is such a day and time; a zone that cannot be is taken as UTC."""
    hour, minute, second = clock
    try:
        date(year, month, day)
    except ValueError:
        return None
    if year < 1000 or hour > 24 or minute > 59 or second > 60:
        return None
    if abs(zone) >= 24 * 60:
        zone = 0
    return timegm((year, month, day, hour, minute, second)), zone


def format_date(seconds: int, zone_minutes: int = 0) -> str:
    """An instant as RFC 5322 §3.3 spells it, on a clock `zone_minutes` east of UTC."""
    local = time.gmtime(seconds + 60 * zone_minutes)
    hours, minutes = divmod(abs(zone_minutes), 60)
    sign = "-" if zone_minutes < 0 else "+"
    return (
        f"{_DAY_NAMES[local.tm_wday]}, {local.tm_mday} {_MONTH_NAMES[local.tm_mon]} {local.tm_year:04}"
        f" {local.tm_hour:02}:{local.tm_min:02}:{local.tm_sec:02} {sign}{hours:02}{minutes:02}"
    )
