"""Messages written: header fields encoded and folded, bodies encoded, parts put together."""

import binascii
import re
import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pillarbox.core.errors import Invalid
from pillarbox.core.limits import MIME_DEPTH
from pillarbox.message.address import Address, Group, spell_address
from pillarbox.message.params import Params, encode_param
from pillarbox.message.words import encode_words

_WIDTH = 78  # RFC 5322 §2.1.1, where white space allows
_LINE = 998  # RFC 5322 §2.1.1
_NAME = re.compile(r"[!-9;-~]{1,76}")
_FORBIDDEN = re.compile(r"[\r\n\0]")
_TOKEN = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,127}")
_LONG_LINE = re.compile(rb"[^\r\n]{999}")
_BARE = re.compile(rb"\r(?!\n)|(?<!\r)\n")
_FROM = re.compile(rb"^From ", re.M)
_GRAMMAR = (
    "from sender reply-to to cc bcc resent-from resent-sender resent-to resent-cc resent-bcc return-path"
    " disposition-notification-to date resent-date message-id resent-message-id in-reply-to references received"
    " mime-version content-type content-transfer-encoding content-disposition content-id list-id list-unsubscribe"
    " list-post"
)
_VERBATIM = frozenset(_GRAMMAR.split())
"""Fields with a grammar of their own, where encoded words may not stand just anywhere (RFC 2047 §5)."""
_ODD = bytes((*range(9), 11, 12, *range(14, 32), *range(127, 256)))  # octets quoted-printable spells =XX
_B64_LINE = 57  # octets that make a base64 line of 76 characters, RFC 2045 §6.8
_B64_CHUNK = _B64_LINE * 1024


@dataclass(frozen=True, slots=True)
class BodyNode:
    """One entity of a message to write: a leaf with `content`, or a multipart with `children`.

    `content` of a text leaf is in the charset that `params` names, its line ends LF or CRLF; `message/rfc822` content
    is written as it is. `headers` are more fields, raw. `content_id` has no angle brackets.
    """

    type: str
    subtype: str
    params: Params = ()
    disposition: str | None = None
    disposition_params: Params = ()
    content_id: str | None = None
    language: tuple[str, ...] = ()
    location: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    content: bytes | None = None
    children: tuple["BodyNode", ...] = ()


def text_node(text: str, subtype: str = "plain") -> BodyNode:
    """A text leaf, us-ascii or UTF-8."""
    charset = "us-ascii" if text.isascii() else "utf-8"
    return BodyNode("text", subtype, (("charset", charset),), content=text.encode("utf-8", "replace"))


def compose(headers: Sequence[tuple[str, str]], body: BodyNode) -> Iterator[bytes]:
    """The message in pieces, with CRLF line ends.

    `headers` are (name, value) in order. Values are text on one line: words that are not ASCII become encoded words,
    ASCII (encoded words too) is written as it is. So are fields with a grammar of their own: spell addresses with
    `format_addresses`; UTF-8 left there is RFC 6532, for addresses that need it.

    Raises Invalid, before the first piece, for a name that is none or for CR, LF or NUL anywhere in a header.
    """
    top = [_spelled(name, value) for name, value in headers]
    if not any(name.lower() == "mime-version" for name, _ in headers):
        top.append(b"MIME-Version: 1.0\r\n")
    pieces = _entity(body, 1)
    return _chain(b"".join(top), pieces)


def _chain(top: bytes, pieces: list[bytes | Iterable[bytes]]) -> Iterator[bytes]:
    yield top
    for piece in pieces:
        if isinstance(piece, bytes):
            yield piece
        else:
            yield from piece


def _spelled(name: str, value: str) -> bytes:
    """One header field, checked, encoded and folded."""
    if not _NAME.fullmatch(name):
        raise Invalid("not a header field name")
    if _FORBIDDEN.search(value):
        raise Invalid(f"line end or NUL in header field {name}")
    value = value.strip()
    if name.lower() in _VERBATIM:
        return fold(name, value.split(" "))
    words = value.split(" ")
    if value.isascii() and max(map(len, words)) < _LINE - len(name) - 2:
        return fold(name, words)
    return fold(name, _encoded(words, min(max(len(name) - 1, 0), 50)))


def _encoded(words: list[str], used: int) -> list[str]:
    """The words of unstructured text: ASCII words as they are, runs of others as encoded words; `used`: how much
    shorter the very first one is, to stand beside the field's name."""
    plain = [word.isascii() and not word.startswith("=?") and len(word) <= _WIDTH for word in words]
    out: list[str] = []
    index = 0
    while index < len(words):
        if plain[index]:
            out.append(words[index])
            index += 1
            continue
        last = index
        # White space between two encoded words is not text (RFC 2047 §6.2), so what stands between goes in.
        stop = index + 1
        while stop < len(words) and (stop - last <= 2 or not plain[stop]):
            if not plain[stop]:
                last = stop
            stop += 1
        out.extend(encode_words(" ".join(words[index : last + 1]), 0 if out else used))
        index = last + 1
    return out


def fold(name: str, words: Sequence[str]) -> bytes:
    """`name: words` on lines of at most 78 characters where a space allows it (RFC 5322 §2.2.3)."""
    lines: list[str] = []
    line = f"{name}:"
    for index, word in enumerate(words):
        # A line must not be white space only, so an empty word (a run of spaces) never begins one.
        if index and word and len(line) + 1 + len(word) > _WIDTH and line.strip() and not line.endswith(" "):
            lines.append(line)
            line = ""
        line += f" {word}"
    lines.append(line)
    return "\r\n".join(lines).encode("utf-8", "replace") + b"\r\n"


