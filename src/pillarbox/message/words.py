"""Header text: RFC 2047 encoded words read leniently and written strictly."""

import binascii
import re
from collections.abc import Callable, Iterator

from pillarbox.core.limits import HEADER_FIELD
from pillarbox.message.charset import decode, guess, strictly
from pillarbox.message.transfer import decode as decode_transfer

_FOLD = re.compile(rb"\r?\n(?=[ \t])")
_UNREADABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202d\u202e\ud800-\udfff]")
_UNDECODED = re.compile(r"[\udc80-\udcff]")
_NEUTRAL = dict.fromkeys((*range(0x20), 0x7F, *range(0x80, 0xA0), 0x2028, 0x2029), " ")
_NEUTRAL |= dict.fromkeys((0, 0x202D, 0x202E, *range(0xD800, 0xE000)), "\ufffd")
_WORD = re.compile(r"=\?([^?\s*]{1,60})(?:\*[^?\s]{0,60})?\?([BbQq])\?([^?]*)\?=")
_Q_HEX = re.compile(rb"=([0-9A-Fa-f]{2})")
_Q_SAFE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/")  # RFC 2047 §5 (3)
_WORD_ROOM = 63  # characters of encoded text in an encoded word of 75


def unfold(value: bytes) -> bytes:
    """The value on one line: line ends before white space removed (RFC 5322 §2.2.3), stray ones made spaces."""
    value = value.strip(b" \t\r\n")
    if b"\n" in value or b"\r" in value:
        value = _FOLD.sub(b"", value).replace(b"\r", b" ").replace(b"\n", b" ")
    return value


def raw_text(value: bytes) -> str:
    """The unfolded value as text, encoded words left alone; 8-bit octets are UTF-8 or the charset they look like."""
    value = unfold(value[:HEADER_FIELD])
    if value.isascii() and b"\x1b" not in value:
        return value.decode("ascii")
    return guess(value)


def neutral(text: str) -> str:
    """The text with control characters made spaces; NUL, lone surrogates and direction overrides become U+FFFD."""
    return text.translate(_NEUTRAL) if _UNREADABLE.search(text) else text


def decode_text(value: bytes) -> str:
    """What a header value says to a person. Never fails; never holds a control character."""
    return decode_words(raw_text(value))


def decode_words(text: str) -> str:
    """The text with its encoded words decoded (RFC 2047 §6), leniently: anywhere, and joined before decoding, since
    many senders split a character between two words."""
    return neutral(_decoded(text, decode) if "=?" in text else text)


def decode_strictly(text: str) -> str:
    """The same for comparing (RFC 5255 §4.6): when an encoded word is not in its charset, its octets stay as they are,
    those above ASCII as lone surrogates (PEP 383)."""
    if "=?" not in text:
        return neutral(text)
    decoded = _decoded(text, strictly)
    return decoded if _UNDECODED.search(decoded) else neutral(decoded)


def _decoded(text: str, read: Callable[[bytes, str], str]) -> str:
    """The text with its encoded words read by `read`, which is given octets and charset."""
    out: list[str] = []
    pending: list[bytes] = []
    charset, last = "", 0
    for match in _WORD.finditer(text):
        between = text[last : match.start()]
        label = match[1].lower()
        if pending and (label != charset or between.strip()):
            out.append(read(b"".join(pending), charset))
            pending = []
            if between.strip():
                out.append(between)
        elif not pending:
            out.append(between)
        charset = label
        pending.append(_octets_of(match[2], match[3]))
        last = match.end()
    if pending:
        out.append(read(b"".join(pending), charset))
    out.append(text[last:])
    return "".join(out)


def _octets_of(kind: str, text: str) -> bytes:
    """The octets one encoded word stands for."""
    data = text.encode("utf-8", "replace")
    if kind in "Qq":
        return _Q_HEX.sub(lambda m: bytes((int(m[1], 16),)), data.replace(b"_", b" "))
    return decode_transfer(data, "base64") or b""


def encode_words(text: str, used: int = 0) -> list[str]:
    """`text` as encoded words of at most 75 characters (RFC 2047 §2), the first one `used` (at most 50) shorter, UTF-8,
    each of whole characters; to be joined by a space or a fold."""
    words = []
    room = _WORD_ROOM - used
    for piece in _pieces(neutral(text), room):
        data = piece.encode("utf-8", "replace")
        q_length = sum(1 if c in _Q_SAFE or c == 32 else 3 for c in data)
        if q_length <= min(room, len(data) * 4 // 3 + 4):
            spelled = "".join(chr(c) if c in _Q_SAFE else "_" if c == 32 else f"={c:02X}" for c in data)
            words.append(f"=?utf-8?Q?{spelled}?=")
        else:
            words.append(f"=?utf-8?B?{binascii.b2a_base64(data, newline=False).decode('ascii')}?=")
        room = _WORD_ROOM
    return words


def _pieces(text: str, room: int) -> Iterator[str]:
    """`text` in pieces whose UTF-8 in base64 fits: the first in `room` characters, the others in _WORD_ROOM."""
    start, room = 0, room // 4 * 3
    for index, char in enumerate(text):
        size = len(char.encode("utf-8", "replace"))
        if size > room:
            yield text[start:index]
            start, room = index, _WORD_ROOM // 4 * 3
        room -= size
    if start < len(text):
        yield text[start:]


def ascii_text(text: str) -> str:
    """`text` for a place that takes ASCII only: as it is, or as encoded words."""
    text = neutral(text)
    return text if text.isascii() else " ".join(encode_words(decode_words(text)))
