"""What a transaction knows of one account: its counters, its mailboxes, and what goes into the change log."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from pillarbox.core.ids import AccountId, MailboxId, MessageId, Modseq, ThreadId, spell
from pillarbox.store.model import DELETED, DRAFT, MAILBOX_PREFIX, SEEN, Kind, Mailbox

CREATED, UPDATED, DESTROYED, COUNTED = 1, 2, 3, 4
"""Operations of the change log; COUNTED is an update of a mailbox's counters only (RFC 8621 §2.2)."""

BOX_COLUMNS: Final = (
    "mailbox_id, parent_id, name, role, uidvalidity, uidnext, highestmodseq, total, unseen, deleted, size, subscribed,"
    " sort_order, created_modseq, selectable"
)

_MERGED: Final = {
    (CREATED, UPDATED): CREATED,
    (CREATED, COUNTED): CREATED,
    (CREATED, DESTROYED): None,
    (UPDATED, COUNTED): UPDATED,
    (COUNTED, UPDATED): UPDATED,
    (UPDATED, DESTROYED): DESTROYED,
    (COUNTED, DESTROYED): DESTROYED,
    (DESTROYED, CREATED): UPDATED,
}


@dataclass(slots=True)
class Box:
    """A mailbox row under the account's lock; the fields are those of BOX_COLUMNS."""

    mailbox_id: MailboxId
    parent_id: MailboxId | None
    name: str
    role: str | None
    uidvalidity: int
    uidnext: int
    highestmodseq: Modseq
    total: int
    unseen: int
    deleted: int
    size: int
    subscribed: int
    sort_order: int
    created_modseq: Modseq
    selectable: int = 1
    changed: bool = False
    counted: bool = False

    def count(self, modseq: Modseq, flags: int, size: int, sign: int) -> None:
        """Account for a placement that comes (sign 1) or goes (-1)."""
        self.highestmodseq = modseq
        self.changed = self.counted = True
        self.total += sign
        self.unseen += 0 if flags & SEEN else sign
        self.deleted += sign if flags & DELETED else 0
        self.size += sign * size

    def reflag(self, modseq: Modseq, before: int, after: int) -> None:
        """Account for new flags of a placement."""
        self.highestmodseq = modseq
        self.changed = True
        if (before ^ after) & (SEEN | DELETED | DRAFT):  # JMAP counts no draft as unread
            self.counted = True
            self.unseen += (0 if after & SEEN else 1) - (0 if before & SEEN else 1)
            self.deleted += (1 if after & DELETED else 0) - (1 if before & DELETED else 0)

    def frozen(self) -> Mailbox:
        """The value readers get."""
        return mailbox_of(
            (
                self.mailbox_id,
                self.parent_id,
                self.name,
                self.role,
                self.uidvalidity,
                self.uidnext,
                self.highestmodseq,
                self.total,
                self.unseen,
                self.deleted,
                self.size,
                self.subscribed,
                self.sort_order,
                self.created_modseq,
                self.selectable,
            )
        )


def mailbox_of(row: tuple[Any, ...]) -> Mailbox:
    """The mailbox of a row of BOX_COLUMNS."""
    values = list(row[:15])
    values[11], values[14] = bool(values[11]), bool(values[14])
    return Mailbox(*values)


@dataclass(slots=True)
class Trace:
    """Whether JMAP saw a message before the transaction, and sees it now (None: to be looked up at the end)."""

    thread_id: ThreadId
    before: bool
    after: bool | None


@dataclass(slots=True)
class Ledger:
    """One account in one transaction. `modseq` is the one the transaction takes if it changes anything."""

    account: AccountId
    modseq: Modseq
    uidvalidity: int
    used: int
    messages: int
    quota: int | None
    quota_messages: int | None
    quota_mailboxes: int | None
    dirty: bool = False
    boxes: dict[MailboxId, Box] = field(default_factory=dict)
    all_boxes: bool = False
    log: dict[tuple[Kind, str], int] = field(default_factory=dict)
    traces: dict[MessageId, Trace] = field(default_factory=dict)
    new_threads: set[ThreadId] = field(default_factory=set)
    minted: int = 0

    def record(self, kind: Kind, object_id: str, operation: int) -> None:
        """Put an operation into the change log, folded with what this transaction did to the object before."""
        self.dirty = True
        key = (kind, object_id)
        earlier = self.log.get(key)
        merged = operation if earlier is None else _MERGED.get((earlier, operation), operation)
        if merged is None:
            del self.log[key]
        else:
            self.log[key] = merged

    def record_boxes(self) -> None:
        """Put the mailboxes whose counters changed into the change log."""
        for box in self.boxes.values():
            if box.counted:
                self.record(Kind.MAILBOX, spell(MAILBOX_PREFIX, box.mailbox_id), COUNTED)

    def updated(self, message_id: MessageId, thread_id: ThreadId) -> None:
        """A message JMAP sees before and after was changed."""
        self.traces.setdefault(message_id, Trace(thread_id, before=True, after=True))

    def unknown(self) -> list[MessageId]:
        """The messages whose visibility has to be looked up at the end."""
        return [message for message, trace in self.traces.items() if trace.after is None]

    def refresh(self, message_ids: Iterable[MessageId]) -> None:
        """These messages may now be seen or not: look at the end."""
        for message_id in message_ids:
            self.traces[message_id].after = None
