"""Response codes of the extensions that take more than a name (RFC 9051 §7.1); `encoder.code` spells the others."""

from pillarbox.wire.imap.spelling import NIL, string

CLOSED = "CLOSED"
"""The mailbox that was selected is no longer (RFC 7162 §3.2.11, RFC 9051 §7.1)."""
NOT_SAVED = "NOTSAVED"
"""RFC 5182 §2.4."""
NO_MODSEQ = "NOMODSEQ"
"""RFC 7162 §3.1.2.2."""
NOTIFICATION_OVERFLOW = "NOTIFICATIONOVERFLOW"
"""RFC 5465 §5.8."""
COMPRESSION_ACTIVE = "COMPRESSIONACTIVE"
"""RFC 4978 §3."""
UNKNOWN_CTE = "UNKNOWN-CTE"
"""RFC 3516 §4.3."""
TOO_BIG = "TOOBIG"
"""RFC 4469 §4.2."""
OVER_QUOTA = "OVERQUOTA"
"""RFC 9208 §4.3.1."""
UID_REQUIRED = "UIDREQUIRED"
"""A command with sequence numbers after ENABLE UIDONLY (RFC 9586 §3)."""
BATCH_TOO_SMALL = "TOOFEW"
"""RFC 10022 §3.1.3.2."""
BATCHES_TOO_LARGE = "TOOMANY"
"""RFC 10022 §3.1.5."""
USE_ATTR = "USEATTR"
"""RFC 6154 §6."""
TOO_MANY = "METADATA TOOMANY"
"""RFC 5464 §4.3."""
NO_PRIVATE = "METADATA NOPRIVATE"
"""RFC 5464 §4.3."""


def long_entries(largest: int) -> bytes:
    """Values were left out for MAXSIZE; the largest of them has so many octets (RFC 5464 §4.2.1)."""
    return b"METADATA LONGENTRIES %d" % largest


def max_size(octets: int) -> bytes:
    """The value was too large for us, this is the most (RFC 5464 §4.3)."""
    return b"METADATA MAXSIZE %d" % octets


def bad_url(url: str) -> bytes:
    """The URL of CATENATE that failed; `]` and what is not printable ASCII are percent-encoded (RFC 4469 §4.1)."""
    return b"BADURL " + b"".join(
        b"%c" % octet if 0x20 < octet < 0x7F and octet != 0x5D else b"%%%02X" % octet for octet in url.encode()
    )


def no_update(tag: bytes) -> bytes:
    """The UPDATE of the search with this tag is refused (RFC 5267 §4.3.1)."""
    return b'NOUPDATE "%b"' % tag


def in_progress(tag: bytes | None = None, done: int | None = None, goal: int | None = None) -> bytes:
    """How far the command with this tag has come, as far as is known: `done` of `goal`, which is more (RFC 9585 §4)."""
    if tag is None:
        return b"INPROGRESS"
    goal = None if done is None else goal
    counts = (NIL if count is None else b"%d" % count for count in (done, goal))
    # A tag with "]" is not told: it would end the code.
    return b"INPROGRESS (%b %b)" % (NIL if b"]" in tag else string(tag), b" ".join(counts))


def message_limit(limit: int, lowest: int | None = None) -> bytes:
    """No more than `limit` messages were dealt with, `lowest` is the UID of the last of them (RFC 9738 §3.1)."""
    return b"MESSAGELIMIT %d" % limit if lowest is None else b"MESSAGELIMIT %d %d" % (limit, lowest)


def mailbox_id(value: str) -> bytes:
    """`MAILBOXID (F1)`, for CREATE, SELECT and EXAMINE (RFC 8474 §4.1, §4.2)."""
    return b"MAILBOXID (%b)" % value.encode("ascii")
