"""The built webmail: files read once, compressed once, served with the page's strict policy."""

import gzip
import mimetypes
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from pillarbox.core.limits import HTTP_STATIC
from pillarbox.servers.http.exchange import Exchange

PAGE_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:;"
    b" connect-src 'self'; font-src 'self'; frame-src 'self' blob:; form-action 'self'; base-uri 'none';"
    b" frame-ancestors 'none'; manifest-src 'self'"
)
_POLICY = (
    (b"content-security-policy", PAGE_POLICY),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_FOREVER = (b"cache-control", b"public, max-age=31536000, immutable")
_ASK = (b"cache-control", b"no-cache")
_COMPRESSIBLE = (".js", ".css", ".html", ".svg", ".json", ".webmanifest", ".txt", ".map")
_TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".webmanifest": "application/manifest+json"}
_NOT_BUILT = b"""<!doctype html><html lang="en"><meta charset="utf-8"><title>Pillarbox</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:36em;margin:4em auto;padding:0 1em}</style>
<h1>Pillarbox is running</h1>
<p>The webmail has not been built yet. Run <code>make web</code> and start the server again, or connect a mail
program: IMAP, POP3, SMTP and JMAP are all there.</p></html>
"""


@dataclass(frozen=True, slots=True)
class File:
    """A file ready to send."""

    body: bytes
    packed: bytes | None
    """gzip of it, where that is shorter."""
    kind: bytes
    tag: bytes
    hashed: bool
    """Its name changes with its contents."""


def _read(root: Path, path: Path) -> File:
    body = path.read_bytes()
    packed = gzip.compress(body, 9, mtime=0) if path.suffix in _COMPRESSIBLE else None
    kind = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    if kind.startswith("text/"):
        kind += "; charset=utf-8"
    tag = b'"' + blake2b(body, digest_size=12).hexdigest().encode() + b'"'
    hashed = path.relative_to(root).parts[0] == "assets"
    return File(body, packed if packed and len(packed) < len(body) else None, kind.encode(), tag, hashed)


class Files:
    """The files under a folder by their path in the address; nothing outside that list can be asked for."""

    def __init__(self, root: Path) -> None:
        found = sorted(path for path in root.rglob("*") if path.is_file()) if root.is_dir() else []
        self._files = {
            "/" + path.relative_to(root).as_posix(): _read(root, path)
            for path in found
            if path.stat().st_size <= HTTP_STATIC
        }
        tag = b'"' + blake2b(_NOT_BUILT, digest_size=12).hexdigest().encode() + b'"'
        self._page = self._files.get("/index.html") or File(_NOT_BUILT, None, b"text/html; charset=utf-8", tag, False)

    def find(self, path: str) -> File | None:
        """The file of that name; the page itself for the webmail's own addresses, None for a missing asset."""
        if (file := self._files.get(path)) is not None:
            return file
        last = path.rpartition("/")[2]
        return None if path.startswith("/assets/") or "." in last else self._page


async def send_file(exchange: Exchange, file: File) -> None:
    """Answer with a file, or 304 when the browser has it."""
    headers = [(b"etag", file.tag), _FOREVER if file.hashed else _ASK, *_POLICY]
    if file.packed is not None:
        headers.append((b"vary", b"accept-encoding"))
    if file.tag.decode() in exchange.header(b"if-none-match"):
        await exchange.start(304, headers)
        await exchange.send(b"", more=False)
        return
    body = file.body
    if file.packed is not None and "gzip" in exchange.header(b"accept-encoding"):
        body = file.packed
        headers.append((b"content-encoding", b"gzip"))
    await exchange.answer(200, body, file.kind, headers)
