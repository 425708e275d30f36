"""JMAP keywords and the flags and keywords of placements (RFC 8621 §4.1.1)."""

from collections.abc import Mapping

from pillarbox.core.limits import KEYWORDS_PER_MESSAGE
from pillarbox.store.model import ANSWERED, DRAFT, FLAGGED, SEEN, Email
from pillarbox.wire.jmap.errors import SetError, invalid_properties
from pillarbox.wire.jmap.keywords import valid_keyword

FLAGS = {"$seen": SEEN, "$answered": ANSWERED, "$flagged": FLAGGED, "$draft": DRAFT}
"""The keywords that are system flags in IMAP."""
_HIDDEN = frozenset(("$recent", "$deleted"))
"""IMAP's own; RFC 8621 §4.1.1 keeps them from JMAP."""

Kept = tuple[int, frozenset[str]]
"""Flag bits and the other keywords."""


def keywords_of(email: Email) -> dict[str, bool]:
    """The keywords property."""
    found = {name: True for name, bit in FLAGS.items() if email.flags & bit}
    found.update((name.lower(), True) for name in sorted(email.keywords))
    return found


def kept_keywords(value: object) -> Kept:
    """Flags and keywords of a keywords property. Raises SetError."""
    if value is None:
        return 0, frozenset()
    if not isinstance(value, Mapping):
        raise invalid_properties("keywords")
    flags, names = 0, set()
    for name, true in value.items():
        if true is not True or not isinstance(name, str) or not valid_keyword(name) or name.lower() in _HIDDEN:
            raise invalid_properties("keywords", description=f"keyword {str(name)[:100]!r} cannot be set")
        lower = name.lower()
        if lower in FLAGS:
            flags |= FLAGS[lower]
        else:
            names.add(lower)
    if len(names) > KEYWORDS_PER_MESSAGE:
        raise SetError("tooManyKeywords")
    return flags, frozenset(names)
