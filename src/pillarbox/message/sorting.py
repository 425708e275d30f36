"""What a message is sorted and threaded by in IMAP: keys made once when it comes in (RFC 5256, RFC 5957)."""

import re
import struct
from collections.abc import Sequence
from hashlib import blake2b
from typing import NamedTuple

from pillarbox.core.limits import THREAD_PARENTS
from pillarbox.message.address import Address, Group
from pillarbox.message.collation import collated
from pillarbox.message.thread import parted_subject
from pillarbox.message.words import decode_strictly

_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPE = re.compile(r"\\(.)")


class SortKeys(NamedTuple):
    """Texts as `collated` makes them. `box`: addr-mailbox of the first address, `shown`: what DISPLAYFROM and DISPLAYTO
    sort by. `reply`: the subject is one of a reply or forward. `name` stands for the Message-ID, None where there is no
    valid one, `parents` for the references that lead to the message, 8 octets each (`names_of`)."""

    sent: int | None
    subject: bytes
    from_box: bytes
    to_box: bytes
    cc_box: bytes
    from_shown: bytes
    to_shown: bytes
    reply: bool
    name: int | None
    parents: bytes


First = Address | Group | None


def sort_keys(sent: int | None, subject: str, firsts: Sequence[First], ids: Sequence[Sequence[str]]) -> SortKeys:
    """The keys, from the decoded subject, what comes first in From, To and Cc, and the ids in Message-ID, References
    and In-Reply-To. Texts are as `decode_strictly` leaves them."""
    base, reply = parted_subject(subject)
    author, recipient, copied = firsts
    own, references, answered = (list(filter(None, map(_digest, each))) for each in ids)
    parents = references or answered[:1]  # RFC 5256 §3
    head, tail = THREAD_PARENTS
    return SortKeys(
        sent,
        collated(base),
        _box(author),
        _box(recipient),
        _box(copied),
        _shown(author),
        _shown(recipient),
        reply,
        _number(own[0]) if own else None,
        b"".join(parents if len(parents) <= head + tail else parents[:head] + parents[-tail:]),
    )


def names_of(parents: bytes | bytearray) -> tuple[int, ...]:
    """The references, each as the `name` of its message would be."""
    return struct.unpack(f"<{len(parents) // 8}q", parents)


def _number(digest: bytes) -> int:
    return int.from_bytes(digest, "little", signed=True)


def _digest(message_id: str) -> bytes:
    """What stands for a Message-ID however it is quoted (RFC 5256 §3); b"" for an invalid one."""
    if '"' in message_id:
        message_id = _QUOTED.sub(lambda quoted: _ESCAPE.sub(r"\1", quoted[1]), message_id)
    left, at_sign, right = message_id.rpartition("@")
    return blake2b(message_id.encode("utf-8", "replace"), digest_size=8).digest() if left and at_sign and right else b""


def _box(first: First) -> bytes:
    """The addr-mailbox an ENVELOPE has first; of a group that is its name (RFC 9051 §7.5.2)."""
    if first is None:
        return b""
    return collated(decode_strictly(first.name) if isinstance(first, Group) else first.mailbox)


def _shown(first: First) -> bytes:
    """RFC 5957 §3."""
    if first is None or isinstance(first, Group):
        return _box(first)
    name = decode_strictly(first.name).strip() if first.name else ""
    return collated(name or (f"{first.mailbox}@{first.host}" if first.host else first.mailbox))
