"""Content transfer encodings undone piece by piece: a part of any size in bounded memory (RFC 2045 §6).

What comes out does not depend on how the octets are cut into pieces, whatever they are: damaged parts are read as
leniently as their encoding allows, and the size of a part counted once is its size for ever.
"""

import binascii
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Protocol

from pillarbox.core.limits import CHUNK, ENCODED_LINE, ENCODED_RUNS

_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_FOREIGN = bytes(octet for octet in range(256) if octet not in _BASE64 and octet != ord("="))
_PADDING = re.compile(rb"=+")
_SPACE = re.compile(rb"(?<![ \t])[ \t]++(?=\r?\n)")
_BARE_CR = re.compile(rb"=\r(?!\n)")


class Decoder(Protocol):
    """Undoes one encoding: octets as they come, then `finish`; both give what can be said by then."""

    def feed(self, octets: bytes) -> bytes:
        """The next octets of the part."""
        ...

    def finish(self) -> bytes:
        """The part is over."""
        ...


class _Identity:
    """7bit, 8bit and binary: nothing to undo."""

    __slots__ = ()

    def feed(self, octets: bytes) -> bytes:
        return octets

    def finish(self) -> bytes:
        return b""


class _Base64:
    """Foreign octets are skipped; padding ends a run and another begins behind it; one cut off gives the octets it has.
    After ENCODED_RUNS runs padding is foreign too."""

    __slots__ = ("_carry", "_runs")

    def __init__(self) -> None:
        self._carry = b""
        self._runs = 0

    def feed(self, octets: bytes) -> bytes:
        data = self._carry + octets.translate(None, _FOREIGN)
        whole = b""
        if b"=" in data:
            whole, data = self._padded(data)
        cut = len(data) & ~3
        self._carry = data[cut:]
        return whole + binascii.a2b_base64(data[:cut])

    def finish(self) -> bytes:
        data, self._carry = self._carry, b""
        return _last(data)

    def _padded(self, data: bytes) -> tuple[bytes, bytes]:
        """The runs that end in `data`, decoded, and what begins the next one."""
        room = ENCODED_RUNS - self._runs
        if room <= 0:
            return b"", data.translate(None, b"=")
        *ended, data = _PADDING.split(data.lstrip(b"="), room)
        self._runs += len(ended)
        return b"".join(map(_last, ended)), data.translate(None, b"=")


def _last(run: bytes) -> bytes:
    """A run of base64 that ends here."""
    if len(run) % 4 == 1:
        run = run[:-1]
    return binascii.a2b_base64(run + b"=" * (-len(run) % 4))


class _QuotedPrintable:
    """Decoded line by line. What is no encoding stays as it is; white space at the end of a line was added on the way
    (RFC 2045 §6.7 (3)); a line longer than ENCODED_LINE is decoded in pieces."""

    __slots__ = ("_pending",)

    def __init__(self) -> None:
        self._pending = bytearray()  # begins where a line, or a piece of one, does

    def feed(self, octets: bytes) -> bytes:
        return b"".join([self._feed(octets[at : at + CHUNK]) for at in range(0, len(octets), CHUNK)])

    def _feed(self, octets: bytes) -> bytes:
        self._pending += octets
        pieces = self._too_long() if len(self._pending) > ENCODED_LINE else b""
        return pieces + _unquoted(self._take(self._pending.rfind(b"\n") + 1))

    def _too_long(self) -> bytes:
        """The pieces of a first line that is too long; the others began less than a chunk ago."""
        pieces = []
        end = self._pending.find(b"\n")
        while (len(self._pending) if end < 0 else end) > ENCODED_LINE:
            escape = self._pending.rfind(b"=", ENCODED_LINE - 2, ENCODED_LINE)
            cut = ENCODED_LINE if escape < 0 else escape
            pieces.append(_unquoted(self._take(cut)))
            end = end if end < 0 else end - cut
        return b"".join(pieces)

    def _take(self, length: int) -> bytes:
        taken = bytes(self._pending[:length])
        del self._pending[:length]
        return taken

    def finish(self) -> bytes:
        return _unquoted(self._take(len(self._pending)).rstrip(b" \t"))


def _unquoted(data: bytes) -> bytes:
    """Quoted-printable that ends with a line, or within one but not within an encoded octet."""
    if any(end in data for end in (b" \r", b" \n", b"\t\r", b"\t\n")):
        data = _SPACE.sub(b"", data)
    if data.count(b"=\r") != data.count(b"=\r\n"):
        data = _BARE_CR.sub(b"", data)  # or all up to the next line end would be lost
    return binascii.a2b_qp(data)


class _Lines:
    """Gives every line of a text its CRLF before its encoding is undone (RFC 3516 §6)."""

    __slots__ = ("_after_cr", "_inner")

    def __init__(self, inner: Decoder) -> None:
        self._inner = inner
        self._after_cr = False

    def feed(self, octets: bytes) -> bytes:
        if not octets:
            return b""
        first = self._after_cr and octets[:1] == b"\n"
        self._after_cr = octets[-1:] == b"\r"
        if octets.count(b"\n") != octets.count(b"\r\n") + first:
            lines = octets[first:].replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
            octets = b"\n" + lines if first else lines
        return self._inner.feed(octets)

    def finish(self) -> bytes:
        return self._inner.finish()


_DECODERS: Mapping[str, Callable[[], Decoder]] = MappingProxyType(
    {
        "7bit": _Identity,
        "8bit": _Identity,
        "binary": _Identity,
        "base64": _Base64,
        "quoted-printable": _QuotedPrintable,
    }
)
_LINED = frozenset(("7bit", "8bit", "quoted-printable"))


def decoder(encoding: str, text: bool = False) -> Decoder | None:
    """What undoes a transfer encoding (in lower case), None for an unknown one.

    Lines of a `text` end in CRLF, as they must while they travel, though the message was stored with LF alone.
    """
    make = _DECODERS.get(encoding)
    if make is None:
        return None
    return _Lines(make()) if text and encoding in _LINED else make()


def decode(octets: bytes, encoding: str, text: bool = False) -> bytes | None:
    """The octets without their transfer encoding, None for an unknown one."""
    undo = decoder(encoding, text)
    return None if undo is None else undo.feed(octets) + undo.finish()
