"""What is computed once when a message comes in, and served many times."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pillarbox.message.address import Address, Group, mailboxes
from pillarbox.message.body import preview_of, reading_has_attachment, text_parts
from pillarbox.message.date import parse_date, parse_sent_date
from pillarbox.message.envelope import address_fields, bodystructure, spell_envelope, utf8_envelope
from pillarbox.message.header import first_values
from pillarbox.message.listing import keep
from pillarbox.message.octets import Octets
from pillarbox.message.sorting import SortKeys, sort_keys
from pillarbox.message.structure import Part, encode, scan
from pillarbox.message.thread import base_subject, message_ids
from pillarbox.message.words import decode_strictly, decode_text, decode_words, neutral, raw_text, unfold

Mailboxes = tuple[tuple[str | None, str], ...]
"""(decoded display name or None, `local@domain`) of each mailbox, group members included, in order."""


@dataclass(frozen=True, slots=True)
class Summary:
    """A message as lists, sorting, threading and FETCH want it. Times are seconds UTC, texts are decoded; `envelope`,
    `bodystructure` and `body` are ready to send by IMAP, `structure` is the encoded `root`."""

    root: Part
    structure: bytes
    envelope: bytes
    bodystructure: bytes
    body: bytes
    subject: str
    base_subject: str
    sender: str
    """Display name of the first From mailbox, else its address, else ""."""
    from_: Mailboxes
    to: Mailboxes
    cc: Mailboxes
    bcc: Mailboxes
    reply_to: Mailboxes
    sender_field: Mailboxes
    sent_at: int | None
    message_id: str | None
    """Without angle brackets, like all message ids here."""
    in_reply_to: tuple[str, ...]
    references: tuple[str, ...]
    preview: str
    has_attachment: bool
    hops: int
    """Received fields (RFC 5321 §6.3)."""
    sort_keys: SortKeys
    groups: tuple[tuple[str, str], ...] = ()
    """Names of groups (RFC 5322 §3.4), each with the field it stands in, in lower case."""
    listing: bytes = b""
    """The fields that programs list messages by (message.listing)."""
    envelope_utf8: bytes | None = None
    """`envelope` with UTF-8 where the header has octets that are no ASCII; None where there are none."""


def summarise(octets: Octets) -> Summary:
    """Everything the store keeps about a message. Never fails, whatever the octets are."""
    root = scan(octets)
    values, received = first_values(octets, root.header, root.body)
    addresses = address_fields(values)
    people = {name: _pairs(entries) for name, entries in addresses.items()}
    subject = decode_text(values.get(b"subject", b"")).strip()
    reading = text_parts(root)
    authors = people.get(b"from", ())
    date = values.get(b"date")
    ids = message_ids(unfold(values.get(b"message-id", b"")))
    return Summary(
        root=root,
        structure=encode(root),
        envelope=spell_envelope(values, addresses).encode("ascii", "replace"),
        envelope_utf8=utf8_envelope(values, addresses),
        bodystructure=bodystructure(octets, root, extended=True),
        body=bodystructure(octets, root, extended=False),
        subject=subject,
        base_subject=base_subject(subject),
        sender=(authors[0][0] or authors[0][1]) if authors else "",
        from_=authors,
        to=people.get(b"to", ()),
        cc=people.get(b"cc", ()),
        bcc=people.get(b"bcc", ()),
        reply_to=people.get(b"reply-to", ()),
        sender_field=people.get(b"sender", ()),
        sent_at=None if date is None else parse_date(date),
        message_id=ids[0] if ids else None,
        in_reply_to=tuple(message_ids(values.get(b"in-reply-to", b""))),
        references=tuple(message_ids(values.get(b"references", b""))),
        preview=preview_of(octets, reading),
        has_attachment=reading_has_attachment(reading),
        hops=received,
        sort_keys=_sort_keys(values, addresses, subject),
        groups=_groups(addresses),
        listing=keep(octets, root.header, root.body),
    )


def _sort_keys(
    values: Mapping[bytes, bytes],
    addresses: Mapping[bytes, Sequence[Address | Group]],
    subject: str,
) -> SortKeys:
    raw = values.get(b"subject", b"")
    if b"=?" in raw:
        subject = decode_strictly(raw_text(raw)).strip()
    firsts = [next(iter(addresses.get(name, ())), None) for name in (b"from", b"to", b"cc")]
    fields = [values.get(name, b"") for name in (b"message-id", b"references", b"in-reply-to")]
    ids = [message_ids(value) if b"<" in value else [] for value in fields]  # RFC 5256 §3 knows no others
    return sort_keys(parse_sent_date(values.get(b"date", b"")), subject, firsts, ids)


def _pairs(entries: Sequence[Address | Group]) -> Mailboxes:
    return tuple((_name(one.name), neutral(one.spec)) for one in mailboxes(entries))


def _groups(addresses: Mapping[bytes, Sequence[Address | Group]]) -> tuple[tuple[str, str], ...]:
    named = (
        (field, entry.name) for field, entries in addresses.items() for entry in entries if isinstance(entry, Group)
    )
    return tuple((field.decode("ascii"), decode_words(name).strip()) for field, name in named if name)


def _name(name: str | None) -> str | None:
    return decode_words(name).strip() or None if name else None
