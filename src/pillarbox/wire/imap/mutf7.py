"""Modified UTF-7, the spelling of mailbox names before UTF-8 was allowed (RFC 3501 §5.1.3)."""

import re
from binascii import Error, a2b_base64, b2a_base64

_SHIFTED = re.compile(rb"&([^-]*)-")
_OUTSIDE = re.compile("(&)|([^ -~]+)")
_BASE64 = re.compile(rb"[A-Za-z0-9+,]+\Z")
_PRINTABLE = re.compile(r"[ -~]")


def encode(text: str) -> bytes:
    """`text` in modified UTF-7: printable ASCII as it is, `&` as `&-`, the rest in shifted base64 of UTF-16."""
    return _OUTSIDE.sub(_shift, text).encode("ascii")


def decode(octets: bytes) -> str:
    """The text that `octets` spell. ValueError where they are not modified UTF-7.

    Raw UTF-8 outside the shifted runs is taken as it is meant: clients send it, and no other name can be spelled so.
    """
    pieces: list[str] = []
    pos = 0
    while (shift := octets.find(b"&", pos)) >= 0:
        found = _SHIFTED.match(octets, shift)
        if found is None:
            raise ValueError("unfinished shift")
        pieces += (octets[pos:shift].decode(), _unshift(found[1]))
        pos = found.end()
    pieces.append(octets[pos:].decode())
    return "".join(pieces)


def _shift(found: re.Match[str]) -> str:
    if found[1]:
        return "&-"
    run = b2a_base64(found[2].encode("utf-16-be"), newline=False)
    return "&" + run.rstrip(b"=").replace(b"/", b",").decode() + "-"


def _unshift(run: bytes) -> str:
    if not run:
        return "&"
    if not _BASE64.match(run):
        raise ValueError("not base64")
    try:
        utf16 = a2b_base64(run.replace(b",", b"/") + b"=" * (-len(run) % 4))
    except Error as error:
        raise ValueError("not base64") from error
    text = utf16.decode("utf-16-be")
    if _PRINTABLE.search(text):  # RFC 3501 §5.1.3: no printable ASCII in a shifted run
        raise ValueError("shifted ASCII")
    return text
