"""The MIME tree of a message by byte offsets, found in one pass; broken ones are read as RFC 7103 advises."""

import re
from typing import Final

import msgspec

from pillarbox.core.errors import Invalid
from pillarbox.core.limits import HEADER_FIELD, MIME_CANDIDATES, MIME_DEPTH, MIME_PARTS
from pillarbox.message.octets import Lines, Octets, cut_line_end, finder
from pillarbox.message.params import Params, decode_params
from pillarbox.message.words import ascii_text, raw_text

__all__ = ["Octets", "Part", "decode", "encode", "find", "scan"]

_VERSION: Final = b"\x01"
_BOUNDARY_LONGEST = 1024  # RFC 2046 §5.1.1 allows 70; a longer line is no delimiter
_NONE: Final = 1 << 62  # an offset behind every message

_MIME_FIELD = re.compile(
    rb"\n[Cc][Oo][Nn][Tt][Ee][Nn][Tt]-([A-Za-z0-9-]+)[ \t]*:([^\n]*(?:\n[ \t][^\n]*)*)",
)
_FIRST_LINE = re.compile(rb"[!-9;-~]+[ \t]*:|>?From |[ \t]")
_NO_FIELD = re.compile(rb"\n(?![!-9;-~]{1,998}[ \t]{0,998}:|[ \t]|\r?\n)")
_TYPE = re.compile(r"([!#$&+.^_`{|}~*'%0-9a-z-]+)\s*/\s*([!#$&+.^_`{|}~*'%0-9a-z-]+)")
_TOKEN = re.compile(r"[!#$&+.^_`{|}~*'%0-9a-z-]+")
_EMBEDDED = frozenset(("rfc822", "global"))
_IDENTITY = frozenset(("7bit", "8bit", "binary"))
_LEAF = ("application", "octet-stream")


class Part(msgspec.Struct, frozen=True, array_like=True):
    """One entity of the tree: the message itself, a body part, or an embedded message.

    Offsets count from the message's first octet. `octets[header:body]` is its header with the empty line,
    `octets[body:end]` its body as encoded; the line end before a boundary is not part of it (RFC 2046 §5.1.1).
    A multipart has at least one child; a message/rfc822 or message/global exactly one, the embedded message.
    """

    header: int
    body: int
    end: int
    lines: int = 0
    """Lines of the body, for text and message parts (the only ones where IMAP says it); 0 for others."""
    type: str = "text"
    subtype: str = "plain"
    params: Params = ()
    """Content-Type parameters, RFC 2231 decoded, names in lower case."""
    encoding: str = "7bit"
    content_id: str | None = None
    """Without its angle brackets."""
    description: str | None = None
    """ASCII: encoded words stay encoded (RFC 9051 §7.5.2), raw 8-bit became encoded words."""
    md5: str | None = None  # RFC 1864
    disposition: str | None = None
    """Lower case."""
    disposition_params: Params = ()
    language: tuple[str, ...] = ()
    location: str | None = None
    parts: tuple["Part", ...] = ()


class _Node:
    """A part whose end is not known yet."""

    __slots__ = ("body", "boundary", "children", "digest", "fields", "header", "shadowed", "subtype", "type")

    def __init__(self, header: int, body: int) -> None:
        self.header = header
        self.body = body
        self.type = "text"
        self.subtype = "plain"
        self.fields: dict[bytes, bytes] = {}
        self.boundary: bytes | None = None
        self.shadowed: int | None = None  # stack index of an outer multipart with the same boundary
        self.digest = False
        self.children: list[Part] = []


