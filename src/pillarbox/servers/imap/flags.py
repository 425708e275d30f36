"""Flags between their IMAP spelling and the store's bits and keywords."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from pillarbox.store.model import ANSWERED, DELETED, DRAFT, FLAGGED, SEEN
from pillarbox.store.rights import settable

BITS: Final = {
    "\\Answered": ANSWERED,
    "\\Flagged": FLAGGED,
    "\\Deleted": DELETED,
    "\\Seen": SEEN,
    "\\Draft": DRAFT,
}
DEFINED: Final = (*BITS, "$Forwarded", "$MDNSent", "$Important", "$Junk", "$NotJunk", "$Phishing")
"""What SELECT names in FLAGS (RFC 3501 §7.2.6, RFC 5788, RFC 8457 §2)."""
EVERYTHING: Final = "\\*"

_SYSTEM: Final = tuple(
    " ".join(name for name, bit in BITS.items() if bit & flags).encode() for flags in range(sum(BITS.values()) + 1)
)
_ALONE: Final = tuple(b"(%b)" % names for names in _SYSTEM)


def permanent(rights: frozenset[str], keywords: Iterable[str] = ()) -> tuple[str, ...]:
    """What may be changed for good with these rights, of what is defined and these keywords (RFC 3501 §7.1, RFC 4314
    §5.1.1); with keywords also new ones."""
    bits, with_keywords = settable(rights)
    system = tuple(name for name, bit in BITS.items() if bit & bits)
    return (*system, *DEFINED[len(BITS) :], *keywords, EVERYTHING) if with_keywords else system


def split_flags(names: Iterable[str]) -> tuple[int, tuple[str, ...]]:
    """System flags as bits, and the keywords."""
    bits = 0
    keywords = []
    for name in names:
        bit = BITS.get(name)
        if bit is None:
            keywords.append(name)
        else:
            bits |= bit
    return bits, tuple(keywords)


def spell_flags(flags: int, keywords: str, recent: bool = False) -> bytes:
    """`(\\Seen $Junk)`."""
    if not keywords and not recent:
        return _ALONE[flags]
    return _spelled(flags, keywords, recent)


@lru_cache(maxsize=4096)
def _spelled(flags: int, keywords: str, recent: bool) -> bytes:
    words = [_SYSTEM[flags], keywords.encode("ascii", "replace"), b"\\Recent" if recent else b""]
    return b"(%b)" % b" ".join(word for word in words if word)
