"""GET /jmap/download/{accountId}/{blobId}/{name}: octets of messages, parts and uploads (RFC 8620 §6.2)."""

import re
from urllib.parse import quote

from pillarbox.core.errors import NotFound
from pillarbox.servers.http.authentication import authenticate
from pillarbox.servers.http.blobs import find_blob
from pillarbox.servers.http.errors import HttpError
from pillarbox.servers.http.exchange import Exchange
from pillarbox.servers.http.paths import check_account, path_parts
from pillarbox.servers.http.services import Hall

_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,127}/[A-Za-z0-9!#$&^_.+-]{1,127}(?:; ?charset=[A-Za-z0-9_.:-]{1,40})?")
_SHOWN = frozenset(
    (
        "image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "audio/mpeg", "audio/ogg", "audio/wav",
        "video/mp4", "video/webm", "text/plain",
    )
)  # fmt: skip
"""What a browser may show in place: nothing that holds markup or scripts."""
_POLICY = (b"content-security-policy", b"default-src 'none'; sandbox")
_FOREVER = (b"cache-control", b"private, immutable, max-age=31536000")
_UNSAFE_NAME = re.compile(r"[\x00-\x1f\x7f/\\\"]")


def disposition(kind: str, name: str) -> bytes:
    """The Content-Disposition: shown in place only for what is safe, under a name that is one (RFC 6266)."""
    how = "inline" if kind.partition(";")[0] in _SHOWN else "attachment"
    clean = _UNSAFE_NAME.sub("_", name)[:200] or "file"
    plain = clean.encode("ascii", "replace").decode("ascii").replace("?", "_")
    return f"{how}; filename=\"{plain}\"; filename*=UTF-8''{quote(clean, safe='', errors='replace')}".encode("ascii")


async def send_blob(hall: Hall, exchange: Exchange) -> None:
    """Answer with the octets, as the type that was asked for."""
    account = await authenticate(hall, exchange)
    owner, blob_id, name = path_parts(exchange, "/jmap/download/", 3)
    check_account(account, owner)
    asked = exchange.query().get("type", "").lower()
    kind = asked if _TYPE.fullmatch(asked) else "application/octet-stream"
    tag = b'"' + blob_id.encode("ascii", "replace") + b'"'
    try:
        blob = await find_blob(hall.services.store, account.account_id, blob_id)
    except NotFound as error:
        raise HttpError(404, "no such blob") from error
    headers = [_POLICY, _FOREVER, (b"etag", tag), (b"content-disposition", disposition(kind, name))]
    if exchange.header(b"if-none-match") == tag.decode():
        await exchange.start(304, headers)
        await exchange.send(b"", more=False)
        return
    chunks = blob.chunks()
    first = await anext(chunks, b"")  # what cannot be read is refused before the answer begins
    if blob.size is not None:
        headers.append((b"content-length", str(blob.size).encode()))
    await exchange.start(200, [(b"content-type", kind.encode()), *headers])
    await exchange.send(first)
    if exchange.method != "HEAD":
        async for chunk in chunks:
            await exchange.send(chunk)
    await exchange.send(b"", more=False)
