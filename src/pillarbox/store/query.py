"""What can be asked of messages: a small tree that IMAP SEARCH and JMAP Email/query are both translated to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pillarbox.core.ids import MailboxId, MessageId, Modseq, ThreadId


@dataclass(frozen=True, slots=True)
class All:
    """Every message."""


@dataclass(frozen=True, slots=True)
class And:
    """Every one of `parts` (none: everything)."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one of `parts` (none: nothing)."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Not `part`."""

    part: "Condition"


@dataclass(frozen=True, slots=True)
class Flags:
    """All of the flag bits `has`, none of `lacks`."""

    has: int = 0
    lacks: int = 0


@dataclass(frozen=True, slots=True)
class Keyword:
    """The keyword, any case."""

    name: str


@dataclass(frozen=True, slots=True)
class InMailbox:
    """Placed in that mailbox; `others` instead: placed in a mailbox not named (RFC 8621 §4.4.1 inMailboxOtherThan)."""

    mailbox_id: MailboxId | None = None
    others: tuple[MailboxId, ...] = ()


@dataclass(frozen=True, slots=True)
class ThreadKeyword:
    """How many messages of the thread have the flag or keyword: "all", "some" or "none" (RFC 8621 §4.4.1)."""

    name: str
    how: str


@dataclass(frozen=True, slots=True)
class Size:
    """At least `least` and fewer than `under` octets."""

    least: int = 0
    under: int | None = None


@dataclass(frozen=True, slots=True)
class Time:
    """`field` is "received", "sent" or "saved"; from `since` (included) to `before` (not), seconds UTC.

    For "sent" of IMAP, days are compared without the zone: the caller gives the day's bounds in UTC and `local` true.
    """

    field: str
    since: int | None = None
    before: int | None = None
    local: bool = False


@dataclass(frozen=True, slots=True)
class Uids:
    """UIDs within any of the closed ranges, sorted and not overlapping, or `listed`, where there are very many ranges
    (IMAP only)."""

    ranges: tuple[tuple[int, int], ...]
    listed: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Ids:
    """Just these messages."""

    message_ids: tuple[MessageId, ...]


@dataclass(frozen=True, slots=True)
class InThread:
    """Messages of that thread."""

    thread_id: ThreadId


@dataclass(frozen=True, slots=True)
class ModifiedSince:
    """Placement modseq at least this (RFC 7162 §3.1.5)."""

    modseq: Modseq


@dataclass(frozen=True, slots=True)
class HasAttachment:
    """At least one attachment."""


@dataclass(frozen=True, slots=True)
class Header:
    """A header field of that name exists and its decoded value contains `text`, any case; "" matches every value."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Text:
    """`text` is in `where`: "body", "text" (header and body), "from", "to", "cc", "bcc", "subject".

    `words` false: an exact substring of the decoded text, any case (RFC 3501 §6.4.4).
    `words` true: every word of `text` occurs, stemmed; a phrase in double quotes keeps its order (RFC 8621 §4.4.1).
    """

    where: str
    text: str
    words: bool = False


@dataclass(frozen=True, slots=True)
class Fuzzy:
    """Every word of `text` is in `where` (as in Text), or one much like it, in any order (RFC 6203 §3)."""

    where: str
    text: str


Condition = (
    All
    | And
    | Or
    | Not
    | Flags
    | Keyword
    | InMailbox
    | ThreadKeyword
    | Size
    | Time
    | Uids
    | Ids
    | InThread
    | ModifiedSince
    | HasAttachment
    | Header
    | Text
    | Fuzzy
)


TEXTUAL = (Text, Header, HasAttachment, Fuzzy)
"""What is decided message by message, from texts or the index."""


@dataclass(frozen=True, slots=True)
class Order:
    """A sort key: "received", "sent", "size", "subject", "from", "to", or "keyword:<name>" (RFC 8621 §4.4.2); of IMAP
    not the last one, but "from_box", "to_box" and "cc_box" (RFC 5256 §3), and "relevancy" by the `scores` of UIDs, the
    highest first unless `descending` (RFC 6203 §6)."""

    by: str = "received"
    descending: bool = True
    scores: Mapping[int, int] = field(default_factory=dict, compare=False)
