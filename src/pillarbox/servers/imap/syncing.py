"""Telling a client what happened to its mailbox: all at once, or page by page when it is much (RFC 3501 §5.2, §7)."""

import asyncio
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from functools import partial

from pillarbox.core.errors import MailError, NotFound
from pillarbox.core.limits import IMAP_SET_PARTS
from pillarbox.servers.imap.selected import News, Selected, learn, renumber, spell_states
from pillarbox.servers.imap.session import Session, State
from pillarbox.store.model import FlagState, Mailbox, MailboxChanges, MailboxView
from pillarbox.wire.imap import encoder
from pillarbox.wire.imap.notify import EventKind
from pillarbox.wire.imap.resync import vanished


async def sync(session: Session, may_expunge: bool = True, uid: bool = False, owed: bool = False) -> Sequence[int]:
    """Tell what happened to the selected mailbox; the UIDs that are new to the client.

    Where NOTIFY wants no events of it, only what is `owed` as the result of a command (RFC 5465 §3.1). What the store
    could not say is told the next time.
    """
    selected, arrived = session.selected, list[int]()
    if selected is None or (session.notifying is not None and not session.notifying.wanted and not owed):
        return arrived
    if selected.stale or (may_expunge and selected.gone):
        since = selected.modseq
        try:
            arrived = await _tell_news(session, selected, may_expunge, uid)
        except MailError:
            selected.stale, selected.modseq = True, since
            raise
    if selected.gone and session.qresync:  # or the client takes a higher one for known (RFC 7162 §3.2)
        code = encoder.code("HIGHESTMODSEQ", selected.held)
        session.stream.write(encoder.untagged("OK", "expunges are told later", code))
    return arrived


async def _tell_news(session: Session, selected: Selected, may_expunge: bool, uid: bool) -> list[int]:
    selected.stale = False
    await session.recheck()
    if session.state is State.LOGOUT:
        return []
    changes = await session.store.since(selected.account, selected.mailbox_id, selected.modseq)
    if changes is None or changes.reset:
        return await _tell_much(session, selected, may_expunge, uid)
    if not _exists(session, changes.mailbox):
        return []
    before = selected.uids
    await _forget(session, selected, changes.vanished, before)
    news = learn(selected, changes, may_expunge)
    renumber(selected, news, await _shared_view(session, selected) if news.expunged or news.arrived else None)
    await _tell_counts(session, selected, news, before)
    await _tell_flags(session, selected, news.flags, uid)
    await _refresh(session, selected, [state.uid for state in changes.changed], news.arrived)
    return news.arrived


async def _shared_view(session: Session, selected: Selected) -> MailboxView | None:
    """The store's view of the mailbox, None where it cannot be had: the news are known without it."""
    try:
        return await session.store.view(selected.account, selected.mailbox_id)
    except MailError:
        return None


async def _tell_much(session: Session, selected: Selected, may_expunge: bool, uid: bool) -> list[int]:
    """Too much has changed to be listed, or the log does not reach back far enough: what the client knows is compared
    with what there is, and the placements are read page by page."""
    store, since, before = session.store, selected.modseq, selected.uids
    try:
        box = await store.mailbox(selected.account, selected.mailbox_id)
        view = await store.view(selected.account, selected.mailbox_id)
    except NotFound:
        _exists(session, None)
        return []
    if not _exists(session, box):
        return []
    news = await asyncio.to_thread(_compared, selected, box, view, may_expunge)
    if selected.findings is not None:
        gone = [before[at] for at in news.expunged] if may_expunge else selected.gone
        await _forget(session, selected, gone, before)
    await _tell_counts(session, selected, news, before)
    last = before[-1] if before else 0
    async for rows in store.placements(selected.account, selected.mailbox_id, [(1, last)] if last else []):
        states = [FlagState(row.uid, row.flags, row.keywords, row.modseq) for row in rows if row.modseq > since]
        await _tell_flags(session, selected, states, uid)
        await _refresh(session, selected, [state.uid for state in states], ())
        await session.breathe()
    await _refresh(session, selected, news.arrived, news.arrived)
    return news.arrived


def _compared(selected: Selected, box: Mailbox, view: MailboxView, may_expunge: bool) -> News:
    """The news without flags, `selected` brought up to date. Runs beside the loop."""
    last = selected.uids[-1] if selected.uids else 0
    gone = tuple(sorted(set(selected.uids).difference(view.uids)))
    modseq = min(box.highestmodseq, view.modseq)
    news = learn(selected, MailboxChanges(box, (), gone, modseq), may_expunge)  # type: ignore[arg-type]
    news.arrived = list(view.uids[bisect_right(view.uids, last) :])
    renumber(selected, news, view)
    return news


def _exists(session: Session, mailbox: Mailbox | None) -> bool:
    if mailbox is None or not mailbox.selectable:
        session.bye("the selected mailbox was deleted")
        return False
    return True


async def _tell_counts(session: Session, selected: Selected, news: News, before: Sequence[int]) -> None:
    """Expunges by the numbers or UIDs that messages had `before`, then how many there are."""
    if news.arrived and not selected.read_only:
        mine = session.house.recents.claim(selected.account, selected.mailbox_id, news.arrived)
        selected.recent = selected.recent.union(mine)
    manner, expunged = session.manner, news.expunged
    if manner.names_vanished:
        for at in range(0, len(expunged), IMAP_SET_PARTS):
            session.stream.write(vanished([before[one] for one in expunged[at : at + IMAP_SET_PARTS]]))
            await session.breathe()
    else:
        await session.send(encoder.expunge(at - earlier + 1) for earlier, at in enumerate(expunged))
    if news.arrived:
        await session.send(manner.counts(len(selected.uids), len(selected.recent)))


async def _tell_flags(session: Session, selected: Selected, states: Sequence[FlagState], uid: bool) -> None:
    notifying = session.notifying
    if notifying is None:
        await session.send(spell_states(selected, states, uid, session.manner))
    elif EventKind.FLAG_CHANGE in notifying.wanted:
        await session.send(spell_states(selected, states, True, session.manner))  # RFC 5465 §5.1


async def _forget(session: Session, selected: Selected, gone: Iterable[int], before: Sequence[int]) -> None:
    """Results of searches lose what vanished, by the numbers it had `before`: ere it is expunged, and even where that
    has to wait."""
    if selected.findings is not None:
        await session.send(selected.findings.vanish(tuple(gone), partial(bisect_left, before)))


async def _refresh(session: Session, selected: Selected, changed: Sequence[int], arrived: Sequence[int]) -> None:
    """Results of searches follow what changed or arrived."""
    if selected.findings is not None and changed:
        async for line in selected.findings.update(changed, arrived, selected.index):
            session.stream.write(line)
