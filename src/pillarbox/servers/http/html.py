"""GET /jmap/html/{accountId}/{emailId}: a message as a page of its own, harmless, for a sandboxed frame."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from urllib.parse import quote

from turbohtml.clean import Linkify, linkify

from pillarbox.core.ids import MessageId, parse_id
from pillarbox.core.limits import HTML_TEXT
from pillarbox.message.body import name_of
from pillarbox.message.sanitize import Cleaned, clean_html
from pillarbox.message.structure import Part, decode
from pillarbox.servers.http.authentication import authenticate
from pillarbox.servers.http.blobs import message_blob, part_blob
from pillarbox.servers.http.errors import HttpError
from pillarbox.servers.http.exchange import Exchange
from pillarbox.servers.http.methods.parts import Tree, tree_of
from pillarbox.servers.http.methods.source import sources
from pillarbox.servers.http.paths import check_account, path_parts
from pillarbox.servers.http.services import Hall
from pillarbox.store.model import MESSAGE_PREFIX, Need

_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:{remote}; frame-ancestors 'self';"
    " base-uri 'none'; form-action 'none'; sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox"
)
"""allow-same-origin lets the webmail measure and dress the frame from outside, and the message's own pictures be asked
for with the user's cookie. It gives the message itself nothing, because nothing in it can run: there is no
allow-scripts, and `default-src 'none'` forbids scripts a second time. The two must never stand here together."""
_PICTURES = frozenset(("png", "jpeg", "gif", "webp"))
_LINKS = Linkify(parse_email=True, schemes=("http", "https", "mailto"))
_LINKED = 256 << 10  # characters of plain text in which links are looked for
_PAPER = "margin:12px;font:15px/1.5 system-ui,sans-serif;overflow-wrap:anywhere"
_THEMES = {"light": "background:#fff;color:#1b1b1f", "dark": "background:#1b1b1f;color:#e4e4e8"}


@dataclass(frozen=True, slots=True)
class _Piece:
    """One part of the body to be cleaned."""

    text: str
    html: bool


async def send_html(hall: Hall, exchange: Exchange) -> None:
    """Answer with the page, `images=1` with remote pictures, and how many of them are blocked."""
    account = await authenticate(hall, exchange)
    owner, email_id = path_parts(exchange, "/jmap/html/", 2)
    check_account(account, owner)
    query = exchange.query()
    remote = query.get("images") == "1"
    store = hall.services.store
    number = MessageId(parse_id(MESSAGE_PREFIX, email_id) or 0)
    email = (await store.emails(account.account_id, [number], Need.STRUCTURE | Need.BLOB)).get(number)
    if email is None:
        raise HttpError(404, "no such message")
    source = (await sources(store, account.account_id, [email]))[0]
    tree = tree_of(decode(email.structure), source, message_blob(number), nested=False)
    pictures = _pictures(tree, owner)
    pieces = [piece for part in tree.reading.html if (piece := await _piece(tree, part, pictures)) is not None]
    cleaned = await asyncio.to_thread(_clean, pieces, pictures, remote)
    plain = not any(piece.html for piece in pieces)
    page = _page(cleaned.html, _THEMES.get(query.get("theme", ""), _THEMES["light"]) if plain else _THEMES["light"])
    headers = [
        (b"content-security-policy", _POLICY.format(remote=" https: http:" if remote else "").encode()),
        (b"x-blocked-images", str(cleaned.blocked_images).encode()),
        (b"cache-control", b"private, no-cache"),
        (b"cross-origin-resource-policy", b"same-origin"),
    ]
    await exchange.answer(200, page, b"text/html; charset=utf-8", headers)


async def _piece(tree: Tree, part: Part, pictures: Mapping[str, str]) -> _Piece | None:
    if part.type == "text":
        return _Piece(await tree.source.text(part, HTML_TEXT), part.subtype == "html")
    if (blob := _blob(tree, part)) in pictures:
        return _Piece(f'<p><img src="cid:{blob}" alt="{escape(name_of(part) or "")}"></p>', html=True)
    return None


def _blob(tree: Tree, part: Part) -> str:
    return part_blob(tree.blob, tree.sections[id(part)], tree.nested)


def _pictures(tree: Tree, owner: str) -> dict[str, str]:
    """The address of every picture in the message, by its blob id and by its Content-ID."""
    found: dict[str, str] = {}
    for part in tree.leaves():
        if part.type != "image" or part.subtype not in _PICTURES:
            continue
        blob = _blob(tree, part)
        name = quote(name_of(part) or "picture", safe="")
        found[blob] = f"/jmap/download/{owner}/{blob}/{name}?type=image/{part.subtype}"
        if part.content_id is not None:
            found.setdefault(part.content_id, found[blob])
    return found


def _clean(pieces: list[_Piece], pictures: Mapping[str, str], remote: bool) -> Cleaned:
    """The pieces cleaned and put together."""
    done = [clean_html(one.text if one.html else text_html(one.text), pictures.get, remote) for one in pieces]
    return Cleaned("<hr>".join(one.html for one in done), sum(one.blocked_images for one in done))


def text_html(text: str) -> str:
    """Plain text as HTML: lines kept, addresses made links."""
    escaped = escape(text, quote=False)
    linked = linkify(escaped, _LINKS) if len(escaped) <= _LINKED else escaped
    return f'<div style="white-space:pre-wrap">{linked}</div>'


def _page(body: str, colours: str) -> bytes:
    return (
        '<!doctype html><html><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<style>body{{{_PAPER};{colours}}}img{{max-width:100%;height:auto}}"
        "blockquote{margin:0 0 0 8px;padding-left:8px;border-left:2px solid #8888}</style></head>"
        f"<body>{body}</body></html>"
    ).encode("utf-8", "replace")
