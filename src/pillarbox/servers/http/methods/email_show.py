"""An Email object from what the store and the octets say (RFC 8621 §4.1)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pillarbox.core.ids import spell
from pillarbox.message.structure import Part
from pillarbox.servers.http.blobs import message_blob
from pillarbox.servers.http.context import Context
from pillarbox.servers.http.methods.headers import header_list, header_value
from pillarbox.servers.http.methods.keywords import keywords_of
from pillarbox.servers.http.methods.parts import Tree, part_id, show_part, show_value
from pillarbox.store.model import MAILBOX_PREFIX, MESSAGE_PREFIX, THREAD_PREFIX, Email, Headers, Need
from pillarbox.wire.jmap.codec import Json, encode
from pillarbox.wire.jmap.dates import spell_utc
from pillarbox.wire.jmap.headerform import CONVENIENT, parse_header_property
from pillarbox.wire.jmap.mail import BodyFetch

Mailboxes = Sequence[tuple[str | None, str]]

_METADATA: dict[str, Callable[[Email], object]] = {
    "id": lambda email: spell(MESSAGE_PREFIX, email.message_id),
    "blobId": lambda email: message_blob(email.message_id),
    "threadId": lambda email: spell(THREAD_PREFIX, email.thread_id),
    "mailboxIds": lambda email: {spell(MAILBOX_PREFIX, one): True for one in sorted(email.mailboxes)},
    "keywords": keywords_of,
    "size": lambda email: email.size,
    "receivedAt": lambda email: spell_utc(email.received),
}


def _people(pairs: Mailboxes) -> list[Json] | None:
    return [{"name": name, "email": address} for name, address in pairs] or None


_LISTED: dict[str, Callable[[Headers], object]] = {
    "messageId": lambda kept: None if kept.message_id is None else [kept.message_id],
    "inReplyTo": lambda kept: list(kept.in_reply_to) or None,
    "references": lambda kept: list(kept.references) or None,
    "sender": lambda kept: _people(kept.sender),
    "from": lambda kept: _people(kept.from_),
    "to": lambda kept: _people(kept.to),
    "cc": lambda kept: _people(kept.cc),
    "bcc": lambda kept: _people(kept.bcc),
    "replyTo": lambda kept: _people(kept.reply_to),
    "subject": lambda kept: kept.subject or None,
    "hasAttachment": lambda kept: kept.has_attachment,
}
BODY = ("bodyStructure", "bodyValues", "textBody", "htmlBody", "attachments")
EMAIL_PROPERTIES = frozenset((*_METADATA, *_LISTED, *BODY, "preview", "headers", "sentAt"))
PARSE_DEFAULT = [
    "messageId", "inReplyTo", "references", "sender", "from", "to", "cc", "bcc", "replyTo", "subject", "sentAt",
    "hasAttachment", "preview", "bodyValues", "textBody", "htmlBody", "attachments",
]  # fmt: skip
GET_DEFAULT = ["id", "blobId", "threadId", "mailboxIds", "keywords", "size", "receivedAt", *PARSE_DEFAULT]


@dataclass(frozen=True, slots=True)
class Plan:
    """The properties asked for, sorted by what they cost: list columns, structure, octets."""

    metadata: tuple[str, ...]
    listed: tuple[str, ...]
    preview: bool
    header: tuple[str, ...]
    """`headers`, `header:…` and `sentAt` with its zone: the header's octets are read."""
    body: tuple[str, ...]

    @property
    def need(self) -> Need:
        """The columns to read."""
        need = Need.PLACEMENT | Need.BLOB
        need |= Need.HEADERS if self.listed else Need.PLACEMENT
        need |= Need.PREVIEW if self.preview else Need.PLACEMENT
        return need | (Need.STRUCTURE if self.octets else Need.PLACEMENT)

    @property
    def octets(self) -> bool:
        """Whether the message itself is to be read."""
        return bool(self.header or self.body)


def known(name: str) -> bool:
    """Whether there is such a property of an Email."""
    return name in EMAIL_PROPERTIES or parse_header_property(name) is not None


def plan_of(properties: Sequence[str]) -> Plan:
    """The plan for checked properties."""
    return Plan(
        tuple(name for name in properties if name in _METADATA),
        tuple(name for name in properties if name in _LISTED),
        "preview" in properties,
        tuple(name for name in properties if name in ("headers", "sentAt") or name.startswith("header:")),
        tuple(name for name in properties if name in BODY),
    )


def show_listed(email: Email, plan: Plan) -> Json:
    """The properties that need no octets."""
    shown: Json = {name: _METADATA[name](email) for name in plan.metadata}
    if email.headers is not None:
        kept = email.headers
        shown.update((name, _LISTED[name](kept)) for name in plan.listed)
    if plan.preview:
        shown["preview"] = email.preview
    return shown


async def show_octets(context: Context, tree: Tree, plan: Plan, fetch: BodyFetch) -> Json:
    """The properties that come from the message itself."""
    shown: Json = {}
    if plan.header:
        fields = await tree.source.header(tree.root)
        for name in plan.header:
            wanted = CONVENIENT.get(name) or parse_header_property(name)
            shown[name] = header_list(fields) if wanted is None else header_value(fields, wanted)
            context.spend(len(encode(shown[name])))
    names = fetch.body_properties
    for name in plan.body:
        if name == "bodyStructure":
            shown[name] = await show_part(tree, tree.root, names, deep=True)
            context.spend(len(encode(shown[name])))
        elif name == "bodyValues":
            shown[name] = await _values(context, tree, fetch)
        else:
            shown[name] = [await show_part(tree, part, names, deep=False) for part in _list(tree, name)]
            context.spend(len(encode(shown[name])))
    return shown


def _list(tree: Tree, name: str) -> Sequence[Part]:
    lists = {"textBody": tree.reading.text, "htmlBody": tree.reading.html, "attachments": tree.reading.attachments}
    return lists[name]


async def _values(context: Context, tree: Tree, fetch: BodyFetch) -> Json:
    """The bodyValues property: the text leaves that the arguments choose (RFC 8621 §4.2)."""
    wanted: list[Part] = []
    if fetch.fetch_all_body_values:
        wanted.extend(tree.leaves())
    if fetch.fetch_text_body_values:
        wanted.extend(tree.reading.text)
    if fetch.fetch_html_body_values:
        wanted.extend(tree.reading.html)
    values: Json = {}
    for part in wanted:
        name = part_id(tree, part)
        if part.type == "text" and name is not None and name not in values:
            values[name], octets = await show_value(tree, part, fetch.max_body_value_bytes, context.room)
            context.spend(octets)
    return values
