"""SEARCH and UID SEARCH, plain and with RETURN (RFC 3501 §6.4.4, RFC 4731, RFC 7162 §3.1.5)."""

import asyncio
from collections.abc import Sequence

from pillarbox.core.errors import Unavailable
from pillarbox.core.limits import IMAP_PATIENCE, PAGE
from pillarbox.servers.imap.criteria import Asker, condition
from pillarbox.servers.imap.manner import CONDSTORE
from pillarbox.servers.imap.session import Answer, Session
from pillarbox.store.model import Need
from pillarbox.store.searching import Pause
from pillarbox.wire.imap import encoder
from pillarbox.wire.imap.events import Command
from pillarbox.wire.imap.search import Search

_PAGE = 20 * PAGE  # numbers found between two turns of the loop


async def search(session: Session, command: Command, arguments: Search) -> Answer:
    """Which messages the client knows meet the keys."""
    selected = session.mailbox
    if arguments.uses_modseq:
        session.enable(CONDSTORE)
    question = condition(Asker(selected, session.store.clock.now(), session.uid_only), arguments.key)
    found = await session.store.search(selected.account, selected.mailbox_id, question, None, _patience(session))
    numbers, uids = await _known(session, found)
    modseq = await _modseq(session, arguments, uids) if arguments.uses_modseq and uids else None
    told = uids if arguments.uid else numbers
    returns = frozenset(("ALL",)) if arguments.returns is None and session.rev2 else arguments.returns
    if returns is None:
        line = encoder.search(told, modseq)
    else:  # RFC 9051 §6.4.4: always, to a client of rev2
        line = encoder.esearch(command.tag, told, returns, uid=arguments.uid, modseq=modseq)
    session.stream.write(line)
    return Answer(f"{command.name} completed")


def _patience(session: Session) -> Pause:
    """What a long search does between pages: it gives up when the server stops or the client has gone, which only
    shows when something is sent."""
    clock = asyncio.get_running_loop().time
    said = clock()

    async def pause() -> None:
        nonlocal said
        if session.stream.stopping:
            raise Unavailable("the server is shutting down")
        if clock() > said + IMAP_PATIENCE:
            said = clock()
            session.stream.write(encoder.untagged("OK", "still searching"))
        await session.breathe()

    return pause


async def _known(session: Session, found: Sequence[int]) -> tuple[list[int], list[int]]:
    """Message numbers and UIDs of those the client knows."""
    selected = session.mailbox
    numbers, uids = [], []
    at = -1
    for start in range(0, len(found), _PAGE):
        if start:
            await session.breathe()
        for uid in found[start : start + _PAGE]:
            at = selected.index(uid, at + 1)
            if at >= 0:
                numbers.append(at + 1)
                uids.append(uid)
    return numbers, uids


async def _modseq(session: Session, arguments: Search, uids: Sequence[int]) -> int:
    """The highest mod-sequence of what is told: of the first or last alone where only those are (RFC 4731 §3.2)."""
    returns = arguments.returns or frozenset(("ALL",))
    asked = uids
    if returns <= {"MIN", "MAX"}:
        ends = [uids[0]] * ("MIN" in returns) + [uids[-1]] * ("MAX" in returns)
        asked = sorted(set(ends))
    highest = 0
    selected = session.mailbox
    async for rows in session.store.placements(selected.account, selected.mailbox_id, asked, Need.PLACEMENT):
        highest = max(highest, *(row.modseq for row in rows))
        await session.breathe()
    return highest
