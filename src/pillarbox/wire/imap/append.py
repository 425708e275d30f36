"""APPEND: what is said before each message, whose octets then stream (RFC 9051 §6.3.12, RFC 6855 §4)."""

from dataclasses import dataclass
from datetime import datetime

from pillarbox.wire.imap.dates import match_date_time
from pillarbox.wire.imap.reader import Reader


@dataclass(frozen=True, slots=True)
class Announcement:
    """A message that is about to come: `size` octets, after a `+` if `sync`.

    `closing` is the octet that must follow them (the parenthesis of UTF8, RFC 6855 §4). `date` has its zone.
    """

    flags: tuple[str, ...]
    date: datetime | None
    size: int
    sync: bool
    closing: bytes = b""


def parse_announcement(reader: Reader) -> Announcement:
    """`SP [flags SP] [date-time SP] literal`, at the end of what has come so far. Raises LiteralPending never."""
    reader.space()
    flags: tuple[str, ...] = ()
    date: datetime | None = None
    if reader.at(b"("):
        flags = reader.flag_list()
        reader.space()
    if reader.at(b'"'):
        date, reader.pos = match_date_time(reader.text, reader.pos)
        reader.space()
    closing = b""
    if reader.text[reader.pos : reader.pos + 6].upper() == b"UTF8 (":
        reader.pos += 6
        closing = b")"
    size, sync, _ = reader.message_literal()
    return Announcement(flags, date, size, sync, closing)
