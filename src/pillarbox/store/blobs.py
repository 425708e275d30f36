"""Reading octets: small ones from rows, large ones from the blob store; what is damaged is reported and remembered."""

from collections.abc import AsyncIterator, Sequence

import structlog
from backports.zstd import ZstdError, decompress
from blake3 import blake3

from pillarbox.core.clock import Clock
from pillarbox.core.errors import NotFound, Unavailable
from pillarbox.core.ids import AccountId, BlobId
from pillarbox.core.limits import BLOB_INLINE, CHUNK, PAGE
from pillarbox.store.model import BlobRef
from pillarbox.store.port import BlobStore, Connection, Database, Record

_log = structlog.get_logger("pillarbox.store")


class Octets:
    """The octets of accounts. A blob that cannot be read is noted in the table `damaged`."""

    def __init__(self, database: Database, blobs: BlobStore, clock: Clock) -> None:
        self._database = database
        self._blobs = blobs
        self._clock = clock

    async def slice(self, account: AccountId, blob: BlobRef, start: int, length: int) -> bytes:
        """`length` octets from `start` of what the reference means; fewer at its end. Unavailable when damaged."""
        length = max(0, min(length, blob.length - start))
        if not length or start < 0:
            return b""
        begin = blob.offset + start
        row = await self._row(account, blob)
        if row is not None:
            return (await self._opened(account, blob.blob_id, row))[begin : begin + length]
        return await self._large(account, blob.blob_id, begin, length)

    async def chunks(
        self, account: AccountId, blob: BlobRef, start: int = 0, length: int | None = None
    ) -> AsyncIterator[bytes]:
        """See Store.chunks."""
        end = blob.length if length is None else min(blob.length, start + length)
        if start >= end:
            return
        row = await self._row(account, blob)
        if row is not None:
            whole = await self._opened(account, blob.blob_id, row)
            yield whole[blob.offset + start : blob.offset + end]
            return
        while start < end:
            part = min(CHUNK, end - start)
            yield await self._large(account, blob.blob_id, blob.offset + start, part)
            start += part

    async def many(self, account: AccountId, refs: Sequence[BlobRef]) -> list[bytes | None]:
        """See Store.many_octets."""
        inline = {ref.blob_id for ref in refs if ref.offset + ref.length <= BLOB_INLINE}
        rows: dict[str, Record] = {}
        wanted = sorted(inline)
        dialect = self._database.dialect
        sql = f"SELECT blob_id, coding, octets FROM blob WHERE account_id = $1 AND blob_id IN {dialect.texts('$2')}"
        for at in range(0, len(wanted), PAGE):
            array = dialect.array(wanted[at : at + PAGE])

            async def unit(connection: Connection, array: object = array) -> list[Record]:
                return await connection.all(sql, account, array)

            rows.update((row[0], row[1:]) for row in await self._database.read(unit))
        return [await self._one_of(account, ref, rows.get(ref.blob_id)) for ref in refs]

    async def _one_of(self, account: AccountId, ref: BlobRef, row: Record | None) -> bytes | None:
        try:
            if row is not None:
                return (await self._opened(account, ref.blob_id, row))[ref.offset : ref.offset + ref.length]
            return await self._large(account, ref.blob_id, ref.offset, ref.length)
        except Unavailable:
            return None

    async def _row(self, account: AccountId, blob: BlobRef) -> Record | None:
        if blob.offset + blob.length > BLOB_INLINE:
            return None
        sql = "SELECT coding, octets FROM blob WHERE account_id = $1 AND blob_id = $2"
        return await self._database.read(lambda connection: connection.one(sql, account, blob.blob_id))

    async def _opened(self, account: AccountId, blob_id: BlobId, row: Record) -> bytes:
        coding, octets = row
        if not coding:
            return bytes(octets)
        try:
            return decompress(octets)
        except ZstdError as error:
            await self.set_aside(account, blob_id, str(error))
            raise Unavailable(f"blob {blob_id} is damaged") from error

    async def _large(self, account: AccountId, blob_id: BlobId, start: int, length: int) -> bytes:
        try:
            part = await self._blobs.read(blob_id, start, length)
        except NotFound as error:
            await self.set_aside(account, blob_id, "missing")
            raise Unavailable(f"blob {blob_id} is missing") from error
        if len(part) != length:
            await self.set_aside(account, blob_id, f"{len(part)} octets instead of {length}")
            raise Unavailable(f"blob {blob_id} is too short")
        return part

    async def set_aside(self, account: AccountId, blob_id: BlobId, reason: str) -> None:
        """Report a damaged blob and remember it, so that it can be repaired; reading goes on without it."""
        _log.error("store.blob_damaged", account=account, blob=blob_id, reason=reason)
        now = self._clock.now()

        async def unit(connection: Connection) -> int:
            return await connection.run(
                "INSERT INTO damaged (account_id, blob_id, at, reason) VALUES ($1, $2, $3, $4)"
                " ON CONFLICT (account_id, blob_id) DO NOTHING",
                account,
                blob_id,
                now,
                reason[:500],
            )

        await self._database.write(unit)

    async def intact(self, account: AccountId, blob: BlobRef) -> bool:
        """Whether the octets of a whole blob still have the hash they are named by."""
        digest = blake3()
        try:
            async for chunk in self.chunks(account, blob):
                digest.update(chunk)
        except Unavailable:
            return False
        return digest.hexdigest() == blob.blob_id