class _Scanner:
    """The cursor: every search goes forward only, so the octets are read a fixed number of times."""

    def __init__(self, octets: Octets) -> None:
        self.octets = octets
        self.find = finder(octets)
        self.size = len(octets)
        self.lines = Lines(octets)
        self.stack: list[_Node] = []
        self.boundaries: dict[bytes, int] = {}  # open boundary → index in the stack
        self.params: dict[int, Params] = {}
        self.parts = 0
        self.candidates = MIME_CANDIDATES
        self.position = 0  # where the search for "\n--" goes on
        self.dash = -1
        self.crlf = -1  # the next "\n\r\n" at or after the last part's start
        self.lf = -1  # the next "\n\n"
        self.lf_seen = 0  # searched for "\n\n" up to here

    def delimiter(self, limit: int) -> tuple[int, int, int, bool] | None:
        """The next delimiter line of an open multipart that starts before `limit`, not consumed: (stack index, start,
        offset behind it, whether it is the closing one)."""
        octets = self.octets
        while self.boundaries:
            if self.dash < self.position:
                self.dash = self.find(b"\n--", self.position, self.size)
                if self.dash < 0 or self.candidates <= 0:
                    self.dash = _NONE
            dash = self.dash
            if dash >= limit:
                return None
            eol = self.find(b"\n", dash + 3, self.size)
            if eol < 0:
                eol = self.size
            if eol - dash <= _BOUNDARY_LONGEST:
                line = octets[dash + 3 : eol].rstrip(b" \t\r")
                index = self.boundaries.get(line, -1)
                closing = False
                if line.endswith(b"--"):
                    other = self.boundaries.get(line[:-2], -1)
                    if other > index:
                        index, closing = other, True
                if index >= 0:
                    return index, dash + 1, min(eol + 1, self.size), closing
            self.position = eol
            self.candidates -= 1
        return None

    def header_end(self, start: int) -> int:
        """The offset behind the empty line that ends the header at `start`, or _NONE."""
        octets = self.octets
        if octets[start : start + 1] == b"\n":
            return start + 1
        if octets[start : start + 2] == b"\r\n":
            return start + 2
        if self.crlf < start:
            self.crlf = self.find(b"\n\r\n", start, self.size)
            if self.crlf < 0:
                self.crlf = _NONE
        crlf = self.crlf
        if self.lf < start:
            stop = min(crlf + 1, self.size)
            if self.lf_seen < stop:
                self.lf = self.find(b"\n\n", max(start, self.lf_seen - 1), stop)
                if self.lf < 0:
                    self.lf_seen = stop
        if start <= self.lf < crlf:
            return self.lf + 2
        return crlf + 3 if crlf < _NONE else _NONE

    def enter(self, start: int, digest: bool) -> None:
        """Open the part whose header begins at `start`, and the messages it begins with."""
        message = not self.stack
        while True:
            node = self.read(start, digest, message)
            depth = len(self.stack)
            self.stack.append(node)
            self.parts += 1
            self.position = max(self.position, node.body - 1)
            if node.type == "multipart":
                self.open_multipart(node, depth)
                return
            if node.type != "message" or node.subtype not in _EMBEDDED or _encoding(node.fields) not in _IDENTITY:
                return
            if depth + 1 >= MIME_DEPTH or self.parts >= MIME_PARTS:
                node.type, node.subtype = _LEAF
                return
            start, digest, message = node.body, False, True

    def open_multipart(self, node: _Node, depth: int) -> None:
        """Look for the parts of a multipart from now on, unless it is too deep or names no boundary."""
        if depth + 1 >= MIME_DEPTH:
            node.type, node.subtype = _LEAF
            return
        boundary = _boundary(node.fields.get(b"type", b""))
        if boundary is None:
            return
        node.boundary = boundary
        node.shadowed = self.boundaries.get(boundary)
        node.digest = node.subtype == "digest"
        self.boundaries[boundary] = depth

    def read(self, start: int, digest: bool, message: bool) -> _Node:
        """Find the end of the header at `start` and take its MIME fields.

        A line that is no field ends the header of a body part; the header of a `message` only if no empty line does,
        since a stray line there must not hide the fields behind it.
        """
        octets = self.octets
        body = self.header_end(start)
        found = self.delimiter(min(body - 1, self.size))
        limit = self.size if found is None else max(found[1], start)
        missing = body > limit
        body = min(body, limit)
        text = b"\n" + octets[start : min(body, start + HEADER_FIELD)]
        if not _FIRST_LINE.match(text, 1):
            if text[1:3] != b"\r\n" and text[1:2] != b"\n":
                return _Node(start, start)
        elif (missing or not message) and (end := _NO_FIELD.search(text, 1)) is not None and end.end() < len(text):
            body = start + end.end() - 1
            text = text[: end.end()]
        node = _Node(start, body)
        for name, value in _MIME_FIELD.findall(text):
            node.fields.setdefault(name.lower(), value)
        if digest:
            node.type, node.subtype = "message", "rfc822"
        if (value := node.fields.get(b"type")) is not None:
            _set_type(node, value)
        return node

    def leave(self, level: int, end: int) -> None:
        """Close the parts from `level` of the stack on; their octets end at `end`."""
        stack = self.stack
        while len(stack) > level:
            node = stack.pop()
            self.close_boundary(node)
            # A header that runs up to the delimiter keeps its line end; the parts around it then end there too.
            end = max(end, node.body)
            part = self.finish(node, end)
            if not stack:
                self.root = part
            else:
                stack[-1].children.append(part)

    def close_boundary(self, node: _Node) -> None:
        """Stop looking for the parts of `node`; an outer multipart with the same boundary gets it back."""
        if node.boundary is None:
            return
        del self.boundaries[node.boundary]
        if node.shadowed is not None:
            self.boundaries[node.boundary] = node.shadowed
        node.boundary = None

    def finish(self, node: _Node, end: int) -> Part:
        """The part, now that its end is known."""
        fields = node.fields
        kind, subtype = node.type, node.subtype
        children = node.children
        lines = 0
        if kind == "multipart":
            children = children or [self.text(node.body, end)]
        elif kind == "text":
            lines = self.lines.count(node.body, end)
        elif kind == "message":
            lines = self.lines.count(node.body, end)
            if subtype in _EMBEDDED and not children:
                children = [Part(node.body, node.body, end, 0, *_LEAF)]
        if not fields:
            return Part(node.header, node.body, end, lines, kind, subtype, parts=tuple(children))
        params: Params = ()
        if (raw := fields.get(b"type")) is not None and b";" in raw:
            params = decode_params(raw_text(raw))[1]
        disposition, disposition_params = _disposition(fields.get(b"disposition"))
        return Part(
            node.header, node.body, end, lines, kind, subtype, params, _encoding(fields),
            _bare(fields.get(b"id")), _ascii(fields.get(b"description")), _ascii(fields.get(b"md5")),
            disposition, disposition_params, _language(fields.get(b"language")), _location(fields.get(b"location")),
            tuple(children),
        )  # fmt: skip

    def text(self, start: int, end: int) -> Part:
        """A text part without header: what a multipart holds in which no delimiter was found."""
        return Part(start, start, end, self.lines.count(start, end))


