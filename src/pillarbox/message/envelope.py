"""ENVELOPE and BODYSTRUCTURE as IMAP sends them: spelled once when a message comes in, ready to send."""

from collections.abc import Callable, Mapping, Sequence
from urllib.parse import quote

from pillarbox.message.address import Address, Group, split_addresses
from pillarbox.message.header import first_values
from pillarbox.message.octets import Octets
from pillarbox.message.params import Params
from pillarbox.message.structure import Part
from pillarbox.message.words import ascii_text, neutral, raw_text

_QUOTE = {0x22: '\\"', 0x5C: "\\\\", 0: " ", 0x0D: " ", 0x0A: " "}
_IMPLIED = (("charset", "us-ascii"),)  # RFC 2045 §5.2, said for a text part that names none

Entries = Sequence[Address | Group]


def quoted(text: str) -> str:
    """A text as an IMAP quoted string (RFC 9051 §9 `quoted`); NUL, CR and LF become spaces."""
    return '"' + text.translate(_QUOTE) + '"'


def nstring(text: str | None) -> str:
    """An ASCII text as an IMAP nstring."""
    return "NIL" if text is None else quoted(text)


_Spell = Callable[[str], str]
"""Makes text ASCII, raw 8-bit in encoded words, or leaves it UTF-8; encoded words stay encoded in both."""


def _field(values: Mapping[bytes, bytes], name: bytes, spell: _Spell) -> str:
    """The field as an nstring."""
    raw = values.get(name)
    return "NIL" if raw is None else quoted(spell(raw_text(raw)))


def envelope(octets: Octets, root: Part) -> bytes:
    """The ENVELOPE of a message or embedded message (RFC 3501 §7.4.2, RFC 9051 §7.5.2), parentheses included."""
    values = first_values(octets, root.header, root.body)[0]
    return spell_envelope(values, address_fields(values)).encode("ascii")


def address_fields(values: Mapping[bytes, bytes]) -> dict[bytes, list[Address | Group]]:
    """The address fields that are there, names as written."""
    names = (b"from", b"sender", b"reply-to", b"to", b"cc", b"bcc")
    return {name: split_addresses(raw_text(values[name])) for name in names if name in values}


def utf8_envelope(values: Mapping[bytes, bytes], addresses: Mapping[bytes, Entries]) -> bytes | None:
    """The ENVELOPE for clients that take UTF-8 in quoted strings (RFC 6855 §3); None where it is the same for all."""
    if all(map(bytes.isascii, values.values())):
        return None
    return spell_envelope(values, addresses, neutral).encode("utf-8", "replace")


def spell_envelope(
    values: Mapping[bytes, bytes], addresses: Mapping[bytes, Entries], spell: _Spell = ascii_text
) -> str:
    """The ENVELOPE of these header values. Sender and Reply-To default to From."""
    sender = _addresses(addresses.get(b"from", ()), spell)
    parts = (
        _field(values, b"date", spell),
        _field(values, b"subject", spell),
        sender,
        _addresses(addresses[b"sender"], spell) if addresses.get(b"sender") else sender,
        _addresses(addresses[b"reply-to"], spell) if addresses.get(b"reply-to") else sender,
        _addresses(addresses.get(b"to", ()), spell),
        _addresses(addresses.get(b"cc", ()), spell),
        _addresses(addresses.get(b"bcc", ()), spell),
        _field(values, b"in-reply-to", spell),
        _field(values, b"message-id", spell),
    )
    return f"({' '.join(parts)})"


def _addresses(entries: Entries, spell: _Spell) -> str:
    """A list of IMAP address structures; a group is marked by members without host (RFC 9051 §7.5.2)."""
    if not entries:
        return "NIL"
    out = []
    for entry in entries:
        if isinstance(entry, Group):
            out.append(f"(NIL NIL {quoted(spell(entry.name))} NIL)")
            out.extend([_address(member, spell) for member in entry.members])
            out.append("(NIL NIL NIL NIL)")
        else:
            out.append(_address(entry, spell))
    return f"({''.join(out)})"


def _address(address: Address, spell: _Spell) -> str:
    """One address; a missing host is "" because NIL would begin a group."""
    name = "NIL" if address.name is None else quoted(spell(address.name))
    route = "NIL" if address.route is None else quoted(spell(address.route))
    return f"({name} {route} {quoted(spell(address.mailbox))} {quoted(spell(address.host))})"


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
