"""THREAD and UID THREAD (RFC 5256 §3)."""

from pillarbox.servers.imap.criteria import Asker, condition
from pillarbox.servers.imap.manner import CONDSTORE
from pillarbox.servers.imap.progress import Progress
from pillarbox.servers.imap.searching import numbers
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
    place, question = (selected.account, selected.mailbox_id), condition(Asker.of(session), asked.key)
    forest = await sorting.threads(session.store, place, question, arguments.algorithm, selected.uids, progress.step)
    told = forest.uids if asked.uid else await numbers(selected, forest.uids, progress)
    for piece in results.thread(forest.roots, forest.children, told):
        session.stream.write(piece)
        await session.breathe()
    return Answer(f"{command.name} completed")
