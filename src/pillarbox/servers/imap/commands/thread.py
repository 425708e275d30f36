"""THREAD and UID THREAD (RFC 5256 §3)."""

from pillarbox.servers.imap.manner import CONDSTORE
from pillarbox.servers.imap.progress import Progress
from pillarbox.servers.imap.searching import here, numbers
from pillarbox.servers.imap.session import Answer, Session
from pillarbox.store import sorting
from pillarbox.wire.imap import results
from pillarbox.wire.imap.events import Command
from pillarbox.wire.imap.sorting import Thread


async def thread(session: Session, command: Command, arguments: Thread) -> Answer:
    """The messages the client knows that meet the keys, in threads."""
    asked, selected = arguments.search, session.mailbox
    if asked.uses_modseq:
        session.enable(CONDSTORE)
    progress = Progress(session, command.tag)
    where = here(session, asked.key)
    forest = await sorting.threads(
        session.store, where.place, where.question, arguments.algorithm, selected.uids, progress.step
    )
    told = forest.uids if asked.uid else await numbers(selected, forest.uids, progress)
    for piece in results.thread(results.Threads(forest.roots, forest.first, forest.following, told)):
        session.stream.write(piece)
        await session.breathe()
    return Answer(f"{command.name} completed")
