"""The values of the mail store: what a message, a placement, a mailbox and an account are to those who read them."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntFlag, StrEnum
from typing import Final

import msgspec

from pillarbox.core.ids import AccountId, BlobId, MailboxId, MessageId, Modseq, ThreadId, Uid
from pillarbox.message.digest import Summary

# System flags as bits of `placement.flags`; everything else is a keyword.
SEEN, ANSWERED, FLAGGED, DELETED, DRAFT = 1, 2, 4, 8, 16
ALL_FLAGS = 31

ROLES = ("inbox", "archive", "drafts", "flagged", "important", "junk", "sent", "trash")
"""Special uses (RFC 6154 §2, RFC 8621 §2) a mailbox may have; "inbox" is INBOX's own."""


class Kind(StrEnum):
    """What the change log speaks of; the values are the JMAP type names."""

    MAILBOX = "Mailbox"
    EMAIL = "Email"
    THREAD = "Thread"
    IDENTITY = "Identity"
    SUBMISSION = "EmailSubmission"
    VACATION = "VacationResponse"
    METADATA = "Metadata"  # no JMAP type: store.metadata


MESSAGE_PREFIX: Final = "M"
"""The letters `core.ids.spell` puts before ids: EMAILID (the JMAP Email id), MAILBOXID, THREADID, JMAP account id."""
MAILBOX_PREFIX: Final = "B"
THREAD_PREFIX: Final = "T"
ACCOUNT_PREFIX: Final = "A"


class Need(IntFlag):
    """Which columns a reader wants beside those of the placement; absent ones are empty in the row."""

    PLACEMENT = 0
    ENVELOPE = 1
    BODYSTRUCTURE = 2
    STRUCTURE = 4  # message.structure.encode
    PREVIEW = 8
    HEADERS = 16  # the sort and list fields: subject, from, to, sent date, message ids
    BLOB = 32  # where the octets are
    LISTING = 64  # message.listing
    UTF8 = 128  # ENVELOPE with UTF-8 where there is any (RFC 6855 §3)


class BlobRef(msgspec.Struct, frozen=True, gc=False):
    """Where octets are: `length` octets from `offset` of blob `blob_id`."""

    blob_id: BlobId
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Arrived:
    """Octets that came through the spool and are ready to be added; not yet in the store.

    `octets` holds them when small, else `path` names the temporary file. `prefix` (header lines of ours, such as
    Received) is already part of the octets.
    """

    blob_id: BlobId
    size: int
    octets: bytes | None
    path: str | None
    summary: Summary
    packed: bytes | None = None  # the octets compressed, when that is smaller
    local: int = 0  # octets at the front that are for final delivery only (Return-Path): queue rows begin behind them


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message is to be placed."""

    mailbox_id: MailboxId
    flags: int = 0
    keywords: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Placed:
    """A message now in a mailbox under a UID."""

    mailbox_id: MailboxId
    uidvalidity: int
    uid: Uid


@dataclass(frozen=True, slots=True)
class Added:
    """What adding a message made. `already`: the delivery id was seen before, nothing was added, `placed` is empty."""

    message_id: MessageId
    thread_id: ThreadId
    placed: tuple[Placed, ...]
    already: bool = False


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody with mail. `login` is the main address; `password` the argon2 hash; `scram` the keys SCRAM works with
    (wire.sasl.keys), empty while none are kept. `admin`: may change what holds for everybody. `shared`: nobody's own,
    its mailboxes are there to be shared."""

    account_id: AccountId
    login: str
    name: str
    password: str
    quota: int | None
    active: bool = True
    scram: str = ""
    quota_messages: int | None = None
    admin: bool = False
    shared: bool = False


class Mailbox(msgspec.Struct, frozen=True, gc=False):
    """A mailbox with its counters as of one snapshot. `name` is the full name, components joined by "/"."""

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
    subscribed: bool
    sort_order: int
    created_modseq: Modseq
    selectable: bool = True  # else only a name, kept for what lies below it (RFC 3501 §6.3.4): it holds no messages


@dataclass(frozen=True, slots=True)
class Counts:
    """What JMAP counts in a mailbox (RFC 8621 §2): messages without \\Deleted; unread: neither \\Seen nor \\Draft."""

    emails: int
    unread: int
    threads: int
    unread_threads: int


@dataclass(frozen=True, slots=True)
class MailboxView:
    """The UIDs of a mailbox in order, as of one snapshot, shared in the process. Index + 1 = sequence number."""

    mailbox_id: MailboxId
    uidvalidity: int
    uidnext: int
    modseq: Modseq  # the mailbox's highestmodseq of that snapshot
    uids: Sequence[int]
    unseen: int
    first_unseen: int  # sequence number, 0 when all are seen


class Row(msgspec.Struct, frozen=True, gc=False):
    """A placement, with the columns of its message that were asked for (`Need`)."""

    uid: Uid
    message_id: MessageId
    flags: int
    keywords: str  # space-separated, "" when none
    modseq: Modseq
    size: int
    received: int  # seconds UTC: INTERNALDATE, receivedAt
    saved: int  # seconds UTC: SAVEDATE
    thread_id: ThreadId
    listing: bytes | None = None  # None: of a message from before it was kept
    envelope: bytes = b""
    bodystructure: bytes = b""
    body: bytes = b""
    structure: bytes = b""
    preview: str = ""
    headers: "Headers | None" = None
    blob: BlobRef | None = None


