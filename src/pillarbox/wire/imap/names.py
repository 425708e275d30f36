"""Mailbox names: from octets to text and back, and what `*` and `%` match in LIST (RFC 9051 §5.1, §6.3.9)."""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache

from pillarbox.core import limits
from pillarbox.wire.imap import mutf7
from pillarbox.wire.imap.errors import WireError

Test = Callable[[str], bool]

SEPARATOR = "/"

_LONGEST = 2 * limits.MAILBOX_DEPTH * (limits.MAILBOX_NAME + 1)  # `&` takes two octets as `&-`
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u0080-\u009f\u2028\u2029]")
_INBOX = re.compile(r"inbox(?=[/*%]|\Z)", re.IGNORECASE)
_WILDCARDS = re.compile(r"[*%]+")
_KEPT = 1000  # characters of the patterns for which a matcher is kept


def decode_name(octets: bytes, utf8: bool) -> str:
    """The mailbox name spelled by `octets`: UTF-8 after ENABLE (`utf8`), modified UTF-7 before.

    A first component that is INBOX in any case becomes `INBOX`. WireError for other spellings, control
    characters and names that are far too long.
    """
    name = spelled_name(octets, utf8)
    return "INBOX" + name[5:] if _INBOX.match(name) else name


def spelled_name(octets: bytes, utf8: bool) -> str:
    """The same, but INBOX as the client has spelled it."""
    if len(octets) > _LONGEST:
        raise WireError("mailbox name too long", code="CANNOT", status="NO")
    if octets.isascii() and b"&" not in octets:
        name = octets.decode("ascii")
    else:
        try:
            name = octets.decode() if utf8 else mutf7.decode(octets)
        except ValueError as error:
            text = "mailbox name is not " + ("UTF-8" if utf8 else "modified UTF-7")
            raise WireError(text, code="CANNOT", status="NO") from error
    if _CONTROL.search(name):  # RFC 9051 §5.1
        raise WireError("mailbox name with a control character", code="CANNOT", status="NO")
    return name


def decode_pattern(octets: bytes, utf8: bool) -> str:
    """The LIST pattern spelled by `octets`; what no name is spelled like, as the ASCII that was meant."""
    try:
        return decode_name(octets, utf8)
    except WireError:
        if len(octets) > _LONGEST or not octets.isascii():
            raise
        return octets.decode("ascii")


def encode_name(name: str, utf8: bool) -> bytes:
    """The octets of a mailbox name, not yet quoted: UTF-8 after ENABLE (`utf8`), modified UTF-7 before."""
    return name.encode() if utf8 else mutf7.encode(name)


def matcher(*patterns: str) -> Test:
    """A test whether a mailbox name matches one of `patterns`, each a LIST reference and pattern already joined.

    `*` stands for anything, `%` for anything without the separator. INBOX matches in any case. All patterns together
    take the time of one: that of the name for up to one run of wildcards, else of the name times the bits of the
    patterns, whatever they are.
    """
    return _kept(patterns) if sum(map(len, patterns)) <= _KEPT else _matcher(patterns)


@lru_cache(maxsize=256)
def _kept(patterns: tuple[str, ...]) -> Test:
    return _matcher(patterns)


def _matcher(patterns: tuple[str, ...]) -> Test:
    test = _any([_simple(pattern) for pattern in patterns])
    inbox = _any([_simple(pattern).upper() for pattern in patterns])("INBOX")
    return lambda name: inbox if name == "INBOX" else test(name)


def _simple(pattern: str) -> str:
    """`%*` is `*`, `%%` is `%`."""
    return _WILDCARDS.sub(lambda run: "*" if "*" in run[0] else "%", pattern)


def _any(patterns: Sequence[str]) -> Test:
    plain = frozenset(pattern for pattern in patterns if not _WILDCARDS.search(pattern))
    wild = [pattern for pattern in patterns if pattern not in plain]
    if "*" in wild:
        return lambda name: True
    if not wild:
        return plain.__contains__
    test = _glob(wild[0]) if len(wild) == 1 and len(_WILDCARDS.findall(wild[0])) == 1 else _automaton(wild)
    return (lambda name: name in plain or test(name)) if plain else test


def _glob(pattern: str) -> Test:
    spelled = re.escape(pattern).replace(r"\*", ".*").replace("%", "[^/]*")
    match = re.compile(spelled, re.DOTALL).fullmatch
    return lambda name: match(name) is not None


def _automaton(patterns: Sequence[str]) -> Test:
    """All positions in all patterns at once, as bits of a number: no backtracking."""
    steps: dict[str, int] = {}
    stays = stays_off_separator = 0  # bits of the positions where a wildcard lets any (any other) character pass
    first = final = 0
    position = 0
    for pattern in patterns:
        first |= 1 << position
        for char in pattern:
            if char == "*":
                stays |= 1 << position
            elif char == "%":
                stays_off_separator |= 1 << position
            else:
                steps[char] = steps.get(char, 0) | 1 << position
                position += 1
        final |= 1 << position
        position += 1
    passing = stays | stays_off_separator

    def test(name: str) -> bool:
        states = first
        for char in name:
            stay = stays if char == SEPARATOR else passing
            states = (states & steps.get(char, 0)) << 1 | states & stay
            if not states:
                return False
        return states & final != 0

    return test
