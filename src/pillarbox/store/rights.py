"""What a login may do with a mailbox that is another's: letters of RFC 4314 §2.1, and the one function that decides."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from pillarbox.core.errors import Denied, NotFound
from pillarbox.core.ids import AccountId
from pillarbox.store.model import ALL_FLAGS, DELETED, SEEN, FlagChange, Mailbox

_ORDER: Final = "lrswipkxtea"
ALL: Final = frozenset(_ORDER)
"""What an owner has for good."""
ANYONE: Final = AccountId(0)
"""The grantee that everybody is, too."""
KNOWING: Final = frozenset("lrikxa")
"""Whoever has one of these may know that the mailbox is there (RFC 4314 §4, MYRIGHTS)."""
NOTING: Final = frozenset("rswip")
"""Whoever sees the mailbox and has one of these may read and set its notes (RFC 5464 §3.3)."""
WRITING: Final = frozenset("iswte")
"""Whoever has one of these opens the mailbox for writing (RFC 4314 §5.2)."""


@dataclass(frozen=True, slots=True)
class Found:
    """A mailbox as one login finds it: in whose account, under which full name, with which rights (RFC 4314 §2.1)."""

    account: AccountId
    mailbox: Mailbox
    rights: frozenset[str]
    name: str


@dataclass(frozen=True, slots=True)
class Entry:
    """Who may do what with a mailbox: `denied` is taken from what this entry or one for anyone grants (RFC 4314 §2).

    `grantee` 0 is anyone, whose `login` is "anyone".
    """

    grantee: AccountId
    login: str
    rights: frozenset[str]
    denied: frozenset[str]


@dataclass(frozen=True, slots=True)
class EntryChange:
    """What becomes of the rights granted to somebody, or with `negative` of those denied; an entry left with none of
    either goes."""

    grantee: AccountId
    mode: Literal["replace", "add", "remove"]
    rights: frozenset[str]
    negative: bool = False


def require(held: frozenset[str], needed: str, any_of: frozenset[str] = KNOWING) -> None:
    """Decide: whoever holds all that is `needed`, and one `any_of`, may go on.

    Denied to those who see the mailbox in lists; to others it does not exist (RFC 4314 §6).
    """
    if held.issuperset(needed) and not held.isdisjoint(any_of):
        return
    if "l" in held:
        raise Denied(f"{needed} needed, {''.join(sorted(held))} held")
    raise NotFound("no such mailbox")


def ordered(some: Iterable[str]) -> str:
    """The letters in the order of RFC 4314 §2.1."""
    return "".join(sorted(some, key=_ORDER.index))


def combined(entries: Iterable[tuple[str, str]]) -> frozenset[str]:
    """What is granted by the entries that are somebody's, without what any of them denies: (granted, denied)."""
    granted: set[str] = set()
    denied: set[str] = set()
    for more, less in entries:
        granted.update(more)
        denied.update(less)
    return ALL.intersection(granted - denied)


def settable(held: frozenset[str]) -> tuple[int, bool]:
    """The system flags that may be set and cleared, and whether keywords may (RFC 4314 §4, STORE)."""
    bits = ALL_FLAGS & ~(SEEN | DELETED) if "w" in held else 0
    return bits | (SEEN if "s" in held else 0) | (DELETED if "t" in held else 0), "w" in held


def _named(change: FlagChange) -> tuple[int, bool]:
    """The system flags a change speaks of, and whether of keywords."""
    if change.replace:
        return ALL_FLAGS, True
    return change.add | change.remove, bool(change.add_keywords or change.remove_keywords)


def curtailed(change: FlagChange) -> bool:
    """Whether a change, restricted, is less than it was."""
    touched, words = _named(change)
    return bool(touched & ~change.within) or (words and not change.with_keywords)


def restricted(change: FlagChange, held: frozenset[str]) -> FlagChange:
    """As much of a change as may be done. Raises Denied when none of the flags named may be changed; of no flags there
    is nothing to deny."""
    bits, keywords = settable(held)
    touched, words = _named(change)
    if (touched or words) and not (touched & bits) and not (words and keywords):
        raise Denied("none of these flags may be changed")
    return FlagChange(
        change.add, change.remove, change.add_keywords, change.remove_keywords, change.replace, bits, keywords
    )
