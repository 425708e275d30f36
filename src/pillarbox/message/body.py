"""Bodies: transfer encodings undone, charsets decoded, and the parts a person reads chosen."""

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass

from turbohtml import parse

from pillarbox.core.limits import PREVIEW
from pillarbox.message.charset import decode
from pillarbox.message.octets import Octets
from pillarbox.message.structure import Part
from pillarbox.message.transfer import decode as decode_transfer

_UU_BEGIN = re.compile(rb"^begin [0-7]{3,4} [^\n]*\n", re.M)
_META = re.compile(r"<meta[^>]{0,200}?charset\s*=\s*[\"']?([A-Za-z0-9_:.-]{1,40})", re.I)
_HTML_SIZE_MIN = 4096
_PREVIEW_INPUT = 32 << 10  # octets of a part that are looked at for the preview
_INLINE_MEDIA = frozenset(("image", "audio", "video"))
_QUOTED_LINE = re.compile(r"^[ \t]*>.*$", re.M)
_INTRO_LINE = re.compile(r"^[^\n]{0,200}(?:wrote|schrieb|écrit|escribió|ha scritto|写道)\s?:[ \t]*$", re.M)
_INVISIBLE: dict[int, str | None] = dict.fromkeys((*range(9), 0x0B, 0x0C, *range(0x0E, 0x20), 0x7F), " ")
_INVISIBLE |= dict.fromkeys(range(0x80, 0xA0), " ")
_INVISIBLE |= dict.fromkeys((0xAD, 0x34F, 0x200B, 0x200C, 0x200D, 0xFEFF, 0x202D, 0x202E), None)
_INVISIBLE_ANY = re.compile("[" + re.escape("".join(map(chr, _INVISIBLE))) + "]")
_SIGNATURE = re.compile(r"^-- \r?$.*", re.M | re.S)


def decode_leaf(octets: Octets, part: Part) -> bytes:
    """The body of a leaf with its transfer encoding undone. Never fails: junk in base64 is skipped, an unknown encoding
    is none."""
    return _decoded(octets[part.body : part.end], part.encoding)


def _decoded(data: bytes, encoding: str) -> bytes:
    if encoding in ("x-uuencode", "uuencode", "x-uue", "uue"):
        return _uudecoded(data)
    decoded = decode_transfer(data, encoding)
    return data if decoded is None else decoded


def _uudecoded(data: bytes) -> bytes:
    """The first uuencoded file in `data`, or `data` itself when there is none."""
    begin = _UU_BEGIN.search(data)
    if begin is None:
        return data
    out = []
    for line in data[begin.end() :].splitlines():
        if line in (b"end", b"`", b""):
            break
        try:
            out.append(binascii.a2b_uu(line))
        except binascii.Error:
            # Some encoders write too many characters: decode what the length octet promises.
            length = (((line[0] - 32) & 63) * 4 + 5) // 3
            try:
                out.append(binascii.a2b_uu(line[:length]))
            except binascii.Error:
                break
    return b"".join(out)


def charset_of(part: Part) -> str | None:
    """The charset a part claims, or None."""
    return next((value for name, value in part.params if name == "charset"), None)


def leaf_text(octets: Octets, part: Part, limit: int) -> str:
    """At most `limit` characters of a text leaf, transfer encoding and charset decoded, line ends as LF."""
    cut = part.end - part.body > 8 * limit + 1024
    # No encoding needs more than 8 octets for a character that counts (UTF-8 in quoted-printable: 12, but rarely).
    data = octets[part.body : part.body + 8 * limit + 1024] if cut else octets[part.body : part.end]
    data = _decoded(data, part.encoding)
    label = charset_of(part)
    if label is None and part.subtype == "html":
        meta = _META.search(data[:_HTML_SIZE_MIN].decode("latin-1"))
        label = meta[1] if meta else None
    text = decode(data, label)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text[:limit]


@dataclass(frozen=True, slots=True)
class Reading:
    """The leaves of a message as a person reads them (RFC 8621 §4.1.4): `text` and `html` are the bodies to show in
    order, by preference for plain text or HTML; a leaf may be in both. `attachments` is everything else."""

    text: tuple[Part, ...]
    html: tuple[Part, ...]
    attachments: tuple[Part, ...]


