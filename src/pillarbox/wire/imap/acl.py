"""ACL: who may do what with a mailbox (RFC 4314)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from pillarbox.core import limits
from pillarbox.wire.imap.errors import WireError
from pillarbox.wire.imap.reader import Reader
from pillarbox.wire.imap.spelling import astring, mailbox

RIGHTS = "lrswipkxtea"
"""The rights in the order of RFC 4314 §2.1."""
_EXPANDED = {"c": "kx", "d": "te"}
"""The rights of RFC 2086 and those that took their place; x goes with one of the two (RFC 4314 §2.1.1)."""
_CHANGE = re.compile(rb"([+-]?)([a-zA-Z0-9]*)\Z")


@dataclass(frozen=True, slots=True)
class SetAcl:
    """SETACL: the rights of `identifier` are replaced, added to or taken from (RFC 4314 §3.1)."""

    mailbox: str
    identifier: str
    mode: Literal["replace", "add", "remove"]
    rights: frozenset[str]


@dataclass(frozen=True, slots=True)
class DeleteAcl:
    """DELETEACL (RFC 4314 §3.2)."""

    mailbox: str
    identifier: str


@dataclass(frozen=True, slots=True)
class GetAcl:
    """GETACL (RFC 4314 §3.3)."""

    mailbox: str


@dataclass(frozen=True, slots=True)
class ListRights:
    """LISTRIGHTS (RFC 4314 §3.4)."""

    mailbox: str
    identifier: str


@dataclass(frozen=True, slots=True)
class MyRights:
    """MYRIGHTS (RFC 4314 §3.5)."""

    mailbox: str


_MODES: dict[bytes, Literal["replace", "add", "remove"]] = {b"": "replace", b"+": "add", b"-": "remove"}


def expand(rights: str) -> frozenset[str]:
    """The rights that letters stand for, `c` and `d` as those that took their place. WireError for other letters."""
    expanded = frozenset("".join(_EXPANDED.get(right, right) for right in rights))
    if not expanded.issubset(RIGHTS):  # RFC 4314 §3.1: an unrecognised right is BAD
        raise WireError("no such right")
    return expanded


def spell_rights(rights: Iterable[str], obsolete: bool = True) -> str:
    """Rights in their order; with `obsolete` `c` and `d` follow where a part of them is there (RFC 4314 §2.1.1)."""
    held = frozenset(rights)
    spelled = "".join(right for right in RIGHTS if right in held)
    if not obsolete:
        return spelled
    return spelled + "".join(old for old, new in _EXPANDED.items() if held.intersection(new))


def parse_set_acl(reader: Reader) -> SetAcl:
    """`SP mailbox SP identifier SP [+-]rights`."""
    name, identifier = _mailbox_and_identifier(reader)
    reader.space()
    change = _CHANGE.match(reader.astring())
    if change is None:
        raise WireError("rights expected")
    if not change[2].islower() and change[2]:  # RFC 4314 §3.1: only lower case
        raise WireError("no such right")
    return SetAcl(name, identifier, _MODES[change[1]], expand(change[2].decode("ascii")))


def parse_delete_acl(reader: Reader) -> DeleteAcl:
    """`SP mailbox SP identifier`."""
    return DeleteAcl(*_mailbox_and_identifier(reader))


def parse_get_acl(reader: Reader) -> GetAcl:
    """`SP mailbox`."""
    reader.space()
    return GetAcl(reader.mailbox())


def parse_list_rights(reader: Reader) -> ListRights:
    """`SP mailbox SP identifier`."""
    return ListRights(*_mailbox_and_identifier(reader))


def parse_my_rights(reader: Reader) -> MyRights:
    """`SP mailbox`."""
    reader.space()
    return MyRights(reader.mailbox())


def acl(name: str, entries: Iterable[tuple[str, str]], utf8: bool = False) -> bytes:
    """`* ACL mailbox identifier rights …` of pairs with spelled rights (RFC 4314 §3.6)."""
    pairs = b"".join(b" %b %b" % (_identifier(who, utf8), astring(rights.encode())) for who, rights in entries)
    return b"* ACL %b%b\r\n" % (mailbox(name, utf8), pairs)


def list_rights(name: str, identifier: str, required: str, optional: Iterable[str], utf8: bool = False) -> bytes:
    """`* LISTRIGHTS mailbox identifier required optional …`; rights tied to each other stand together (§3.7)."""
    groups = b"".join(b" " + astring(group.encode()) for group in (required, *optional))
    return b"* LISTRIGHTS %b %b%b\r\n" % (mailbox(name, utf8), _identifier(identifier, utf8), groups)


def my_rights(name: str, rights: str, utf8: bool = False) -> bytes:
    """`* MYRIGHTS mailbox rights` (RFC 4314 §3.8)."""
    return b"* MYRIGHTS %b %b\r\n" % (mailbox(name, utf8), astring(rights.encode()))


def _identifier(identifier: str, utf8: bool) -> bytes:
    return astring(identifier.encode(), utf8)


def _mailbox_and_identifier(reader: Reader) -> tuple[str, str]:
    reader.space()
    name = reader.mailbox()
    reader.space()
    identifier = reader.utf8_string()
    if not identifier or len(identifier) > limits.IMAP_IDENTIFIER:  # RFC 4314 §3: an empty one is BAD
        raise WireError("that cannot be an identifier")
    return name, identifier
