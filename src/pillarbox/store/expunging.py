"""Expunging placements, and forgetting messages that have none left."""

from collections.abc import Sequence

from pillarbox.core.ids import AccountId, MailboxId, MessageId, Uid
from pillarbox.core.limits import PAGE
from pillarbox.store.held import Held, held, take_out, threads_of
from pillarbox.store.ledger import Ledger
from pillarbox.store.model import DELETED
from pillarbox.store.ranges import UidSet
from pillarbox.store.work import Work


async def expunge(
    work: Work, account: AccountId, mailbox_id: MailboxId, uids: UidSet | None, only_deleted: bool
) -> list[Uid]:
    """See Transaction.expunge."""
    box = await work.box(account, mailbox_id)
    if only_deleted and not box.deleted:
        return []
    rows = [row for row in await held(work, account, mailbox_id, uids) if row.flags & DELETED or not only_deleted]
    await remove(work, work.ledger(account), rows)
    return [row.uid for row in rows]


async def remove(work: Work, ledger: Ledger, rows: Sequence[Held]) -> None:
    """Take placements (of any mailboxes) away; messages without any other placement cease to exist."""
    if not rows:
        return
    messages = threads_of(rows)
    await work.trace(ledger, messages)
    by_mailbox: dict[MailboxId, list[Held]] = {}
    for row in rows:
        by_mailbox.setdefault(row.mailbox_id, []).append(row)
    for mailbox_id, part in by_mailbox.items():
        await take_out(work, ledger, await work.box(ledger.account, mailbox_id), part)
    await forget(work, ledger, list(messages))


async def forget(work: Work, ledger: Ledger, messages: Sequence[MessageId]) -> None:
    """Remove those of the messages that have no placement any more; their blobs become candidates for sweeping."""
    members = work.dialect.members("$2")
    for start in range(0, len(messages), PAGE):
        part = work.dialect.array(messages[start : start + PAGE])
        gone = await work.connection.all(
            f"DELETE FROM message WHERE account_id = $1 AND message_id IN {members} AND NOT EXISTS (SELECT 1"
            " FROM placement p WHERE p.account_id = message.account_id AND p.message_id = message.message_id)"
            " RETURNING size, blob_id, message_id",
            ledger.account,
            part,
        )
        ledger.used -= sum(row[0] for row in gone)
        ledger.messages -= len(gone)
        await work.connection.many(
            "INSERT INTO blob_dead (account_id, blob_id, dead_at) VALUES ($1, $2, $3)"
            " ON CONFLICT (account_id, blob_id) DO UPDATE SET dead_at = excluded.dead_at",
            [(ledger.account, blob_id, work.now) for _, blob_id, _ in gone],
        )
        for table in ("listing", "sort_key"):
            await work.connection.many(
                f"DELETE FROM {table} WHERE account_id = $1 AND message_id = $2",
                [(ledger.account, message_id) for _, _, message_id in gone],
            )
