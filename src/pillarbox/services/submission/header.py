"""The header of a submitted message: completed, and freed of what is not for others (RFC 6409 §8, RFC 5322 §3.6.3)."""

from dataclasses import dataclass

from pillarbox.core.errors import Invalid
from pillarbox.core.limits import HEADER_FIELDS
from pillarbox.message.address import mailboxes, parse_addresses
from pillarbox.message.compose import new_message_id
from pillarbox.message.date import format_date
from pillarbox.message.header import Field, fields

_PRIVATE = frozenset({b"bcc", b"resent-bcc", b"return-path"})  # the last is final delivery's own, RFC 5321 §4.4


@dataclass(frozen=True, slots=True)
class Completed:
    """The header to send on, and the addresses it claims to be from; `fault`: why it cannot be sent, or ""."""

    octets: bytes
    authors: tuple[str, ...]
    fault: str = ""


def complete(header: bytes, domain: str, now: int) -> Completed:
    """Add Date and Message-ID when they are missing, take Bcc out; every other octet stays as it is.

    `header` goes up to the empty line, which is not part of it. `domain` is where the Message-ID is made.
    """
    found = fields(header, 0, len(header))
    if len(found) >= HEADER_FIELDS:  # those behind it are not looked at, and may be From or Bcc
        return Completed(b"", (), "too many fields")
    names = [field.name.lower() for field in found]
    added = []
    if b"date" not in names:
        added.append(f"Date: {format_date(now)}\r\n".encode())
    if b"message-id" not in names:
        added.append(f"Message-ID: <{new_message_id(domain)}>\r\n".encode())
    kept = _without(header, [field for field in found if field.name.lower() in _PRIVATE])
    try:
        authors = _authors([field for field in found if field.name.lower() == b"from"])
    except Invalid as error:
        return Completed(b"", (), str(error))
    return Completed(b"".join(added) + kept, authors)


def _without(header: bytes, private: list[Field]) -> bytes:
    pieces = []
    position = 0
    for field in private:
        pieces.append(header[position : field.start])
        position = field.end
    pieces.append(header[position:])
    return b"".join(pieces)


def _authors(found: list[Field]) -> tuple[str, ...]:
    """The addresses of the one From field (RFC 5322 §3.6: exactly one)."""
    if len(found) != 1:
        raise Invalid("not exactly one From field")
    authors = tuple(one.spec for one in mailboxes(parse_addresses(found[0].value)))
    if not authors:
        raise Invalid("nobody in the From field")
    return authors
