"""The texts of a message that are searched: its decoded header fields and what its parts say."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec
import structlog

from pillarbox.core.errors import Invalid, Unavailable
from pillarbox.core.ids import AccountId, BlobId, MessageId
from pillarbox.core.limits import SEARCH_OCTETS, SEARCH_PAGE, SEARCH_PAGE_OCTETS, SEARCH_TEXT, SEARCH_WHOLE
from pillarbox.message.body import html_text, leaf_text, name_of
from pillarbox.message.header import fields
from pillarbox.message.structure import Part, decode
from pillarbox.message.words import decode_text
from pillarbox.store.analyser import fold, language
from pillarbox.store.model import BlobRef, Headers
from pillarbox.store.port import Connection, Record

if TYPE_CHECKING:
    from pillarbox.store.store import Store

FIELDS = {"subject": "s", "from": "f", "to": "t", "cc": "c", "bcc": "b"}
"""Fields of the envelope (RFC 9051 §6.4.4) that have letters of their own in the index; "h" is the whole header and
those of the parts, "m" what the parts say."""

_log = structlog.get_logger("pillarbox.store")

_COLUMNS = "message_id, created_modseq, blob_id, blob_offset, blob_length, structure, headers"
_HEADERS = msgspec.msgpack.Decoder(Headers)


@dataclass(frozen=True, slots=True)
class Source:
    """A message's row, as far as searching needs it."""

    message_id: MessageId
    modseq: int
    blob: BlobRef
    structure: bytes
    packed_headers: bytes

    @property
    def headers(self) -> Headers:
        """The fields decoded when it came in."""
        return _HEADERS.decode(self.packed_headers)


class _Place(Enum):
    """What of a message a piece of it is."""

    HEADER = auto()  # the message's own
    MIME = auto()  # the header of a part
    EMBEDDED = auto()  # the header of a message within it
    LEAF = auto()  # what a text part says


_Piece = tuple[_Place, Part, bytes]
"""What it is, the part with its offsets in the octets, and the octets."""


class Texts:
    """What one message says, folded: each text is made when it is first asked for, so only threads ask for `named`,
    `header`, `body` and `language`.

    `octets` are those of the whole message, or its pieces where it is large, or None where they cannot be read: then
    only `fields` has something.
    """

    def __init__(self, source: Source, octets: bytes | Sequence[_Piece] | None) -> None:
        self.source = source
        self.message_id = source.message_id
        self._octets = octets

    @property
    def whole(self) -> bool:
        """Whether the octets could be read."""
        return self._octets is not None

    @cached_property
    def fields(self) -> dict[str, str]:
        """The fields of the envelope by the letters of FIELDS, empty where there is none."""
        return field_texts(self._headers)

    @property
    def has_attachment(self) -> bool:
        """See message.body.has_attachment."""
        return self._headers.has_attachment

    def named(self, name: str) -> Iterator[str]:
        """The values of the fields of the header that have this name, which is in lower case."""
        wanted = name.encode("ascii", "replace")
        for _, part, octets in self._pieces(_Place.HEADER):
            for field in fields(octets, part.header, part.body):
                if field.name.lower() == wanted:
                    yield fold(decode_text(field.raw))

    @cached_property
    def header(self) -> str:
        """The header, and those of the parts (RFC 9051 §6.4.4 TEXT)."""
        return fold("\n".join(f"{name}: {value}" for name, value in self._fields(_Place.HEADER, _Place.MIME)))

    @cached_property
    def body(self) -> str:
        """What the text parts say, the headers of messages within, and the names of files."""
        return fold(self._said)

    @cached_property
    def language(self) -> str:
        """See analyser.language."""
        return language(self._said or self._headers.subject)

    def of(self, where: str) -> Iterator[str]:
        """The texts that "subject" … "bcc", "body" or "text" mean."""
        if where in FIELDS:
            yield self.fields[FIELDS[where]]
            return
        if where == "text":
            yield self.header
        yield self.body

    @cached_property
    def _headers(self) -> Headers:
        return self.source.headers

    @cached_property
    def _said(self) -> str:
        bodies: list[str] = []
        room = SEARCH_TEXT
        for place, part, octets in self._pieces(_Place.EMBEDDED, _Place.LEAF):
            text = self._leaf(part, octets) if place is _Place.LEAF else "\n".join(map(": ".join, _lines(part, octets)))
            bodies.append(text[:room])
            room -= len(text) + 1
            if room <= 0:
                break
        return "\n".join((*bodies, *_names(_root(self.source))))

    def _leaf(self, part: Part, octets: bytes) -> str:
        try:
            text = leaf_text(octets, part, SEARCH_TEXT)
            return html_text(text) if part.subtype == "html" else text
        except Exception:  # reported; the message is found by the rest of it
            _log.exception("store.message_unsearchable", message=self.message_id)
            return ""

    def _fields(self, *places: _Place) -> Iterator[tuple[str, str]]:
        return (line for _, part, octets in self._pieces(*places) for line in _lines(part, octets))

    def _pieces(self, *places: _Place) -> Iterable[_Piece]:
        octets = self._octets
        if isinstance(octets, bytes):
            return ((place, part, octets) for place, part in _wanted(_root(self.source)) if place in places)
        return (piece for piece in octets or () if piece[0] in places)


