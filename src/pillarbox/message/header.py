"""Header fields by offset: found, chosen, and decoded."""

import re
from dataclasses import dataclass

from pillarbox.core.limits import HEADER_FIELD, HEADER_FIELDS
from pillarbox.message.octets import Octets
from pillarbox.message.params import decode_params
from pillarbox.message.words import decode_text, unfold

__all__ = ["Field", "decode_params", "decode_text", "fields", "first_values", "subset"]

_FIELD = re.compile(rb"\n([!-9;-~]+)[ \t]*:([^\n]*(?:\n[ \t][^\n]*)*)")
_RECIPIENTS = frozenset((b"to", b"cc", b"bcc"))
_HEADER_CAP = 4 * HEADER_FIELD  # octets of one header that are looked at


@dataclass(frozen=True, slots=True)
class Field:
    """One header field. `name` and `raw` (what follows the colon) are as written; `start` and `end` are offsets in the
    message, `end` behind the line end of the field's last line."""

    name: bytes
    start: int
    end: int
    raw: bytes

    @property
    def value(self) -> bytes:
        """The value unfolded and stripped, otherwise as written."""
        return unfold(self.raw[:HEADER_FIELD])


def fields(octets: Octets, start: int, end: int) -> list[Field]:
    """The fields of the header at octets[start:end], in order. Lines that are no field are left out."""
    text = b"\n" + octets[start : min(end, start + _HEADER_CAP)]
    shift = start - 1
    size = len(text)
    found = []
    for match in _FIELD.finditer(text):
        stop = min(match.end() + 1, size)
        found.append(Field(match[1], match.start() + 1 + shift, stop + shift, match[2]))
        if len(found) == HEADER_FIELDS:
            break
    return found


def first_values(octets: Octets, start: int, end: int) -> tuple[dict[bytes, bytes], int]:
    """The raw value of the first field of each name (lower case) in the header at octets[start:end], and how many
    Received fields it has: what is computed once when a message comes in.

    The values of several To, Cc or Bcc fields, which RFC 5322 §3.6 forbids, are put together, so that no recipient is
    lost to a reply."""
    text = b"\n" + octets[start : min(end, start + _HEADER_CAP)]
    values: dict[bytes, bytes] = {}
    more: dict[bytes, list[bytes]] = {}
    received = 0
    for name, raw in _FIELD.findall(text):
        key = name.lower()
        if key == b"received":
            received += 1
        elif key not in values:
            if len(values) < HEADER_FIELDS:
                values[key] = raw
        elif key in _RECIPIENTS:
            more.setdefault(key, [values[key]]).append(raw)
    for key, raws in more.items():
        values[key] = b",".join(raws)
    return values, received


def subset(octets: Octets, start: int, end: int, names: frozenset[bytes], invert: bool) -> bytes:
    """The lines of the fields named in `names` (lower case), or of all others when `invert`, as written, and the empty
    line: IMAP HEADER.FIELDS and HEADER.FIELDS.NOT (RFC 9051 §6.4.5.1)."""
    chosen = [octets[f.start : f.end] for f in fields(octets, start, end) if (f.name.lower() in names) is not invert]
    if chosen and not chosen[-1].endswith(b"\n"):
        chosen.append(b"\r\n")
    return b"".join(chosen) + b"\r\n"
