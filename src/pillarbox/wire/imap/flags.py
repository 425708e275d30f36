"""Flags and keywords, read into the one spelling the store knows (RFC 9051 §2.3.2)."""

from pillarbox.core import limits
from pillarbox.wire.imap.errors import WireError

SYSTEM_FLAGS = ("\\Answered", "\\Flagged", "\\Deleted", "\\Seen", "\\Draft")
"""In the order in which RFC 9051 lists them. `\\Recent` is the server's alone (RFC 3501 §2.3.2)."""

_SYSTEM = {flag.lower().encode(): flag for flag in SYSTEM_FLAGS}


def parse_flag(octets: bytes) -> str:
    """A flag of APPEND or STORE, system flags in their standard spelling. WireError for an unknown system flag."""
    if octets.startswith(b"\\"):
        known = _SYSTEM.get(octets.lower())
        if known is None:
            raise WireError("unknown system flag")
        return known
    return parse_keyword(octets)


def parse_keyword(octets: bytes) -> str:
    """A keyword, an atom of ASCII, as it was sent. WireError for one that is too long."""
    if len(octets) > limits.KEYWORD:
        raise WireError("keyword too long", code="LIMIT", status="NO")
    return octets.decode("ascii")
