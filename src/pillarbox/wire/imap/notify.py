"""NOTIFY: which events of which mailboxes a client wants to hear of unasked (RFC 5465)."""

from dataclasses import dataclass
from enum import StrEnum

from pillarbox.core import limits
from pillarbox.wire.imap.errors import WireError
from pillarbox.wire.imap.fetch import FetchItem, parse_items
from pillarbox.wire.imap.reader import Reader
from pillarbox.wire.imap.scopes import NOTIFY_FILTERS, Scope, parse_scope


class EventKind(StrEnum):
    """The events that can be asked for (RFC 5465 §5); AnnotationChange is not among them."""

    MESSAGE_NEW = "MessageNew"
    MESSAGE_EXPUNGE = "MessageExpunge"
    FLAG_CHANGE = "FlagChange"
    MAILBOX_NAME = "MailboxName"
    SUBSCRIPTION_CHANGE = "SubscriptionChange"
    MAILBOX_METADATA_CHANGE = "MailboxMetadataChange"
    SERVER_METADATA_CHANGE = "ServerMetadataChange"


MESSAGE_EVENTS = frozenset({EventKind.MESSAGE_NEW, EventKind.MESSAGE_EXPUNGE, EventKind.FLAG_CHANGE})
BAD_EVENT = f"BADEVENT ({' '.join(EventKind)})"
"""Response code: the events there are (RFC 5465 §8)."""

_KINDS = {kind.upper().encode(): kind for kind in EventKind}
_TOGETHER = frozenset({EventKind.MESSAGE_NEW, EventKind.MESSAGE_EXPUNGE})


@dataclass(frozen=True, slots=True)
class EventGroup:
    """Mailboxes and the events of theirs that are wanted, none for NONE.

    `items` are what FETCH tells of a new message in the selected mailbox, UID and FLAGS aside (RFC 5465 §5.2).
    """

    scope: Scope
    events: frozenset[EventKind]
    items: tuple[FetchItem, ...] = ()


@dataclass(frozen=True, slots=True)
class Notify:
    """NOTIFY. `groups` is empty for NONE; of a mailbox in several of them all their events are wanted (RFC 5465 §6).

    `status` asks for a STATUS of each mailbox other than the selected one before the OK (§3).
    """

    groups: tuple[EventGroup, ...] = ()
    status: bool = False


def parse_notify(reader: Reader) -> Notify:
    """`SP NONE`, or `SP SET [SP STATUS] 1*(SP (filter SP events))`."""
    reader.space()
    form = reader.word()
    if form == b"NONE":
        return Notify()
    if form != b"SET":
        raise WireError("SET or NONE expected")
    status = reader.ahead(b" STATUS")
    groups: list[EventGroup] = []
    while not groups or reader.at(b" "):
        if len(groups) >= limits.IMAP_PATTERNS:
            raise WireError("too many event groups", code="NOTIFICATIONOVERFLOW", status="NO")
        reader.space()
        groups.append(_group(reader))
    if sum(group.scope.selected for group in groups) > 1:  # RFC 5465 §6.1
        raise WireError("SELECTED given twice")
    return Notify(tuple(groups), status)


def _group(reader: Reader) -> EventGroup:
    reader.expect(b"(")
    scope = parse_scope(reader, NOTIFY_FILTERS)
    reader.space()
    if reader.at(b"("):
        found = reader.listed(_event)
    elif reader.ahead(b"NONE"):
        found = ()
    else:  # the examples of RFC 5465 §3 leave the parentheses out
        bare = [_event(reader)]
        while reader.skip(b" "):
            bare.append(_event(reader))
        found = tuple(bare)
    reader.expect(b")")
    events = frozenset(kind for kind, _ in found)
    items = tuple(dict.fromkeys(item for _, some in found for item in some))
    _check(scope, events, items)
    return EventGroup(scope, events, items)


def _event(reader: Reader) -> tuple[EventKind, tuple[FetchItem, ...]]:
    kind = _KINDS.get(reader.word())
    if kind is None:  # RFC 5465 §3.1: not a BAD
        raise WireError("no such event", code=BAD_EVENT, status="NO")
    if kind is not EventKind.MESSAGE_NEW or reader.text[reader.pos : reader.pos + 2] != b" (":
        return kind, ()
    reader.space()
    return kind, parse_items(reader)


def _check(scope: Scope, events: frozenset[EventKind], items: tuple[FetchItem, ...]) -> None:
    if events & MESSAGE_EVENTS and not events >= _TOGETHER:  # RFC 5465 §5
        raise WireError("MessageNew and MessageExpunge belong together")
    if scope.selected and not events <= MESSAGE_EVENTS:  # RFC 5465 §6.1
        raise WireError("the selected mailbox has events of messages only")
    if items and not scope.selected:  # RFC 5465 §8
        raise WireError("items are for the selected mailbox only")
