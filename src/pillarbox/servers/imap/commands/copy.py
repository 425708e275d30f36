"""COPY, MOVE, EXPUNGE and their UID forms: placements made and taken away (RFC 3501 §6.4.7, RFC 6851, RFC 4315)."""

from collections.abc import Sequence
from functools import partial

from pillarbox.core.errors import Conflict, MailError
from pillarbox.core.ids import AccountId, MailboxId, Uid
from pillarbox.core.limits import IMAP_INLINE, IMAP_PORTION
from pillarbox.servers.imap.criteria import within
from pillarbox.servers.imap.errors import TRYCREATE, refusal
from pillarbox.servers.imap.limiting import told
from pillarbox.servers.imap.progress import Progress
from pillarbox.servers.imap.session import Answer, Session
from pillarbox.store.model import DELETED
from pillarbox.store.query import All, And, Condition, Flags
from pillarbox.store.rights import Found
from pillarbox.store.transaction import Transaction
from pillarbox.wire.imap import encoder
from pillarbox.wire.imap.codes import message_limit
from pillarbox.wire.imap.commands import Copy, Nothing, UidExpunge
from pillarbox.wire.imap.events import Command

_Pairs = list[tuple[Uid, Uid]]
_Copied = tuple[Found, _Pairs]


async def copy(session: Session, command: Command, arguments: Copy) -> Answer:
    """Place messages in another mailbox too: all of them or none."""
    selected = session.mailbox
    positions = selected.positions(arguments.messages, arguments.uid)
    copied = await _transfer(session, arguments, positions, moving=False)
    return Answer(f"{command.name} completed", _copy_uid(*copied))


async def move(session: Session, command: Command, arguments: Copy) -> Answer:
    """Place messages in another mailbox instead, a portion in each transaction; COPYUID of each comes before the
    expunges (RFC 6851 §3.3, §4.3)."""
    selected = session.mailbox
    positions = selected.positions(arguments.messages, arguments.uid)
    progress, done, goal = Progress(session, command.tag), 0, sum(map(len, positions))
    for portion in list(selected.portioned(positions)) or [[]]:  # the target is looked for even for nothing
        found, pairs = await _transfer(session, arguments, portion, moving=True)
        done += len(pairs)
        if code := _copy_uid(found, pairs):
            session.stream.write(encoder.untagged("OK", "moved", code))
        await progress.step(done, goal)
    return Answer(f"{command.name} completed", expunged=done > 0)


async def _transfer(session: Session, arguments: Copy, positions: Sequence[range], *, moving: bool) -> _Copied:
    selected = session.mailbox
    account = selected.account
    uids = selected.ranges(positions)
    count = sum(map(len, positions))
    wanted = 0 if arguments.uid else count

    async def unit(tx: Transaction) -> _Copied:
        found = await tx.find(arguments.mailbox, "i")
        act = tx.move if moving else tx.copy
        pairs = await act(account, selected.mailbox_id, uids, found.mailbox.mailbox_id, found.account)
        if len(pairs) < wanted:
            raise Conflict("some of the messages were expunged")
        return found, pairs

    try:
        target = await session.find(arguments.mailbox, "i")
        copied = await session.write([account, target.account], unit, apart=count > IMAP_INLINE)
    except MailError as error:
        raise refusal(error, TRYCREATE) from error
    return copied


def _copy_uid(found: Found, pairs: _Pairs) -> bytes:
    """Nothing is told of a mailbox that may not be read (RFC 4315 §5)."""
    if not pairs or "r" not in found.rights:
        return b""
    sources, targets = [source for source, _ in pairs], [target for _, target in pairs]
    return encoder.copy_uid(found.mailbox.uidvalidity, sources, targets)


async def expunge(session: Session, command: Command, arguments: Nothing) -> Answer:
    """Take away all messages with \\Deleted; the EXPUNGE responses are news like any other."""
    expunged, _ = await clear(session, command.tag, All())
    return Answer(f"{command.name} completed", expunged=expunged)


async def uid_expunge(session: Session, command: Command, arguments: UidExpunge) -> Answer:
    """Of the messages named, take away those with \\Deleted (RFC 4315 §2.1)."""
    selected, settings = session.mailbox, session.house.settings
    named = within(selected.uids, selected.positions(arguments.messages, uid=True))
    most = settings.message_limit if settings.enforce_message_limit else 0
    expunged, lowest = await clear(session, command.tag, named, most)
    code = message_limit(most, lowest) if lowest else b""  # RFC 9738 §3.1
    return told(session, Answer(f"{command.name} completed", expunged=expunged), code)


async def clear(session: Session, tag: bytes, where: Condition, most: int = 0) -> tuple[bool, int]:
    """Take away the messages with \\Deleted that meet a condition, a portion in each transaction: the newest `most`, 0
    for all. Whether there were any; and the lowest UID of them if there are more."""
    account, mailbox_id = session.mailbox.account, session.mailbox.mailbox_id
    progress = Progress(session, tag)
    deleted = await session.store.search(account, mailbox_id, And((Flags(has=DELETED), where)))
    lowest = 0
    if most and len(deleted) > most:
        deleted = deleted[-most:]
        lowest = deleted[0]
    for at in range(0, len(deleted), IMAP_PORTION):
        portion = deleted[at : at + IMAP_PORTION]
        unit = partial(_clear, account, mailbox_id, portion)
        await session.write([account], unit, apart=len(portion) > IMAP_INLINE)
        await progress.step(at, len(deleted))
    return bool(deleted), lowest


async def _clear(account: AccountId, mailbox_id: MailboxId, uids: Sequence[Uid], tx: Transaction) -> None:
    await tx.expunge(account, mailbox_id, uids)