def scan(octets: Octets) -> Part:
    """The tree of a message. Never fails, whatever the octets are; linear in their number.

    Where the octets are no proper message: what does not begin with a field has no header; the header of a part, and
    that of a message which no empty line ends, ends before its first line that is no field; a multipart without
    delimiters holds one text part; the innermost open multipart owns a boundary that two have; parts nested deeper
    than MIME_DEPTH are opaque leaves; what follows the MIME_PARTS-th part belongs to it.
    """
    scanner = _Scanner(octets)
    scanner.enter(0, digest=False)
    while scanner.parts < MIME_PARTS:
        found = scanner.delimiter(scanner.size)
        if found is None:
            break
        index, start, after, closing = found
        scanner.position = max(after - 1, start)
        scanner.leave(index + 1, cut_line_end(octets, 0, start))
        owner = scanner.stack[index]
        if closing:
            scanner.close_boundary(owner)
        else:
            scanner.enter(after, owner.digest)
    scanner.leave(0, scanner.size)
    return scanner.root


def _set_type(node: _Node, raw: bytes) -> None:
    """Take type and subtype from a Content-Type value; what cannot be read is text/plain (RFC 2045 §5.2)."""
    value = raw_text(raw[:1000]).lower().lstrip()
    match = _TYPE.match(value)
    if match is None:
        node.type, node.subtype = "text", "html" if value.startswith("html") else "plain"
        return
    node.type, node.subtype = match[1], match[2]


def _boundary(raw: bytes) -> bytes | None:
    """The boundary named by a Content-Type value, as it stands in delimiter lines."""
    for name, value in decode_params(raw_text(raw))[1]:
        if name == "boundary":
            return value.encode("utf-8", "replace").rstrip() or None
    return None


def _encoding(fields: dict[bytes, bytes]) -> str:
    """The transfer encoding, lower case; "7bit" when absent or unreadable."""
    raw = fields.get(b"transfer-encoding")
    if raw is None:
        return "7bit"
    match = _TOKEN.search(raw_text(raw[:200]).lower())
    return match[0] if match else "7bit"


def _ascii(raw: bytes | None) -> str | None:
    return None if raw is None else ascii_text(raw_text(raw))


def _bare(raw: bytes | None) -> str | None:
    """A Content-ID without its angle brackets."""
    value = _ascii(raw)
    if value is None:
        return None
    start, end = value.find("<"), value.rfind(">")
    return value[start + 1 : end] if 0 <= start < end else value


def _disposition(raw: bytes | None) -> tuple[str | None, Params]:
    """RFC 2183 §2: type and parameters."""
    if raw is None:
        return None, ()
    value, params = decode_params(raw_text(raw))
    match = _TOKEN.match(value)
    return (match[0] if match else "attachment"), params


def _language(raw: bytes | None) -> tuple[str, ...]:
    if raw is None:
        return ()
    return tuple(tag for tag in (word.strip() for word in (_ascii(raw) or "").split(",")[:100]) if tag)


def _location(raw: bytes | None) -> str | None:
    return None if raw is None else "".join((_ascii(raw) or "").split())


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Part)


def encode(root: Part) -> bytes:
    """The tree as a few octets for the store: a version octet, then msgpack."""
    return _VERSION + _encoder.encode(root)


def decode(data: bytes) -> Part:
    """The tree `encode` made. Raises Invalid for anything else (the tree can be scanned again from the octets)."""
    if data[:1] != _VERSION:
        raise Invalid("structure of an unknown version")
    try:
        return _decoder.decode(data[1:])
    except msgspec.MsgspecError as error:
        raise Invalid(f"structure: {error}") from error


def find(root: Part, section: tuple[int, ...]) -> Part | None:
    """The part with an IMAP part number, or None if there is none; () is the message itself.

    RFC 9051 §6.4.5.1: the body of a message that is no multipart is its part 1 (so the message's own Part is returned
    for (1,)); below a message/rfc822 part the numbers are those of the embedded message.
    """
    holder = part = root
    for depth, number in enumerate(section):
        if depth:
            if part.type != "multipart" and not part.parts:
                return None
            holder = part if part.type == "multipart" else part.parts[0]
        if holder.type == "multipart":
            if not 1 <= number <= len(holder.parts):
                return None
            part = holder.parts[number - 1]
        elif number == 1:
            part = holder
        else:
            return None
    return part
