"""METADATA: notes on mailboxes and on the server (RFC 5464)."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pillarbox.core import limits
from pillarbox.wire.imap.codes import TOO_MANY, max_size
from pillarbox.wire.imap.errors import WireError
from pillarbox.wire.imap.reader import Reader
from pillarbox.wire.imap.spelling import NIL, astring, literal8, mailbox, parenthesised, string

INFINITY = -1
"""The DEPTH that goes all the way down."""

_NAME = re.compile(rb"(?:/[!-$&-)+-.0-~ ]+)+\Z")
_LITERAL = re.compile(rb"~?\{([0-9]{1,19})\+?\}\r\n")
_DEPTHS = {b"0": 0, b"1": 1, b"INFINITY": INFINITY}


@dataclass(frozen=True, slots=True)
class GetMetadata:
    """GETMETADATA; an empty `mailbox` is the server (RFC 5464 §4.2).

    `entries` are in lower case, as their case says nothing (§3.2). `max_size` octets is the longest value to show,
    None for any (§4.2.1). `depth` is how far below each entry to look: 0, 1 or INFINITY (§4.2.2).
    """

    mailbox: str
    entries: tuple[str, ...]
    max_size: int | None = None
    depth: int = 0


@dataclass(frozen=True, slots=True)
class SetMetadata:
    """SETMETADATA: each entry once, in lower case, and its value, None to remove it (RFC 5464 §4.3)."""

    mailbox: str
    values: tuple[tuple[str, bytes | None], ...]


def parse_get_metadata(reader: Reader) -> GetMetadata:
    """`[SP (options)] SP mailbox SP entries`; the options may also follow the mailbox, as in the RFC's examples."""
    options: dict[bytes, int] = {}
    reader.space()
    if reader.at(b"("):
        options = _options(reader)
    name = reader.mailbox()
    reader.space()
    if not options and (reader.text[reader.pos : reader.pos + 9].upper().startswith((b"(MAXSIZE ", b"(DEPTH "))):
        options = _options(reader)
    entries = parse_entries(reader)
    while reader.skip(b" "):  # the examples of RFC 5464 §4.4.1 leave the parentheses out
        entries = _few(tuple(dict.fromkeys((*entries, *parse_entries(reader)))))
    return GetMetadata(name, entries, options.get(b"MAXSIZE"), options.get(b"DEPTH", 0))


def parse_set_metadata(reader: Reader) -> SetMetadata:
    """`SP mailbox SP (entry SP value …)`, a value being a string, a literal8 or NIL."""
    reader.space()
    name = reader.mailbox()
    reader.space()
    values = dict(reader.listed(_entry_value))
    if len(values) > limits.IMAP_ENTRIES:
        raise WireError("too many entries", code=TOO_MANY, status="NO")
    return SetMetadata(name, tuple(values.items()))


def parse_entries(reader: Reader) -> tuple[str, ...]:
    """One entry, or some in parentheses, each once."""
    found = reader.listed(_entry) if reader.at(b"(") else (_entry(reader),)
    return _few(tuple(dict.fromkeys(found)))


def _few(entries: tuple[str, ...]) -> tuple[str, ...]:
    if len(entries) > limits.IMAP_ENTRIES:
        raise WireError("too many entries", code="LIMIT", status="NO")
    return entries


def metadata(name: str, values: Mapping[str, bytes | None], utf8: bool = False) -> bytes:
    """`* METADATA mailbox (entry value …)`, NIL for None; `name` is empty for the server (RFC 5464 §4.4.1)."""
    pairs = parenthesised(b"%b %b" % (astring(entry.encode()), _value(value)) for entry, value in values.items())
    return b"* METADATA %b %b\r\n" % (mailbox(name, utf8), pairs)


def metadata_changed(name: str, entries: Iterable[str], utf8: bool = False) -> bytes:
    """`* METADATA mailbox entry …`: these were changed by someone else (RFC 5464 §4.4.2)."""
    return b"* METADATA %b %b\r\n" % (mailbox(name, utf8), b" ".join(astring(entry.encode()) for entry in entries))


def _value(value: bytes | None) -> bytes:
    if value is None:
        return NIL
    return literal8(value) if b"\0" in value else string(value)


def _options(reader: Reader) -> dict[bytes, int]:
    found = reader.listed(_option)
    options = dict(found)
    if len(options) < len(found):
        raise WireError("GETMETADATA option given twice")
    reader.space()
    return options


def _option(reader: Reader) -> tuple[bytes, int]:
    name = reader.word()
    if name not in (b"MAXSIZE", b"DEPTH"):
        raise WireError("unknown GETMETADATA option")
    reader.space()
    if name == b"MAXSIZE":
        return name, reader.number()
    depth = _DEPTHS.get(reader.word())
    if depth is None:
        raise WireError("DEPTH is 0, 1 or infinity")
    return name, depth


def _entry(reader: Reader) -> str:
    name = reader.astring().lower()
    if len(name) > limits.IMAP_ENTRY:
        raise WireError("entry name too long", code="LIMIT", status="NO")
    if not _NAME.match(name) or name.split(b"/")[1] not in (b"private", b"shared"):  # RFC 5464 §3.2
        raise WireError("bad entry name")
    return name.decode("ascii")


def _entry_value(reader: Reader) -> tuple[str, bytes | None]:
    name = _entry(reader)
    components = name.count("/")
    if components < 2 or (components < 4 and name.split("/")[2] == "vendor"):  # RFC 5464 §3.2
        raise WireError("entry name too short")
    reader.space()
    announced = _LITERAL.match(reader.text, reader.pos)
    if announced is not None and int(announced[1]) > limits.METADATA_VALUE:  # RFC 5464 §4.3, before it is sent
        code = max_size(limits.METADATA_VALUE).decode("ascii")
        raise WireError("value too large", code=code, status="NO")
    return name, reader.nstring8()
