"""Full names of mailboxes: components joined by "/", NFC, INBOX in capitals (RFC 9051 §5.1), and those of others."""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from pillarbox.core.errors import Invalid
from pillarbox.core.limits import MAILBOX_DEPTH, MAILBOX_NAME
from pillarbox.store.addressing import fold

INBOX = "INBOX"
OTHERS: Final = "Other Users"
SHARED: Final = "Shared"
"""The top names of the other namespaces (RFC 2342), just as they are spelled here: nobody makes mailboxes of their own
there. Below each are the logins of accounts, and below these what they share."""

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


def reserved(name: str) -> bool:
    """Whether a full name belongs to another namespace."""
    return name.partition("/")[0] in (OTHERS, SHARED)


def foreign_name(shared: bool, login: str, name: str) -> str:
    """What others call the mailbox of a login, or of a shared account. `/` in a login is spelled %2F."""
    whose = re.sub("[%/]", lambda found: f"%{ord(found[0]):02X}", login)
    return f"{SHARED if shared else OTHERS}/{whose}/{name}"


def split_foreign(name: str) -> tuple[bool, str, str] | None:
    """Whether a shared account is meant, the login (folded) and the name there; None for names that are not foreign."""
    top, _, rest = unicodedata.normalize("NFC", name).partition("/")
    whose, _, inner = rest.partition("/")
    if top not in (OTHERS, SHARED) or not whose.isprintable() or not whose or not inner:
        return None
    login = re.sub("%(2F|25)", lambda found: chr(int(found[1], 16)), whose)
    return top == SHARED, fold(login), inner


def whole_name(name: str) -> str:
    """The name as it is kept, a foreign one too, whose login may be longer than a component. Raises Invalid."""
    apart = split_foreign(name)
    return full_name(name) if apart is None else foreign_name(apart[0], apart[1], full_name(apart[2]))


def parent_name(name: str) -> str | None:
    """The full name of the mailbox above, None at the top."""
    parent, slash, _ = name.rpartition("/")
    return parent if slash else None


def ancestors(name: str) -> Iterator[str]:
    """The names above a name, the nearest first."""
    parent = parent_name(name)
    while parent is not None:
        yield parent
        parent = parent_name(parent)


def name_order(name: str) -> str:
    """Sorts full names: INBOX first, children right after their parent."""
    order = name.replace("/", "\0")
    return "\0" + order if order == INBOX or order.startswith(f"{INBOX}\0") else order
