"""Blob/copy (RFC 8620 §6.3): everybody has one account, so it finds blobs where they are."""

from pillarbox.core.errors import NotFound
from pillarbox.core.limits import JMAP_SET
from pillarbox.servers.http.blobs import find_blob
from pillarbox.servers.http.context import Context
from pillarbox.wire.jmap.arguments import BlobCopy
from pillarbox.wire.jmap.codec import Json
from pillarbox.wire.jmap.errors import MethodError, SetError


async def blob_copy(context: Context, arguments: BlobCopy) -> Json:
    """Blob/copy."""
    if arguments.from_account_id != context.spelled:
        raise MethodError("fromAccountNotFound")
    if len(arguments.blob_ids) > JMAP_SET:
        raise MethodError("requestTooLarge", f"more than {JMAP_SET} blobs")
    copied: dict[str, str] = {}
    missing: Json = {}
    for blob_id in arguments.blob_ids:
        try:
            await find_blob(context.store, context.account_id, blob_id)
            copied[blob_id] = blob_id
        except NotFound:
            missing[blob_id] = SetError("notFound").value()
    return {
        "fromAccountId": arguments.from_account_id,
        "accountId": context.spelled,
        "copied": copied or None,
        "notCopied": missing or None,
    }
