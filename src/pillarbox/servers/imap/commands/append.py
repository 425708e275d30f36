"""APPEND and REPLACE: messages of any size streamed into the spool, stored together when the last has come.

RFC 3501 §6.3.11, RFC 3502, RFC 8508; the parts of CATENATE are in `catenate`.
"""

import asyncio
from collections.abc import Awaitable
from dataclasses import replace
from datetime import UTC

from pillarbox.core.errors import Conflict, MailError, TooBig
from pillarbox.core.ids import Uid
from pillarbox.core.limits import BLOB_INLINE, IMAP_APPEND, IMAP_APPEND_INLINE, IMAP_APPEND_MEMORY
from pillarbox.servers.imap.appending import Appending, Piece, Replaced
from pillarbox.servers.imap.binary import without_nul
from pillarbox.servers.imap.commands.listing import tell_name
from pillarbox.servers.imap.errors import TRYCREATE, Refused, bad, refusal
from pillarbox.servers.imap.flags import split_flags
from pillarbox.servers.imap.limiting import check_append
from pillarbox.servers.imap.session import Answer, Session
from pillarbox.store.model import Place
from pillarbox.store.spool import recall, to_file
from pillarbox.store.transaction import Transaction
from pillarbox.wire.imap import encoder
from pillarbox.wire.imap.events import AppendChunk, AppendEnd, AppendStart, CatenateStart
from pillarbox.wire.imap.sets import STAR


async def begin(session: Session, start: AppendStart | CatenateStart) -> None:
    """A message is announced: have it sent. Raises Refused, after which the decoder has dropped the command."""
    await guarded(session, _prepare(session, start))
    if isinstance(start, AppendStart):
        welcome(session, start.sync)
    else:
        session.decoder.accept()


async def guarded(session: Session, doing: Awaitable[None]) -> None:
    """Do what an event asks for; where that fails, nothing of the command is carried out and its rest is dropped."""
    try:
        await doing
    except Exception:
        refuse(session)
        raise


def refuse(session: Session) -> None:
    """Drop the command; an answer is due."""
    abandon(session)
    session.decoder.refuse()


def welcome(session: Session, sync: bool) -> None:
    """Have octets sent."""
    if sync:
        session.stream.write(encoder.continuation(b"send the octets"))
    session.decoder.accept()


async def _prepare(session: Session, start: AppendStart | CatenateStart) -> None:
    under_way = session.appending
    if under_way is not None and under_way.failure is not None:
        raise under_way.failure
    if isinstance(start, AppendStart) and not start.size:
        raise _nothing()
    check_append(session, 1 if under_way is None else len(under_way.pieces) + 1)
    bits, keywords = split_flags(start.flags)
    if under_way is None:
        under_way = session.appending = await _open(session, start)
    else:
        under_way.spool = session.store.spool()
    under_way.place = Place(under_way.target.mailbox.mailbox_id, bits, keywords)
    under_way.received = None if start.date is None else int(start.date.astimezone(UTC).timestamp())
    under_way.binary = isinstance(start, AppendStart) and start.binary
    under_way.nul = False


def _nothing() -> Refused:
    return Refused("NO", "an empty message is not taken")  # RFC 3502 §6.3.11: it abandons the command


async def _open(session: Session, start: AppendStart | CatenateStart) -> Appending:
    replaced = None if start.replaces is None else _replaced(session, start.replaces, uid=start.name != "REPLACE")
    try:
        target = await session.find(start.mailbox, "i")
    except MailError as error:
        raise refusal(error, TRYCREATE) from error
    await tell_name(session, target, start.mailbox)  # RFC 9051 §6.3.12
    return Appending(start.name, target, replaced, session.store.spool(), Place(target.mailbox.mailbox_id))


def _replaced(session: Session, number: int, uid: bool) -> Replaced:
    """The message of that number or UID. BAD for a number there is none of, as everywhere."""
    selected = session.mailbox
    last = len(selected.uids) - 1
    at = last if number == STAR else selected.index(number) if uid else number - 1
    if not 0 <= at <= last:
        raise Refused("NO", "no such message", "NONEXISTENT") if uid else bad("no such message number")
    return Replaced(selected.account, selected.mailbox_id, Uid(selected.uids[at]))


