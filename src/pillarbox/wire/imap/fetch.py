"""FETCH: which messages, and what of each (RFC 9051 §6.4.5, RFC 3501 §6.4.5, RFC 7162 §3.1.4)."""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from pillarbox.core import limits
from pillarbox.wire.imap.errors import WireError
from pillarbox.wire.imap.reader import NUMBER64, Reader
from pillarbox.wire.imap.sets import SequenceSet
from pillarbox.wire.imap.spelling import astring


class Attribute(StrEnum):
    """A FETCH item that is one word."""

    UID = "UID"
    FLAGS = "FLAGS"
    INTERNALDATE = "INTERNALDATE"
    SIZE = "RFC822.SIZE"
    ENVELOPE = "ENVELOPE"
    BODY = "BODY"
    """The structure without its extension data."""
    BODYSTRUCTURE = "BODYSTRUCTURE"
    MODSEQ = "MODSEQ"
    EMAILID = "EMAILID"
    THREADID = "THREADID"


@dataclass(frozen=True, slots=True)
class Section:
    """A place in a message: part numbers (none: the message), and what of the part.

    `text` is "" (all of it), "HEADER", "HEADER.FIELDS", "HEADER.FIELDS.NOT", "TEXT" or "MIME"; `fields` are the names
    as they were sent, for the two FIELDS only.
    """

    part: tuple[int, ...] = ()
    text: str = ""
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BodyItem:
    """Octets of a message. `label` is how the answer names them: `BODY[1.TEXT]<0>`, `RFC822.HEADER`.

    `partial` is (offset, octets at most). Without `peek` the message becomes \\Seen.
    """

    section: Section
    label: bytes
    peek: bool = False
    partial: tuple[int, int] | None = None


FetchItem = Attribute | BodyItem


@dataclass(frozen=True, slots=True)
class Fetch:
    """FETCH and UID FETCH. `items` holds each once, UID first in a UID FETCH (RFC 9051 §6.4.9).

    `changed_since` is the CHANGEDSINCE modifier, after which MODSEQ is among the items (RFC 7162 §3.1.4.1).
    """

    messages: SequenceSet
    items: tuple[FetchItem, ...]
    changed_since: int | None = None
    uid: bool = False

    @property
    def sets_seen(self) -> bool:
        """Whether fetching makes the messages \\Seen."""
        return any(isinstance(item, BodyItem) and not item.peek for item in self.items)


_FAST = (Attribute.FLAGS, Attribute.INTERNALDATE, Attribute.SIZE)
_MACROS: dict[bytes, tuple[FetchItem, ...]] = {
    b"FAST": _FAST,
    b"ALL": (*_FAST, Attribute.ENVELOPE),
    b"FULL": (*_FAST, Attribute.ENVELOPE, Attribute.BODY),
}
_ITEMS: dict[bytes, FetchItem] = {
    **{item.value.encode(): item for item in Attribute},
    b"RFC822": BodyItem(Section(), b"RFC822"),
    b"RFC822.HEADER": BodyItem(Section(text="HEADER"), b"RFC822.HEADER", peek=True),
    b"RFC822.TEXT": BodyItem(Section(text="TEXT"), b"RFC822.TEXT"),
}
_BODY = {b"BODY": False, b"BODY.PEEK": True}

_SIMPLE = re.compile(rb"[^{\r\n]{1,200}\Z")
_PART = re.compile(rb"([1-9][0-9]{0,8}(?:\.[1-9][0-9]{0,8})*)(\.(?![0-9\]]))?")
_TEXT = re.compile(rb"HEADER\.FIELDS\.NOT|HEADER\.FIELDS|HEADER|TEXT|MIME", re.IGNORECASE)
_FIELD = re.compile(rb"[!-9;-~]+")
_PARTIAL = re.compile(rb"<([0-9]{1,19})\.([0-9]{1,19})>")


