"""Small documents of an account (Identity, EmailSubmission, VacationResponse), logged like everything else."""

from collections.abc import Sequence

from pillarbox.core.errors import Invalid, NotFound, TooBig
from pillarbox.core.ids import AccountId, Modseq
from pillarbox.core.limits import OBJECT
from pillarbox.store.ledger import CREATED, DESTROYED, UPDATED
from pillarbox.store.model import Kind, StoredObject
from pillarbox.store.port import Connection, Dialect
from pillarbox.store.work import Work

_LONGEST_ID = 255  # RFC 8620 §1.2


async def put(work: Work, account: AccountId, kind: Kind, object_id: str, data: bytes) -> None:
    """See Transaction.put_object."""
    ledger = work.ledger(account)
    if not 0 < len(object_id) <= _LONGEST_ID:
        raise Invalid("not an object id")
    if len(data) > OBJECT:
        raise TooBig("the object is too large")
    before = await get(work, account, kind, object_id)
    if before == data:
        return
    await work.connection.run(
        "INSERT INTO object (account_id, kind, object_id, modseq, data) VALUES ($1, $2, $3, $4, $5)"
        " ON CONFLICT (account_id, kind, object_id) DO UPDATE SET modseq = excluded.modseq, data = excluded.data",
        account,
        kind,
        object_id,
        ledger.modseq,
        data,
    )
    ledger.record(kind, object_id, CREATED if before is None else UPDATED)


async def get(work: Work, account: AccountId, kind: Kind, object_id: str) -> bytes | None:
    """See Transaction.get_object."""
    sql = "SELECT data FROM object WHERE account_id = $1 AND kind = $2 AND object_id = $3"
    row = await work.connection.one(sql, account, kind, object_id)
    return bytes(row[0]) if row else None


async def delete(work: Work, account: AccountId, kind: Kind, object_id: str) -> None:
    """See Transaction.delete_object."""
    sql = "DELETE FROM object WHERE account_id = $1 AND kind = $2 AND object_id = $3"
    if not await work.connection.run(sql, account, kind, object_id):
        raise NotFound("no such object")
    work.ledger(account).record(kind, object_id, DESTROYED)


async def read(
    connection: Connection, dialect: Dialect, account: AccountId, kind: Kind, ids: Sequence[str] | None
) -> list[StoredObject]:
    """The objects of a kind with these ids (None: all), by id."""
    sql = "SELECT object_id, data, modseq FROM object WHERE account_id = $1 AND kind = $2"
    if ids is None:
        rows = await connection.all(f"{sql} ORDER BY object_id", account, kind)
    else:
        members = dialect.texts("$3")
        array = dialect.array(list(ids))
        rows = await connection.all(f"{sql} AND object_id IN {members} ORDER BY object_id", account, kind, array)
    return [StoredObject(row[0], bytes(row[1]), Modseq(row[2])) for row in rows]
