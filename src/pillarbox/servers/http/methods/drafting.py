"""The header of a message a client creates: from properties to (name, value) pairs (RFC 8621 §4.6)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pillarbox.core.errors import Invalid
from pillarbox.message.address import Address, Group
from pillarbox.message.compose import format_addresses, new_message_id
from pillarbox.message.date import format_date
from pillarbox.message.words import neutral
from pillarbox.wire.jmap.dates import parse_date
from pillarbox.wire.jmap.errors import invalid_properties
from pillarbox.wire.jmap.headerform import CONVENIENT, Form, HeaderProperty, parse_header_property, spell_name

Pair = tuple[str, str]

_NAMES = {
    "message-id": "Message-ID", "in-reply-to": "In-Reply-To", "references": "References", "sender": "Sender",
    "from": "From", "to": "To", "cc": "Cc", "bcc": "Bcc", "reply-to": "Reply-To", "subject": "Subject", "date": "Date",
}  # fmt: skip


class _Wrong(Exception):
    """The value is not of the form's type."""


@dataclass(frozen=True, slots=True)
class Named:
    """A property that stands for a header field."""

    property: str
    wanted: HeaderProperty
    name: str
    """As it is written."""


def named(name: str) -> Named | None:
    """The header field a property stands for, None for other properties. Raises SetError for a forbidden form."""
    if (wanted := CONVENIENT.get(name)) is not None:
        return Named(name, wanted, _NAMES[wanted.name])
    if not name.startswith("header:"):
        return None
    found = parse_header_property(name)
    if found is None:
        raise invalid_properties(name)
    return Named(name, found, _NAMES.get(found.name, spell_name(name)))


def header_pairs(properties: Mapping[str, Any], prefix: str = "") -> list[Pair]:
    """The header fields of all properties that stand for one; a null says that there is none.

    Raises SetError for two properties of one field, and for values of the wrong type; `prefix` is the path of the
    object in the message.
    """
    pairs: list[Pair] = []
    seen: dict[str, str] = {}
    for name, value in properties.items():
        found = named(name)
        if found is None:
            continue
        if found.wanted.name in seen:
            raise invalid_properties(prefix + seen[found.wanted.name], prefix + name)
        seen[found.wanted.name] = name
        if value is None:
            continue
        try:
            values = _every(value) if found.wanted.every else [value]
            pairs.extend((found.name, _FORMS[found.wanted.form](one)) for one in values)
        except _Wrong as error:
            raise invalid_properties(prefix + name, description=str(error) or None) from error
    return pairs


def complete(pairs: Sequence[Pair], host: str, now: int) -> list[Pair]:
    """The pairs with the Date and Message-ID a message must have (RFC 8621 §4.6)."""
    present = {name.lower() for name, _ in pairs}
    added: list[Pair] = []
    if "date" not in present:
        added.append(("Date", format_date(now)))
    if "message-id" not in present:
        added.append(("Message-ID", f"<{new_message_id(host)}>"))
    return [*pairs, *added]


def _every(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise _Wrong("an array is wanted")
    return value


def _raw(value: Any) -> str:
    if not isinstance(value, str):
        raise _Wrong("a string is wanted")
    # A raw value may be folded (RFC 8621 §4.1.2.1); it is folded again when written.
    text = value.replace("\r\n ", " ").replace("\r\n\t", "\t")
    if "\r" in text or "\n" in text or "\0" in text:
        raise _Wrong("a line end or NUL in a header field")
    return text.strip()


def _text(value: Any) -> str:
    text = _raw(value)
    if neutral(text) != text:
        raise _Wrong("a control character in a header field")
    return text


def _address(value: Any) -> Address:
    if not isinstance(value, dict) or not set(value) <= {"name", "email"} or not isinstance(value.get("email"), str):
        raise _Wrong("an address has a name and an email")
    name = value.get("name")
    if name is not None and not isinstance(name, str):
        raise _Wrong("a name is a string or null")
    email = value["email"].strip()
    if neutral(email) != email or (name and any(sign in name for sign in "\r\n\0")):
        raise _Wrong("a control character in an address")
    mailbox, at, host = email.rpartition("@")
    if mailbox.startswith('"') and mailbox.endswith('"') and len(mailbox) > 1:
        mailbox = mailbox[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    return Address(name or None, mailbox if at else email, host if at else "")


def _addresses(value: Any) -> str:
    return _formatted([_address(one) for one in _every(value)])


def _grouped(value: Any) -> str:
    entries: list[Address | Group] = []
    for one in _every(value):
        if not isinstance(one, dict) or not set(one) <= {"name", "addresses"}:
            raise _Wrong("a group has a name and addresses")
        members = [_address(member) for member in _every(one.get("addresses"))]
        if one.get("name") is None:
            entries.extend(members)
        elif isinstance(one["name"], str):
            entries.append(Group(_text(one["name"]), tuple(members)))
        else:
            raise _Wrong("a name is a string or null")
    return _formatted(entries)


def _formatted(entries: Sequence[Address | Group]) -> str:
    try:
        return format_addresses(entries)
    except Invalid as error:
        raise _Wrong("an address that cannot be written") from error


def _ids(value: Any) -> str:
    ids = _every(value)
    for one in ids:
        if not isinstance(one, str) or not one or any(sign.isspace() or sign in "<>\0" for sign in one):
            raise _Wrong("a message id has no spaces and no angle brackets")
    return " ".join(f"<{one}>" for one in ids)


def _date(value: Any) -> str:
    found = parse_date(value) if isinstance(value, str) else None
    if found is None:
        raise _Wrong("a date is wanted")
    return format_date(*found)


def _urls(value: Any) -> str:
    urls = _every(value)
    for one in urls:
        if not isinstance(one, str) or not one or any(sign.isspace() or sign in "<>\0" for sign in one):
            raise _Wrong("a URL has no spaces and no angle brackets")
    return ", ".join(f"<{one}>" for one in urls)


_FORMS: dict[Form, Callable[[Any], str]] = {
    Form.RAW: _raw,
    Form.TEXT: _text,
    Form.ADDRESSES: _addresses,
    Form.GROUPED: _grouped,
    Form.MESSAGE_IDS: _ids,
    Form.DATE: _date,
    Form.URLS: _urls,
}
