"""Messages with NUL in binary parts, made such that every protocol can carry them: those parts become base64.

RFC 3516 §4.4, §6: what base IMAP describes and gives out must not hold NUL, and no octet of a part may be lost. Parts
without NUL stay as they are, and so does everything around the parts.
"""

import binascii
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from pillarbox.core.errors import Invalid
from pillarbox.core.limits import HEADER_FIELD
from pillarbox.message.listing import empty_line, fields_of, without
from pillarbox.message.octets import Find, Octets, finder
from pillarbox.message.structure import Part

_IDENTITY: Final = frozenset(("7bit", "8bit", "binary"))
_LINE: Final = 57  # octets that make a line of 76
_BLOCK: Final = 1000 * _LINE


@dataclass(frozen=True, slots=True)
class Leaf:
    """A part with NUL in its body. `message`: it is one, whose header says MIME-Version."""

    part: Part
    message: bool


def leaves_with_nul(octets: Octets, root: Part) -> list[Leaf]:
    """The parts to be encoded, in order. Invalid where NUL is not in the body of a part that may be.

    Looks at all octets: where they are many, from a thread.
    """
    find = finder(octets)
    leaves = list(_leaves(find, root))
    at = 0
    for leaf in leaves:
        _refuse_nul(find, at, leaf.part.body)
        at = leaf.part.end
    _refuse_nul(find, at, len(octets))
    return leaves


def recoded(octets: Octets, leaves: Sequence[Leaf]) -> Iterator[bytes]:
    """The octets of the message that stands in for this one, in pieces; `same_shape` tells whether it is the same tree.
    Invalid for a part whose header is too large."""
    at = 0
    for leaf in leaves:
        yield from _blocks(octets, at, leaf.part.header)
        yield from _encoded(octets, leaf)
        at = leaf.part.end
    yield from _blocks(octets, at, len(octets))


def same_shape(one: Part, other: Part) -> bool:
    """Whether two messages have the same parts, whatever their sizes and encodings."""
    pending = [(one, other)]
    while pending:
        left, right = pending.pop()
        if (left.type, left.subtype, len(left.parts)) != (right.type, right.subtype, len(right.parts)):
            return False
        pending += zip(left.parts, right.parts, strict=True)
    return True


def _leaves(find: Find, root: Part) -> Iterator[Leaf]:
    """The leaves without transfer encoding that hold NUL, in order."""
    pending = [Leaf(root, message=True)]
    while pending:
        leaf = pending.pop()
        part = leaf.part
        if part.encoding in _IDENTITY and part.parts:
            embedded = part.type == "message"
            # What stands for the text of a multipart without delimiters is no part that could be given a header.
            children = [child for child in part.parts if embedded or child.header > part.body]
            pending += [Leaf(child, message=embedded) for child in reversed(children)]
        elif part.encoding in _IDENTITY and find(b"\0", part.body, part.end) >= 0:
            yield leaf


def _refuse_nul(find: Find, start: int, end: int) -> None:
    if find(b"\0", start, end) >= 0:
        raise Invalid("NUL where no transfer encoding can carry it")


def _encoded(octets: Octets, leaf: Leaf) -> Iterator[bytes]:
    part = leaf.part
    if part.body - part.header > HEADER_FIELD:
        raise Invalid("the header of a part with NUL is too large")
    yield _header(octets[part.header : part.body], leaf.message)
    for at in range(part.body, part.end, _BLOCK):
        lines = [
            binascii.b2a_base64(octets[start : min(start + _LINE, part.end)], newline=False)
            for start in range(at, min(at + _BLOCK, part.end), _LINE)
        ]
        last = at + _BLOCK >= part.end
        yield b"\r\n".join(lines) + (b"" if last and part.end < len(octets) else b"\r\n")


def _header(header: bytes, message: bool) -> bytes:
    """The header of a part with another transfer encoding."""
    end = empty_line(header)
    fields = without(header.removesuffix(end), frozenset((b"content-transfer-encoding",)))
    line_end = end or b"\r\n"
    if fields and not fields.endswith(b"\n"):
        fields += line_end
    if message and all(name.lower() != b"mime-version" for _, name in fields_of(fields)):
        fields += b"MIME-Version: 1.0" + line_end
    return fields + b"Content-Transfer-Encoding: base64" + 2 * line_end


def _blocks(octets: Octets, start: int, end: int) -> Iterator[bytes]:
    for at in range(start, end, _BLOCK):
        yield octets[at : min(at + _BLOCK, end)]
