"""Copying and moving placements between mailboxes, also of two accounts."""

from collections.abc import Sequence
from dataclasses import dataclass

from pillarbox.core.ids import AccountId, MailboxId, Uid
from pillarbox.store.adding import PLACE, take_uid
from pillarbox.store.carrying import carry
from pillarbox.store.expunging import remove
from pillarbox.store.held import Held, held, take_out, threads_of
from pillarbox.store.ledger import Box, Ledger
from pillarbox.store.model import ALL_FLAGS
from pillarbox.store.quotas import check_messages
from pillarbox.store.ranges import UidSet
from pillarbox.store.work import Work

Pairs = list[tuple[Uid, Uid]]
"""(UID in the source, UID in the target), in the order of the source (RFC 4315 §3 COPYUID)."""


@dataclass(frozen=True, slots=True)
class Target:
    """The mailbox that messages are put into, and which of their flags they keep there."""

    account: AccountId
    mailbox_id: MailboxId
    bits: int = ALL_FLAGS
    keywords: bool = True


async def copy(work: Work, account: AccountId, mailbox_id: MailboxId, uids: UidSet, target: Target) -> Pairs:
    """See Transaction.copy."""
    box = await work.open_box(target.account, target.mailbox_id)
    await work.box(account, mailbox_id)
    rows = await held(work, account, mailbox_id, uids)
    if not rows:
        return []
    if target.account == account:
        await check_messages(work, work.ledger(account), len(rows))
        await work.trace(work.ledger(account), threads_of(rows))
    return await _put(work, account, target, box, rows)


async def move(work: Work, account: AccountId, mailbox_id: MailboxId, uids: UidSet, target: Target) -> Pairs:
    """See Transaction.move."""
    box = await work.open_box(target.account, target.mailbox_id)
    source = await work.box(account, mailbox_id)
    rows = await held(work, account, mailbox_id, uids)
    if not rows:
        return []
    ledger = work.ledger(account)
    if target.account != account:
        pairs = await _put(work, account, target, box, rows)
        await remove(work, ledger, rows)
        return pairs
    await work.trace(ledger, threads_of(rows))
    await take_out(work, ledger, source, rows)
    return await _put(work, account, target, box, rows)


async def _put(work: Work, account: AccountId, target: Target, box: Box, rows: Sequence[Held]) -> Pairs:
    if target.bits != ALL_FLAGS or not target.keywords:
        rows = [
            row._replace(flags=row.flags & target.bits, keywords=row.keywords if target.keywords else "")
            for row in rows
        ]
    ledger = work.ledger(target.account)
    if target.account != account:
        rows = await carry(work, account, ledger, rows)
    return await put_in(work, ledger, box, rows)


async def put_in(work: Work, ledger: Ledger, target: Box, rows: Sequence[Held]) -> Pairs:
    """Place the messages of `rows` in `target` too, with the flags they have there."""
    made: list[tuple[object, ...]] = []
    pairs: Pairs = []
    for row in rows:
        uid = Uid(take_uid(target))
        made.append(
            (
                ledger.account,
                target.mailbox_id,
                uid,
                row.message_id,
                row.flags,
                row.keywords,
                ledger.modseq,
                row.size,
                row.received,
                work.now,
                row.thread_id,
            )
        )
        target.count(ledger.modseq, row.flags, row.size, 1)
        pairs.append((row.uid, uid))
    if made:
        await work.connection.many(PLACE, made)
    return pairs
