"""LIST, LSUB and STATUS: which mailboxes, and what of each (RFC 9051 §6.3.9, §6.3.11, RFC 5258, 5819, 6154)."""

from dataclasses import dataclass

from pillarbox.core import limits
from pillarbox.wire.imap.errors import WireError
from pillarbox.wire.imap.metadata import parse_entries
from pillarbox.wire.imap.names import decode_name
from pillarbox.wire.imap.reader import Reader

STATUS_ITEMS = frozenset(
    {
        "MESSAGES",
        "RECENT",
        "UIDNEXT",
        "UIDVALIDITY",
        "UNSEEN",
        "HIGHESTMODSEQ",
        "SIZE",
        "DELETED",
        "DELETED-STORAGE",
        "MAILBOXID",
        "APPENDLIMIT",
    }
)
"""RFC 9051 §6.3.11, RFC 3501 §6.3.10 (RECENT), RFC 7162 §3.1.2.2, 8438, 8474 §4.3, 7889 §3.1, 9208 §4.1.4."""
SELECTION_OPTIONS = frozenset({"SUBSCRIBED", "REMOTE", "RECURSIVEMATCH", "SPECIAL-USE"})
"""RFC 5258 §3.1, RFC 6154 §2."""
RETURN_OPTIONS = frozenset({"SUBSCRIBED", "CHILDREN", "SPECIAL-USE", "MYRIGHTS"})
"""RFC 5258 §3.2, RFC 6154 §2, RFC 8440 §3; STATUS and METADATA have lists of their own."""


@dataclass(frozen=True, slots=True)
class List:
    """LIST and LSUB. `patterns` have the reference before them; one of them may be empty: it asks for the separator.

    `extended` tells the extended form, in which an empty pattern is a mailbox name like any other (RFC 5258 §3).
    `status` holds the items that RETURN (STATUS …) asks for, `metadata` the entries of RETURN (METADATA …) (RFC 9590).
    """

    reference: str
    patterns: tuple[str, ...]
    selection: frozenset[str] = frozenset()
    returns: frozenset[str] = frozenset()
    status: tuple[str, ...] = ()
    extended: bool = False
    metadata: tuple[str, ...] = ()

    @property
    def asks_separator(self) -> bool:
        """Whether this is `LIST reference ""`, which names no mailbox (RFC 9051 §6.3.9)."""
        return not self.extended and self.patterns == ("",)


@dataclass(frozen=True, slots=True)
class Status:
    """STATUS of one mailbox; `items` in the order asked, each once."""

    mailbox: str
    items: tuple[str, ...]


def parse_list(reader: Reader) -> List:
    """`[SP (selection)] SP reference SP pattern(s) [SP RETURN (options)]`."""
    reader.space()
    extended = reader.at(b"(")
    selection = _selection(reader) if extended else frozenset()
    reference = reader.mailbox()
    reader.space()
    many = reader.at(b"(")
    patterns = _patterns(reader) if many else (reader.list_mailbox(),)
    returns: frozenset[str] = frozenset()
    status: tuple[str, ...] = ()
    metadata: tuple[str, ...] = ()
    returning = reader.text[reader.pos : reader.pos + 9].upper() == b" RETURN ("
    if returning:
        reader.pos += 9
        returns, status, metadata = _returns(reader)
    extended = extended or many or returning
    return List(reference, _joined(reference, patterns, extended), selection, returns, status, extended, metadata)


def parse_lsub(reader: Reader) -> List:
    """`SP reference SP pattern`, as a LIST of subscribed names (RFC 3501 §6.3.9)."""
    reader.space()
    reference = reader.mailbox()
    reader.space()
    return List(reference, _joined(reference, (reader.list_mailbox(),), False))


def parse_status(reader: Reader) -> Status:
    """`SP mailbox SP (items)`."""
    reader.space()
    mailbox = reader.mailbox()
    reader.space()
    return Status(mailbox, _status_items(reader))


def _joined(reference: str, patterns: tuple[str, ...], extended: bool) -> tuple[str, ...]:
    if patterns == ("",) and not extended:
        return patterns
    named = [pattern for pattern in patterns if pattern or not extended]  # RFC 5258 §3: empty ones are passed over
    joined = tuple(decode_name((reference + pattern).encode(), utf8=True) for pattern in named)
    if sum(map(len, joined)) > limits.IMAP_PATTERN_TEXT:
        raise WireError("LIST patterns too long", code="LIMIT", status="NO")
    return joined


def _patterns(reader: Reader) -> tuple[str, ...]:
    reader.expect(b"(")
    patterns = [reader.list_mailbox()]
    while reader.skip(b" "):
        patterns.append(reader.list_mailbox())
        if len(patterns) > limits.IMAP_PATTERNS:
            raise WireError("too many LIST patterns", code="LIMIT", status="NO")
    reader.expect(b")")
    return tuple(patterns)


def _selection(reader: Reader) -> frozenset[str]:
    reader.expect(b"(")
    options: set[str] = set()
    while not reader.skip(b")"):
        if options:
            reader.space()
        options.add(reader.word().decode("ascii"))
    reader.space()
    if not options <= SELECTION_OPTIONS:
        raise WireError("unknown LIST selection option")
    if "RECURSIVEMATCH" in options and not options & {"SUBSCRIBED", "SPECIAL-USE"}:  # RFC 5258 §3.1
        raise WireError("RECURSIVEMATCH needs another selection option")
    return frozenset(options)


def _returns(reader: Reader) -> tuple[frozenset[str], tuple[str, ...], tuple[str, ...]]:
    options = set()
    status: tuple[str, ...] = ()
    metadata: tuple[str, ...] = ()
    first = True
    while not reader.skip(b")"):
        if not first:
            reader.space()
        first = False
        option = reader.word().decode("ascii")
        if option == "STATUS":  # RFC 5819 §2
            reader.space()
            status = _status_items(reader)
        elif option == "METADATA":  # RFC 9590 §3
            reader.space()
            metadata = parse_entries(reader)
        elif option in RETURN_OPTIONS:
            options.add(option)
        else:
            raise WireError("unknown LIST return option")
    return frozenset(options), status, metadata


def _status_items(reader: Reader) -> tuple[str, ...]:
    reader.expect(b"(")
    items = [reader.word().decode("ascii")]
    while reader.skip(b" "):
        items.append(reader.word().decode("ascii"))
    reader.expect(b")")
    if not STATUS_ITEMS.issuperset(items):
        raise WireError("unknown STATUS item")
    return tuple(dict.fromkeys(items))
