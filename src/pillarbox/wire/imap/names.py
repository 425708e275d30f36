"""Mailbox names: from octets to text and back, and what `*` and `%` match in LIST (RFC 9051 §5.1, §6.3.9)."""

import re
from collections.abc import Callable
from functools import lru_cache

from pillarbox.core import limits
from pillarbox.wire.imap import mutf7
from pillarbox.wire.imap.errors import WireError

SEPARATOR = "/"

_LONGEST = 2 * limits.MAILBOX_DEPTH * (limits.MAILBOX_NAME + 1)  # `&` takes two octets as `&-`
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u0080-\u009f\u2028\u2029]")
_INBOX = re.compile(r"inbox(?=[/*%]|\Z)", re.IGNORECASE)
_WILDCARDS = re.compile(r"[*%]+")


def decode_name(octets: bytes, utf8: bool) -> str:
    """The mailbox name (or LIST pattern) spelled by `octets`: UTF-8 after ENABLE (`utf8`), modified UTF-7 before.

    A first component that is INBOX in any case becomes `INBOX`. WireError for other spellings, control
    characters and names that are far too long.
    """
    if len(octets) > _LONGEST:
        raise WireError("mailbox name too long", code="CANNOT", status="NO")
    if octets.isascii() and b"&" not in octets:
        name = octets.decode("ascii")
    else:
        try:
            name = octets.decode() if utf8 else mutf7.decode(octets)
        except ValueError as error:
            raise WireError("mailbox name is not " + ("UTF-8" if utf8 else "modified UTF-7")) from error
    if _CONTROL.search(name):  # RFC 9051 §5.1
        raise WireError("mailbox name with a control character", code="CANNOT", status="NO")
    return "INBOX" + name[5:] if _INBOX.match(name) else name


def encode_name(name: str, utf8: bool) -> bytes:
    """The octets of a mailbox name, not yet quoted: UTF-8 after ENABLE (`utf8`), modified UTF-7 before."""
    return name.encode() if utf8 else mutf7.encode(name)


@lru_cache(maxsize=256)
def matcher(pattern: str) -> Callable[[str], bool]:
    """A test whether a mailbox name matches `pattern`, a LIST reference and pattern already joined.

    `*` stands for anything, `%` for anything without the separator. INBOX matches in any case. The time is linear
    in the name for up to one wildcard run, and name times pattern bits for more, whatever the pattern.
    """
    test = _glob(pattern)
    inbox = _glob(pattern.upper())("INBOX")
    return lambda name: inbox if name == "INBOX" else test(name)


def _glob(pattern: str) -> Callable[[str], bool]:
    pattern = _WILDCARDS.sub(lambda run: "*" if "*" in run[0] else "%", pattern)  # `%*` is `*`, `%%` is `%`
    if len(_WILDCARDS.findall(pattern)) > 1:
        return _automaton(pattern)
    spelled = re.escape(pattern).replace(r"\*", ".*").replace("%", "[^/]*")
    match = re.compile(spelled, re.DOTALL).fullmatch
    return lambda name: match(name) is not None


def _automaton(pattern: str) -> Callable[[str], bool]:
    """All positions in the pattern at once, as bits of a number: no backtracking."""
    literals = _WILDCARDS.sub("", pattern)
    steps: dict[str, int] = {}
    stays = stays_off_separator = 0  # bits of the positions where a wildcard lets any (any other) character pass
    position = 0
    for char in pattern:
        if char == "*":
            stays |= 1 << position
        elif char == "%":
            stays_off_separator |= 1 << position
        else:
            steps[char] = steps.get(char, 0) | 1 << position
            position += 1
    final = 1 << len(literals)
    passing = stays | stays_off_separator

    def test(name: str) -> bool:
        states = 1
        for char in name:
            stay = stays if char == SEPARATOR else passing
            states = (states & steps.get(char, 0)) << 1 | states & stay
            if not states:
                return False
        return states & final != 0

    return test
