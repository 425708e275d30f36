"""SEARCH, UID SEARCH and CANCELUPDATE (RFC 3501 §6.4.4, RFC 4731, RFC 5182, RFC 5267, RFC 9394)."""

from collections.abc import Sequence

from pillarbox.core.limits import PAGE
from pillarbox.servers.imap import updating
from pillarbox.servers.imap.errors import bad
from pillarbox.servers.imap.manner import CONDSTORE
from pillarbox.servers.imap.progress import Progress
from pillarbox.servers.imap.searching import find, highest, numbers, saving, tell
from pillarbox.servers.imap.session import Answer, Session
from pillarbox.wire.imap.events import Command
from pillarbox.wire.imap.extensions import CancelUpdate
from pillarbox.wire.imap.results import Correlator
from pillarbox.wire.imap.search import Search

_SOME = 20 * PAGE  # numbers spelled between two turns of the loop


async def search(session: Session, command: Command, arguments: Search) -> Answer:
    """Which messages the client knows meet the keys."""
    if arguments.uses_modseq:
        session.enable(CONDSTORE)
    asked = updating.prepare(session, command.tag, arguments)
    progress = Progress(session, command.tag)
    with saving(session.mailbox, asked):
        uids = await find(session, progress, asked.key)
        if asked.returns is None and not session.rev2:
            await _plain(session, progress, asked, uids)
        else:  # RFC 9051 §6.4.4: always, to a client of rev2
            await tell(session, progress, Correlator(command.tag, asked.uid), asked, uids)
    updating.begin(session, command.tag, asked, uids)
    return Answer(f"{command.name} completed")


async def _plain(session: Session, progress: Progress, asked: Search, uids: Sequence[int]) -> None:
    """`* SEARCH 2 3 6`, and the highest mod-sequence of those if a key was about it (RFC 7162 §3.1.5)."""
    selected, stream = session.mailbox, session.stream
    told = uids if asked.uid else await numbers(selected, uids, progress)
    last = b"\r\n"
    if asked.uses_modseq and uids:
        place = (selected.account, selected.mailbox_id)
        last = b" (MODSEQ %d)\r\n" % await highest(session, progress, place, uids)
    stream.write(b"* SEARCH")
    for at in range(0, len(told), _SOME):
        stream.write("".join(map(" %d".__mod__, told[at : at + _SOME])).encode("ascii"))
        await session.breathe()
    stream.write(last)


async def cancel_update(session: Session, command: Command, arguments: CancelUpdate) -> Answer:
    """Keep the client informed of these results no longer (RFC 5267 §4.3.5)."""
    contexts = session.mailbox.remember().contexts
    if not contexts.keys() >= set(arguments.tags):
        raise bad("no search with this tag is kept up to date")
    for tag in set(arguments.tags):
        del contexts[tag]
    return Answer("CANCELUPDATE completed")
