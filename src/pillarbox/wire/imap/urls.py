"""The URLs that CATENATE takes: a message, or a part of one, in our own store (RFC 4469 §3, RFC 5092 §6)."""

import re
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from pillarbox.wire.imap.errors import WireError
from pillarbox.wire.imap.fetch import Section, parse_section
from pillarbox.wire.imap.names import decode_name
from pillarbox.wire.imap.reader import NUMBER64, Reader
from pillarbox.wire.imap.sets import HIGHEST

_NUMBER = r"([1-9][0-9]{0,9})"
_URL = re.compile(
    r"(?:/([^;/?#][^;?#]*)(?:;UIDVALIDITY="
    + _NUMBER
    + r")?/)?;UID="
    + _NUMBER
    + r"(?:/;SECTION=([^;/?#]+))?(?:/;PARTIAL=([0-9]{1,19})(?:\.([1-9][0-9]{0,18}))?)?",
    re.IGNORECASE,
)
_WHOLE = Section()
_BROKEN = re.compile(r"%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True)
class MessageUrl:
    """`/mailbox;UIDVALIDITY=n/;UID=n/;SECTION=1.2/;PARTIAL=0.100`.

    `mailbox` is None for the selected one, `validity` None if it was not said. `partial` is (offset, octets at most),
    None for octets to the end.
    """

    mailbox: str | None
    validity: int | None
    uid: int
    section: Section = _WHOLE
    partial: tuple[int, int | None] | None = None


def parse_url(url: str) -> MessageUrl | None:
    """What a relative URL names; None for any other, which is answered with BADURL (RFC 4469 §4.1)."""
    found = _URL.fullmatch(url)
    if found is None or _BROKEN.search(url):
        return None
    name, validity, uid, section, offset, size = found.groups()
    try:
        return MessageUrl(
            None if name is None else decode_name(unquote_to_bytes(name), utf8=True),  # RFC 5092 §8: UTF-8
            None if validity is None else _bounded(validity, HIGHEST),
            _bounded(uid, HIGHEST),
            _WHOLE if section is None else _section(unquote_to_bytes(section)),
            None if offset is None else (_bounded(offset), None if size is None else _bounded(size)),
        )
    except WireError:
        return None


def _section(text: bytes) -> Section:
    reader = Reader(text)
    section = parse_section(reader)
    if reader.pos != len(text):
        raise WireError("unknown section")
    return section


def _bounded(digits: str, largest: int = NUMBER64) -> int:
    number = int(digits)
    if number > largest:
        raise WireError("number out of range")
    return number
