"""What happened to mailboxes between two looks, as the events NOTIFY speaks of (RFC 5465 §5)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from pillarbox.core.ids import MailboxId
from pillarbox.store.model import Mailbox
from pillarbox.store.naming import parent_name
from pillarbox.wire.imap.notify import EventKind

Mailboxes = Mapping[MailboxId, Mailbox]


@dataclass(frozen=True, slots=True)
class Happening:
    """One event of a mailbox as it is now; None when it is no more, `name` is what it is, or was, called. `old_name`
    only of what was renamed."""

    kind: EventKind
    name: str
    mailbox: Mailbox | None
    old_name: str | None = None


def happenings(before: Mailboxes, changed: Iterable[Mailbox], gone: Iterable[MailboxId]) -> Iterator[Happening]:
    """What the client has to hear of. Of mailboxes that moved with the one above them nothing is said; the one above a
    mailbox that came or went counts as changed itself (§5.4)."""
    changed, gone = list(changed), set(gone)
    parents: set[MailboxId | None] = set()
    renamed = {before[one.mailbox_id].name: one.name for one in changed if _renamed(before, one)}
    for mailbox_id in gone:
        known = before.get(mailbox_id)
        if known is not None:
            yield Happening(EventKind.MAILBOX_NAME, known.name, None)
            parents.add(known.parent_id)
    for one in changed:
        known = before.get(one.mailbox_id)
        if known is None:
            yield Happening(EventKind.MAILBOX_NAME, one.name, one)
            parents.add(one.parent_id)
            continue
        if known.name != one.name and not _carried(known.name, one.name, renamed):
            yield Happening(EventKind.MAILBOX_NAME, one.name, one, known.name)
        elif known.selectable != one.selectable:
            yield Happening(EventKind.MAILBOX_NAME, one.name, one)
        if known.subscribed != one.subscribed:
            yield Happening(EventKind.SUBSCRIPTION_CHANGE, one.name, one)
        kind = _of_messages(known, one)
        if kind is not None:
            yield Happening(kind, one.name, one)
    now = {one.mailbox_id: one for one in changed}
    for parent in parents.difference(gone):
        box = None if parent is None or parent not in before else now.get(parent, before[parent])
        if box is not None:
            yield Happening(EventKind.MAILBOX_NAME, box.name, box)


def _renamed(before: Mailboxes, one: Mailbox) -> bool:
    known = before.get(one.mailbox_id)
    return known is not None and known.name != one.name


def _carried(old: str, new: str, renamed: Mapping[str, str]) -> bool:
    """Whether the new name follows from that of a mailbox above."""
    above = parent_name(old)
    while above is not None:
        moved = renamed.get(above)
        if moved is not None:
            return new == moved + old[len(above) :]
        above = parent_name(above)
    return False


def _of_messages(known: Mailbox, one: Mailbox) -> EventKind | None:
    """New messages, else expunged ones, else changed flags."""
    if one.uidnext != known.uidnext or one.uidvalidity != known.uidvalidity:
        return EventKind.MESSAGE_NEW
    if one.total != known.total:
        return EventKind.MESSAGE_EXPUNGE
    return EventKind.FLAG_CHANGE if one.highestmodseq != known.highestmodseq else None
