"""Forgetting what nobody needs: octets without a message, old uploads, old log rows and tombstones."""

from collections.abc import Iterable, Sequence

import structlog

from pillarbox.core.ids import AccountId, BlobId
from pillarbox.core.limits import BLOB_GRACE, DELIVERY_LIFE, JMAP_UPLOAD_LIFE, LOG_LIFE, PAGE
from pillarbox.store import changes
from pillarbox.store.port import BlobStore, Connection, Database, Record

KEYS = 10 * PAGE  # of threads, looked at in one transaction

_log = structlog.get_logger("pillarbox.store")
_REFERRING = ("message", "upload", "queue")


class Sweeper:
    """Sweeps a shard; each step is a small transaction, so that mail goes on."""

    def __init__(self, database: Database, blobs: BlobStore, now: int) -> None:
        self._database = database
        self._blobs = blobs
        self._now = now

    async def sweep(self) -> int:
        """Delete octets nobody refers to any more, BLOB_GRACE seconds after the last reference went; how many blobs."""
        await self._uploads()
        return await self._rows() + await self._files()

    async def trim(self) -> None:
        """Forget log rows and tombstones after LOG_LIFE, deliveries after DELIVERY_LIFE, keys of gone threads."""
        for account in await self._accounts("SELECT account_id FROM account ORDER BY account_id"):
            await self._database.write(lambda connection: self._trim(connection, account))  # noqa: B023
            last: int | None = -1
            while last is not None:
                last = await self._database.write(lambda connection: self._keys(connection, account, last))  # noqa: B023

    async def _trim(self, connection: Connection, account: AccountId) -> None:
        if await self._lock(connection, account):
            await changes.trim(connection, account, self._now - LOG_LIFE, self._now - DELIVERY_LIFE)

    async def _keys(self, connection: Connection, account: AccountId, after: int | None) -> int | None:
        """Forget those of some keys that lead to no message any more; the last of them, None when there are no more."""
        await self._lock(connection, account)
        row = await connection.one(
            "SELECT max(key) FROM (SELECT key FROM thread_key WHERE account_id = $1 AND key > $2"
            f" ORDER BY key LIMIT {KEYS}) page",
            account,
            after,
        )
        if row is None or row[0] is None:
            return None
        await connection.run(
            "DELETE FROM thread_key WHERE account_id = $1 AND key > $2 AND key <= $3 AND NOT EXISTS (SELECT 1"
            " FROM message m WHERE m.account_id = thread_key.account_id AND m.thread_id = thread_key.thread_id)",
            account,
            after,
            row[0],
        )
        return int(row[0])

    async def _uploads(self) -> None:
        old = self._now - JMAP_UPLOAD_LIFE
        for account in await self._accounts("SELECT DISTINCT account_id FROM upload WHERE at < $1", old):

            async def unit(connection: Connection, account: AccountId = account) -> None:
                gone = await connection.all(
                    "DELETE FROM upload WHERE account_id = $1 AND at < $2 RETURNING blob_id", account, old
                )
                await connection.many(
                    "INSERT INTO blob_dead (account_id, blob_id, dead_at) VALUES ($1, $2, $3)"
                    " ON CONFLICT (account_id, blob_id) DO UPDATE SET dead_at = excluded.dead_at",
                    [(account, row[0], self._now) for row in gone],
                )

            await self._database.write(unit)

    async def _rows(self) -> int:
        swept = 0
        dead = "SELECT DISTINCT account_id FROM blob_dead WHERE dead_at < $1"
        for account in await self._accounts(dead, self._now - BLOB_GRACE):
            while part := await self._database.write(lambda connection: self._dead(connection, account)):  # noqa: B023
                swept += part
        return swept

    async def _dead(self, connection: Connection, account: AccountId) -> int:
        """A page of an account's dead blobs, under its lock: nobody can refer to them meanwhile."""
        await self._lock(connection, account)
        rows = await connection.all(
            f"SELECT blob_id FROM blob_dead WHERE account_id = $1 AND dead_at < $2 LIMIT {PAGE}",
            account,
            self._now - BLOB_GRACE,
        )
        ids = [row[0] for row in rows]
        if not ids:
            return 0
        unused = sorted(set(ids) - await _used(connection, self._database, ids, account))
        for table, some in (("blob", unused), ("blob_dead", ids)):
            texts = self._database.dialect.texts("$2")
            sql = f"DELETE FROM {table} WHERE account_id = $1 AND blob_id IN {texts}"
            await connection.run(sql, account, self._database.dialect.array(some))
        return len(ids)

    async def _files(self) -> int:
        """Large blobs: one put again since the grace began is left alone by the blob store itself."""
        swept = 0
        before = self._now - BLOB_GRACE
        page: list[BlobId] = []
        async for blob_id, put_at in self._blobs.ids():
            if put_at < before:
                page.append(blob_id)
            if len(page) == PAGE:
                swept += await self._delete(page, before)
                page = []
        return swept + await self._delete(page, before)

    async def _delete(self, ids: Sequence[BlobId], before: int) -> int:
        used = await self._database.read(lambda connection: _used(connection, self._database, ids, None))
        unused = [blob_id for blob_id in ids if blob_id not in used]
        for blob_id in unused:
            await self._blobs.delete(blob_id, before)
        if unused:
            _log.info("store.blobs_swept", blobs=len(unused))
        return len(unused)

    async def _lock(self, connection: Connection, account: AccountId) -> bool:
        suffix = self._database.dialect.for_update
        sql = f"SELECT modseq FROM account WHERE account_id = $1{suffix}"
        return await connection.one(sql, account) is not None

    async def _accounts(self, sql: str, *values: object) -> list[AccountId]:
        async def unit(connection: Connection) -> list[Record]:
            return await connection.all(sql, *values)

        return [row[0] for row in await self._database.read_apart(unit)]


async def _used(connection: Connection, database: Database, ids: Iterable[str], account: AccountId | None) -> set[str]:
    """Those of the blobs that a message, an upload or a queued message refers to (of one account, or of any)."""
    array = database.dialect.array(list(ids))
    where, values = ("account_id = $2 AND ", (account,)) if account is not None else ("", ())
    used: set[str] = set()
    for table in _REFERRING:
        sql = f"SELECT blob_id FROM {table} WHERE {where}blob_id IN {database.dialect.texts('$1')}"
        used.update(row[0] for row in await connection.all(sql, array, *values))
    return used
