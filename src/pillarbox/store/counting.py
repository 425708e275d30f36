"""Messages and threads of each mailbox as JMAP counts them (RFC 8621 §2), counted once for each state of an account."""

from collections import OrderedDict
from typing import Final

from pillarbox.core.ids import AccountId, MailboxId, Modseq
from pillarbox.core.limits import VIEWS
from pillarbox.store.model import DELETED, DRAFT, SEEN, Counts
from pillarbox.store.port import Connection, Database

_UNREAD: Final = f"(flags & {SEEN | DRAFT}) = 0"
_SQL: Final = (
    f"SELECT mailbox_id, count(*), sum(CASE WHEN {_UNREAD} THEN 1 ELSE 0 END), count(DISTINCT thread_id),"
    f" count(DISTINCT CASE WHEN {_UNREAD} THEN thread_id END) FROM placement"
    f" WHERE account_id = $1 AND (flags & {DELETED}) = 0 GROUP BY mailbox_id"
)

_MESSAGES_ONCE: Final = (
    "SELECT a.messages, (SELECT sum(b.total) FROM mailbox b WHERE b.account_id = a.account_id) FROM account a"
    " WHERE a.account_id = $1"
)
_SHARED: Final = (
    "SELECT mailbox_id, count(*), sum(unread), count(DISTINCT thread_id),"
    " count(DISTINCT CASE WHEN unread = 1 THEN thread_id END) FROM"
    " (SELECT mailbox_id, message_id, min(thread_id) AS thread_id, CASE WHEN"
    f" min(flags & {SEEN}) = 0 AND max(flags & {DRAFT}) = 0 THEN 1 ELSE 0 END AS unread FROM placement"
    f" WHERE account_id = $1 AND (flags & {DELETED}) = 0 GROUP BY mailbox_id, message_id) one GROUP BY mailbox_id"
)
"""The same when a message may be in a mailbox twice: it counts once. Its placements elsewhere are not asked: what
happens to them is no change of this mailbox, so a count that looked at them would change unseen."""

Counted = dict[MailboxId, Counts]


class Counting:
    """The counts a process remembers, those of the least asked accounts forgotten first."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: OrderedDict[AccountId, tuple[Modseq, Counted]] = OrderedDict()

    async def counts(self, account: AccountId, modseq: Modseq) -> Counted:
        """The counts at `modseq`, the account's present one, or of a later state; an empty mailbox is left out."""
        known = self._known.get(account)
        if known is None or known[0] != modseq:
            counted = await self._database.read_apart(lambda connection: _count(connection, account))
            known = self._known[account] = (modseq, counted)
        self._known.move_to_end(account)
        while len(self._known) > VIEWS:
            self._known.popitem(last=False)
        return known[1]


async def _count(connection: Connection, account: AccountId) -> Counted:
    sums = await connection.one(_MESSAGES_ONCE, account)
    single = sums is not None and sums[0] == int(sums[1] or 0)
    rows = await connection.all(_SQL if single else _SHARED, account)
    return {MailboxId(row[0]): Counts(int(row[1]), int(row[2]), int(row[3]), int(row[4])) for row in rows}