def _field_with_params(name: str, value: str, params: Params) -> bytes:
    words = [value]
    for key, text in params:
        if not _TOKEN.fullmatch(key):
            raise Invalid(f"not a parameter name in {name}")
        if _FORBIDDEN.search(text):
            raise Invalid(f"line end or NUL in {name}")
        for spelled in encode_param(key, text):
            words[-1] += ";"
            words.append(spelled)
    return fold(name, words)


def _entity(node: BodyNode, depth: int) -> list[bytes | Iterable[bytes]]:
    """The MIME header and body of a part, in pieces."""
    if depth > MIME_DEPTH:
        raise Invalid("parts nested too deep")
    if not (_TOKEN.fullmatch(node.type) and _TOKEN.fullmatch(node.subtype)):
        raise Invalid("not a media type")
    head = [_spelled(name, value) for name, value in node.headers]
    if node.type == "multipart":
        return _multipart(node, head, depth)
    content = node.content or b""
    encoding = _encoding_for(node, content)
    head.append(_field_with_params("Content-Type", f"{node.type}/{node.subtype}", node.params))
    head.extend(_described(node))
    head.append(f"Content-Transfer-Encoding: {encoding}\r\n\r\n".encode("ascii"))
    return [b"".join(head), _encoders[encoding](content, node.type == "text")]


def _multipart(node: BodyNode, head: list[bytes], depth: int) -> list[bytes | Iterable[bytes]]:
    if not node.children:
        raise Invalid("a multipart without parts")
    # A random boundary with "=_", which neither base64 nor quoted-printable can hold (RFC 2045 §6.7).
    boundary = f"=_{secrets.token_hex(16)}"
    params = (*((k, v) for k, v in node.params if k.lower() != "boundary"), ("boundary", boundary))
    head.append(_field_with_params("Content-Type", f"multipart/{node.subtype}", params))
    head.extend(_described(node))
    pieces: list[bytes | Iterable[bytes]] = [b"".join(head) + b"\r\n"]
    for child in node.children:
        pieces.append(f"--{boundary}\r\n".encode("ascii"))
        pieces.extend(_entity(child, depth + 1))
        pieces.append(b"\r\n")
    pieces.append(f"--{boundary}--\r\n".encode("ascii"))
    return pieces


def _described(node: BodyNode) -> Iterator[bytes]:
    """The other MIME fields of a part."""
    if node.disposition is not None:
        if not _TOKEN.fullmatch(node.disposition):
            raise Invalid("not a disposition")
        yield _field_with_params("Content-Disposition", node.disposition, node.disposition_params)
    if node.content_id is not None:
        yield _spelled("Content-ID", f"<{node.content_id}>")
    if node.language:
        yield _spelled("Content-Language", ", ".join(node.language))
    if node.location is not None:
        yield _spelled("Content-Location", node.location)


def _encoding_for(node: BodyNode, content: bytes) -> str:
    """The least transfer encoding that brings the octets through any transport unchanged."""
    if node.type == "message":
        # RFC 2046 §5.2.1: no encoding that hides the parts; 8bit and binary need the transport's agreement.
        if node.subtype not in ("rfc822", "global"):
            return "7bit" if content.isascii() else "8bit"
        return "7bit" if content.isascii() and not _LONG_LINE.search(content) else "8bit"
    clean = content.isascii() and b"\0" not in content and not _LONG_LINE.search(content)
    if node.type != "text":
        return "base64"
    if clean and not _FROM.search(content) and not re.search(rb"\r(?!\n)", content):
        return "7bit"
    sample = content[:8192]
    odd = len(sample) - len(sample.translate(None, _ODD))
    return "quoted-printable" if odd * 4 <= len(sample) else "base64"


def _as_it_is(content: bytes, text: bool) -> Iterator[bytes]:
    yield _BARE.sub(b"\r\n", content) if text else content


def _base64(content: bytes, text: bool) -> Iterator[bytes]:
    if text:
        content = _BARE.sub(b"\r\n", content)
    for start in range(0, len(content), _B64_CHUNK):
        lines = content[start : start + _B64_CHUNK]
        yield b"".join(
            [
                binascii.b2a_base64(lines[at : at + _B64_LINE], newline=False) + b"\r\n"
                for at in range(0, len(lines), _B64_LINE)
            ],
        )


def _quoted_printable(content: bytes, text: bool) -> Iterator[bytes]:
    lines = _BARE.sub(b"\n", content.replace(b"\r\n", b"\n"))
    encoded = binascii.b2a_qp(lines, quotetabs=False, istext=True, header=False)
    encoded = _FROM.sub(b"=46rom ", encoded)
    yield _BARE.sub(b"\r\n", encoded)


_encoders = {"7bit": _as_it_is, "8bit": _as_it_is, "base64": _base64, "quoted-printable": _quoted_printable}


def format_addresses(entries: Sequence[Address | Group]) -> str:
    """A list of addresses as the value of a header field, for `compose`. Raises Invalid."""
    return ", ".join(spell_address(entry).decode("utf-8") for entry in entries)


def new_message_id(host: str) -> str:
    """A Message-ID that nobody else makes, without angle brackets. `host` is a domain of ours (RFC 5322 §3.6.4)."""
    return f"{secrets.token_hex(16)}@{host}"
