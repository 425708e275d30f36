"""ESEARCH: one search over many mailboxes, or over the selected one (RFC 7377)."""

from collections.abc import AsyncIterator, Sequence
from itertools import groupby

from pillarbox.core.errors import NotFound
from pillarbox.servers.imap import updating
from pillarbox.servers.imap.criteria import Asker, condition, positional
from pillarbox.servers.imap.errors import bad
from pillarbox.servers.imap.progress import Progress
from pillarbox.servers.imap.scoping import chosen, selected_one
from pillarbox.servers.imap.searching import Where, find, ready, saving, tell
from pillarbox.servers.imap.session import Answer, Session
from pillarbox.store.rights import Found
from pillarbox.store.searching import search_each
from pillarbox.wire.imap.events import Command
from pillarbox.wire.imap.multisearch import MultiSearch
from pillarbox.wire.imap.results import Correlator
from pillarbox.wire.imap.search import Key

_TOGETHER = 500  # mailboxes searched by one statement


async def esearch(session: Session, command: Command, arguments: MultiSearch) -> Answer:
    """Which messages of each mailbox meet the keys; nothing is said of mailboxes where none does (§2.1)."""
    scopes, asked = arguments.scopes, arguments.search
    of_selected = not scopes or any(scope.selected for scope in scopes)
    if of_selected and session.selected is None:
        raise bad("no mailbox is selected")
    ready(session, asked)
    progress = Progress(session, command.tag)
    if of_selected:
        await _in_selected(session, progress, command.tag, arguments)
    others = [scope for scope in scopes if not scope.selected]
    boxes = await chosen(session, others) if others else []
    if of_selected:
        boxes = [one for one in boxes if not _is_open(session, one)]
    async for found, where, uids in _each(session, progress, boxes, asked.key):
        await tell(session, progress, _correlator(session, command.tag, found), asked, uids, where)
    return Answer("ESEARCH completed")


async def _in_selected(session: Session, progress: Progress, tag: bytes, arguments: MultiSearch) -> None:
    """As UID SEARCH; only there results are saved and kept up to date."""
    asked = updating.prepare(session, tag, arguments.search)
    correlator = _correlator(session, tag, await selected_one(session))
    with saving(session.mailbox, asked):
        uids = await find(session, progress, asked.key)
        if uids:
            await tell(session, progress, correlator, asked, uids)
        elif asked.returns and "SAVE" in asked.returns:
            session.mailbox.remember().clear()
    updating.begin(session, correlator, asked, uids)


def _is_open(session: Session, found: Found) -> bool:
    selected = session.mailbox
    return (found.account, found.mailbox.mailbox_id) == (selected.account, selected.mailbox_id)


def _correlator(session: Session, tag: bytes, found: Found) -> Correlator:
    return Correlator(tag, True, found.name, found.mailbox.uidvalidity, session.manner.utf8)


async def _each(
    session: Session, progress: Progress, boxes: Sequence[Found], key: Key
) -> AsyncIterator[tuple[Found, Where, Sequence[int]]]:
    """The mailboxes where something is found: those of an account together, if the keys mean the same in all."""
    for account, some in groupby(boxes, key=lambda one: one.account):
        named = list(some)
        step = 1 if positional(key) else _TOGETHER
        for at in range(0, len(named), step):
            portion = {one.mailbox.mailbox_id: one for one in named[at : at + step]}
            uids = await _uids(session, named[at]) if step == 1 else ()
            question = condition(Asker(uids, session.store.clock.now(), uid_only=session.uid_only), key)
            found = await search_each(session.store, account, tuple(portion), question, progress.step)
            for mailbox_id, one in portion.items():
                if mailbox_id in found:
                    yield one, Where((account, mailbox_id), question), found[mailbox_id]
            await progress.step()


async def _uids(session: Session, found: Found) -> Sequence[int]:
    try:
        return (await session.store.view(found.account, found.mailbox.mailbox_id)).uids
    except NotFound:  # deleted meanwhile
        return ()
