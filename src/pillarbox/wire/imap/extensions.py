"""The commands of extensions that are not in the base table: verb → parser, and the smallest of their values."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

from pillarbox.wire.imap import acl, metadata, quota
from pillarbox.wire.imap.errors import WireError
from pillarbox.wire.imap.multisearch import MultiSearch, parse_multisearch
from pillarbox.wire.imap.notify import Notify, parse_notify
from pillarbox.wire.imap.reader import Reader
from pillarbox.wire.imap.sets import HIGHEST
from pillarbox.wire.imap.sorting import Sort, Thread, parse_sort, parse_thread

_BATCHES = re.compile(rb" ([1-9][0-9]{0,9}):([1-9][0-9]{0,9})(?![0-9])")


@dataclass(frozen=True, slots=True)
class Compress:
    """COMPRESS: `mechanism` in upper case, DEFLATE or one we do not have (RFC 4978 §3)."""

    mechanism: str


@dataclass(frozen=True, slots=True)
class CancelUpdate:
    """CANCELUPDATE of the searches with these tags (RFC 5267 §4.3.5)."""

    tags: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class UidBatches:
    """UIDBATCHES: the bounds of batches of `size` messages, counted from the newest (RFC 10022 §3.1).

    `wanted` are the first and the last batch asked for, from 1, ascending; None for all.
    """

    size: int
    wanted: tuple[int, int] | None = None


ExtensionArguments = (
    Compress
    | CancelUpdate
    | UidBatches
    | Sort
    | Thread
    | MultiSearch
    | Notify
    | acl.SetAcl
    | acl.DeleteAcl
    | acl.GetAcl
    | acl.ListRights
    | acl.MyRights
    | quota.GetQuota
    | quota.GetQuotaRoot
    | quota.SetQuota
    | metadata.GetMetadata
    | metadata.SetMetadata
)


def _compress(reader: Reader) -> Compress:
    reader.space()
    return Compress(reader.atom().decode("ascii").upper())


def _cancel_update(reader: Reader) -> CancelUpdate:
    tags: list[bytes] = []
    while not tags or reader.at(b" "):
        reader.space()
        if not reader.at(b'"'):
            raise WireError("quoted tag expected")
        tags.append(reader.string())
    return CancelUpdate(tuple(tags))


def _uid_batches(reader: Reader) -> UidBatches:
    reader.space()
    size = reader.number(HIGHEST, smallest=1)
    found = _BATCHES.match(reader.text, reader.pos)
    if found is None:
        return UidBatches(size)
    reader.pos = found.end()
    first, last = int(found[1]), int(found[2])
    if max(first, last) > HIGHEST:
        raise WireError("number out of range")
    if first > last:
        raise WireError("the last batch comes before the first", code="CLIENTBUG")
    return UidBatches(size, (first, last))


EXTENSIONS: Mapping[bytes, Callable[[Reader], ExtensionArguments]] = MappingProxyType(
    {
        b"COMPRESS": _compress,
        b"CANCELUPDATE": _cancel_update,
        b"UIDBATCHES": _uid_batches,
        b"SORT": parse_sort,
        b"UID SORT": partial(parse_sort, uid=True),
        b"THREAD": parse_thread,
        b"UID THREAD": partial(parse_thread, uid=True),
        b"ESEARCH": parse_multisearch,
        b"NOTIFY": parse_notify,
        b"SETACL": acl.parse_set_acl,
        b"DELETEACL": acl.parse_delete_acl,
        b"GETACL": acl.parse_get_acl,
        b"LISTRIGHTS": acl.parse_list_rights,
        b"MYRIGHTS": acl.parse_my_rights,
        b"GETQUOTA": quota.parse_get_quota,
        b"GETQUOTAROOT": quota.parse_get_quota_root,
        b"SETQUOTA": quota.parse_set_quota,
        b"GETMETADATA": metadata.parse_get_metadata,
        b"SETMETADATA": metadata.parse_set_metadata,
    }
)
"""Known to a decoder only where its `offered` names them."""
