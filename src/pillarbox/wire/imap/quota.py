"""QUOTA: how much there may be, and is, of a quota root (RFC 9208)."""

from collections.abc import Iterable
from dataclasses import dataclass

from pillarbox.core import limits
from pillarbox.wire.imap.errors import WireError
from pillarbox.wire.imap.reader import Reader
from pillarbox.wire.imap.spelling import astring, mailbox, parenthesised

RESOURCES = frozenset({"STORAGE", "MESSAGE", "MAILBOX"})
"""What we count: units of 1024 octets, messages, mailboxes (RFC 9208 §5)."""


@dataclass(frozen=True, slots=True)
class GetQuota:
    """GETQUOTA (RFC 9208 §4.1.1)."""

    root: str


@dataclass(frozen=True, slots=True)
class GetQuotaRoot:
    """GETQUOTAROOT (RFC 9208 §4.1.2)."""

    mailbox: str


@dataclass(frozen=True, slots=True)
class SetQuota:
    """SETQUOTA: the limits of the root from now on, pairs of a name of RESOURCES and a limit (RFC 9208 §4.1.3)."""

    root: str
    resources: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Resource:
    """How much of a resource there is and may be, in its unit."""

    name: str
    usage: int
    limit: int


def parse_get_quota(reader: Reader) -> GetQuota:
    """`SP root`."""
    return GetQuota(_root(reader))


def parse_get_quota_root(reader: Reader) -> GetQuotaRoot:
    """`SP mailbox`."""
    reader.space()
    return GetQuotaRoot(reader.mailbox())


def parse_set_quota(reader: Reader) -> SetQuota:
    """`SP root SP ([resource SP limit …])`."""
    root = _root(reader)
    reader.space()
    if reader.skip(b"()"):
        return SetQuota(root, ())
    resources = reader.listed(_limit)
    if len(dict(resources)) < len(resources):
        raise WireError("resource given twice")
    return SetQuota(root, resources)


def quota(root: str, resources: Iterable[Resource]) -> bytes:
    """`* QUOTA root (STORAGE 10 512 …)`: usage, then limit; there is at least one (RFC 9208 §4.2.1)."""
    spelled = parenthesised(b"%b %d %d" % (one.name.encode(), one.usage, one.limit) for one in resources)
    return b"* QUOTA %b %b\r\n" % (_spell_root(root), spelled)


def quota_root(name: str, roots: Iterable[str], utf8: bool = False) -> bytes:
    """`* QUOTAROOT mailbox root …` (RFC 9208 §4.2.2)."""
    return b"* QUOTAROOT %b%b\r\n" % (mailbox(name, utf8), b"".join(b" " + _spell_root(root) for root in roots))


def _root(reader: Reader) -> str:
    reader.space()
    root = reader.utf8_string()
    if len(root) > limits.IMAP_IDENTIFIER:
        raise WireError("no such quota root", status="NO")
    return root


def _spell_root(root: str) -> bytes:
    return astring(root.encode())


def _limit(reader: Reader) -> tuple[str, int]:
    name = reader.word().decode("ascii")
    reader.space()
    limit = reader.number()
    if name not in RESOURCES:  # RFC 9208 §4.1.3: cannot set that
        raise WireError("no such resource", status="NO")
    return name, limit
