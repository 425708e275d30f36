"""SEARCH, UID SEARCH and CANCELUPDATE (RFC 3501 §6.4.4, RFC 4731, RFC 5182, RFC 5267, RFC 9394)."""

from pillarbox.servers.imap import updating
from pillarbox.servers.imap.errors import bad
from pillarbox.servers.imap.progress import Progress
from pillarbox.servers.imap.searching import find, ready, saving, tell, tell_plainly
from pillarbox.servers.imap.session import Answer, Session
from pillarbox.wire.imap.events import Command
from pillarbox.wire.imap.extensions import CancelUpdate
from pillarbox.wire.imap.results import Correlator
from pillarbox.wire.imap.search import Search


async def search(session: Session, command: Command, arguments: Search) -> Answer:
    """Which messages the client knows meet the keys."""
    ready(session, arguments)
    asked = updating.prepare(session, command.tag, arguments)
    progress, correlator = Progress(session, command.tag), Correlator(command.tag, asked.uid)
    with saving(session.mailbox, asked):
        uids = await find(session, progress, asked.key)
        if asked.returns is None and not session.rev2:
            await tell_plainly(session, progress, b"SEARCH", asked, uids)
        else:  # RFC 9051 §6.4.4: always, to a client of rev2
            await tell(session, progress, correlator, asked, uids)
    updating.begin(session, correlator, asked, uids)
    return Answer(f"{command.name} completed")


async def cancel_update(session: Session, command: Command, arguments: CancelUpdate) -> Answer:
    """Keep the client informed of these results no longer (RFC 5267 §4.3.5)."""
    contexts = session.mailbox.remember().contexts
    if not contexts.keys() >= set(arguments.tags):
        raise bad("no search with this tag is kept up to date")
    for tag in set(arguments.tags):
        del contexts[tag]
    return Answer("CANCELUPDATE completed")
