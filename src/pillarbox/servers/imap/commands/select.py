"""SELECT, EXAMINE, CLOSE and UNSELECT: which mailbox is open (RFC 9051 §6.3.2, RFC 3501 §6.3.1, RFC 7162 §3.2.5)."""

import contextlib

from pillarbox.core.errors import Denied, MailError, NotFound
from pillarbox.core.ids import spell
from pillarbox.servers.imap.commands.copy import clear
from pillarbox.servers.imap.commands.fetch import tell
from pillarbox.servers.imap.commands.listing import describe
from pillarbox.servers.imap.errors import bad, numberless, refusal
from pillarbox.servers.imap.flags import DEFINED, permanent
from pillarbox.servers.imap.manner import CONDSTORE
from pillarbox.servers.imap.resync import agreed, tell_vanished
from pillarbox.servers.imap.selected import NOTHING, Selected
from pillarbox.servers.imap.session import Answer, Session
from pillarbox.store.model import MAILBOX_PREFIX, MailboxView
from pillarbox.store.query import All
from pillarbox.store.rights import WRITING, Found
from pillarbox.wire.imap import encoder
from pillarbox.wire.imap.codes import CLOSED
from pillarbox.wire.imap.commands import Nothing, Select
from pillarbox.wire.imap.events import Command
from pillarbox.wire.imap.fetch import Attribute, Fetch
from pillarbox.wire.imap.resync import Resync
from pillarbox.wire.imap.sets import HIGHEST, SequenceSet

_EVERYTHING = SequenceSet(((1, HIGHEST),))
_CHANGES = (Attribute.UID, Attribute.FLAGS, Attribute.MODSEQ)


async def select(session: Session, command: Command, arguments: Select) -> Answer:
    """Open a mailbox; the one open before is closed even when this fails."""
    _check(session, arguments.resync)
    if session.selected is not None:
        session.unselect()
        session.stream.write(encoder.untagged("OK", "the mailbox selected before is closed", CLOSED))
    if arguments.condstore:
        session.enable(CONDSTORE)
    try:
        found = await session.find(arguments.mailbox)
        view = await session.store.view(found.account, found.mailbox.mailbox_id)
    except MailError as error:
        raise refusal(error) from error
    read_only = command.name == "EXAMINE" or found.rights.isdisjoint(WRITING)
    await _open(session, found, view, read_only=read_only)
    try:
        await _tell_more(session, arguments, found, view)
    except Exception:  # RFC 3501 §6.3.1: then no mailbox is selected
        session.unselect()
        raise
    session.mailbox.stale = True  # what happened since the view was taken is told at the end
    return Answer(f"{command.name} completed", "READ-ONLY" if session.mailbox.read_only else "READ-WRITE")


def _check(session: Session, resync: Resync | None) -> None:
    if resync is None:
        return
    if not session.qresync:  # RFC 7162 §3.2.5
        raise bad("ENABLE QRESYNC first")
    if session.uid_only and resync.numbers.ranges:  # RFC 9586 §3.1
        raise numberless()


async def _open(session: Session, found: Found, view: MailboxView, *, read_only: bool) -> None:
    account, mailbox_id = found.account, found.mailbox.mailbox_id
    selected = Selected(account, mailbox_id, read_only, view.uids, view.modseq, found.rights)
    recents = session.house.recents
    after = await recents.after(account, mailbox_id, view.uids)
    selected.recent = frozenset(_above(view, after)) or NOTHING
    if not read_only:
        recents.tell(account, mailbox_id, view.uids[-1] if view.uids else 0)
    session.select(selected)
    session.stream.write(_spell(session, found, view))


async def _tell_more(session: Session, arguments: Select, found: Found, view: MailboxView) -> None:
    """Its name to a client of rev2 (RFC 9051 §6.3.2), and what the client has missed."""
    if session.rev2:
        session.stream.write(await describe(session, found, arguments.asked if arguments.asked != found.name else None))
    if arguments.resync is not None and arguments.resync.validity == view.uidvalidity:
        await _resynchronise(session, arguments.resync, view)


def _above(view: MailboxView, after: int) -> list[int]:
    recent = []
    for at in range(len(view.uids) - 1, -1, -1):
        if view.uids[at] <= after:
            break
        recent.append(view.uids[at])
    return recent


def _spell(session: Session, found: Found, view: MailboxView) -> bytes:
    selected, manner = session.mailbox, session.manner
    lines = [encoder.flags(DEFINED), *manner.counts(len(view.uids), len(selected.recent))]
    if view.first_unseen and not (manner.rev2 or manner.uid_only):
        code = encoder.code("UNSEEN", view.first_unseen)
        lines.append(encoder.untagged("OK", "first unseen message", code))
    kept = () if selected.read_only else permanent(selected.rights)
    lines += (
        encoder.untagged("OK", "UIDs valid", encoder.code("UIDVALIDITY", view.uidvalidity)),
        encoder.untagged("OK", "next UID", encoder.code("UIDNEXT", view.uidnext)),
        encoder.untagged("OK", "flags that are kept", encoder.permanent_flags(kept)),
        encoder.untagged("OK", "highest mod-sequence", encoder.code("HIGHESTMODSEQ", view.modseq)),
        encoder.untagged("OK", "mailbox id", f"MAILBOXID ({spell(MAILBOX_PREFIX, found.mailbox.mailbox_id)})"),
    )
    return b"".join(lines)


async def _resynchronise(session: Session, resync: Resync, view: MailboxView) -> None:
    """What vanished, then what is new or changed among the messages the client knows (RFC 7162 §3.2.5.1)."""
    await tell_vanished(session, resync.known, resync.modseq, view.uidnext, agreed(resync, view.uids))
    known = resync.known or _EVERYTHING
    changed = Fetch(known, _CHANGES[session.uid_only :], changed_since=resync.modseq, uid=True)
    selected = session.mailbox
    await tell(session, changed, selected.ranges(known.positions(selected.uids)))


async def close(session: Session, command: Command, arguments: Nothing) -> Answer:
    """Expunge without a word where that is allowed, and leave the mailbox."""
    if not session.mailbox.read_only and "e" in session.mailbox.rights:
        with contextlib.suppress(Denied, NotFound):  # RFC 4314 §4: then nothing is expunged
            await clear(session, command.tag, All())
    session.unselect()
    return Answer("CLOSE completed")


async def unselect(session: Session, command: Command, arguments: Nothing) -> Answer:
    """Leave the mailbox as it is."""
    session.unselect()
    return Answer("UNSELECT completed")