class _Sorter:
    """The three lists while they grow."""

    def __init__(self) -> None:
        self.text: list[Part] = []
        self.html: list[Part] = []
        self.attachments: list[Part] = []

    def sort(self, parts: tuple[Part, ...], kind: str, inside: bool, want: tuple[bool, bool]) -> None:
        """RFC 8621 §4.1.4 parseStructure; `inside` an alternative; `want`: text body and HTML body still take parts."""
        text, html = want
        text_length, html_length = len(self.text), len(self.html)
        for index, part in enumerate(parts):
            if part.type == "multipart":
                self.sort(part.parts, part.subtype, inside or part.subtype == "alternative", (text, html))
            elif not _inline(part, index, kind):
                self.attachments.append(part)
            elif kind == "alternative":
                self.alternative(part)
            else:
                if inside and part.type == "text":
                    text, html = (text and part.subtype == "plain", html and part.subtype == "html")
                if text:
                    self.text.append(part)
                if html:
                    self.html.append(part)
                if not (text and html) and part.type in _INLINE_MEDIA:
                    self.attachments.append(part)
        if kind == "alternative" and text and html:
            if text_length == len(self.text):
                self.text.extend(self.html[html_length:])
            elif html_length == len(self.html):
                self.html.extend(self.text[text_length:])

    def alternative(self, part: Part) -> None:
        if part.type == "text":
            (self.text if part.subtype == "plain" else self.html).append(part)
        else:
            self.attachments.append(part)


def _inline(part: Part, index: int, kind: str) -> bool:
    """Whether a leaf is part of the body rather than an attachment."""
    if part.disposition == "attachment":
        return False
    media = part.type in _INLINE_MEDIA
    if not media and not (part.type == "text" and part.subtype in ("plain", "html")):
        return False
    return index == 0 or (kind != "related" and (media or name_of(part) is None))


def name_of(part: Part) -> str | None:
    """The file name of a part: Content-Disposition filename, else Content-Type name (RFC 8621 §4.1.4 `name`)."""
    for params, key in ((part.disposition_params, "filename"), (part.params, "name")):
        for name, value in params:
            if name == key:
                return value
    return None


def text_parts(root: Part) -> Reading:
    """textBody, htmlBody and attachments of a message (RFC 8621 §4.1.4)."""
    sorter = _Sorter()
    sorter.sort((root,), "mixed", False, (True, True))
    return Reading(tuple(sorter.text), tuple(sorter.html), tuple(sorter.attachments))


def has_attachment(root: Part) -> bool:
    """Whether a person would say the message has an attachment: a part outside the bodies that is not an inline picture
    of the HTML nor a signature."""
    return reading_has_attachment(text_parts(root))


def reading_has_attachment(reading: Reading) -> bool:
    """`has_attachment` for a message whose parts are sorted already."""
    for part in reading.attachments:
        if part.disposition == "attachment":
            return True
        inline = part.type in _INLINE_MEDIA and (part.content_id is not None or part.disposition == "inline")
        if not inline and not part.subtype.endswith(("pgp-signature", "pkcs7-signature", "calendar")):
            return True
    return False


def preview(octets: Octets, root: Part) -> str:
    """The beginning of what the message says, on one line, at most PREVIEW characters."""
    return preview_of(octets, text_parts(root))


def preview_of(octets: Octets, reading: Reading) -> str:
    """`preview` for a message whose parts are sorted already."""
    for part in reading.text:
        if part.type != "text":
            continue
        text = leaf_text(octets, part, _PREVIEW_INPUT if part.subtype == "html" else 16 * PREVIEW)
        text = html_text(text) if part.subtype == "html" else text
        line = _readable(text)
        if line:
            return line
    return ""


def html_text(html: str) -> str:
    """What an HTML body says, as plain text without markup, scripts and styles."""
    return parse(html, positions=False).to_text()


def _readable(text: str) -> str:
    """`text` on one line without quoted lines, unless nothing else is left."""
    text = text.translate(_INVISIBLE) if _INVISIBLE_ANY.search(text) else text
    own = text
    if ">" in text:
        own = _INTRO_LINE.sub("", _QUOTED_LINE.sub("", text))
    if "-- " in own:
        own = _SIGNATURE.sub("", own)
    line = _on_one_line(own) or _on_one_line(text)
    return line if len(line) <= PREVIEW else line[: PREVIEW - 1].rstrip() + "…"


def _on_one_line(text: str) -> str:
    """The first words of `text`, as many as may fit into a preview."""
    return " ".join(text.split(None, PREVIEW // 2 + 1)[: PREVIEW // 2 + 1])


def searchable_text(octets: Octets, root: Part, limit: int) -> str:
    """At most `limit` characters of all text of a message, embedded messages too, HTML without its markup: what SEARCH
    BODY and TEXT look through (RFC 9051 §6.4.4)."""
    pieces: list[str] = []
    room = limit
    for part in text_leaves(root):
        text = leaf_text(octets, part, min(room * 4, limit * 4) if part.subtype == "html" else room)
        if part.subtype == "html":
            text = html_text(text)[:room]
        pieces.append(text)
        room -= len(text) + 1
        if room <= 0:
            break
    return "\n".join(pieces)[:limit]


def text_leaves(root: Part) -> Iterator[Part]:
    """All text leaves in order, those of embedded messages too."""
    pending = [root]
    while pending:
        part = pending.pop()
        if part.parts:
            pending.extend(reversed(part.parts))
        elif part.type == "text":
            yield part
