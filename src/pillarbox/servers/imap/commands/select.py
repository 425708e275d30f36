"""SELECT, EXAMINE, CLOSE and UNSELECT: which mailbox is open (RFC 3501 §6.3.1, §6.3.2, §6.4.2, RFC 3691)."""

from pillarbox.core.errors import MailError
from pillarbox.core.ids import spell
from pillarbox.servers.imap.commands.copy import clear
from pillarbox.servers.imap.errors import refusal
from pillarbox.servers.imap.flags import DEFINED, PERMANENT
from pillarbox.servers.imap.manner import CONDSTORE
from pillarbox.servers.imap.selected import NOTHING, Selected
from pillarbox.servers.imap.session import Answer, Session
from pillarbox.store.model import MAILBOX_PREFIX, Mailbox, MailboxView
from pillarbox.store.query import All
from pillarbox.wire.imap import encoder
from pillarbox.wire.imap.commands import Nothing, Select
from pillarbox.wire.imap.events import Command


async def select(session: Session, command: Command, arguments: Select) -> Answer:
    """Open a mailbox; the one open before is closed even when this fails."""
    session.unselect()
    if arguments.condstore:
        session.enable(CONDSTORE)
    try:
        found = await session.find(arguments.mailbox)
        view = await session.store.view(found.account, found.mailbox.mailbox_id)
    except MailError as error:
        raise refusal(error) from error
    read_only = command.name == "EXAMINE"
    account, mailbox_id = found.account, found.mailbox.mailbox_id
    selected = Selected(account, mailbox_id, read_only, view.uids, view.modseq, found.rights)
    recents = session.house.recents
    after = await recents.after(account, mailbox_id, view.uids)
    selected.recent = frozenset(_above(view, after)) or NOTHING
    if not read_only:
        recents.tell(account, mailbox_id, view.uids[-1] if view.uids else 0)
    session.select(selected)
    selected.stale = True  # what happened since the view was taken is told at the end
    session.stream.write(_spell(found.mailbox, view, selected))
    return Answer(f"{command.name} completed", "READ-ONLY" if read_only else "READ-WRITE")


def _above(view: MailboxView, after: int) -> list[int]:
    recent = []
    for at in range(len(view.uids) - 1, -1, -1):
        if view.uids[at] <= after:
            break
        recent.append(view.uids[at])
    return recent


def _spell(mailbox: Mailbox, view: MailboxView, selected: Selected) -> bytes:
    lines = [encoder.flags(DEFINED), encoder.exists(len(view.uids)), encoder.recent(len(selected.recent))]
    if view.first_unseen:
        code = encoder.code("UNSEEN", view.first_unseen)
        lines.append(encoder.untagged("OK", "first unseen message", code))
    kept = () if selected.read_only else PERMANENT
    lines += (
        encoder.untagged("OK", "UIDs valid", encoder.code("UIDVALIDITY", view.uidvalidity)),
        encoder.untagged("OK", "next UID", encoder.code("UIDNEXT", view.uidnext)),
        encoder.untagged("OK", "flags that are kept", encoder.permanent_flags(kept)),
        encoder.untagged("OK", "highest mod-sequence", encoder.code("HIGHESTMODSEQ", view.modseq)),
        encoder.untagged("OK", "mailbox id", f"MAILBOXID ({spell(MAILBOX_PREFIX, mailbox.mailbox_id)})"),
    )
    return b"".join(lines)


async def close(session: Session, command: Command, arguments: Nothing) -> Answer:
    """Expunge without a word, and leave the mailbox."""
    if not session.mailbox.read_only:
        await clear(session, All())
    session.unselect()
    return Answer("CLOSE completed")


async def unselect(session: Session, command: Command, arguments: Nothing) -> Answer:
    """Leave the mailbox as it is."""
    session.unselect()
    return Answer("UNSELECT completed")