class Headers(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The fields of a message kept for lists, sorting and threading, decoded once when it came in."""

    subject: str
    base_subject: str
    from_: tuple[tuple[str | None, str], ...]
    to: tuple[tuple[str | None, str], ...]
    cc: tuple[tuple[str | None, str], ...]
    bcc: tuple[tuple[str | None, str], ...]
    reply_to: tuple[tuple[str | None, str], ...]
    sender: tuple[tuple[str | None, str], ...]
    sent_at: int | None
    message_id: str | None
    in_reply_to: tuple[str, ...]
    references: tuple[str, ...]
    has_attachment: bool
    groups: tuple[tuple[str, str], ...] = ()  # the field, in lower case, and the name of a group in it


class Email(msgspec.Struct, frozen=True, gc=False):
    """A message as JMAP sees it: the union over its placements that are not \\Deleted (RFC 8621 §4.1.1)."""

    message_id: MessageId
    thread_id: ThreadId
    mailboxes: frozenset[MailboxId]
    flags: int  # SEEN only where all placements have it; the others where any has it
    keywords: frozenset[str]
    size: int
    received: int
    blob: BlobRef
    preview: str = ""
    structure: bytes = b""
    headers: Headers | None = None


@dataclass(frozen=True, slots=True)
class FlagChange:
    """Flags to set on placements. With `replace` the new flags are exactly add/add_keywords, else add then remove.

    Only the system flags of `within` are touched, and keywords only `with_keywords`.
    """

    add: int = 0
    remove: int = 0
    add_keywords: tuple[str, ...] = ()
    remove_keywords: tuple[str, ...] = ()
    replace: bool = False
    within: int = ALL_FLAGS
    with_keywords: bool = True


class FlagState(msgspec.Struct, frozen=True, gc=False):
    """The flags of one placement after a change."""

    uid: Uid
    flags: int
    keywords: str
    modseq: Modseq


@dataclass(frozen=True, slots=True)
class FlagResult:
    """`states`: every named placement that exists, after the change, in UID order (changed or not);
    `changed`: the UIDs that really changed; `modified`: UIDs left alone because of UNCHANGEDSINCE (RFC 7162 §3.1.3);
    `curtailed`: some of the flags might not be changed, and were left alone."""

    states: tuple[FlagState, ...]
    changed: tuple[Uid, ...]
    modified: tuple[Uid, ...]
    curtailed: bool = False


@dataclass(frozen=True, slots=True)
class MailboxChanges:
    """What happened in a mailbox after a modseq: new or changed placements and vanished UIDs, each in UID order.

    `reset` is true when the log does not reach back far enough or the mailbox is gone: take a new view.
    """

    mailbox: Mailbox | None
    changed: tuple[FlagState, ...]
    vanished: tuple[Uid, ...]
    modseq: Modseq
    reset: bool = False


@dataclass(frozen=True, slots=True)
class Changes:
    """Ids of one kind created, updated, destroyed after a modseq (RFC 8620 §5.2), up to `modseq`."""

    created: tuple[str, ...]
    updated: tuple[str, ...]
    destroyed: tuple[str, ...]
    modseq: Modseq
    has_more: bool = False
    counts_only: bool = False  # Mailbox: only the counters changed (RFC 8621 §2.2)


@dataclass(frozen=True, slots=True)
class Quota:
    """Octets and messages of an account; `limit` in octets, None for none."""

    used: int
    limit: int | None
    messages: int


@dataclass(frozen=True, slots=True)
class QueueRow:
    """One remote recipient waiting for delivery."""

    queue_id: int
    account_id: AccountId
    sender: str
    recipient: str
    destination: str  # the domain
    due: int
    created: int
    attempts: int
    state: str
    last_reply: str
    blob: BlobRef
    submission_id: str = ""


@dataclass(frozen=True, slots=True)
class Local:
    """An address of ours: the accounts it leads to, and the detail of a sub-address (`x` of you+x@, RFC 5233)."""

    address: str
    accounts: tuple[AccountId, ...]
    detail: str | None = None
    remote: tuple[str, ...] = ()  # targets of an alias that are elsewhere


@dataclass(frozen=True, slots=True)
class Unknown:
    """Our domain, but nobody there."""

    address: str


@dataclass(frozen=True, slots=True)
class Remote:
    """Not our domain."""

    address: str


Resolution = Local | Unknown | Remote


@dataclass(frozen=True, slots=True)
class Alias:
    """An address that leads elsewhere; `@domain` is the catch-all of a domain."""

    address: str
    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong with the store: which account, what kind, and the detail for the log."""

    account_id: AccountId
    kind: str
    detail: str


@dataclass(frozen=True, slots=True)
class StoredObject:
    """A small document of an account under a kind and an id."""

    object_id: str
    data: bytes
    modseq: Modseq


@dataclass(frozen=True, slots=True)
class StoreLimits:
    """The bounds the settings give the store."""

    message_size: int
    spool_dir: str
    quota: int | None = None
