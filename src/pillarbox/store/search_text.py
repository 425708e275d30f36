"""The texts of a message that are searched: its decoded header fields and what its parts say."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import structlog

from pillarbox.core.errors import Invalid, Unavailable
from pillarbox.core.ids import AccountId, BlobId, MessageId
from pillarbox.core.limits import SEARCH_OCTETS, SEARCH_PAGE, SEARCH_TEXT, SEARCH_WHOLE
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
"""Fields of the envelope (RFC 9051 §6.4.4) that have letters of their own in the index; "h" is the whole header, "m"
what the parts say."""

_STRIDE = 5  # messages a thread takes apart before the loop has its turn

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


@dataclass(frozen=True, slots=True)
class Texts:
    """What one message says, folded. `lines`: every header field by its name in lower case; `fields`: by the letters
    of FIELDS, empty when it has none; `whole` is false when its octets could not be read and only `fields` is known."""

    message_id: MessageId
    lines: tuple[tuple[str, str], ...]
    fields: dict[str, str]
    header: str
    body: str
    language: str
    has_attachment: bool
    whole: bool = True

    def of(self, where: str) -> Sequence[str]:
        """The texts that "subject" … "bcc", "body" or "text" mean."""
        if where == "body":
            return (self.body,)
        if where == "text":
            return (self.header, self.body)
        return (self.fields[FIELDS[where]],)


_Piece = tuple[Part, bytes, bool]
"""A part, its octets, and whether they are its header (else its body)."""


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
    """The texts of messages, in order; read and decoded a page at a time, aside of the loop."""
    made: list[Texts] = []
    for at in range(0, len(sources), SEARCH_PAGE):
        page = sources[at : at + SEARCH_PAGE]
        small = [one for one in page if one.blob.length <= SEARCH_WHOLE]
        octets = dict(
            zip(
                (one.message_id for one in small),
                await store.many_octets(account, [one.blob for one in small]),
                strict=True,
            )
        )
        ready: list[tuple[Source, list[_Piece] | bytes | None]] = [
            (one, octets[one.message_id] if one.message_id in octets else await _large(store, account, one))
            for one in page
        ]
        for first in range(0, len(ready), _STRIDE):
            made += await asyncio.to_thread(_all, ready[first : first + _STRIDE])
    return made


def weight(source: Source) -> int:
    """The octets that are read for a message's texts, at most."""
    if source.blob.length <= SEARCH_WHOLE:
        return source.blob.length
    parts = _wanted(_root(source))
    return min(
        SEARCH_OCTETS, sum(part.body - part.header if header else part.end - part.body for part, header in parts)
    )


def _all(ready: Sequence[tuple[Source, list[_Piece] | bytes | None]]) -> list[Texts]:
    return [_safe(source, pieces) for source, pieces in ready]


def _safe(source: Source, pieces: list[_Piece] | bytes | None) -> Texts:
    """A message that cannot be taken apart is reported, and found by its envelope only."""
    try:
        return _texts(source, pieces)
    except Exception:
        _log.exception("store.message_unsearchable", message=source.message_id)
        return _texts(source, None)


async def _large(store: "Store", account: AccountId, source: Source) -> list[_Piece] | None:
    """The pieces of a large message, without reading its attachments."""
    pieces: list[_Piece] = []
    room = SEARCH_OCTETS
    try:
        for part, header in _wanted(_root(source)):
            start, end = (part.header, part.body) if header else (part.body, part.end)
            length = min(end - start, room)
            pieces.append((part, await store.slice(account, source.blob, start, length), header))
            room -= length
            if room <= 0:
                break
    except Unavailable:
        return None
    return pieces


def _root(source: Source) -> Part:
    try:
        return decode(source.structure)
    except Invalid:  # damaged: as if it had no parts
        return Part(header=0, body=source.blob.length, end=source.blob.length)


def _wanted(root: Part) -> Iterator[tuple[Part, bool]]:
    """What of a message is read, in order: headers of it and of embedded messages, text leaves."""
    yield root, True
    pending = [root]
    while pending:
        part = pending.pop()
        if part.type == "message" and part.parts:
            yield part.parts[0], True
        if part.parts:
            pending.extend(reversed(part.parts))
        elif part.type == "text":
            yield part, False


def _texts(source: Source, given: list[_Piece] | bytes | None) -> Texts:
    headers, root = source.headers, _root(source)
    pieces = list(_cut(given, root)) if isinstance(given, bytes) else given
    lines: list[tuple[str, str]] = []
    bodies: list[str] = []
    room = SEARCH_TEXT
    for part, octets, header in pieces or ():
        if header and not lines and part.header == root.header:
            lines = list(_lines(octets))
        elif room > 0:
            text = "\n".join(f"{name}: {value}" for name, value in _lines(octets)) if header else _said(part, octets)
            bodies.append(text[:room])
            room -= len(text) + 1
    bodies.extend(_names(root))
    body = "\n".join(bodies)
    return Texts(
        message_id=source.message_id,
        lines=tuple((name.lower(), fold(value)) for name, value in lines),
        fields=field_texts(headers),
        header=fold("\n".join(f"{name}: {value}" for name, value in lines)),
        body=fold(body),
        language=language(body or headers.subject),
        has_attachment=headers.has_attachment,
        whole=pieces is not None,
    )


def _cut(octets: bytes, root: Part) -> Iterator[_Piece]:
    for part, header in _wanted(root):
        yield part, octets[part.header : part.body] if header else octets[part.body : part.end], header


def _lines(octets: bytes) -> Iterator[tuple[str, str]]:
    for field in fields(octets, 0, len(octets)):
        yield field.name.decode("ascii"), decode_text(field.raw)


def _said(part: Part, octets: bytes) -> str:
    alone = msgspec.structs.replace(part, header=0, body=0, end=len(octets))
    text = leaf_text(octets, alone, SEARCH_TEXT)
    return html_text(text) if part.subtype == "html" else text


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
    people = {"f": headers.from_, "t": headers.to, "c": headers.cc, "b": headers.bcc}
    texts = {letter: fold(", ".join(map(_person, some))) for letter, some in people.items()}
    return {"s": fold(headers.subject), **texts}


def _person(person: tuple[str | None, str]) -> str:
    name, address = person
    return f"{name} <{address}>" if name else address
