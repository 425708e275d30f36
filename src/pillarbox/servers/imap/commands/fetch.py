"""FETCH and UID FETCH: pages of rows into pages of responses, bodies in batches or in chunks (RFC 3501 §6.4.5)."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import msgspec

from pillarbox.core.ids import Modseq
from pillarbox.core.limits import IMAP_FETCH_BATCH, LISTING
from pillarbox.servers.imap.bodies import answer_large, answer_small, spell_columns
from pillarbox.servers.imap.errors import CORRUPTION, Refused, bad
from pillarbox.servers.imap.listing import spell_listed
from pillarbox.servers.imap.manner import CONDSTORE
from pillarbox.servers.imap.plan import Plan, plan, spell_rows
from pillarbox.servers.imap.portions import Planned, batches
from pillarbox.servers.imap.responses import Responses
from pillarbox.servers.imap.resync import tell_vanished
from pillarbox.servers.imap.selected import announce, choose
from pillarbox.servers.imap.session import Answer, Session
from pillarbox.store.model import SEEN, FlagChange, FlagState, Need, Row
from pillarbox.store.transaction import Transaction
from pillarbox.wire.imap.codes import UNKNOWN_CTE
from pillarbox.wire.imap.events import Command
from pillarbox.wire.imap.fetch import Attribute, Fetch, FetchItem

_TROUBLES: Final = {
    CORRUPTION: "some messages cannot be read",
    UNKNOWN_CTE: "the transfer encoding of some parts is not known",
}

Numbered = list[tuple[int, Row]]
Ranges = list[tuple[int, int]]


async def fetch(session: Session, command: Command, arguments: Fetch) -> Answer:
    """Tell of messages what was asked for."""
    selected = session.mailbox
    if arguments.vanished and not session.qresync:  # RFC 7162 §3.2.6
        raise bad("ENABLE QRESYNC first")
    positions = selected.positions(arguments.messages, arguments.uid)
    if arguments.partial is not None:
        positions = choose(positions, arguments.partial.cut(sum(map(len, positions))))
    arguments = _without_uid(arguments) if session.uid_only else arguments
    items = arguments.items
    if arguments.changed_since is not None or Attribute.MODSEQ in items:
        session.enable(CONDSTORE)
    if arguments.vanished and arguments.changed_since is not None:
        await tell_vanished(session, arguments.messages, arguments.changed_since)
    found, trouble = await tell(session, arguments, selected.ranges(positions))
    if trouble:
        raise Refused("NO", _TROUBLES[trouble], trouble)
    if not arguments.uid and arguments.changed_since is None and found < sum(map(len, positions)):
        return Answer("some of the messages no longer exist", "EXPUNGEISSUED")  # RFC 2180 §4.1.3, RFC 5530 §3
    return Answer(f"{command.name} completed")


async def tell(session: Session, arguments: Fetch, ranges: Ranges) -> tuple[int, str]:
    """Answer for the messages with these UIDs, if changed where that is asked for: how many there were, and the code of
    what is wrong with some of them, if anything."""
    selected, since = session.mailbox, arguments.changed_since
    prepared = plan(arguments.items, session.manner.utf8)
    if since is not None:
        ranges = await _changed(session, ranges, Modseq(since))
    found = 0
    trouble = ""
    need = prepared.columns | Need.LISTING if prepared.listed else prepared.need
    async for rows in session.store.placements(selected.account, selected.mailbox_id, ranges, need):
        numbered = _number(session, rows if since is None else [row for row in rows if row.modseq > since])
        found += len(numbered)
        trouble = await _page(session, arguments, numbered) or trouble
        await session.breathe()
    return found, trouble


async def _changed(session: Session, ranges: Ranges, since: Modseq) -> Ranges:
    """Of these UIDs those with a modseq above `since`, or all when too many are (RFC 7162 §3.1.4.1)."""
    selected = session.mailbox
    uids = await session.store.changed_since(selected.account, selected.mailbox_id, since)
    if uids is None:
        return ranges
    kept: Ranges = []
    at = 0
    for low, high in ranges:
        while at < len(uids) and uids[at] <= high:
            if uids[at] >= low:
                kept.append((uids[at], uids[at]))
            at += 1
    return kept


def _without_uid(arguments: Fetch) -> Fetch:
    """UIDFETCH names the UID already (RFC 9586 §3.3)."""
    items = tuple(item for item in arguments.items if item is not Attribute.UID)
    return replace(arguments, items=items or (Attribute.UID,))


def _number(session: Session, rows: Sequence[Row]) -> Numbered:
    """The rows the client knows, with what they are named by."""
    selected, manner = session.mailbox, session.manner
    if not rows:
        return []
    at = selected.index(rows[0].uid)
    last = at + len(rows) - 1
    if at >= 0 and not manner.uid_only and last < len(selected.uids) and selected.uids[last] == rows[-1].uid:
        return list(zip(range(at + 1, last + 2), rows, strict=True))  # no UID between two known ones is unknown
    numbered = []
    at = max(at, 0) - 1
    for row in rows:
        at = selected.index(row.uid, at + 1)
        if at >= 0:
            numbered.append((manner.numbered(at, row.uid), row))
    return numbered


async def _page(session: Session, arguments: Fetch, numbered: Numbered) -> str:
    """Answer for one page; the code of what is wrong with a message of it, if anything."""
    selected, items = session.mailbox, arguments.items
    if all(isinstance(item, Attribute) for item in items):
        if Attribute.FLAGS in items:
            session.stream.write(announce(selected, _keywords(numbered)))
        session.stream.write(
            spell_rows(plan(items, session.manner.utf8), session.manner.opening, numbered, session.recent)
        )
        _told(session, numbered, items)
        return ""
    seen: set[int] = set()
    if arguments.sets_seen and not selected.read_only and "s" in selected.rights:
        numbered, seen = await _see(session, numbered)
    if (
        seen or Attribute.FLAGS in items
    ):  # of the flags that are told: others may have changed them before \\Seen was set
        session.stream.write(announce(selected, _keywords(numbered)))
    if plan(items, session.manner.utf8).listed:
        return await _listed(session, arguments, numbered, seen)
    return await _octets(session, arguments, numbered, seen)


def _keywords(numbered: Numbered) -> set[str]:
    return {row.keywords for _, row in numbered}


def _plans(session: Session, items: tuple[FetchItem, ...]) -> tuple[Plan, Plan]:
    """How to answer for a message, and for one that became \\Seen thereby (RFC 3501 §6.4.5)."""
    manner = session.manner
    added: list[FetchItem] = [Attribute.FLAGS, *([Attribute.MODSEQ] if manner.condstore else [])]
    if manner.names_uid:
        added.insert(0, Attribute.UID)
    return plan(items, manner.utf8), plan(tuple(dict.fromkeys((*items, *added))), manner.utf8)


async def _listed(session: Session, arguments: Fetch, numbered: Numbered, seen: set[int]) -> str:
    """Answer out of what is kept of headers, and from the octets where that does not do."""
    recent, opening = session.recent, session.manner.opening
    others: list[Row] = []
    for prepared, part in zip(_plans(session, arguments.items), _parted(numbered, seen), strict=True):
        step = max(1, IMAP_FETCH_BATCH // (LISTING * len(prepared.bodies)))
        for start in range(0, len(part), step):
            lines, rest = spell_listed(prepared, opening, part[start : start + step], recent)
            session.stream.write(b"".join(lines))
            others += rest
            await session.breathe()
    trouble = ""
    if others:
        uids = sorted(row.uid for row in others)
        need = plan(arguments.items, session.manner.utf8).need
        selected = session.mailbox
        async for rows in session.store.placements(selected.account, selected.mailbox_id, uids, need):
            trouble = await _octets(session, arguments, _number(session, rows), seen) or trouble
    return trouble


def _parted(numbered: Numbered, seen: set[int]) -> tuple[Numbered, Numbered]:
    """Those that did not become \\Seen, and those that did."""
    if not seen:
        return numbered, []
    return [one for one in numbered if one[1].uid not in seen], [one for one in numbered if one[1].uid in seen]


async def _octets(session: Session, arguments: Fetch, numbered: Numbered, seen: set[int]) -> str:
    """Answer from the octets: of small messages together, of large ones one after the other."""
    plain, with_flags = _plans(session, arguments.items)
    planned = [(number, row, with_flags if row.uid in seen else plain) for number, row in numbered]
    trouble = ""
    for batch, refs in batches(planned):
        if refs:
            read = await session.store.many_octets(session.mailbox.account, refs)
            trouble = await _batch(session, batch, read) or trouble
        else:
            trouble = await _alone(session, *batch[0]) or trouble
    return trouble


def _told(session: Session, numbered: Numbered, items: tuple[FetchItem, ...]) -> None:
    """Flags newer than the client knew are told herewith; where modseqs matter, only together with them."""
    selected = session.mailbox
    whole = Attribute.MODSEQ in items or not session.condstore
    if whole and Attribute.FLAGS in items and selected.stale:
        for _, row in numbered:
            selected.tell(FlagState(row.uid, row.flags, row.keywords, row.modseq))


async def _see(session: Session, numbered: Numbered) -> tuple[Numbered, set[int]]:
    """Set \\Seen where it is missing; the rows as they are then, and the UIDs changed."""
    selected = session.mailbox
    unseen = [row.uid for _, row in numbered if not row.flags & SEEN]
    if not unseen:
        return numbered, set()

    async def unit(tx: Transaction) -> dict[int, FlagState]:
        if "s" not in await tx.rights(selected.account, selected.mailbox_id):  # RFC 4314 §4: it is not set then
            return {}
        result = await tx.set_flags(selected.account, selected.mailbox_id, unseen, FlagChange(add=SEEN))
        return {state.uid: state for state in result.states}

    states = await session.write([selected.account], unit)
    for state in states.values():
        selected.tell(state)
    return [(number, _with(row, states.get(row.uid))) for number, row in numbered], set(states)


def _with(row: Row, state: FlagState | None) -> Row:
    if state is None:
        return row
    return msgspec.structs.replace(row, flags=state.flags, keywords=state.keywords, modseq=state.modseq)


async def _batch(session: Session, batch: Sequence[Planned], read: Sequence[bytes | None]) -> str:
    """Messages whose octets were read together; the code of what is wrong with one of them, if anything."""
    trouble = ""
    responses = Responses(session)
    for (number, row, prepared), octets in zip(batch, read, strict=True):
        _open(session, responses, number, row, prepared)
        wrong = await answer_small(responses, row, prepared, octets)
        _close(responses, prepared, wrong)
        trouble = wrong or trouble
    await responses.turn()
    return trouble


async def _alone(session: Session, number: int, row: Row, prepared: Plan) -> str:
    """A large message."""
    responses = Responses(session)
    _open(session, responses, number, row, prepared)
    trouble = await answer_large(session, responses, row, prepared)
    _close(responses, prepared, trouble)
    await responses.turn()
    return trouble


def _open(session: Session, responses: Responses, number: int, row: Row, prepared: Plan) -> None:
    """A response begins with what needs no octets."""
    responses.open(number)
    if prepared.getters:
        responses.add(spell_columns(row, prepared, session.recent))


def _close(responses: Responses, prepared: Plan, trouble: str) -> None:
    """A response ends. Where none of the octets could be given there is none, unless it tells of flags: a message may
    have become \\Seen all the same."""
    responses.close(least=2 if trouble and prepared.getters and prepared.flags_at < 0 else 1)
