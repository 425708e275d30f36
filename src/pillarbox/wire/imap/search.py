"""What SEARCH asks: its keys as a tree of values (RFC 9051 §6.4.4, RFC 3501 §6.4.4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum
from types import MappingProxyType

from pillarbox.wire.imap.fetch import FetchItem
from pillarbox.wire.imap.partial import Partial
from pillarbox.wire.imap.sets import SequenceSet


@dataclass(frozen=True, slots=True)
class All:
    """Every message."""


@dataclass(frozen=True, slots=True)
class Recent:
    """The session was the first to be told of the message (RFC 3501 §2.3.2)."""


@dataclass(frozen=True, slots=True)
class HasFlag:
    """The message has this flag or keyword."""

    flag: str


@dataclass(frozen=True, slots=True)
class Envelope:
    """`text` is in what the envelope structure has of a field: "from", "to", "cc", "bcc" or "subject"."""

    field: str
    text: str


@dataclass(frozen=True, slots=True)
class Header:
    """A field of this name (in lower case) has `text` in its value; any field of the name will do if `text` is
    empty."""

    field: str
    text: str


@dataclass(frozen=True, slots=True)
class Body:
    """`text` is in the body."""

    text: str


@dataclass(frozen=True, slots=True)
class Text:
    """`text` is in the header or in the body."""

    text: str


class Moment(Enum):
    """Which date of a message is compared, as a date without time and zone."""

    INTERNAL = "internal"
    SENT = "sent"
    SAVED = "saved"


class Relation(Enum):
    """How a date is compared: earlier, the same, the same or later."""

    BEFORE = "before"
    ON = "on"
    SINCE = "since"


@dataclass(frozen=True, slots=True)
class Dated:
    """A date of the message is before, on or since `day`."""

    moment: Moment
    relation: Relation
    day: date


@dataclass(frozen=True, slots=True)
class Larger:
    """More octets than this."""

    octets: int


@dataclass(frozen=True, slots=True)
class Smaller:
    """Fewer octets than this."""

    octets: int


@dataclass(frozen=True, slots=True)
class Younger:
    """Came in within this many seconds (RFC 5032)."""

    seconds: int


@dataclass(frozen=True, slots=True)
class Older:
    """Came in this many seconds ago or earlier (RFC 5032)."""

    seconds: int


@dataclass(frozen=True, slots=True)
class Numbers:
    """The message's sequence number is in the set; `$` names messages whatever they are numbered by."""

    messages: SequenceSet


@dataclass(frozen=True, slots=True)
class Uids:
    """The message's UID is in the set."""

    messages: SequenceSet


@dataclass(frozen=True, slots=True)
class ModseqSince:
    """The message's mod-sequence is this or above (RFC 7162 §3.1.5); entries of single flags mean the message."""

    modseq: int


@dataclass(frozen=True, slots=True)
class EmailId:
    """The message has this EMAILID (RFC 8474 §6)."""

    value: str


@dataclass(frozen=True, slots=True)
class ThreadId:
    """The message has this THREADID (RFC 8474 §6)."""

    value: str


@dataclass(frozen=True, slots=True)
class SaveDateSupported:
    """The mailbox knows when messages came into it: all or none of them (RFC 8514 §4.3)."""


@dataclass(frozen=True, slots=True)
class Fuzzy:
    """The key matches as well as the index thinks it does (RFC 6203 §3)."""

    key: "Key"


@dataclass(frozen=True, slots=True)
class Not:
    """The key does not match."""

    key: "Key"


@dataclass(frozen=True, slots=True)
class Or:
    """One of the two matches, or both."""

    left: "Key"
    right: "Key"


@dataclass(frozen=True, slots=True)
class And:
    """All of two or more match."""

    keys: "tuple[Key, ...]"


Key = (
    All
    | Recent
    | HasFlag
    | Envelope
    | Header
    | Body
    | Text
    | Dated
    | Larger
    | Smaller
    | Younger
    | Older
    | Numbers
    | Uids
    | ModseqSince
    | EmailId
    | ThreadId
    | SaveDateSupported
    | Fuzzy
    | Not
    | Or
    | And
)


def names_numbers(key: Key) -> bool:
    """Whether a message number is somewhere in the tree; `$` is none."""
    match key:
        case Numbers():
            return not key.messages.saved
        case Not() | Fuzzy():
            return names_numbers(key.key)
        case Or():
            return names_numbers(key.left) or names_numbers(key.right)
        case And():
            return any(map(names_numbers, key.keys))
    return False


RETURN_OPTIONS = frozenset({"MIN", "MAX", "ALL", "COUNT", "SAVE", "PARTIAL", "UPDATE", "CONTEXT", "RELEVANCY"})
"""What RETURN may ask for (RFC 4731 §3.1, RFC 5182 §2.1, RFC 9394 §3.1, RFC 5267 §4, RFC 6203 §4)."""


@dataclass(frozen=True, slots=True)
class Search:
    """SEARCH and UID SEARCH.

    `returns` is None for a plain SEARCH, else the options of RETURN, ALL if it names none (RFC 4731 §3.1).
    `uses_modseq` says that a MODSEQ key is in the tree: the answer carries the highest mod-sequence (RFC 7162 §3.1.5).
    `partial` is the range of PARTIAL; `update` what UPDATE wants to see of messages that are added (RFC 5465 §8).
    `labelled`: CHARSET says how strings are encoded.
    """

    key: Key
    returns: frozenset[str] | None = None
    uses_modseq: bool = False
    uid: bool = False
    partial: Partial | None = None
    update: tuple[FetchItem, ...] = ()
    labelled: bool = False


CHARSETS: Mapping[bytes, str] = MappingProxyType(
    {
        b"US-ASCII": "ascii",
        b"ASCII": "ascii",
        b"UTF-8": "utf-8",
        **{f"ISO-8859-{part}".encode(): f"iso8859-{part}" for part in (*range(1, 12), *range(13, 17))},
        **{f"WINDOWS-125{page}".encode(): f"cp125{page}" for page in range(9)},
        b"KOI8-R": "koi8-r",
        b"KOI8-U": "koi8-u",
        b"SHIFT_JIS": "cp932",
        b"ISO-2022-JP": "iso2022_jp",
        b"EUC-JP": "euc_jp",
        b"EUC-KR": "cp949",
        b"GB2312": "gbk",
        b"GBK": "gbk",
        b"GB18030": "gb18030",
        b"BIG5": "big5hkscs",
        b"TIS-620": "tis_620",
    }
)
"""The charsets SEARCH takes, in upper case, and the codec of each."""
