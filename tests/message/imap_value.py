"""A strict reader of IMAP parenthesised values, so that tests read what a client would read."""

import re
from typing import TypeAlias

Value: TypeAlias = "int | str | list[Value] | None"

_ATOM = re.compile(rb'NIL(?=[ )]|\Z)|[0-9]+(?=[ )]|\Z)|"(?:[^"\\\r\n\x00\x80-\xff]|\\["\\])*"')


def read(data: bytes) -> Value:
    """The one value that `data` is; ValueError for anything else."""
    value, end = _read(data, 0)
    if end != len(data):
        raise ValueError(f"octets left over at {end}: {data[end : end + 20]!r}")
    return value


def _read(data: bytes, at: int) -> tuple[Value, int]:
    if data[at : at + 1] != b"(":
        match = _ATOM.match(data, at)
        if match is None:
            raise ValueError(f"no value at {at}: {data[at : at + 20]!r}")
        text = match[0].decode("ascii")
        if text == "NIL":
            return None, match.end()
        if text[0] == '"':
            return re.sub(r"\\(.)", r"\1", text[1:-1]), match.end()
        return int(text), match.end()
    items: list[Value] = []
    at += 1
    while data[at : at + 1] != b")":
        # Addresses and bodies stand side by side without a space: RFC 9051 §9 `env-from`, `body-type-mpart`.
        if items and data[at : at + 1] == b" ":
            at += 1
        elif items and not (isinstance(items[-1], list) and data[at : at + 1] == b"("):
            raise ValueError(f"no space at {at}")
        value, at = _read(data, at)
        items.append(value)
    return items, at + 1
