"""Reading octets: small ones from rows, large ones from the blob store; what is damaged is reported and remembered."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from typing import NoReturn

import structlog
from blake3 import blake3

from pillarbox.core.clock import Clock
from pillarbox.core.errors import Damaged, NotFound, Unavailable
from pillarbox.core.ids import AccountId, BlobId
from pillarbox.core.limits import BLOB_INLINE, CHUNK, PAGE
from pillarbox.store.model import BlobRef
from pillarbox.store.port import BlobStore, Connection, Database, Record
from pillarbox.store.zstd import ZstdDecompressor, ZstdError

OTHER_HASH = "the octets have another hash"

_log = structlog.get_logger("pillarbox.store")


class Octets:
    """The octets of accounts. A blob that cannot be read is noted in the table `damaged`."""

    def __init__(self, database: Database, blobs: BlobStore, clock: Clock) -> None:
        self._database = database
        self._blobs = blobs
        self._clock = clock

    async def slice(self, account: AccountId, blob: BlobRef, start: int, length: int) -> bytes:
        """`length` octets from `start` of what the reference means; fewer at its end. Damaged."""
        length = max(0, min(length, blob.length - start))
        if not length or start < 0:
            return b""
        begin = blob.offset + start
        row = await self._row(account, blob)
        if row is not None:
            return (await self._opened(account, blob.blob_id, row))[begin : begin + length]
        await self._refuse_known(account, blob.blob_id)
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
        await self._refuse_known(account, blob.blob_id)
        async for chunk in self._stream(account, blob, start, end):
            yield chunk

    async def _stream(self, account: AccountId, blob: BlobRef, start: int, end: int) -> AsyncIterator[bytes]:
        digest = blake3() if blob.offset == start == 0 and end == blob.length else None
        while start < end:
            octets = await self._large(account, blob.blob_id, blob.offset + start, min(CHUNK, end - start))
            start += len(octets)
            if digest is not None:
                digest.update(octets)
                if start == end and digest.hexdigest() != blob.blob_id:  # the reader gets no last chunk
                    await self._refuse(account, blob.blob_id, OTHER_HASH)
            yield octets

    async def many(self, account: AccountId, refs: Sequence[BlobRef], apart: bool = False) -> list[bytes | None]:
        """See Store.many_octets."""
        inline = {ref.blob_id for ref in refs if ref.offset + ref.length <= BLOB_INLINE}
        rows: dict[BlobId, Record] = {}
        wanted = sorted(inline)
        dialect = self._database.dialect
        read = self._database.read_apart if apart else self._database.read
        sql = f"SELECT blob_id, coding, octets FROM blob WHERE account_id = $1 AND blob_id IN {dialect.texts('$2')}"
        for at in range(0, len(wanted), PAGE):
            array = dialect.array(wanted[at : at + PAGE])

            async def unit(connection: Connection, array: object = array) -> list[Record]:
                return await connection.all(sql, account, array)

            try:
                rows.update((row[0], row[1:]) for row in await read(unit))
            except Damaged:  # the others are read without it
                return [await self._alone(account, ref) for ref in refs]
        if apart:
            whole = await asyncio.to_thread(_intact, rows)
            return [
                whole[ref.blob_id][ref.offset : ref.offset + ref.length]
                if ref.blob_id in whole
                else await self._one_of(account, ref, rows.get(ref.blob_id))
                for ref in refs
            ]
        return [await self._one_of(account, ref, rows.get(ref.blob_id)) for ref in refs]

    async def _alone(self, account: AccountId, ref: BlobRef) -> bytes | None:
        try:
            return await self.slice(account, ref, 0, ref.length)
        except Unavailable:
            return None

    async def _one_of(self, account: AccountId, ref: BlobRef, row: Record | None) -> bytes | None:
        try:
            if row is not None:
                return (await self._opened(account, ref.blob_id, row))[ref.offset : ref.offset + ref.length]
            return await self.slice(account, ref, 0, ref.length)
        except Unavailable:
            return None

    async def _row(self, account: AccountId, blob: BlobRef) -> Record | None:
        if blob.offset + blob.length > BLOB_INLINE:
            return None
        sql = "SELECT coding, octets FROM blob WHERE account_id = $1 AND blob_id = $2"
        try:
            return await self._database.read(lambda connection: connection.one(sql, account, blob.blob_id))
        except Damaged as error:
            await self.set_aside(account, blob.blob_id, str(error))
            raise

    async def _opened(self, account: AccountId, blob_id: BlobId, row: Record) -> bytes:
        try:
            return _whole(blob_id, row)
        except ZstdError as error:
            await self._refuse(account, blob_id, str(error))

    async def _large(self, account: AccountId, blob_id: BlobId, start: int, length: int) -> bytes:
        try:
            part = await self._blobs.read(blob_id, start, length)
        except NotFound:
            await self._refuse(account, blob_id, "missing")
        if len(part) != length:
            await self._refuse(account, blob_id, f"{len(part)} octets instead of {length}")
        return part

    async def _refuse_known(self, account: AccountId, blob_id: BlobId) -> None:
        """Refuse a large blob that was found damaged before: its first octets may look well."""
        sql = "SELECT reason FROM damaged WHERE account_id = $1 AND blob_id = $2"
        row = await self._database.read(lambda connection: connection.one(sql, account, blob_id))
        if row is not None:
            raise Damaged(f"blob {blob_id} is damaged: {row[0]}")

    async def _refuse(self, account: AccountId, blob_id: BlobId, reason: str) -> NoReturn:
        await self.set_aside(account, blob_id, reason)
        raise Damaged(f"blob {blob_id} is damaged: {reason}")

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
            if await self._row(account, blob) is not None:
                digest.update(await self.slice(account, blob, 0, blob.length))
            else:
                async for chunk in self._stream(account, blob, 0, blob.length):
                    digest.update(chunk)
        except Unavailable:
            return False
        return digest.hexdigest() == blob.blob_id


def _whole(blob_id: BlobId, row: Record) -> bytes:
    """The octets a row holds. Raises ZstdError when they are not those it is named by."""
    coding, octets = row
    whole = _unpacked(octets) if coding else bytes(octets)
    if blake3(whole).hexdigest() != blob_id:
        raise ZstdError(OTHER_HASH)
    return whole


def _intact(rows: Mapping[BlobId, Record]) -> dict[BlobId, bytes]:
    """The octets of the rows that are not damaged."""
    intact = {}
    for blob_id, row in rows.items():
        with suppress(ZstdError):
            intact[blob_id] = _whole(blob_id, row)
    return intact


def _unpacked(octets: bytes) -> bytes:
    """What one frame holds, without the copy that `decompress` makes of it. Raises ZstdError."""
    decompressor = ZstdDecompressor()
    whole = decompressor.decompress(octets)
    if not decompressor.eof:
        raise ZstdError("the frame is cut off")
    return whole
