"""The octets of FETCH BODY[…]: cut out of a small message at once, sent in chunks from a large one."""

from collections.abc import AsyncIterator, Iterator

from pillarbox.core.errors import MailError, Unavailable
from pillarbox.core.limits import IMAP_FETCH_HEADER
from pillarbox.message.structure import Part, decode
from pillarbox.net.session import ConnectionGone
from pillarbox.servers.imap.plan import Plan
from pillarbox.servers.imap.sections import Span, choose_fields, clip, locate
from pillarbox.servers.imap.session import Session
from pillarbox.store.model import BlobRef, Row
from pillarbox.wire.imap import encoder
from pillarbox.wire.imap.fetch import BodyItem


def columns_of(row: Row, prepared: Plan, recent: frozenset[int]) -> list[bytes]:
    """The items that are columns, spelled; none when only bodies were asked for."""
    if not prepared.getters:
        return []
    return [prepared.template % tuple([get(row) for get in prepared.with_recent(recent)])]


def pieces_of(row: Row, prepared: Plan, recent: frozenset[int], root: Part | None, octets: bytes) -> Iterator[bytes]:
    """All items of a message whose octets are in memory; `root` is its structure where a section needs it."""
    yield from columns_of(row, prepared, recent)
    for item in prepared.bodies:
        span = (0, len(octets)) if root is None else locate(root, len(octets), item.section)
        if span is None:
            yield encoder.body(item.label, None)
        elif item.section.fields:
            yield encoder.body(item.label, _fields(octets[span[0] : span[1]], item))
        else:
            start, end = clip(span, item)
            yield encoder.body(item.label, octets[start:end])


def _fields(header: bytes, item: BodyItem) -> bytes:
    chosen = choose_fields(header, item.section)
    start, end = clip((0, len(chosen)), item)
    return chosen[start:end]


async def stream_message(session: Session, number: int, row: Row, prepared: Plan) -> bool:
    """All items of a large message, a chunk in memory at a time. False when it cannot be read at all.

    Damage found later ends the connection: a literal that was announced cannot be taken back.
    """
    assert row.blob is not None
    root = decode(row.structure) if prepared.cuts else None
    size = row.blob.length
    try:
        await session.store.slice(session.mailbox.account, row.blob, 0, 1)
    except Unavailable:
        return False
    columns = columns_of(row, prepared, session.recent)
    session.stream.write(session.manner.opening % number + b"".join(columns))
    separator = b" " if columns else b""
    try:
        for item in prepared.bodies:
            span = (0, size) if root is None else locate(root, size, item.section)
            session.stream.write(separator)
            await _stream_item(session, row.blob, item, span)
            separator = b" "
    except MailError as error:
        session.stream.abort()
        raise ConnectionGone from error
    session.stream.write(encoder.FETCH_CLOSE)
    return True


async def _stream_item(session: Session, blob: BlobRef, item: BodyItem, span: Span | None) -> None:
    if span is None:
        session.stream.write(encoder.body(item.label, None))
        return
    if item.section.fields:
        length = min(span[1] - span[0], IMAP_FETCH_HEADER)
        header = await session.store.slice(session.mailbox.account, blob, span[0], length)
        session.stream.write(encoder.body(item.label, _fields(header, item)))
        return
    start, end = clip(span, item)
    session.stream.write(b"%b {%d}\r\n" % (item.label, end - start))
    await _send(session, session.store.chunks(session.mailbox.account, blob, start, end - start))


async def _send(session: Session, chunks: AsyncIterator[bytes]) -> None:
    async for chunk in chunks:
        session.stream.write(chunk)
        await session.breathe()
