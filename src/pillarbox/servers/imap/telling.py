"""What is told without being asked: news of the selected mailbox, and what NOTIFY watches (RFC 3501 §7, RFC 5465)."""

from collections.abc import Sequence
from typing import Final

from pillarbox.core.errors import NotFound
from pillarbox.core.ids import AccountId, MailboxId
from pillarbox.core.limits import QUOTA_WARNING
from pillarbox.servers.imap.commands.fetch import tell as tell_messages
from pillarbox.servers.imap.commands.listing import describe
from pillarbox.servers.imap.counts import spell_status
from pillarbox.servers.imap.happenings import Happening
from pillarbox.servers.imap.manner import METADATA
from pillarbox.servers.imap.notes import may_note
from pillarbox.servers.imap.notifying import Notifying
from pillarbox.servers.imap.pace import Pace
from pillarbox.servers.imap.session import Session, State
from pillarbox.servers.imap.syncing import sync
from pillarbox.store.metadata import WHOLE
from pillarbox.store.model import Mailbox
from pillarbox.store.rights import ALL, Found
from pillarbox.wire.imap import encoder
from pillarbox.wire.imap.codes import OVER_QUOTA
from pillarbox.wire.imap.fetch import Fetch
from pillarbox.wire.imap.metadata import metadata_changed
from pillarbox.wire.imap.notify import MESSAGE_EVENTS, EventKind, Notify
from pillarbox.wire.imap.sets import NOTHING

_NEWS: Final = frozenset({EventKind.MESSAGE_NEW, EventKind.MESSAGE_EXPUNGE})
_NOTES: Final = frozenset({EventKind.MAILBOX_METADATA_CHANGE, EventKind.SERVER_METADATA_CHANGE})
_ADDING: Final = frozenset({"APPEND", "REPLACE", "UID REPLACE", "COPY", "UID COPY", "MOVE", "UID MOVE"})
"""What new messages of the client's own come by: it need not be shown them (RFC 5465 §5.2)."""


async def tell_news(session: Session, command: str = "", *, may_expunge: bool = True, expunged: bool = False) -> None:
    """Tell what happened to the selected mailbox, before the answer of a command if there is one.

    `expunged`: the command has itself taken messages away, and owes word of it whatever NOTIFY says.
    """
    arrived = await sync(session, may_expunge, uid=command.startswith("UID "), owed=expunged)
    if arrived and command not in _ADDING:
        await _show(session, arrived)
    if command in _ADDING or (arrived and session.mailbox.account == session.owner):
        await _warn(session)
    await tell_notes(session)


async def _warn(session: Session) -> None:
    """Warn once that there is little room left, of a mailbox being open or a command under way that adds to one (RFC
    9208 §4.3.1)."""
    account = await session.store.directory.account(session.owner)
    if (account.quota, account.quota_messages, session.store.settings.quota) == (None, None, None):
        return
    holds = await session.store.holdings(session.owner)
    little = any(
        one.limit is not None and one.used * 100 >= one.limit * QUOTA_WARNING for one in (holds.octets, holds.messages)
    )
    if little and not session.warned:
        session.stream.write(encoder.untagged("NO", "there is little room left for messages", OVER_QUOTA))
    session.warned = little


async def tell_unasked(session: Session) -> None:
    """Between two commands: what IDLE and NOTIFY have asked for."""
    notifying = session.notifying
    if session.state is State.SELECTED and (session.idling or notifying is not None):
        await tell_news(session, may_expunge=session.idling or (notifying is not None and notifying.at_once))
    if notifying is not None and notifying.stale and session.state is not State.LOGOUT:
        pace = Pace(session)
        async for account, happening in notifying.look(session.store, session.owner):
            await _tell(session, account, happening)
            await pace.keep()
    await tell_notes(session)


async def tell_notes(session: Session) -> None:
    """Which notes others have changed, to a client that wants to know (RFC 5464 §4.4.2, RFC 5465 §5.6, §5.7)."""
    noting = session.noting
    if noting is None or not noting.stale or session.state is State.LOGOUT:
        return
    for account, mailbox_id, entries in await noting.news(session.store, session.owner):
        found = None
        if mailbox_id != WHOLE:
            found = await _noted(session, account, mailbox_id)
            if found is None:
                continue
        if _wants_notes(session, found):
            line = metadata_changed(found.name if found is not None else "", entries, session.decoder.utf8)
            session.stream.write(line)


