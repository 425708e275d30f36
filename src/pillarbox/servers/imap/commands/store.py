"""STORE and UID STORE: flags of messages changed, if wanted only where nobody else did (RFC 3501 §6.4.6, RFC 7162)."""

from collections.abc import Iterable, Iterator

from pillarbox.core.ids import Modseq, Uid
from pillarbox.servers.imap.flags import split_flags
from pillarbox.servers.imap.selected import Selected, spell_states
from pillarbox.servers.imap.session import Answer, Session
from pillarbox.store.model import FlagChange, FlagResult, FlagState
from pillarbox.store.transaction import Transaction
from pillarbox.wire.imap import encoder
from pillarbox.wire.imap.commands import Store
from pillarbox.wire.imap.events import Command


async def store(session: Session, command: Command, arguments: Store) -> Answer:
    """Change flags, and tell what they are now."""
    selected, owner = session.mailbox, session.owner
    positions = selected.positions(arguments.messages, arguments.uid)
    uids = selected.ranges(positions)
    change = _change(arguments)
    since = None if arguments.unchanged_since is None else Modseq(arguments.unchanged_since)
    if since is not None:
        await session.enable_condstore()

    async def unit(tx: Transaction) -> tuple[Modseq, FlagResult]:
        before = (await tx.mailbox(owner, selected.mailbox_id)).highestmodseq
        return before, await tx.set_flags(owner, selected.mailbox_id, uids, change, since)

    before, result = await session.write(unit)
    silent = arguments.silent and before <= selected.modseq  # else others changed what the client does not know yet
    await _tell(session, arguments, result, silent)
    if result.modified:
        return Answer("conditional STORE failed for some", encoder.modified(_numbers(selected, arguments, result)))
    if not arguments.uid and len(result.states) < sum(map(len, positions)):
        return Answer("some of the messages no longer exist", "EXPUNGEISSUED")  # RFC 2180 §4.2, RFC 5530 §3
    return Answer(f"{command.name} completed")


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
    whole: Iterable[FlagState] = result.states
    if silent:
        modified = frozenset(result.modified)
        whole = [state for state in result.states if state.uid in modified]
        if session.condstore:
            passed = frozenset(result.changed if arguments.unchanged_since is None else map(_uid, result.states))
            states = [state for state in result.states if state.uid in passed - modified]
            await session.send(_modseqs(selected, states, arguments.uid))
    await session.send(spell_states(selected, whole, arguments.uid, session.condstore))


def _uid(state: FlagState) -> Uid:
    return state.uid


def _modseqs(selected: Selected, states: Iterable[FlagState], uid: bool) -> Iterator[bytes]:
    for state in states:
        modseq = b"MODSEQ (%d)" % state.modseq
        pieces = (b"UID %d" % state.uid, modseq) if uid else (modseq,)
        yield encoder.fetch(selected.index(state.uid) + 1, pieces)


def _numbers(selected: Selected, arguments: Store, result: FlagResult) -> list[int]:
    if arguments.uid:
        return list(result.modified)
    return [selected.index(uid) + 1 for uid in result.modified]
