"""Which mailboxes NOTIFY watches and ESEARCH searches: the mailbox filters of RFC 5465 §6 and RFC 7377 §2.2."""

from dataclasses import dataclass
from enum import StrEnum

from pillarbox.core import limits
from pillarbox.wire.imap.errors import WireError
from pillarbox.wire.imap.reader import Reader


class Filter(StrEnum):
    """How mailboxes are chosen; the last three name some."""

    SELECTED = "SELECTED"
    SELECTED_DELAYED = "SELECTED-DELAYED"
    """NOTIFY only: expunges wait for a command that allows them (RFC 5465 §6.2)."""
    INBOXES = "INBOXES"
    PERSONAL = "PERSONAL"
    SUBSCRIBED = "SUBSCRIBED"
    SUBTREE = "SUBTREE"
    """The mailboxes and all below them."""
    SUBTREE_ONE = "SUBTREE-ONE"
    """ESEARCH only: the mailboxes and those one level below (RFC 7377 §2.2)."""
    MAILBOXES = "MAILBOXES"


_NAMING = frozenset({Filter.SUBTREE, Filter.SUBTREE_ONE, Filter.MAILBOXES})
NOTIFY_FILTERS = frozenset(Filter) - {Filter.SUBTREE_ONE}
ESEARCH_FILTERS = frozenset(Filter) - {Filter.SELECTED_DELAYED}


@dataclass(frozen=True, slots=True)
class Scope:
    """A filter and the mailboxes it names, as they were named."""

    filter: Filter
    mailboxes: tuple[str, ...] = ()

    @property
    def selected(self) -> bool:
        """Whether it is about the selected mailbox."""
        return self.filter in (Filter.SELECTED, Filter.SELECTED_DELAYED)


def parse_scope(reader: Reader, allowed: frozenset[Filter]) -> Scope:
    """`personal`, `subtree mailbox`, `mailboxes (mailbox …)`; a filter outside `allowed` is a WireError."""
    word = reader.word().decode("ascii")
    if word not in allowed:
        raise WireError("unknown mailbox filter")
    chosen = Filter(word)
    if chosen not in _NAMING:
        return Scope(chosen)
    reader.space()
    mailboxes = reader.listed(Reader.mailbox) if reader.at(b"(") else (reader.mailbox(),)
    if len(mailboxes) > limits.IMAP_PATTERNS:
        raise WireError("too many mailboxes", code="LIMIT", status="NO")
    return Scope(chosen, tuple(dict.fromkeys(mailboxes)))
