"""Where the sections of FETCH BODY[…] lie in a message, by the offsets of its structure (RFC 3501 §6.4.5)."""

from functools import lru_cache

from pillarbox.message.listing import empty_line, fields_of, without
from pillarbox.message.structure import Part, find
from pillarbox.wire.imap.fetch import Section

Span = tuple[int, int]
"""Offset of the first octet and offset behind the last."""

_EMBEDDED = ("rfc822", "global")


def locate(root: Part, size: int, section: Section) -> Span | None:
    """The octets of a section in a message of `size` octets; None when there is no such part.

    HEADER.FIELDS and its opposite give the whole header, to be filtered by `choose_fields`.
    """
    if not section.part:
        return _of_message(root, section.text, size)
    part = find(root, section.part)
    if part is None:
        return None
    if not section.text:
        return part.body, part.end
    if section.text == "MIME":
        return part.header, part.body
    if part.type != "message" or part.subtype not in _EMBEDDED or not part.parts:
        return None
    inner = part.parts[0]
    return _of_message(inner, section.text, inner.end)


def _of_message(message: Part, text: str, end: int) -> Span:
    if not text:
        return message.header, end
    return (message.body, end) if text == "TEXT" else (message.header, message.body)


def clip(span: Span, partial: tuple[int, int] | None) -> Span:
    """What is left of a section by a partial: offset, and octets at most (RFC 3501 §6.4.5)."""
    if partial is None:
        return span
    start = min(span[0] + partial[0], span[1])
    return start, min(start + partial[1], span[1])


def choose_fields(header: bytes, section: Section) -> bytes:
    """The fields of `header` that HEADER.FIELDS names, or all others for HEADER.FIELDS.NOT, and the empty line."""
    names = names_of(section.fields)
    if section.text == "HEADER.FIELDS.NOT":
        return without(header, names)
    chosen = [field for field, name in fields_of(header) if name.lower() in names]
    chosen.append(empty_line(header))
    return b"".join(chosen)


@lru_cache(maxsize=128)
def names_of(fields: tuple[str, ...]) -> frozenset[bytes]:
    """Names of fields as they are compared: octets in lower case."""
    return frozenset(name.lower().encode() for name in fields)