def source_of(row: Record) -> Source:
    """From a row of the columns that `rows_of` and `rows_after` read."""
    return Source(row[0], row[1], BlobRef(BlobId(row[2]), row[3], row[4]), row[5], row[6])


async def rows_of(store: "Store", account: AccountId, ids: Sequence[MessageId]) -> list[Source]:
    """The rows of these messages (at most a page); those that do not exist are left out."""
    sql = (
        f"SELECT {_COLUMNS} FROM message WHERE account_id = $1 AND message_id IN {store.database.dialect.members('$2')}"
    )
    array = store.database.dialect.array(ids)

    async def unit(connection: Connection) -> list[Record]:
        return await connection.all(sql, account, array)

    return [source_of(row) for row in await store.database.read_apart(unit)]


async def rows_after(store: "Store", account: AccountId, modseq: int, message_id: int, limit: int) -> list[Source]:
    """The first rows of messages that came after a cursor, in order."""
    sql = (
        f"SELECT {_COLUMNS} FROM message WHERE account_id = $1 AND (created_modseq, message_id) > ($2, $3)"
        f" ORDER BY created_modseq, message_id LIMIT {limit}"
    )

    async def unit(connection: Connection) -> list[Record]:
        return await connection.all(sql, account, modseq, message_id)

    return [source_of(row) for row in await store.database.read_apart(unit)]


async def texts_of(store: "Store", account: AccountId, sources: Sequence[Source]) -> list[Texts]:
    """The texts of messages, in order: their octets, read some at a time."""
    made: list[Texts] = []
    for some in portions(sources):
        small = [one.blob for one in some if one.blob.length <= SEARCH_WHOLE]
        octets = iter(await store.many_octets(account, small, apart=True))
        made += [
            Texts(one, next(octets) if one.blob.length <= SEARCH_WHOLE else await _large(store, account, one))
            for one in some
        ]
    return made


def portions(sources: Sequence[Source]) -> Iterator[list[Source]]:
    """The messages, in order, as many at a time as are looked at between two turns of the loop."""
    portion: list[Source] = []
    octets = 0
    for one in sources:
        octets += one.blob.length
        if portion and (len(portion) == SEARCH_PAGE or octets > SEARCH_PAGE_OCTETS):
            yield portion
            portion, octets = [], one.blob.length
        portion.append(one)
    if portion:
        yield portion


def weight(source: Source) -> int:
    """The octets that are read for a message's texts, at most."""
    if source.blob.length <= SEARCH_WHOLE:
        return source.blob.length
    total = 0
    for place, part in _wanted(_root(source)):
        start, end = _extent(place, part)
        total += end - start
    return min(SEARCH_OCTETS, total)


async def _large(store: "Store", account: AccountId, source: Source) -> list[_Piece] | None:
    """The pieces of a large message, without reading its attachments."""
    pieces: list[_Piece] = []
    room = SEARCH_OCTETS
    try:
        for place, part in _wanted(_root(source)):
            start, end = _extent(place, part)
            octets = await store.slice(account, source.blob, start, min(end - start, room))
            body = 0 if place is _Place.LEAF else len(octets)
            pieces.append((place, msgspec.structs.replace(part, header=0, body=body, end=len(octets)), octets))
            room -= len(octets)
            if room <= 0:
                break
    except Unavailable:
        return None
    return pieces


def _extent(place: _Place, part: Part) -> tuple[int, int]:
    return (part.body, part.end) if place is _Place.LEAF else (part.header, part.body)


def _root(source: Source) -> Part:
    try:
        return decode(source.structure)
    except Invalid:  # damaged: as if it had no parts
        return Part(header=0, body=source.blob.length, end=source.blob.length)


def _wanted(root: Part) -> Iterator[tuple[_Place, Part]]:
    """What of a message is read, in order."""
    pending = [(_Place.HEADER, root)]
    while pending:
        place, part = pending.pop()
        yield place, part
        below = _Place.EMBEDDED if part.type == "message" else _Place.MIME
        pending.extend((below, child) for child in reversed(part.parts))
        if part.type == "text" and not part.parts:
            yield _Place.LEAF, part


def _lines(part: Part, octets: bytes) -> Iterator[tuple[str, str]]:
    for field in fields(octets, part.header, part.body):
        yield field.name.decode("ascii"), decode_text(field.raw)


def _names(root: Part) -> Iterator[str]:
    """File names, which stand in the headers of the parts."""
    pending = [root]
    while pending:
        part = pending.pop()
        pending.extend(reversed(part.parts))
        name = name_of(part)
        if name is not None:
            yield name


def field_texts(headers: Headers) -> dict[str, str]:
    """The fields of FIELDS by their letters, folded, as the envelope has them: decoded, comments left out."""
    people = {"from": headers.from_, "to": headers.to, "cc": headers.cc, "bcc": headers.bcc}
    names = {field: [name for where, name in headers.groups if where == field] for field in people}
    texts = {FIELDS[field]: fold(", ".join([*map(_person, some), *names[field]])) for field, some in people.items()}
    return {"s": fold(headers.subject), **texts}


def _person(person: tuple[str | None, str]) -> str:
    name, address = person
    return f"{name} <{address}>" if name else address
