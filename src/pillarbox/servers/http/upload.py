"""POST /jmap/upload/{accountId}/: octets to be used in messages (RFC 8620 §6.1)."""

import re

from pillarbox.core.limits import JMAP_UPLOAD_CONCURRENT
from pillarbox.servers.http.api import one_more
from pillarbox.servers.http.authentication import authenticate
from pillarbox.servers.http.blobs import UPLOAD
from pillarbox.servers.http.exchange import Exchange
from pillarbox.servers.http.paths import check_account, path_parts
from pillarbox.servers.http.services import Hall
from pillarbox.store.model import Account, Arrived
from pillarbox.store.spool import discard
from pillarbox.store.transaction import Transaction
from pillarbox.wire.jmap.errors import over_limit

_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,127}/[A-Za-z0-9!#$&^_.+-]{1,127}")


async def take_upload(hall: Hall, exchange: Exchange) -> None:
    """Take the octets into the spool and then the store."""
    account = await authenticate(hall, exchange)
    name, _ = path_parts(exchange, "/jmap/upload/", 2)
    check_account(account, name)
    with one_more(hall.uploads, account.account_id, JMAP_UPLOAD_CONCURRENT, "maxConcurrentUpload"):
        arrived = await _arrive(hall, exchange)
        kind = exchange.header(b"content-type")
        media_type = kind if _TYPE.fullmatch(kind.partition(";")[0].strip()) else "application/octet-stream"
        await _keep(hall, account, arrived, media_type)
    await exchange.json(
        201, {"accountId": name, "blobId": UPLOAD + arrived.blob_id, "type": media_type, "size": arrived.size}
    )


async def _arrive(hall: Hall, exchange: Exchange) -> Arrived:
    most = hall.settings.message_size
    if (exchange.declared_size() or 0) > most:
        raise over_limit("maxSizeUpload", f"more than {most} octets", status=413)
    spool = hall.services.store.spool()
    try:
        async for piece in exchange.pieces():
            spool.write(piece)
        return await spool.finish()
    except BaseException:
        spool.discard()
        raise


async def _keep(hall: Hall, account: Account, arrived: Arrived, media_type: str) -> None:
    async def unit(tx: Transaction) -> None:
        await tx.add_upload(account.account_id, arrived, media_type)

    try:
        await hall.services.store.write([account.account_id], unit)
    finally:
        discard(arrived)
