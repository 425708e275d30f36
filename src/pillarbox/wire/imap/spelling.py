"""How the smallest things are spelled in an answer: atom, quoted, literal, NIL (RFC 9051 §4)."""

import re
from collections.abc import Iterable

from pillarbox.wire.imap.names import encode_name

NIL = b"NIL"

_ATOM = re.compile(rb"[^\x00-\x20\x7f-\xff(){%*\"\\]+")
_QUOTABLE = re.compile(rb"[^\r\n\x00\x80-\xff]{0,1000}")
_QUOTABLE_UTF8 = re.compile(rb"[^\r\n\x00]{0,1000}")
_SPECIALS = re.compile(rb'(["\\])')


def literal(octets: bytes) -> bytes:
    """The octets as a literal."""
    return b"{%d}\r\n%b" % (len(octets), octets)


def literal8(octets: bytes) -> bytes:
    """The octets as a literal8, in which NUL may stand (RFC 9051 §4.3.1)."""
    return b"~{%d}\r\n%b" % (len(octets), octets)


def string(octets: bytes, utf8: bool = False) -> bytes:
    """Quoted where it may be, else a literal. `utf8` allows valid UTF-8 in quotes (RFC 6855 §3)."""
    if (_QUOTABLE_UTF8 if utf8 and _is_utf8(octets) else _QUOTABLE).fullmatch(octets):
        return b'"%b"' % (_SPECIALS.sub(rb"\\\1", octets) if b'"' in octets or b"\\" in octets else octets)
    return literal(octets)


def nstring(octets: bytes | None, utf8: bool = False) -> bytes:
    """A string, NIL for None."""
    return NIL if octets is None else string(octets, utf8)


def astring(octets: bytes, utf8: bool = False) -> bytes:
    """An atom where it may be (NIL is quoted, lest it be taken for none), else a string."""
    if _ATOM.fullmatch(octets) and octets.upper() != NIL:
        return octets
    return string(octets, utf8)


def mailbox(name: str, utf8: bool = False) -> bytes:
    """A mailbox name, always quoted or a literal; UTF-8 after ENABLE (`utf8`), else modified UTF-7."""
    return string(encode_name(name, utf8), utf8)


def parenthesised(pieces: Iterable[bytes]) -> bytes:
    """The pieces in parentheses with spaces between them."""
    return b"(%b)" % b" ".join(pieces)


def flag_list(flags: Iterable[str]) -> bytes:
    """Flags and keywords in parentheses, in their order."""
    return f"({' '.join(flags)})".encode("ascii")


def _is_utf8(octets: bytes) -> bool:
    try:
        octets.decode()
    except UnicodeDecodeError:
        return False
    return True
