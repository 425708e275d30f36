"""The octets of FETCH: cut out of a small message at once, sent in chunks from a large one."""

from collections.abc import AsyncIterator, Sequence

from pillarbox.core.errors import MailError, Unavailable
from pillarbox.core.limits import IMAP_FETCH_BATCH, IMAP_FETCH_HEADER
from pillarbox.message.structure import Part, decode
from pillarbox.net.session import ConnectionGone
from pillarbox.servers.imap.decoding import Encoded, Reading, encoded_part, spell_absent, spell_size, spell_small
from pillarbox.servers.imap.errors import CORRUPTION
from pillarbox.servers.imap.plan import Plan
from pillarbox.servers.imap.responses import Responses
from pillarbox.servers.imap.sections import Span, choose_fields, clip, locate
from pillarbox.servers.imap.session import Session
from pillarbox.store.model import BlobRef, Row
from pillarbox.wire.imap import encoder
from pillarbox.wire.imap.codes import UNKNOWN_CTE
from pillarbox.wire.imap.fetch import BinaryItem, BinarySize, BodyItem, OctetsItem


def spell_columns(row: Row, prepared: Plan, recent: frozenset[int]) -> bytes:
    """The items that are columns, where there are any."""
    return prepared.template % tuple([get(row) for get in prepared.with_recent(recent)])


async def answer_small(responses: Responses, row: Row, prepared: Plan, octets: bytes | None) -> str:
    """The items of a message whose octets are in memory, None if they cannot be read; the code of what is wrong."""
    if octets is None:
        return CORRUPTION
    trouble = ""
    root = decode(row.structure) if prepared.cuts else None
    for item in prepared.bodies:
        if isinstance(item, BodyItem):
            cost = _add_body(responses, item, root, octets)
        else:
            part = encoded_part(root, len(octets), item.part)
            piece, cost = spell_small(item, part, octets), 4 * (part.end - part.start) if part else 0
            if piece is None:
                trouble = UNKNOWN_CTE
            else:
                responses.add(piece)
        await responses.spend(cost)
    return trouble


def _add_body(responses: Responses, item: BodyItem, root: Part | None, octets: bytes) -> int:
    """Add an item of octets; how many it took to make it."""
    span = (0, len(octets)) if root is None else locate(root, len(octets), item.section)
    if span is None:
        responses.add(encoder.body(item.label, None))
        return 0
    if item.section.fields:
        responses.add(encoder.body(item.label, _fields(octets[span[0] : span[1]], item)))
        return 4 * (span[1] - span[0])
    start, end = clip(span, item.partial)
    responses.add(encoder.announce(item.label, end - start))
    responses.follow(encoder.textual(octets[start:end]))
    return end - start


def _fields(header: bytes, item: BodyItem) -> bytes:
    chosen = choose_fields(header, item.section)
    start, end = clip((0, len(chosen)), item.partial)
    return chosen[start:end]


async def answer_large(session: Session, responses: Responses, row: Row, prepared: Plan) -> str:
    """The items of a large message, a chunk in memory at a time; the code of what is wrong with it, if anything.

    Damage found while octets are sent ends the connection: a literal that was announced cannot be taken back.
    """
    assert row.blob is not None
    try:
        await session.store.slice(session.mailbox.account, row.blob, 0, 1)
    except Unavailable:
        return CORRUPTION
    trouble = ""
    root = decode(row.structure) if prepared.cuts else None
    large = _Large(session, responses, row.blob)
    try:
        for item in _forward(prepared.bodies):
            trouble = await large.add(item, root) or trouble
    except MailError as error:
        session.stream.abort()
        raise ConnectionGone from error
    return trouble


def _forward(items: Sequence[OctetsItem]) -> list[OctetsItem]:
    """The items, but pieces of one part together and forward, so that it is decoded once for all of them."""
    first: dict[tuple[int, ...], int] = {}
    keys = [
        (first.setdefault(item.part, at), (item.partial or (0,))[0]) if isinstance(item, BinaryItem) else (at, 0)
        for at, item in enumerate(items)
    ]
    return [items[at] for at in sorted(range(len(items)), key=keys.__getitem__)]


class _Large:
    """A large message of which items are sent."""

    __slots__ = ("_account", "_blob", "_responses", "_session")

    def __init__(self, session: Session, responses: Responses, blob: BlobRef) -> None:
        self._session = session
        self._responses = responses
        self._account = session.mailbox.account
        self._blob = blob

    async def add(self, item: OctetsItem, root: Part | None) -> str:
        """Send an item; the code of what is wrong with it, if anything."""
        size = self._blob.length
        if isinstance(item, BodyItem):
            await self._body(item, (0, size) if root is None else locate(root, size, item.section))
            return ""
        part = encoded_part(root, size, item.part)
        if part is None:
            self._responses.add(spell_absent(item))
        elif not part.known:
            return UNKNOWN_CTE
        elif isinstance(item, BinarySize):
            self._responses.add(spell_size(item, (await self._measure(part))[0]))
        else:
            await self._binary(item, part)
        return ""

    async def _body(self, item: BodyItem, span: Span | None) -> None:
        store = self._session.store
        if span is None:
            self._responses.add(encoder.body(item.label, None))
        elif item.section.fields:
            length = min(span[1] - span[0], IMAP_FETCH_HEADER)
            header = await store.slice(self._account, self._blob, span[0], length)
            self._responses.add(encoder.body(item.label, _fields(header, item)))
            await self._responses.turn()
        else:
            start, end = clip(span, item.partial)
            self._responses.add(encoder.announce(item.label, end - start))
            async for chunk in store.chunks(self._account, self._blob, start, end - start):
                await self._responses.extend(encoder.textual(chunk))

    async def _measure(self, part: Encoded) -> tuple[int, bool]:
        session = self._session
        measured = await session.house.measures.of(session.store, self._account, self._blob, part, session.breathe)
        return measured.size, measured.nul

    async def _binary(self, item: BinaryItem, part: Encoded) -> None:
        offset, most = item.partial or (0, part.end - part.start)
        if most <= IMAP_FETCH_BATCH:
            pieces = [octets async for octets in self._decoded(part, offset, most)]
            self._responses.add(encoder.binary(item.label, b"".join(pieces)))
            return
        size, nul = await self._measure(part)
        length = max(0, min(most, size - offset))
        self._responses.add(encoder.announce(item.label, length, binary=nul))
        async for octets in self._decoded(part, offset, length):
            await self._responses.extend(octets)

    async def _decoded(self, part: Encoded, offset: int, length: int) -> AsyncIterator[bytes]:
        """So many decoded octets from an offset, or those there are; from where the client stopped reading before, if
        that is on the way."""
        session, selected = self._session, self._session.mailbox
        reading = selected.reading
        if reading is None or not reading.reaches(self._blob, part, offset):
            reading = selected.reading = Reading(session.store, self._account, self._blob, part)
        await reading.seek(offset, session.breathe)
        while length and (octets := await reading.next(length)):
            length -= len(octets)
            yield octets
            await session.breathe()
