"""Full names of mailboxes: components joined by "/", NFC, INBOX in capitals (RFC 9051 §5.1)."""

import unicodedata
from functools import lru_cache

from pillarbox.core.errors import Invalid
from pillarbox.core.limits import MAILBOX_DEPTH, MAILBOX_NAME

INBOX = "INBOX"

DEFAULT_MAILBOXES = (
    (INBOX, "inbox"),
    ("Drafts", "drafts"),
    ("Sent", "sent"),
    ("Archive", "archive"),
    ("Junk", "junk"),
    ("Trash", "trash"),
)
"""Full name and role of the mailboxes every account begins with."""

_FORBIDDEN = frozenset(("Cc", "Cs", "Cn", "Zl", "Zp"))


@lru_cache(maxsize=4096)
def full_name(name: str) -> str:
    """The name as it is kept. Raises Invalid when it cannot be one (RFC 5198 §2: no control characters)."""
    components = unicodedata.normalize("NFC", name).split("/")
    if components[0].upper() == INBOX:
        components[0] = INBOX
    if len(components) > MAILBOX_DEPTH:
        raise Invalid("the mailbox lies too deep")
    for component in components:
        _check(component)
    return "/".join(components)


def _check(component: str) -> None:
    if not component or component != component.strip():
        raise Invalid("a mailbox name is empty or begins or ends with a space")
    if component in (".", ".."):
        raise Invalid("a mailbox cannot be called that")
    if any(unicodedata.category(character) in _FORBIDDEN for character in component):
        raise Invalid("a mailbox name contains a control character")
    if len(component.encode("utf-8")) > MAILBOX_NAME:
        raise Invalid("the mailbox name is too long")


def parent_name(name: str) -> str | None:
    """The full name of the mailbox above, None at the top."""
    parent, slash, _ = name.rpartition("/")
    return parent if slash else None


def name_order(name: str) -> str:
    """Sorts full names: INBOX first, children right after their parent."""
    order = name.replace("/", "\0")
    return "\0" + order if order == INBOX or order.startswith(f"{INBOX}\0") else order