def parse_fetch(reader: Reader, uid: bool = False) -> Fetch:
    """`SP sequence-set SP items [SP (modifiers)]`."""
    reader.space()
    messages = reader.sequence_set()
    reader.space()
    if _SIMPLE.match(reader.text, reader.pos):  # mail programs repeat themselves
        items, changed_since = _remembered(reader.text[reader.pos :], uid)
        reader.pos = len(reader.text)
    else:
        items, changed_since = _what(reader, uid)
    return Fetch(messages, items, changed_since, uid)


@lru_cache(maxsize=512)
def _remembered(text: bytes, uid: bool) -> tuple[tuple[FetchItem, ...], int | None]:
    reader = Reader(text)
    what = _what(reader, uid)
    reader.end()
    return what


def _what(reader: Reader, uid: bool) -> tuple[tuple[FetchItem, ...], int | None]:
    if reader.skip(b"("):
        items = list(_item(reader))
        while reader.skip(b" "):
            items += _item(reader)
        reader.expect(b")")
    else:
        items = list(_item(reader, alone=True))
    changed_since = _changed_since(reader) if reader.skip(b" (") else None
    added = ([Attribute.UID] if uid else []) + items + ([Attribute.MODSEQ] if changed_since is not None else [])
    return tuple(dict.fromkeys(added)), changed_since


def _item(reader: Reader, alone: bool = False) -> tuple[FetchItem, ...]:
    name = reader.word()
    if name in _BODY and reader.skip(b"["):
        return (_body(reader, _BODY[name]),)
    if alone and name in _MACROS:  # RFC 9051 §6.4.5: a macro is used by itself
        return _MACROS[name]
    item = _ITEMS.get(name)
    if item is None:
        raise WireError("unknown FETCH item")
    return (item,)


def _body(reader: Reader, peek: bool) -> BodyItem:
    start = reader.pos
    section = _section(reader)
    reader.expect(b"]")
    label = (
        b"BODY[" + (_spell_section(section) if section.fields else reader.text[start : reader.pos - 1].upper()) + b"]"
    )
    found = _PARTIAL.match(reader.text, reader.pos)
    if found is None:
        return BodyItem(section, label, peek)
    reader.pos = found.end()
    offset, size = int(found[1]), int(found[2])
    if not size or max(offset, size) > NUMBER64:
        raise WireError("partial out of range")
    return BodyItem(section, label + b"<%d>" % offset, peek, (offset, size))


def _section(reader: Reader) -> Section:
    part: tuple[int, ...] = ()
    found = _PART.match(reader.text, reader.pos)
    if found is not None:
        reader.pos = found.end()
        if found[1].count(b".") >= limits.MIME_DEPTH:
            raise WireError("part number too deep")
        part = tuple(map(int, found[1].split(b".")))
        if found[2] is None:
            return Section(part)
    elif reader.at(b"]"):
        return Section()
    kind = _TEXT.match(reader.text, reader.pos)
    if kind is None:
        raise WireError("unknown section")
    reader.pos = kind.end()
    text = kind[0].decode("ascii").upper()
    if text == "MIME" and not part:  # RFC 9051 §6.4.5.1: MIME has a part number before it
        raise WireError("MIME without a part number")
    return Section(part, text, _fields(reader) if text.startswith("HEADER.FIELDS") else ())


def _fields(reader: Reader) -> tuple[str, ...]:
    reader.expect(b" (")
    names = [_field(reader)]
    while reader.skip(b" "):
        names.append(_field(reader))
    reader.expect(b")")
    return tuple(names)


def _field(reader: Reader) -> str:
    name = reader.astring()
    if not _FIELD.fullmatch(name):  # RFC 5322 §3.6.8
        raise WireError("bad header field name")
    return name.decode("ascii")


def _spell_section(section: Section) -> bytes:
    part = "".join(f"{number}." for number in section.part).encode()
    return part + section.text.encode() + b" (" + b" ".join(astring(name.encode()) for name in section.fields) + b")"


def _changed_since(reader: Reader) -> int:
    if reader.word() != b"CHANGEDSINCE":
        raise WireError("unknown FETCH modifier")
    reader.space()
    value = reader.number(smallest=1)
    reader.expect(b")")
    return value
