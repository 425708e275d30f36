"""Dates and times as IMAP spells them: INTERNALDATE, APPEND and the SEARCH keys (RFC 9051 §9 date, date-time)."""

import re
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache

from pillarbox.wire.imap.errors import WireError

_MONTHS = (b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec")
_NUMBER = {name.lower(): number for number, name in enumerate(_MONTHS, 1)}
_DATE = re.compile(rb'(?P<quote>"?)([0-9]{1,2})-([A-Za-z]{3})-([0-9]{4})(?P=quote)')
_DATE_TIME = re.compile(
    rb'"( [0-9]|[0-9]{1,2})-([A-Za-z]{3})-([0-9]{4}) ([0-9]{2}):([0-9]{2}):([0-9]{2}) ([+-])([0-9]{2})([0-9]{2})"'
)
_DAY = 86_400


def match_date(text: bytes, pos: int) -> tuple[date, int]:
    """The date (day-Mon-year, quoted or not) at `pos` of `text`, and where it ends. WireError if there is none."""
    found = _DATE.match(text, pos)
    if found is None:
        raise WireError("date expected")
    try:
        return date(int(found[4]), _NUMBER[found[3].lower()], int(found[2])), found.end()
    except (KeyError, ValueError) as error:
        raise WireError("no such date") from error


def match_date_time(text: bytes, pos: int) -> tuple[datetime, int]:
    """The quoted date-time at `pos` of `text` with its zone, and where it ends. WireError if there is none."""
    found = _DATE_TIME.match(text, pos)
    if found is None:
        raise WireError("date-time expected")
    day, month, year, hour, minute, second, sign, zone_hours, zone_minutes = found.groups()
    offset = timedelta(hours=int(zone_hours), minutes=int(zone_minutes))
    try:
        zone = timezone(-offset if sign == b"-" else offset)
        clock = (int(hour), int(minute), min(int(second), 59) if second == b"60" else int(second))
        moment = datetime(int(year), _NUMBER[month.lower()], int(day), *clock, tzinfo=zone)
        return moment.astimezone(UTC).astimezone(zone), found.end()
    except (KeyError, ValueError, OverflowError) as error:
        raise WireError("no such date-time") from error


def spell_date_time(seconds: int) -> bytes:
    """Seconds since 1970 as a quoted date-time in UTC: `"17-Jul-1996 09:44:25 +0000"`."""
    day, rest = divmod(seconds, _DAY)
    minutes, second = divmod(rest, 60)
    return b'"%s %02d:%02d:%02d +0000"' % (_spell_day(day), *divmod(minutes, 60), second)


@lru_cache(maxsize=4096)
def _spell_day(day: int) -> bytes:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=day)
    return b"%2d-%s-%04d" % (moment.day, _MONTHS[moment.month - 1], moment.year)
