"""NOTIFY: to be told of events in any mailbox without asking (RFC 5465 §3.1)."""

from pillarbox.servers.imap.session import Answer, Session
from pillarbox.servers.imap.telling import begin, tell_news
from pillarbox.wire.imap.events import Command
from pillarbox.wire.imap.notify import Notify


async def notify(session: Session, command: Command, arguments: Notify) -> Answer:
    """Replace what was asked for before; what has gathered in the selected mailbox is told first."""
    if session.selected is not None:
        session.selected.stale = True
    await tell_news(session)
    await begin(session, arguments)
    return Answer("NOTIFY completed")
