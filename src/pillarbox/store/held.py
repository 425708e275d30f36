"""Placements as a transaction holds them: read by index range, and taken out of their mailbox."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from pillarbox.core.ids import AccountId, MailboxId, MessageId, Modseq, ThreadId, Uid
from pillarbox.core.limits import PAGE
from pillarbox.store.ledger import Box, Ledger
from pillarbox.store.ranges import Piece, UidSet, pieces
from pillarbox.store.work import Work


class Held(NamedTuple):
    """A placement under the account's lock."""

    mailbox_id: MailboxId
    uid: Uid
    message_id: MessageId
    flags: int
    keywords: str
    modseq: Modseq
    size: int
    received: int
    thread_id: ThreadId


_SELECT = (
    "SELECT mailbox_id, uid, message_id, flags, keywords, modseq, size, received, thread_id FROM placement"
    " WHERE account_id = $1"
)


async def held(work: Work, account: AccountId, mailbox_id: MailboxId, wanted: UidSet | None) -> list[Held]:
    """The placements of a mailbox with these UIDs (None: all), in UID order; UIDs that do not exist are left out."""
    found: list[Held] = []
    for piece in (Piece(1, (1 << 32) - 1),) if wanted is None else pieces(wanted):
        if piece.dense:
            sql = f"{_SELECT} AND mailbox_id = $2 AND uid >= $3 AND uid <= $4 ORDER BY uid"
            rows = await work.connection.all(sql, account, mailbox_id, piece.low, piece.high)
        else:
            sql = f"{_SELECT} AND mailbox_id = $2 AND uid IN {work.dialect.members('$3')} ORDER BY uid"
            rows = await work.connection.all(sql, account, mailbox_id, work.dialect.array(piece.uids or ()))
        chosen = None if piece.uids is None else set(piece.uids)
        found.extend(Held(*row) for row in rows if chosen is None or row[1] in chosen)
    return found


async def held_of(work: Work, account: AccountId, message_id: MessageId) -> list[Held]:
    """All placements of a message."""
    rows = await work.connection.all(f"{_SELECT} AND message_id = $2 ORDER BY mailbox_id, uid", account, message_id)
    return [Held(*row) for row in rows]


def threads_of(rows: Iterable[Held]) -> dict[MessageId, ThreadId]:
    """The messages of some placements, each once, with their threads."""
    return {row.message_id: row.thread_id for row in rows}


async def take_out(work: Work, ledger: Ledger, box: Box, rows: Sequence[Held]) -> None:
    """Remove placements from their mailbox, leave tombstones, and count them out."""
    for start in range(0, len(rows), PAGE):
        uids = work.dialect.array([row.uid for row in rows[start : start + PAGE]])
        await work.connection.run(
            f"DELETE FROM placement WHERE account_id = $1 AND mailbox_id = $2 AND uid IN {work.dialect.members('$3')}",
            ledger.account,
            box.mailbox_id,
            uids,
        )
    await work.connection.many(
        "INSERT INTO vanished (account_id, mailbox_id, modseq, uid, at) VALUES ($1, $2, $3, $4, $5)",
        [(ledger.account, box.mailbox_id, ledger.modseq, row.uid, work.now) for row in rows],
    )
    for row in rows:
        box.count(ledger.modseq, row.flags, row.size, -1)
