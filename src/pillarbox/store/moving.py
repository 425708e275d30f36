"""Copying and moving placements between mailboxes of one account."""

from collections.abc import Sequence

from pillarbox.core.ids import AccountId, MailboxId, Uid
from pillarbox.store.adding import PLACE, take_uid
from pillarbox.store.held import Held, held, take_out, threads_of
from pillarbox.store.ledger import Box, Ledger
from pillarbox.store.quotas import check_messages
from pillarbox.store.ranges import UidSet
from pillarbox.store.work import Work

Pairs = list[tuple[Uid, Uid]]
"""(UID in the source, UID in the target), in the order of the source (RFC 4315 §3 COPYUID)."""


async def copy(work: Work, account: AccountId, mailbox_id: MailboxId, uids: UidSet, target_id: MailboxId) -> Pairs:
    """See Transaction.copy."""
    ledger, target = work.ledger(account), await work.open_box(account, target_id)
    await work.box(account, mailbox_id)
    rows = await held(work, account, mailbox_id, uids)
    await check_messages(work, ledger, len(rows))
    if rows:
        await work.trace(ledger, threads_of(rows))
    return await put_in(work, ledger, target, rows)


async def move(work: Work, account: AccountId, mailbox_id: MailboxId, uids: UidSet, target_id: MailboxId) -> Pairs:
    """See Transaction.move."""
    ledger, target = work.ledger(account), await work.open_box(account, target_id)
    source = await work.box(account, mailbox_id)
    rows = await held(work, account, mailbox_id, uids)
    if not rows:
        return []
    await work.trace(ledger, threads_of(rows))
    await take_out(work, ledger, source, rows)
    return await put_in(work, ledger, target, rows)


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
