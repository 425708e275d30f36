"""FETCH: which messages, and what of each (RFC 9051 §6.4.5, RFC 3501 §6.4.5, RFC 7162 §3.1.4, RFC 3516, RFC 8970)."""

import re
from collections.abc import Sized
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from pillarbox.core import limits
from pillarbox.wire.imap.errors import WireError
from pillarbox.wire.imap.partial import Partial, parse_partial
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
    SAVEDATE = "SAVEDATE"
    """RFC 8514 §4.2."""
    PREVIEW = "PREVIEW"
    """RFC 8970 §3.1."""
    PREVIEW_LAZY = "PREVIEW (LAZY)"
    """Only if it is at hand; the answer says PREVIEW (RFC 8970 §3.2)."""


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


@dataclass(frozen=True, slots=True)
class BinaryItem:
    """Octets of a part without its transfer encoding; `part` () is the whole message (RFC 3516 §4.2).

    `label` is `BINARY[1.2]<0>`; `partial` counts decoded octets; without `peek` the message becomes \\Seen.
    """

    part: tuple[int, ...]
    label: bytes
    peek: bool = False
    partial: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class BinarySize:
    """How many octets the BINARY item of the part has. `label` is `BINARY.SIZE[1.2]` (RFC 3516 §4.2)."""

    part: tuple[int, ...]
    label: bytes


OctetsItem = BodyItem | BinaryItem | BinarySize
"""What is answered from the octets of a message."""
FetchItem = Attribute | OctetsItem


@dataclass(frozen=True, slots=True)
class _Modifiers:
    changed_since: int | None = None
    vanished: bool = False
    partial: Partial | None = None


@dataclass(frozen=True, slots=True)
class Fetch:
    """FETCH and UID FETCH. `items` holds each once, UID first in a UID FETCH (RFC 9051 §6.4.9).

    `changed_since` is the CHANGEDSINCE modifier, after which MODSEQ is among the items (RFC 7162 §3.1.4.1); `vanished`
    asks for what was expunged since (§3.2.6). `partial` says which of the messages that exist (RFC 9394 §3.3). The last
    two are of UID FETCH alone.
    """

    messages: SequenceSet
    items: tuple[FetchItem, ...]
    changed_since: int | None = None
    uid: bool = False
    vanished: bool = False
    partial: Partial | None = None

    @property
    def sets_seen(self) -> bool:
        """Whether fetching makes the messages \\Seen."""
        return any(isinstance(item, BodyItem | BinaryItem) and not item.peek for item in self.items)


_NONE = _Modifiers()
_FAST = (Attribute.FLAGS, Attribute.INTERNALDATE, Attribute.SIZE)
_MACROS: dict[bytes, tuple[FetchItem, ...]] = {
    b"FAST": _FAST,
    b"ALL": (*_FAST, Attribute.ENVELOPE),
    b"FULL": (*_FAST, Attribute.ENVELOPE, Attribute.BODY),
}
_ITEMS: dict[bytes, FetchItem] = {
    **{item.value.encode(): item for item in Attribute if item is not Attribute.PREVIEW_LAZY},
    b"RFC822": BodyItem(Section(), b"RFC822"),
    b"RFC822.HEADER": BodyItem(Section(text="HEADER"), b"RFC822.HEADER", peek=True),
    b"RFC822.TEXT": BodyItem(Section(text="TEXT"), b"RFC822.TEXT"),
}
_BODY = {b"BODY": False, b"BODY.PEEK": True}
_BINARY = {b"BINARY": False, b"BINARY.PEEK": True}

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
        items, modifiers = _remembered(reader.text[reader.pos :], uid)
        reader.pos = len(reader.text)
    else:
        items, modifiers = _what(reader, uid)
    return Fetch(messages, items, modifiers.changed_since, uid, modifiers.vanished, modifiers.partial)


def parse_items(reader: Reader) -> tuple[FetchItem, ...]:
    """Items in parentheses, each once: what NOTIFY wants to see of new messages (RFC 5465 §5.2)."""
    reader.expect(b"(")
    items = list(_item(reader))
    while reader.skip(b" "):
        items += _item(reader)
        _bound(items)
    reader.expect(b")")
    return tuple(dict.fromkeys(items))


@lru_cache(maxsize=512)
def _remembered(text: bytes, uid: bool) -> tuple[tuple[FetchItem, ...], _Modifiers]:
    reader = Reader(text)
    what = _what(reader, uid)
    reader.end()
    return what


