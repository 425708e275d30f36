"""CATENATE: a message put together from octets that come and parts that are here (RFC 4469)."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from pillarbox.core.errors import MailError, NotFound, TooBig
from pillarbox.core.ids import AccountId, Uid
from pillarbox.core.limits import IMAP_FETCH_HEADER
from pillarbox.message.structure import decode
from pillarbox.servers.imap.appending import Appending
from pillarbox.servers.imap.commands.append import add, guarded, welcome
from pillarbox.servers.imap.errors import Refused, refusal
from pillarbox.servers.imap.sections import Span, choose_fields, clip, locate
from pillarbox.servers.imap.session import Session
from pillarbox.store.model import BlobRef, Need, Row
from pillarbox.store.rights import Found
from pillarbox.wire.imap.codes import bad_url
from pillarbox.wire.imap.events import CatenateText, CatenateUrl
from pillarbox.wire.imap.reader import NUMBER64
from pillarbox.wire.imap.urls import MessageUrl, parse_url

_TOLD = 1000  # characters of a bad URL that are told back


async def text(session: Session, part: CatenateText) -> None:
    """The next part comes from the client."""
    await guarded(session, _prepare(session, part))
    welcome(session, part.sync)


async def _prepare(session: Session, part: CatenateText) -> None:
    _under_way(session).binary = part.binary


def _under_way(session: Session) -> Appending:
    """The command, as long as nothing went wrong with it."""
    under_way = session.appending
    assert under_way is not None  # the decoder gives parts after a start was accepted only
    if under_way.failure is not None:
        raise under_way.failure
    return under_way


async def url(session: Session, part: CatenateUrl) -> None:
    """The next part is here: what FETCH BODY.PEEK would give joins the message (RFC 4469 §3)."""
    await guarded(session, _join(session, part.url))
    session.decoder.accept()


async def _join(session: Session, text: str) -> None:
    under_way = _under_way(session)
    named = parse_url(text)
    try:
        source = None if named is None else await _find(session, named)
        if named is None or source is None:
            raise _bad(text)
        async for octets in _octets(session, source, named):
            add(under_way, octets)
            await session.breathe()
    except TooBig as error:
        raise refusal(error) from error
    except MailError as error:
        raise _bad(text) from error


def _bad(text: str) -> Refused:
    return Refused("NO", "the URL leads to nothing here", bad_url(text[:_TOLD]))


@dataclass(frozen=True, slots=True)
class _Source:
    account: AccountId
    blob: BlobRef
    row: Row


async def _find(session: Session, named: MessageUrl) -> _Source | None:
    """The message a URL names. NotFound for a mailbox that is not there."""
    if named.mailbox is not None:
        found = await session.find(named.mailbox)
    elif session.selected is not None:
        selected = session.selected
        mailbox = await session.store.mailbox(selected.account, selected.mailbox_id)
        found = Found(selected.account, mailbox, selected.rights, mailbox.name)
    else:
        return None
    if "r" not in found.rights or named.validity not in (None, found.mailbox.uidvalidity):
        return None
    need = Need.BLOB | Need.STRUCTURE
    async for rows in session.store.placements(found.account, found.mailbox.mailbox_id, [Uid(named.uid)], need):
        blob = rows[0].blob
        return None if blob is None else _Source(found.account, blob, rows[0])
    return None


async def _octets(session: Session, source: _Source, named: MessageUrl) -> AsyncIterator[bytes]:
    """What FETCH BODY.PEEK would give for the section and partial of a URL. NotFound where there is no such part."""
    store, size = session.store, source.blob.length
    span = locate(decode(source.row.structure), size, named.section)
    if span is None:
        raise NotFound("no such part")
    if named.section.fields:
        header = await store.slice(source.account, source.blob, span[0], min(span[1] - span[0], IMAP_FETCH_HEADER))
        chosen = choose_fields(header, named.section)
        start, end = _clip((0, len(chosen)), named)
        yield chosen[start:end]
        return
    start, end = _clip(span, named)
    async for chunk in store.chunks(source.account, source.blob, start, end - start):
        yield chunk


def _clip(span: Span, named: MessageUrl) -> Span:
    if named.partial is None:
        return span
    offset, most = named.partial
    return clip(span, (offset, NUMBER64 if most is None else most))
