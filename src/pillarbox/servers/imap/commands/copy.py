"""COPY, MOVE, EXPUNGE and their UID forms: placements made and taken away (RFC 3501 §6.4.7, RFC 6851, RFC 4315)."""

from collections.abc import Sequence
from functools import partial

from pillarbox.core.errors import Conflict, MailError
from pillarbox.core.ids import AccountId, MailboxId, Uid
from pillarbox.core.limits import IMAP_INLINE, IMAP_PORTION
from pillarbox.servers.imap.errors import TRYCREATE, refusal
from pillarbox.servers.imap.limiting import told
from pillarbox.servers.imap.session import Answer, Session
from pillarbox.store.model import DELETED
from pillarbox.store.query import All, And, Condition, Flags, Uids
from pillarbox.store.transaction import Transaction
from pillarbox.wire.imap import encoder
from pillarbox.wire.imap.codes import message_limit
from pillarbox.wire.imap.commands import Copy, Nothing, UidExpunge
from pillarbox.wire.imap.events import Command

_Copied = tuple[int, list[tuple[Uid, Uid]]]


async def copy(session: Session, command: Command, arguments: Copy) -> Answer:
    """Place messages in another mailbox too: all of them or none."""
    selected = session.mailbox
    positions = selected.positions(arguments.messages, arguments.uid)
    copied = await _transfer(session, arguments, positions, moving=False)
    return Answer(f"{command.name} completed", _copy_uid(copied))


async def move(session: Session, command: Command, arguments: Copy) -> Answer:
    """Place messages in another mailbox instead, a portion in each transaction; COPYUID of each comes before the
    expunges (RFC 6851 §3.3, §4.3)."""
    selected = session.mailbox
    positions = selected.positions(arguments.messages, arguments.uid)
    moved = False
    for portion in list(selected.portioned(positions)) or [[]]:  # the target is looked for even for nothing
        code = _copy_uid(await _transfer(session, arguments, portion, moving=True))
        if code:
            moved = True
            session.stream.write(encoder.untagged("OK", "moved", code))
        await session.breathe()
    return Answer(f"{command.name} completed", expunged=moved)


async def _transfer(session: Session, arguments: Copy, positions: Sequence[range], *, moving: bool) -> _Copied:
    selected = session.mailbox
    account = selected.account
    uids = selected.ranges(positions)
    count = sum(map(len, positions))
    wanted = 0 if arguments.uid else count

    async def unit(tx: Transaction) -> _Copied:
        target = await tx.mailbox_named(account, arguments.mailbox)
        act = tx.move if moving else tx.copy
        pairs = await act(account, selected.mailbox_id, uids, target.mailbox_id)
        if len(pairs) < wanted:
            raise Conflict("some of the messages were expunged")
        return target.uidvalidity, pairs

    try:
        copied = await session.write([account], unit, apart=count > IMAP_INLINE)
    except MailError as error:
        raise refusal(error, TRYCREATE) from error
    return copied


def _copy_uid(copied: _Copied) -> bytes:
    validity, pairs = copied
    if not pairs:
        return b""
    return encoder.copy_uid(validity, [source for source, _ in pairs], [target for _, target in pairs])


async def expunge(session: Session, command: Command, arguments: Nothing) -> Answer:
    """Take away all messages with \\Deleted; the EXPUNGE responses are news like any other."""
    expunged, _ = await clear(session, All())
    return Answer(f"{command.name} completed", expunged=expunged)


async def uid_expunge(session: Session, command: Command, arguments: UidExpunge) -> Answer:
    """Of the messages named, take away those with \\Deleted (RFC 4315 §2.1)."""
    selected, settings = session.mailbox, session.house.settings
    uids = selected.ranges(selected.positions(arguments.messages, uid=True))
    most = settings.message_limit if settings.enforce_message_limit else 0
    expunged, lowest = await clear(session, Uids(tuple(uids)), most)
    code = message_limit(most, lowest) if lowest else b""  # RFC 9738 §3.1
    return told(session, Answer(f"{command.name} completed", expunged=expunged), code)


async def clear(session: Session, where: Condition, most: int = 0) -> tuple[bool, int]:
    """Take away the messages with \\Deleted that meet a condition, a portion in each transaction: the newest `most`, 0
    for all. Whether there were any; and the lowest UID of them if there are more."""
    account, mailbox_id = session.mailbox.account, session.mailbox.mailbox_id
    deleted = await session.store.search(account, mailbox_id, And((Flags(has=DELETED), where)))
    lowest = 0
    if most and len(deleted) > most:
        deleted = deleted[-most:]
        lowest = deleted[0]
    for at in range(0, len(deleted), IMAP_PORTION):
        portion = partial(_clear, account, mailbox_id, deleted[at : at + IMAP_PORTION])
        await session.write([account], portion)
        await session.breathe()
    return bool(deleted), lowest


async def _clear(account: AccountId, mailbox_id: MailboxId, uids: Sequence[Uid], tx: Transaction) -> None:
    await tx.expunge(account, mailbox_id, uids)
