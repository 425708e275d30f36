"""Rows of the outbound queue, one for each remote recipient, and uploads."""

from collections.abc import Sequence
from dataclasses import dataclass

from pillarbox.core.errors import Invalid
from pillarbox.core.ids import AccountId, BlobId, ordered_id
from pillarbox.store.adding import keep_octets
from pillarbox.store.model import Arrived, BlobRef, QueueRow
from pillarbox.store.port import Connection, Record
from pillarbox.store.work import Work

_COLUMNS = (
    "queue_id, account_id, sender, recipient, destination, due, created, attempts, state, last_reply, blob_id,"
    " blob_offset, blob_length, submission_id"
)

NOBODY = AccountId(0)
"""Owns what is queued for no account of ours: mail from outside that an alias leads outside again."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a queued message is due (None: now), and for which submission."""

    due: int | None = None
    submission_id: str = ""


async def enqueue(
    work: Work,
    account: AccountId | None,
    arrived: Arrived,
    sender: str,
    recipients: Sequence[str],
    schedule: Schedule,
) -> list[int]:
    """See Transaction.enqueue."""
    if account is None:
        account = NOBODY
    else:
        work.ledger(account)
    if not recipients:
        return []
    await keep_octets(work, account, arrived)
    rows = []
    first = ordered_id()
    for number, recipient in enumerate(recipients):
        destination = recipient.rpartition("@")[2].lower()
        if not destination:
            raise Invalid("a remote recipient needs a domain")
        blob = (arrived.blob_id, arrived.local, arrived.size - arrived.local)
        times = (work.now if schedule.due is None else schedule.due, work.now)
        queue_id = first + number & (1 << 63) - 1
        whom = (queue_id, account, sender, recipient, destination)
        rows.append((*whom, *times, 0, "waiting", "", *blob, schedule.submission_id))
    await work.connection.many(
        f"INSERT INTO queue ({_COLUMNS}, lease_owner, lease_token)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, '', 0)",
        rows,
    )
    return [row[0] for row in rows]


async def queued(connection: Connection, account: AccountId | None, limit: int) -> list[QueueRow]:
    """Rows of the queue by due time, of one account or of all."""
    where = "WHERE account_id = $1 " if account is not None else ""
    values = [] if account is None else [account]
    sql = f"SELECT {_COLUMNS} FROM queue {where}ORDER BY due, queue_id LIMIT ${len(values) + 1}"
    rows = await connection.all(sql, *values, limit)
    return [_row(row) for row in rows]


def _row(row: Record) -> QueueRow:
    blob = BlobRef(BlobId(row[10]), row[11], row[12])
    values = (*row[:10], blob, row[13])
    return QueueRow(*values)


async def add_upload(work: Work, account: AccountId, arrived: Arrived, media_type: str) -> BlobRef:
    """See Transaction.add_upload."""
    work.ledger(account)
    await keep_octets(work, account, arrived)
    await work.connection.run(
        "INSERT INTO upload (account_id, blob_id, size, type, at) VALUES ($1, $2, $3, $4, $5)"
        " ON CONFLICT (account_id, blob_id) DO UPDATE SET type = excluded.type, at = excluded.at",
        account,
        arrived.blob_id,
        arrived.size,
        media_type,
        work.now,
    )
    return BlobRef(arrived.blob_id, 0, arrived.size)
