"""A server's responses as values, read by the grammar alone (RFC 9051 §9): nothing here is the server's own code."""

import re
from dataclasses import dataclass
from typing import Any

_ATOM = re.compile(rb'[^\x00-\x20\x7f(){"\[\]]+')
_SECTION = re.compile(rb"\[[^\]]*\](?:<[0-9]+>)?")
_QUOTED = re.compile(rb'"((?:[^"\\]|\\.)*)"')
_LITERAL = re.compile(rb"~?\{([0-9]+)\}\r\n")
_STATUS = ("OK", "NO", "BAD", "BYE", "PREAUTH")


class Text(bytes):
    """A string that was quoted or a literal; atoms are plain bytes, NIL is None."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`* [number] name values…`. Of OK, NO, BAD and BYE, `values` are those of the response code, [] without one."""

    name: str
    number: int | None
    values: list[Any]
    raw: bytes

    def pairs(self) -> dict[str, Any]:
        """What a FETCH or STATUS lists: name → value; UIDFETCH tells the UID before that."""
        listed = self.values[-1]
        before = {"UID": b"%d" % (self.number or 0)} if self.name == "UIDFETCH" else {}
        return before | {name.decode().upper(): value for name, value in zip(listed[::2], listed[1::2], strict=True)}


def parse(raw: bytes) -> Answer:
    """An untagged response without its `* ` and line end. AssertionError when it is not one."""
    words = raw.split(b" ", 2)
    if words[0].isdigit():
        rest = words[2] if len(words) > 2 else b""
        return Answer(words[1].decode().upper(), int(words[0]), values(rest), raw)
    name, _, rest = raw.partition(b" ")
    verb = name.decode().upper()
    return Answer(verb, None, code(rest) if verb in _STATUS else values(rest), raw)


def code(text: bytes) -> list[Any]:
    """The response code before a text: [b"UIDNEXT", b"5"]; [] for none."""
    if not text.startswith(b"["):
        return []
    found, end = _values(text, 1, b"]")
    assert text[end : end + 1] == b" ", text
    return found


def values(text: bytes) -> list[Any]:
    """All values of a response."""
    found, end = _values(text, 0, b"")
    assert end == len(text), (text, end)
    return found


def _values(text: bytes, at: int, closing: bytes) -> tuple[list[Any], int]:
    found: list[Any] = []
    while True:
        if at == len(text) or (closing and text[at : at + 1] == closing):
            assert at < len(text) or not closing, text
            return found, at + len(closing)
        if found and text[at : at + 1] == b" ":
            at += 1
        value, at = _value(text, at)
        found.append(value)


def _value(text: bytes, at: int) -> tuple[Any, int]:
    if text[at : at + 1] == b"(":
        return _values(text, at + 1, b")")
    for pattern in (_QUOTED, _LITERAL):
        if (match := pattern.match(text, at)) is not None:
            if pattern is _QUOTED:
                return Text(re.sub(rb"\\(.)", rb"\1", match[1])), match.end()
            end = match.end() + int(match[1])
            return Text(text[match.end() : end]), end
    match = _ATOM.match(text, at)
    assert match is not None, (text, at)
    end = match.end()
    if (section := _SECTION.match(text, end)) is not None:  # BODY[HEADER.FIELDS (A B)]<0>
        end = section.end()
    atom = text[at:end]
    return (None if atom.upper() == b"NIL" else atom), end


def numbers(spelled: bytes) -> list[int]:
    """The numbers of a sequence set without `*`, in its order."""
    found: list[int] = []
    for part in spelled.split(b","):
        first, _, last = part.partition(b":")
        low, high = int(first), int(last or first)
        found += range(low, high + 1) if low <= high else range(low, high - 1, -1)
    return found


def flags(listed: list[Any]) -> frozenset[str]:
    """Flags as they are compared: in lower case."""
    return frozenset(flag.decode().lower() for flag in listed)
