"""Header fields in the forms a client asks for (RFC 8621 §4.1.2)."""

import re
import unicodedata
from collections.abc import Callable, Sequence

from pillarbox.message.address import Address, Group, mailboxes, parse_addresses
from pillarbox.message.date import parse_date_zone
from pillarbox.message.header import Field
from pillarbox.message.thread import message_ids
from pillarbox.message.words import decode_text, unfold
from pillarbox.wire.jmap.codec import Json
from pillarbox.wire.jmap.dates import spell_date
from pillarbox.wire.jmap.headerform import Form, HeaderProperty

_URL = re.compile(r"<([^<>]*)>")


def raw(field: Field) -> str:
    """RFC 8621 §4.1.2.1."""
    return field.raw.removesuffix(b"\r").decode("utf-8", "replace").replace("\0", "")


def text(field: Field) -> str:
    """RFC 8621 §4.1.2.2."""
    return unicodedata.normalize("NFC", decode_text(field.raw)).strip()


def _address(address: Address) -> Json:
    return {"name": address.name, "email": address.spec}


def _addresses(field: Field) -> list[Json]:
    return [_address(one) for one in mailboxes(parse_addresses(field.raw))]


def _grouped(field: Field) -> list[Json]:
    groups: list[Json] = []
    loose: list[Json] = []
    for entry in parse_addresses(field.raw):
        if isinstance(entry, Group):
            loose = []
            groups.append({"name": entry.name, "addresses": [_address(one) for one in entry.members]})
            continue
        if not loose:
            groups.append({"name": None, "addresses": loose})
        loose.append(_address(entry))
    return groups


def _date(field: Field) -> str | None:
    """RFC 8621 §4.1.2.5: the sender's own clock."""
    found = parse_date_zone(field.raw)
    return None if found is None else spell_date(found[0] - 60 * found[1], found[1])


def _urls(field: Field) -> list[str] | None:
    value = unfold(field.raw).decode("utf-8", "replace")
    return ["".join(one.split()) for one in _URL.findall(value)] or None


_FORMS: dict[Form, Callable[[Field], object]] = {
    Form.RAW: raw,
    Form.TEXT: text,
    Form.ADDRESSES: _addresses,
    Form.GROUPED: _grouped,
    Form.MESSAGE_IDS: lambda field: message_ids(unfold(field.raw)) or None,
    Form.DATE: _date,
    Form.URLS: _urls,
}


def header_value(fields: Sequence[Field], wanted: HeaderProperty) -> object:
    """The value of a header property (RFC 8621 §4.1.3)."""
    name = wanted.name.encode("ascii")
    found = [field for field in fields if field.name.lower() == name]
    form = _FORMS[wanted.form]
    if wanted.every:
        return [form(field) for field in found]
    return form(found[-1]) if found else None


def header_list(fields: Sequence[Field]) -> list[Json]:
    """The headers property."""
    return [{"name": field.name.decode("ascii"), "value": raw(field)} for field in fields]
