"""The change log of an account, read for JMAP /changes (RFC 8620 §5.2) and trimmed by age."""

from pillarbox.core.errors import Conflict, NotFound
from pillarbox.core.ids import AccountId, Modseq
from pillarbox.core.limits import PAGE
from pillarbox.store.ledger import COUNTED, CREATED, DESTROYED
from pillarbox.store.model import Changes, Kind
from pillarbox.store.port import Connection

_ROWS = 20 * PAGE


async def changes(connection: Connection, account: AccountId, kind: Kind, since: Modseq, limit: int) -> Changes:
    """See Store.changes."""
    state = await connection.one("SELECT modseq, log_floor FROM account WHERE account_id = $1", account)
    if state is None:
        raise NotFound("no such account")
    modseq, floor = state
    if not floor <= since <= modseq:
        raise Conflict(f"changes since {since} are not known, only from {floor} to {modseq}")
    rows = await connection.all(
        "SELECT modseq, object_id, op FROM change_log WHERE account_id = $1 AND modseq > $3 AND kind = $2"
        f" ORDER BY modseq LIMIT {_ROWS + 1}",
        account,
        kind,
        since,
    )
    reached, folded, more = _fold(rows, limit)
    if more and reached is None:
        raise Conflict(f"one transaction changed more than {limit} objects")
    return _sorted(folded, Modseq(reached) if more and reached is not None else Modseq(modseq), more)


Folded = dict[str, tuple[int, int, bool]]
"""By object: first operation, last operation, and whether all were of counters only."""


def _fold(rows: list[tuple[int, str, int]], limit: int) -> tuple[int | None, Folded, bool]:
    """The last whole modseq within the limit, what happened up to it, and whether there is more."""
    if len(rows) > _ROWS:
        rows = [row for row in rows if row[0] < rows[-1][0]]
        cut = True
    else:
        cut = False
    reached: int | None = None
    folded: Folded = {}
    start = 0
    while start < len(rows):
        end = start
        modseq = rows[start][0]
        while end < len(rows) and rows[end][0] == modseq:
            end += 1
        names = {row[1] for row in rows[start:end]}
        if len(folded.keys() | names) > limit:
            return reached, folded, True
        for _, name, operation in rows[start:end]:
            first, _, counted = folded.get(name, (operation, 0, True))
            folded[name] = (first, operation, counted and operation == COUNTED)
        reached, start = modseq, end
    return reached, folded, cut


def _sorted(folded: Folded, modseq: Modseq, more: bool) -> Changes:
    created, updated, destroyed = [], [], []
    counts_only = True
    for name, (first, last, counted) in folded.items():
        if last == DESTROYED:
            if first != CREATED:
                destroyed.append(name)
        elif first == CREATED:
            created.append(name)
        else:
            updated.append(name)
            counts_only = counts_only and counted
    return Changes(
        tuple(created), tuple(updated), tuple(destroyed), modseq, more, counts_only=bool(updated) and counts_only
    )


async def trim(connection: Connection, account: AccountId, before: int, seen_before: int) -> None:
    """Forget log rows and tombstones older than `before`, deliveries older than `seen_before`; keep the floors.

    Runs under the account's lock.
    """
    row = await connection.one("SELECT max(modseq) FROM change_log WHERE account_id = $1 AND at < $2", account, before)
    if row and row[0] is not None:
        await connection.run("DELETE FROM change_log WHERE account_id = $1 AND modseq <= $2", account, row[0])
        sql = "UPDATE account SET log_floor = $2 WHERE account_id = $1 AND log_floor < $2"
        await connection.run(sql, account, row[0])
    tombs = await connection.all(
        "SELECT mailbox_id, max(modseq) FROM vanished WHERE account_id = $1 AND at < $2 GROUP BY mailbox_id",
        account,
        before,
    )
    for mailbox_id, modseq in tombs:
        place = (account, mailbox_id, modseq)
        where = "account_id = $1 AND mailbox_id = $2"
        await connection.run(f"DELETE FROM vanished WHERE {where} AND modseq <= $3", *place)
        await connection.run(f"UPDATE mailbox SET vanished_floor = $3 WHERE {where} AND vanished_floor < $3", *place)
    await connection.run("DELETE FROM delivery_seen WHERE account_id = $1 AND at < $2", account, seen_before)
