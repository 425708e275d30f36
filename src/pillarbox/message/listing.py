"""The header fields that mail programs list messages by, kept apart as they stand in the message.

Programs ask for them by FETCH HEADER.FIELDS of whole mailboxes; what is kept answers without the message. It is, with
NUL between them: the layout, the octets of each field kept, and the empty line that ended the header. The layout names
the fields kept, in order, and behind a colon those that were not, once each and sorted; lower case, spaces between.
"""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from operator import itemgetter
from typing import Final

from pillarbox.core.limits import LISTING, LISTING_HEADER, LISTING_LAYOUT
from pillarbox.message.octets import Octets

LISTED: Final = frozenset(
    b"""date from sender to cc bcc reply-to subject message-id in-reply-to references content-type
    content-transfer-encoding content-disposition content-language content-description mime-version newsgroups lines
    list-id list-post list-unsubscribe list-subscribe list-help list-archive mail-followup-to auto-submitted precedence
    importance priority x-priority x-label x-mailer user-agent x-original-to disposition-notification-to x-tuid
    x-offlineimap x-uniform-type-identifier x-universally-unique-identifier x-k9mail-identity""".split()
)
"""What is kept: asked for by Thunderbird, Apple Mail, Outlook, K-9, mutt, mbsync, OfflineIMAP, Roundcube and Evolution
when they list messages."""

_FIELD = re.compile(rb"^(([!-9;-~]+)[ \t]*:[^\n]*(?:\n[ \t][^\n]*)*\n?)", re.MULTILINE)
_EMPTY_LINES = (b"\r\n", b"\n")


def fields_of(header: bytes) -> list[tuple[bytes, bytes]]:
    """The octets and the name, as written, of each field; lines that are no field are left out."""
    return _FIELD.findall(header)


def without(header: bytes, names: frozenset[bytes]) -> bytes:
    """The header without the fields of these names (lower case), whatever else is in it."""
    return _FIELD.sub(lambda field: b"" if field[2].lower() in names else field[1], header)


def empty_line(header: bytes) -> bytes:
    """The line that ends the header; b"" where there is none (RFC 3501 §6.4.5)."""
    for end in _EMPTY_LINES:
        if header == end or header.endswith(b"\n" + end):
            return end
    return b""


def keep(octets: Octets, start: int, end: int) -> bytes:
    """What is kept of the header at octets[start:end]; b"" for one that is too large or holds NUL."""
    header = bytes(octets[start : min(end, start + LISTING_HEADER + 1)])
    if len(header) > LISTING_HEADER or b"\0" in header:
        return b""
    kept: list[bytes] = []
    names: list[bytes] = []
    others: set[bytes] = set()
    room = LISTING
    for field, name in fields_of(header):
        key = name.lower()
        if key in LISTED and len(field) <= room:
            room -= len(field)
            kept.append(field)
            names.append(key)
        else:
            others.add(key)
    layout = b" ".join(names) + b":" + b" ".join(sorted(others))
    if len(layout) > LISTING_LAYOUT:
        return b""
    return b"\0".join((layout, *kept, empty_line(header)))


def chosen(listing: bytes, names: frozenset[bytes]) -> bytes | None:
    """The fields of these names (lower case) and the empty line, from what `keep` gave; None when it cannot tell."""
    parts = listing.split(b"\0")
    pick = _picker(parts[0], names)
    return None if pick is None else b"".join(pick(parts))


@lru_cache(maxsize=2048)
def _picker(layout: bytes, names: frozenset[bytes]) -> Callable[[list[bytes]], Iterable[bytes]] | None:
    """What takes the parts asked for; None when one of them was not kept, or nothing was."""
    kept, colon, others = layout.partition(b":")
    if not colon or not names.isdisjoint(others.split()):
        return None
    here = kept.split()
    first, *more = [at for at, name in enumerate(here, 1) if name in names] + [len(here) + 1]
    return itemgetter(first, *more) if more else lambda parts: parts[first:]
