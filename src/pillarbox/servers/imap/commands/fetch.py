"""FETCH and UID FETCH: pages of rows into pages of responses, bodies in batches or in chunks (RFC 3501 §6.4.5)."""

from collections.abc import Sequence

import msgspec

from pillarbox.core.ids import Modseq
from pillarbox.core.limits import BLOB_INLINE, IMAP_FETCH_BATCH
from pillarbox.message.structure import decode
from pillarbox.servers.imap.bodies import pieces_of, stream_message
from pillarbox.servers.imap.errors import Refused
from pillarbox.servers.imap.plan import Plan, plan, spell_rows
from pillarbox.servers.imap.selected import Selected, announce
from pillarbox.servers.imap.session import Answer, Session
from pillarbox.store.model import SEEN, FlagChange, FlagState, Row
from pillarbox.store.transaction import Transaction
from pillarbox.wire.imap.events import Command
from pillarbox.wire.imap.fetch import Attribute, Fetch, FetchItem

Numbered = list[tuple[int, Row]]


async def fetch(session: Session, command: Command, arguments: Fetch) -> Answer:
    """Tell of messages what was asked for."""
    selected = session.mailbox
    positions = selected.positions(arguments.messages, arguments.uid)
    items = arguments.items
    if arguments.changed_since is not None or Attribute.MODSEQ in items:
        await session.enable_condstore()
    prepared = plan(items)
    ranges = await _changed(session, selected.ranges(positions), arguments.changed_since)
    found = 0
    whole = True
    async for rows in session.store.placements(session.owner, selected.mailbox_id, ranges, prepared.need):
        numbered = _number(selected, rows)
        found += len(numbered)
        whole = await _page(session, arguments, numbered) and whole
        await session.breathe()
    if not whole:
        raise Refused("NO", "some messages cannot be read", "CORRUPTION")
    if not arguments.uid and arguments.changed_since is None and found < sum(map(len, positions)):
        return Answer("some of the messages no longer exist", "EXPUNGEISSUED")  # RFC 2180 §4.1.3, RFC 5530 §3
    return Answer(f"{command.name} completed")


async def _changed(session: Session, ranges: list[tuple[int, int]], since: int | None) -> list[tuple[int, int]]:
    """Of these UIDs those with a modseq above `since` (RFC 7162 §3.1.4.1)."""
    if since is None:
        return ranges
    changes = await session.store.since(session.owner, session.mailbox.mailbox_id, Modseq(since))
    uids = [state.uid for state in changes.changed]
    kept: list[tuple[int, int]] = []
    at = 0
    for low, high in ranges:
        while at < len(uids) and uids[at] <= high:
            if uids[at] >= low:
                kept.append((uids[at], uids[at]))
            at += 1
    return kept


def _number(selected: Selected, rows: Sequence[Row]) -> Numbered:
    """The rows the client knows, with their message numbers."""
    numbered = []
    at = -1
    for row in rows:
        at = selected.index(row.uid, at + 1)
        if at >= 0:
            numbered.append((at + 1, row))
    return numbered


async def _page(session: Session, arguments: Fetch, numbered: Numbered) -> bool:
    """Answer for one page. False when octets of a message could not be read."""
    recent, keywords = session.mailbox.recent, {row.keywords for _, row in numbered}
    if not any(not isinstance(item, Attribute) for item in arguments.items):
        if Attribute.FLAGS in arguments.items:
            session.stream.write(announce(session.mailbox, keywords))
        session.stream.write(spell_rows(plan(arguments.items), numbered, recent))
        _told(session, numbered, arguments.items)
        return True
    seen: set[int] = set()
    if arguments.sets_seen and not session.mailbox.read_only:
        numbered, seen = await _see(session, numbered)
    if seen or Attribute.FLAGS in arguments.items:
        session.stream.write(announce(session.mailbox, keywords))
    plain = plan(arguments.items)
    added: list[FetchItem] = [Attribute.FLAGS, *([Attribute.MODSEQ] if session.condstore else [])]
    with_flags = plan(tuple(dict.fromkeys((*arguments.items, *added))))
    whole = True
    batch: list[tuple[int, Row, Plan]] = []
    size = 0
    for number, row in numbered:
        assert row.blob is not None
        prepared = with_flags if row.uid in seen else plain
        if row.blob.length > BLOB_INLINE:
            whole = await _batch(session, batch) and whole
            batch, size = [], 0
            whole = await stream_message(session, number, row, prepared) and whole
            continue
        batch.append((number, row, prepared))
        size += row.blob.length
        if size > IMAP_FETCH_BATCH:
            whole = await _batch(session, batch) and whole
            batch, size = [], 0
    return await _batch(session, batch) and whole


def _told(session: Session, numbered: Numbered, items: tuple[FetchItem, ...]) -> None:
    """Flags newer than the client knew are told herewith; where modseqs matter, only together with them."""
    selected = session.mailbox
    whole = Attribute.MODSEQ in items or not session.condstore
    if whole and Attribute.FLAGS in items and selected.stale:
        for _, row in numbered:
            selected.tell(FlagState(row.uid, row.flags, row.keywords, row.modseq))


async def _see(session: Session, numbered: Numbered) -> tuple[Numbered, set[int]]:
    """Set \\Seen where it is missing; the rows as they are then, and the UIDs changed."""
    selected, owner = session.mailbox, session.owner
    unseen = [row.uid for _, row in numbered if not row.flags & SEEN]
    if not unseen:
        return numbered, set()

    async def unit(tx: Transaction) -> dict[int, FlagState]:
        result = await tx.set_flags(owner, selected.mailbox_id, unseen, FlagChange(add=SEEN))
        return {state.uid: state for state in result.states}

    states = await session.write(unit)
    for state in states.values():
        selected.tell(state)
    return [(number, _with(row, states.get(row.uid))) for number, row in numbered], set(states)


def _with(row: Row, state: FlagState | None) -> Row:
    if state is None:
        return row
    return msgspec.structs.replace(row, flags=state.flags, keywords=state.keywords, modseq=state.modseq)


async def _batch(session: Session, batch: Sequence[tuple[int, Row, Plan]]) -> bool:
    """Messages whose octets are read together. False when some could not be."""
    refs = [row.blob for _, row, _ in batch if row.blob is not None]
    if not refs:
        return True
    recent = session.mailbox.recent
    parts: list[bytes] = []
    read = await session.store.many_octets(session.owner, refs)
    for (number, row, prepared), octets in zip(batch, read, strict=True):
        if octets is None:
            continue
        root = decode(row.structure) if prepared.cuts else None
        parts.append(b"* %d FETCH (" % number)
        parts.append(b" ".join(pieces_of(row, prepared, recent, root, octets)))
        parts.append(b")\r\n")
    session.stream.write(b"".join(parts))
    await session.breathe()
    return None not in read
