"""STORE and UID STORE: flags of messages changed, if wanted only where nobody else did (RFC 3501 §6.4.6, RFC 7162)."""

from collections.abc import Collection, Iterable, Iterator, Sequence

from pillarbox.core.ids import Modseq, Uid
from pillarbox.core.limits import IMAP_INLINE
from pillarbox.servers.imap.flags import split_flags
from pillarbox.servers.imap.manner import CONDSTORE
from pillarbox.servers.imap.progress import Progress
from pillarbox.servers.imap.selected import Selected, spell_state, spell_states
from pillarbox.servers.imap.session import Answer, Session
from pillarbox.store.model import FlagChange, FlagResult, FlagState
from pillarbox.store.ranges import UidSet
from pillarbox.store.transaction import Transaction
from pillarbox.wire.imap import encoder
from pillarbox.wire.imap.commands import Store
from pillarbox.wire.imap.events import Command


async def store(session: Session, command: Command, arguments: Store) -> Answer:
    """Change flags, and tell what they are now: a portion of the messages at a time, each in its own transaction."""
    selected = session.mailbox
    positions = selected.positions(arguments.messages, arguments.uid)
    change = _change(arguments)
    if arguments.unchanged_since is not None:
        session.enable(CONDSTORE)
    known, found = selected.modseq, 0
    modified: list[Uid] = []
    goal = sum(map(len, positions))
    progress, apart = Progress(session, command.tag), goal > IMAP_INLINE
    for uids in selected.portions(positions):
        before, result, after = await _set(session, uids, change, arguments.unchanged_since, apart)
        # else others changed what the client does not know yet, or the flags are not what it thinks (RFC 4314 §4)
        silent = arguments.silent and before <= known and not result.curtailed
        known = after if before <= known else known
        await _tell(session, arguments, result, silent)
        found += len(result.states)
        modified += result.modified
        await progress.step(found, goal)
    if modified:
        return Answer("conditional STORE failed for some", encoder.modified(_numbers(selected, arguments, modified)))
    if not arguments.uid and found < goal:
        return Answer("some of the messages no longer exist", "EXPUNGEISSUED")  # RFC 2180 §4.2, RFC 5530 §3
    return Answer(f"{command.name} completed")


async def _set(
    session: Session, uids: UidSet, change: FlagChange, since: int | None, apart: bool
) -> tuple[Modseq, FlagResult, Modseq]:
    """Change a portion; the highest modseq of the mailbox before and after."""
    account, mailbox_id = session.mailbox.account, session.mailbox.mailbox_id

    async def unit(tx: Transaction) -> tuple[Modseq, FlagResult, Modseq]:
        before = (await tx.mailbox(account, mailbox_id)).highestmodseq
        result = await tx.set_flags(account, mailbox_id, uids, change, None if since is None else Modseq(since))
        return before, result, (await tx.mailbox(account, mailbox_id)).highestmodseq

    return await session.write([account], unit, apart=apart)


def _change(arguments: Store) -> FlagChange:
    bits, keywords = split_flags(arguments.flags)
    if arguments.mode == "remove":
        return FlagChange(remove=bits, remove_keywords=keywords)
    return FlagChange(add=bits, add_keywords=keywords, replace=arguments.mode == "replace")


async def _tell(session: Session, arguments: Store, result: FlagResult, silent: bool) -> None:
    """The new flags. Of .SILENT only modseqs are told, to those whom they matter; what another session had changed
    before is always told whole (RFC 7162 §3.1.3)."""
    selected = session.mailbox
    for state in result.states:
        selected.tell(state)
    whole: Collection[FlagState] = result.states
    if silent:
        modified = frozenset(result.modified)
        whole = [state for state in result.states if state.uid in modified]
        if session.condstore:
            passed = frozenset(result.changed if arguments.unchanged_since is None else map(_uid, result.states))
            states = [state for state in result.states if state.uid in passed - modified]
            await session.send(_modseqs(session, states, arguments.uid))
    await session.send(spell_states(selected, whole, arguments.uid, session.manner))


def _uid(state: FlagState) -> Uid:
    return state.uid


def _modseqs(session: Session, states: Iterable[FlagState], uid: bool) -> Iterator[bytes]:
    for state in states:
        at = session.mailbox.index(state.uid)
        yield spell_state(session.manner, at, state.uid, [b"MODSEQ (%d)" % state.modseq], uid)


def _numbers(selected: Selected, arguments: Store, modified: Sequence[Uid]) -> Sequence[int]:
    return modified if arguments.uid else [selected.index(uid) + 1 for uid in modified]
