"""APPEND and REPLACE: where messages go, and what is said before each, whose octets then stream (RFC 9051 §6.3.12)."""

from dataclasses import dataclass
from datetime import datetime

from pillarbox.wire.imap.dates import match_date_time
from pillarbox.wire.imap.reader import Reader
from pillarbox.wire.imap.sets import HIGHEST, STAR


@dataclass(frozen=True, slots=True)
class Announcement:
    """A message that is about to come: `size` octets, after a `+` if `sync`; None if it comes in parts (RFC 4469).

    `closing` is the octet that must follow them (the parenthesis of UTF8, RFC 6855 §4). `date` has its zone. `binary`:
    they are a literal8.
    """

    flags: tuple[str, ...]
    date: datetime | None
    size: int | None
    sync: bool = False
    closing: bytes = b""
    binary: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """Where the messages of a command go, and which message one of them replaces; fields as in AppendStart."""

    tag: bytes
    name: str
    mailbox: str
    replaces: int | None = None


def parse_target(reader: Reader, tag: bytes, name: str) -> Target:
    """`SP [number SP] mailbox`: the number of REPLACE is one, or `*` (RFC 8508 §5)."""
    reader.space()
    replaces = None
    if name != "APPEND":
        replaces = STAR if reader.skip(b"*") else reader.number(HIGHEST, smallest=1)
        reader.space()
    return Target(tag, name, reader.mailbox(), replaces)


def parse_announcement(reader: Reader, catenate: bool) -> Announcement:
    """`SP [flags SP] [date-time SP] literal`, or `CATENATE (` where that is offered. Raises LiteralPending never."""
    reader.space()
    flags: tuple[str, ...] = ()
    date: datetime | None = None
    if reader.at(b"("):
        flags = reader.flag_list()
        reader.space()
    if reader.at(b'"'):
        date, reader.pos = match_date_time(reader.text, reader.pos)
        reader.space()
    if catenate and reader.ahead(b"CATENATE ("):
        return Announcement(flags, date, None)
    closing = b")" if reader.ahead(b"UTF8 (") else b""
    size, sync, binary = reader.message_literal(only_binary=bool(closing))
    return Announcement(flags, date, size, sync, closing, binary)