async def _noted(session: Session, account: AccountId, mailbox_id: MailboxId) -> Found | None:
    """The mailbox, if it is there and the login may see its notes."""
    if account != session.owner:
        shared = await session.store.sharing.shared(session.owner)
        mine = [one for one in shared if (one.account, one.mailbox.mailbox_id) == (account, mailbox_id)]
        return next((one for one in mine if may_note(one.rights)), None)
    try:
        mailbox = await session.store.mailbox(account, mailbox_id)
    except NotFound:
        return None
    return Found(account, mailbox, ALL, mailbox.name)


def _wants_notes(session: Session, found: Found | None) -> bool:
    notifying = session.notifying
    if METADATA in session.enabled or notifying is None:
        return METADATA in session.enabled
    if found is not None:
        own = found.account == session.owner
        return EventKind.MAILBOX_METADATA_CHANGE in notifying.events(found.mailbox, found.name, own=own)
    return any(EventKind.SERVER_METADATA_CHANGE in group.events for group in notifying.others)


async def begin(session: Session, asked: Notify) -> None:
    """Watch what is asked for from now on; first STATUS of the mailboxes watched, where that is wanted (§3.1)."""
    notifying = Notifying(asked, session.wake)
    try:
        await notifying.follow(session.store, session.owner)
        if any(group.events & _NOTES for group in asked.groups):
            await session.note()
    except Exception:  # what was asked for before goes on (§3.1)
        notifying.close()
        raise
    session.notify(notifying)
    pace = Pace(session)
    for one in list(notifying.observed.values()) if asked.status else ():
        for mailbox in list(one.known.values()):
            await pace.keep()
            kinds = notifying.events(mailbox, mailbox.name, own=one.account == session.owner) & MESSAGE_EVENTS
            if kinds and mailbox.selectable and not _is_selected(session, one.account, mailbox.mailbox_id):
                session.stream.write(await _status(session, one.account, mailbox, kinds, first=True))
                await session.stream.drain()


async def _show(session: Session, uids: Sequence[int]) -> None:
    """What is asked for of new messages in the selected mailbox, after EXISTS (§5.2)."""
    notifying = session.notifying
    if notifying is not None and notifying.items:
        await tell_messages(session, Fetch(NOTHING, notifying.items, uid=True), [(uid, uid) for uid in uids])


async def _tell(session: Session, account: AccountId, one: Happening) -> None:
    mailbox = one.mailbox
    if mailbox is None:
        line = encoder.list_mailbox(one.name, ("\\NonExistent",), utf8=session.decoder.utf8)
    elif one.kind not in MESSAGE_EVENTS:
        found = Found(account, mailbox, ALL, mailbox.name)
        line = await describe(session, found, one.old_name, subscribed=True)
    elif mailbox.selectable and not _is_selected(session, account, mailbox.mailbox_id):
        line = await _status(session, account, mailbox, frozenset({one.kind}))
    else:
        return
    session.stream.write(line)


async def _status(
    session: Session, account: AccountId, mailbox: Mailbox, kinds: frozenset[EventKind], first: bool = False
) -> bytes:
    items = _items(session.condstore, kinds, first)
    return await spell_status(session, account, mailbox, mailbox.name, items)


def _items(condstore: bool, kinds: frozenset[EventKind], first: bool) -> tuple[str, ...]:
    """The STATUS items that tell of these events (§5.1-3), or from which the client hears of them (`first`, §3.1)."""
    items = ["UIDVALIDITY"]
    if kinds & _NEWS:
        items += ["MESSAGES", "UIDNEXT"]
    if EventKind.FLAG_CHANGE in kinds:
        items.append("UNSEEN")
    if condstore or (first and EventKind.FLAG_CHANGE in kinds):
        items.append("HIGHESTMODSEQ")
    return tuple(items)


def _is_selected(session: Session, account: AccountId, mailbox_id: MailboxId) -> bool:
    selected = session.selected
    return selected is not None and (selected.account, selected.mailbox_id) == (account, mailbox_id)