def take(session: Session, chunk: AppendChunk) -> None:
    """Octets of the message. What goes wrong is said when the command ends."""
    under_way = session.appending
    assert under_way is not None  # the decoder gives chunks after a start was accepted only
    if under_way.failure is not None:
        return
    if b"\0" in chunk.octets and not under_way.binary:  # RFC 3501 §4.3.1: everything else is kept as it is
        under_way.failure = bad("NUL in a literal")
        under_way.spool.discard()
        return
    try:
        add(under_way, chunk.octets)
    except MailError as error:
        under_way.failure = refusal(error)


def add(under_way: Appending, octets: bytes) -> None:
    """The next octets of the message, from wherever they come. TooBig."""
    under_way.nul = under_way.nul or b"\0" in octets
    under_way.total += len(octets)
    if under_way.total > IMAP_APPEND:
        raise TooBig(f"more than {IMAP_APPEND} octets in one command")
    under_way.spool.write(octets)


async def end(session: Session, event: AppendEnd) -> Answer | None:
    """A message is complete; with the last one, store them all. None when more are to come."""
    under_way = session.appending
    assert under_way is not None
    try:
        if under_way.failure is None:
            try:
                await _complete(session, under_way, event.last)
            except Refused as refused:
                under_way.failure = refused
            except MailError as error:
                under_way.failure = refusal(error)
        if not event.last:
            return None
        if under_way.failure is not None:
            raise under_way.failure
        return await _store(session, under_way)
    finally:
        if event.last:
            abandon(session)


async def _complete(session: Session, under_way: Appending, last: bool) -> None:
    if not under_way.spool.size:
        raise _nothing()
    arrived = await under_way.spool.finish()
    if under_way.nul:
        arrived = await without_nul(session, arrived)
    under_way.pieces.append(Piece(arrived, under_way.place, under_way.received))
    if not last and arrived.path is None:  # others are still to come
        under_way.held += arrived.size
        if arrived.size > BLOB_INLINE or under_way.held > IMAP_APPEND_MEMORY:
            path = await asyncio.to_thread(to_file, arrived, session.store.settings)
            under_way.held -= arrived.size
            waiting = replace(arrived, octets=None, packed=None, path=path)
            under_way.pieces[-1] = replace(under_way.pieces[-1], arrived=waiting)


async def _store(session: Session, under_way: Appending) -> Answer:
    account, replaced = under_way.target.account, under_way.replaced

    async def unit(tx: Transaction) -> tuple[int, list[Uid]]:
        if replaced is not None:  # first, so that only what is more counts against the quota (RFC 8508 §3.4)
            gone = await tx.expunge(replaced.account, replaced.mailbox_id, [replaced.uid], only_deleted=False)
            if not gone:
                raise Conflict("the message was expunged")
        added = [await tx.add(account, recall(p.arrived), [p.place], received=p.received) for p in under_way.pieces]
        placed = [place for one in added for place in one.placed]
        return placed[0].uidvalidity, [place.uid for place in placed]

    accounts = [account] if replaced is None or replaced.account == account else [account, replaced.account]
    try:
        validity, uids = await session.write(accounts, unit, apart=len(under_way.pieces) > IMAP_APPEND_INLINE)
    except MailError as error:
        raise refusal(error, TRYCREATE) from error
    told = encoder.append_uid(validity, uids) if "r" in under_way.target.rights else b""  # RFC 4315 §3
    if replaced is None:
        return Answer(f"{under_way.name} completed", told)
    if told:
        session.stream.write(encoder.untagged("OK", "the message is ready", told))  # RFC 8508 §4.3: before EXPUNGE
    return Answer(f"{under_way.name} completed", expunged=True)


def abandon(session: Session) -> None:
    """Forget an APPEND under way."""
    under_way, session.appending = session.appending, None
    if under_way is not None:
        under_way.discard()
