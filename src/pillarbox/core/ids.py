"""The ids that must not be mixed, and how they are made and spelled."""

import secrets
import time
from typing import NewType

AccountId = NewType("AccountId", int)
"""Random, 63 bits: no hot range in a sharded database."""
MailboxId = NewType("MailboxId", int)
MessageId = NewType("MessageId", int)
"""Time-ordered, 63 bits. Spelled by `spell` it is the IMAP EMAILID (RFC 8474) and the JMAP Email id."""
ThreadId = NewType("ThreadId", int)
BlobId = NewType("BlobId", str)
"""BLAKE3 of the octets, 64 lower-case hexadecimal digits."""
Uid = NewType("Uid", int)
SeqNo = NewType("SeqNo", int)
Modseq = NewType("Modseq", int)

_RANDOM_BITS = 20


def random_id() -> int:
    """A random positive 63-bit number, never 0."""
    return secrets.randbits(63) | 1


def ordered_id() -> int:
    """A positive 63-bit number that grows with time (milliseconds, then 20 random bits)."""
    return (time.time_ns() // 1_000_000 << _RANDOM_BITS | secrets.randbits(_RANDOM_BITS)) & (1 << 63) - 1


def spell(prefix: str, number: int) -> str:
    """`prefix` (one letter) and the number in hexadecimal: an OBJECTID (RFC 8474 §4) and a JMAP Id (RFC 8620 §1.2)."""
    return f"{prefix}{number:x}"


def parse_id(prefix: str, text: str) -> int | None:
    """The number `spell` made `text` from, or None if `text` is not such a spelling."""
    if not text.startswith(prefix) or not 1 <= len(text) - len(prefix) <= 16:
        return None
    digits = text[len(prefix) :]
    if not digits.isascii() or digits != digits.lower():
        return None
    try:
        number = int(digits, 16)
    except ValueError:
        return None
    return number if 0 < number < 1 << 63 and f"{number:x}" == digits else None