def _what(reader: Reader, uid: bool) -> tuple[tuple[FetchItem, ...], _Modifiers]:
    items = parse_items(reader) if reader.at(b"(") else _item(reader, alone=True)
    modifiers = _modifiers(reader, uid) if reader.skip(b" ") and reader.at(b"(") else _NONE
    before = (Attribute.UID,) if uid else ()
    after = (Attribute.MODSEQ,) if modifiers.changed_since is not None else ()
    return tuple(dict.fromkeys((*before, *items, *after))), modifiers


def _bound(gathered: Sized) -> None:
    if len(gathered) > limits.IMAP_FETCH_ITEMS:
        raise WireError("too much in one FETCH", code="LIMIT", status="NO")


def _item(reader: Reader, alone: bool = False) -> tuple[FetchItem, ...]:
    name = reader.word()
    if name in _BODY and reader.skip(b"["):
        return (_body(reader, _BODY[name]),)
    if name in _BINARY and reader.skip(b"["):
        return (_binary(reader, _BINARY[name]),)
    if name == b"BINARY.SIZE" and reader.skip(b"["):
        part = _binary_part(reader)
        return (BinarySize(part, b"BINARY.SIZE" + _spell_part(part)),)
    if name == b"PREVIEW" and reader.ahead(b" (LAZY"):
        while reader.ahead(b" LAZY"):
            pass
        reader.expect(b")")
        return (Attribute.PREVIEW_LAZY,)
    if alone and name in _MACROS:  # RFC 9051 §6.4.5: a macro is used by itself
        return _MACROS[name]
    item = _ITEMS.get(name)
    if item is None:
        raise WireError("unknown FETCH item")
    return (item,)


def _body(reader: Reader, peek: bool) -> BodyItem:
    start = reader.pos
    section = parse_section(reader)
    reader.expect(b"]")
    label = (
        b"BODY[" + (_spell_section(section) if section.fields else reader.text[start : reader.pos - 1].upper()) + b"]"
    )
    partial = _octets(reader)
    return BodyItem(section, label + (b"<%d>" % partial[0] if partial else b""), peek, partial)


def _octets(reader: Reader) -> tuple[int, int] | None:
    found = _PARTIAL.match(reader.text, reader.pos)
    if found is None:
        return None
    reader.pos = found.end()
    offset, size = int(found[1]), int(found[2])
    if not size or max(offset, size) > NUMBER64:
        raise WireError("partial out of range")
    return offset, size


def _binary(reader: Reader, peek: bool) -> BinaryItem:
    part = _binary_part(reader)
    partial = _octets(reader)
    label = b"BINARY" + _spell_part(part) + (b"<%d>" % partial[0] if partial else b"")
    return BinaryItem(part, label, peek, partial)


def _binary_part(reader: Reader) -> tuple[int, ...]:
    section = parse_section(reader)
    if section.text:  # RFC 3516 §4.5: a part, never its header or text
        raise WireError("part number expected")
    reader.expect(b"]")
    return section.part


def _spell_part(part: tuple[int, ...]) -> bytes:
    return b"[%b]" % ".".join(map(str, part)).encode()


def parse_section(reader: Reader) -> Section:
    """`1.2.HEADER.FIELDS (a b)`: what stands in the brackets of BODY, none of it being the whole message."""
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
        _bound(names)
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


def _modifiers(reader: Reader, uid: bool) -> _Modifiers:
    found = reader.listed(_modifier)
    named = dict(found)
    if len(named) < len(found):
        raise WireError("FETCH modifier given twice")
    vanished, partial = b"VANISHED" in named, named.get(b"PARTIAL")
    if (vanished or partial) and not uid:
        raise WireError("this FETCH modifier belongs to UID FETCH")
    changed_since = named.get(b"CHANGEDSINCE")
    if vanished and changed_since is None:  # RFC 7162 §3.2.6
        raise WireError("VANISHED needs CHANGEDSINCE")
    assert not isinstance(changed_since, Partial)
    assert not isinstance(partial, int)
    return _Modifiers(changed_since, vanished, partial)


def _modifier(reader: Reader) -> tuple[bytes, int | Partial | None]:
    name = reader.word()
    if name == b"VANISHED":
        return name, None
    if name not in (b"CHANGEDSINCE", b"PARTIAL"):
        raise WireError("unknown FETCH modifier")
    reader.space()
    return name, reader.number(smallest=1) if name == b"CHANGEDSINCE" else parse_partial(reader)
