"""APPEND: messages of any size streamed into the spool, stored together when the last has come (RFC 3501 §6.3.11)."""

import asyncio
from dataclasses import replace
from datetime import UTC

from pillarbox.core.errors import MailError
from pillarbox.core.ids import Uid
from pillarbox.core.limits import BLOB_INLINE
from pillarbox.servers.imap.appending import Appending, Piece
from pillarbox.servers.imap.errors import TRYCREATE, Refused, bad, refusal
from pillarbox.servers.imap.flags import split_flags
from pillarbox.servers.imap.session import Answer, Session, State
from pillarbox.store.model import Place
from pillarbox.store.spool import to_file
from pillarbox.store.transaction import Transaction
from pillarbox.wire.imap import encoder
from pillarbox.wire.imap.events import AppendChunk, AppendEnd, AppendStart


async def begin(session: Session, start: AppendStart) -> None:
    """A message is announced: have it sent. Raises Refused, after which the decoder has dropped the command."""
    try:
        await _prepare(session, start)
    except Exception:
        abandon(session)
        session.decoder.refuse()
        raise
    if start.sync:
        session.stream.write(encoder.continuation(b"send the message"))
    session.decoder.accept()


async def _prepare(session: Session, start: AppendStart) -> None:
    if session.state not in (State.AUTHENTICATED, State.SELECTED):
        raise bad("log in first")
    under_way = session.appending
    if under_way is not None and under_way.failure is not None:
        raise under_way.failure
    if not start.size:
        raise Refused("NO", "an empty message is not taken")  # RFC 3502 §6.3.11: it abandons the command
    bits, keywords = split_flags(start.flags)
    received = None if start.date is None else int(start.date.astimezone(UTC).timestamp())
    if under_way is None:
        try:
            found = await session.find(start.mailbox)
        except MailError as error:
            raise refusal(error, TRYCREATE) from error
        place = Place(found.mailbox.mailbox_id, bits, keywords)
        session.appending = Appending(found.account, place.mailbox_id, session.store.spool(), place, received)
    else:
        under_way.spool = session.store.spool()
        under_way.place = Place(under_way.mailbox_id, bits, keywords)
        under_way.received = received


def take(session: Session, chunk: AppendChunk) -> None:
    """Octets of the message. What goes wrong is said when the command ends."""
    under_way = session.appending
    assert under_way is not None  # the decoder gives chunks between AppendStart and AppendEnd only
    if under_way.failure is None:
        if b"\0" in chunk.octets:  # RFC 3501 §4.3.1: everything else is kept as it is
            under_way.failure = bad("NUL in a literal")
            under_way.spool.discard()
            return
        try:
            under_way.spool.write(chunk.octets)
        except MailError as error:
            under_way.failure = refusal(error)


async def end(session: Session, event: AppendEnd) -> Answer | None:
    """A message is complete; with the last one, store them all. None when more are to come."""
    under_way = session.appending
    assert under_way is not None
    try:
        if under_way.failure is None:
            try:
                arrived = await under_way.spool.finish()
                if not event.last and arrived.path is None and arrived.size > BLOB_INLINE:  # others are still to come
                    path = await asyncio.to_thread(to_file, arrived, session.store.settings)
                    arrived = replace(arrived, octets=None, path=path)
                under_way.pieces.append(Piece(arrived, under_way.place, under_way.received))
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


async def _store(session: Session, under_way: Appending) -> Answer:
    account = under_way.account

    async def unit(tx: Transaction) -> tuple[int, list[Uid]]:
        added = [await tx.add(account, one.arrived, [one.place], received=one.received) for one in under_way.pieces]
        placed = [place for one in added for place in one.placed]
        return placed[0].uidvalidity, [place.uid for place in placed]

    try:
        validity, uids = await session.write([account], unit)
    except MailError as error:
        raise refusal(error, TRYCREATE) from error
    return Answer("APPEND completed", encoder.append_uid(validity, uids))


def abandon(session: Session) -> None:
    """Forget an APPEND under way."""
    under_way, session.appending = session.appending, None
    if under_way is not None:
        under_way.discard()
