"""Refusals as IMAP spells them: our errors to response codes (RFC 5530 §3, RFC 9051 §7.1)."""

from collections.abc import Mapping
from typing import Final

from pillarbox.core.errors import (
    Busy,
    Conflict,
    Damaged,
    Denied,
    Exists,
    Expired,
    Invalid,
    MailError,
    NotEntitled,
    NotFound,
    OverQuota,
    TooBig,
    TooMany,
    Unavailable,
)
from pillarbox.wire.imap.codes import UID_REQUIRED

CORRUPTION: Final = "CORRUPTION"
"""What cannot be read any more (RFC 5530 §3)."""
_CODES: dict[type[MailError], str] = {
    Invalid: "CANNOT",
    TooMany: "LIMIT",
    Denied: "NOPERM",
    NotFound: "NONEXISTENT",
    Exists: "ALREADYEXISTS",
    TooBig: "TOOBIG",
    OverQuota: "OVERQUOTA",
    Conflict: "EXPUNGEISSUED",
    Busy: "INUSE",
    Unavailable: "UNAVAILABLE",
    Damaged: CORRUPTION,
}
TRYCREATE: dict[type[MailError], str] = {NotFound: "TRYCREATE"}
"""Where the mailbox named is the target of messages (RFC 9051 §7.1)."""
LOGIN: dict[type[MailError], str] = {
    Denied: "AUTHENTICATIONFAILED",
    Expired: "EXPIRED",
    NotEntitled: "AUTHORIZATIONFAILED",
    Busy: "UNAVAILABLE",
    Invalid: "",
}
"""While logging in."""
CHILDREN: dict[type[MailError], str] = {Conflict: "HASCHILDREN"}
"""While deleting a mailbox (RFC 9051 §6.3.5)."""


class Refused(Exception):
    """A command that is answered NO or BAD: `status`, `text` and a response code without its brackets."""

    def __init__(self, status: str, text: str, code: bytes | str = b"") -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.code = code


def bad(text: str, code: str = "") -> Refused:
    """The client should not have sent this."""
    return Refused("BAD", text, code)


def numberless() -> Refused:
    """Messages were named by number, and the client said that it does without (RFC 9586 §3)."""
    return Refused("BAD", "messages have no numbers after ENABLE UIDONLY", UID_REQUIRED)


def refusal(error: MailError, special: Mapping[type[MailError], bytes | str] | None = None) -> Refused:
    """The NO for an error of ours; `special` are the codes a command has of its own."""
    kinds = type(error).__mro__
    codes = (table[kind] for table in (special or {}, _CODES) for kind in kinds if kind in table)
    return Refused("NO", error.public, next(codes, "CANNOT"))
