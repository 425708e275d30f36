"""ENVELOPE and BODYSTRUCTURE as IMAP sends them: spelled once when a message comes in, ASCII, ready to send."""

from collections.abc import Mapping, Sequence
from urllib.parse import quote

from pillarbox.message.address import Address, Group, split_addresses
from pillarbox.message.header import first_values
from pillarbox.message.octets import Octets
from pillarbox.message.params import Params
from pillarbox.message.structure import Part
from pillarbox.message.words import ascii_text, raw_text

_QUOTE = {0x22: '\\"', 0x5C: "\\\\", 0: " ", 0x0D: " ", 0x0A: " "}
_IMPLIED = (("charset", "us-ascii"),)  # RFC 2045 §5.2, said for a text part that names none

Entries = Sequence[Address | Group]


def quoted(text: str) -> str:
    """An ASCII text as an IMAP quoted string (RFC 9051 §9 `quoted`); NUL, CR and LF become spaces."""
    return '"' + text.translate(_QUOTE) + '"'


def nstring(text: str | None) -> str:
    """An ASCII text as an IMAP nstring."""
    return "NIL" if text is None else quoted(text)


def _field(values: Mapping[bytes, bytes], name: bytes) -> str:
    """The field as an nstring: encoded words stay encoded, raw 8-bit becomes encoded words."""
    raw = values.get(name)
    return "NIL" if raw is None else quoted(ascii_text(raw_text(raw)))


def envelope(octets: Octets, root: Part) -> bytes:
    """The ENVELOPE of a message or embedded message (RFC 3501 §7.4.2, RFC 9051 §7.5.2), parentheses included."""
    values = first_values(octets, root.header, root.body)[0]
    return spell_envelope(values, address_fields(values)).encode("ascii")


def address_fields(values: Mapping[bytes, bytes]) -> dict[bytes, list[Address | Group]]:
    """The address fields that are there, names as written."""
    names = (b"from", b"sender", b"reply-to", b"to", b"cc", b"bcc")
    return {name: split_addresses(raw_text(values[name])) for name in names if name in values}


def spell_envelope(values: Mapping[bytes, bytes], addresses: Mapping[bytes, Entries]) -> str:
    """The ENVELOPE of these header values. Sender and Reply-To default to From."""
    sender = _addresses(addresses.get(b"from", ()))
    parts = (
        _field(values, b"date"),
        _field(values, b"subject"),
        sender,
        _addresses(addresses[b"sender"]) if addresses.get(b"sender") else sender,
        _addresses(addresses[b"reply-to"]) if addresses.get(b"reply-to") else sender,
        _addresses(addresses.get(b"to", ())),
        _addresses(addresses.get(b"cc", ())),
        _addresses(addresses.get(b"bcc", ())),
        _field(values, b"in-reply-to"),
        _field(values, b"message-id"),
    )
    return f"({' '.join(parts)})"


def _addresses(entries: Entries) -> str:
    """A list of IMAP address structures; a group is marked by members without host (RFC 9051 §7.5.2)."""
    if not entries:
        return "NIL"
    out = []
    for entry in entries:
        if isinstance(entry, Group):
            out.append(f"(NIL NIL {quoted(ascii_text(entry.name))} NIL)")
            out.extend(map(_address, entry.members))
            out.append("(NIL NIL NIL NIL)")
        else:
            out.append(_address(entry))
    return f"({''.join(out)})"


def _address(address: Address) -> str:
    """One address; a missing host is "" because NIL would begin a group."""
    name = "NIL" if address.name is None else quoted(ascii_text(address.name))
    return f"({name} NIL {quoted(ascii_text(address.mailbox))} {quoted(ascii_text(address.host))})"


def bodystructure(octets: Octets, root: Part, extended: bool) -> bytes:
    """BODYSTRUCTURE (`extended`) or BODY of a message (RFC 3501 §7.4.2), parentheses included."""
    return _body(octets, root, extended).encode("ascii", "replace")


def _body(octets: Octets, part: Part, extended: bool) -> str:
    if part.type == "multipart":
        children = "".join([_body(octets, child, extended) for child in part.parts])
        tail = f" {_params(part.params)}{_tail(part)}" if extended else ""
        return f"({children} {quoted(part.subtype)}{tail})"
    params = part.params
    if part.type == "text" and not any(name == "charset" for name, _ in params):
        params += _IMPLIED
    content_id = "NIL" if part.content_id is None else quoted(f"<{part.content_id}>")
    basic = (
        f"{quoted(part.type)} {quoted(part.subtype)} {_params(params)} {content_id} {nstring(part.description)}"
        f" {quoted(part.encoding)} {part.end - part.body}"
    )
    if part.type == "text":
        basic += f" {part.lines}"
    elif part.parts:
        embedded = part.parts[0]
        inner = envelope(octets, embedded).decode("ascii")
        basic += f" {inner} {_body(octets, embedded, extended)} {part.lines}"
    if not extended:
        return f"({basic})"
    return f"({basic} {nstring(part.md5)}{_tail(part)})"


def _tail(part: Part) -> str:
    """Disposition, language and location: the extension data every kind of part ends with."""
    disposition = "NIL"
    if part.disposition is not None:
        disposition = f"({quoted(part.disposition)} {_params(part.disposition_params)})"
    elif not part.language and part.location is None:
        return " NIL NIL NIL"
    language = "NIL"
    if part.language:
        language = f"({' '.join(map(quoted, part.language))})"
    return f" {disposition} {language} {nstring(part.location)}"


def _params(params: Params) -> str:
    """A parameter list; a value that is no ASCII is spelled as RFC 2231 does it in the header, `name*`."""
    if not params:
        return "NIL"
    out = []
    for name, value in params:
        name = name if name.isascii() else ascii_text(name)
        if value.isascii():
            out.append(f"{quoted(name)} {quoted(value)}")
        else:
            extended = "utf-8''" + quote(value, safe="!#$&+-.^_`{|}~", errors="replace")
            out.append(f"{quoted(name + '*')} {quoted(extended)}")
    return f"({' '.join(out)})"
