"""Our errors as POP3 response codes (RFC 2449 §8.1, RFC 3206 §4)."""

from pillarbox.core.errors import Denied, Expired, MailError, NotEntitled
from pillarbox.wire.pop3 import reply

_CODES: dict[type[MailError], str] = {Denied: "AUTH", NotEntitled: "AUTH", Expired: "AUTH"}


def refusal(error: MailError) -> bytes:
    """The reply to a request that failed with `error`."""
    code = _CODES.get(type(error), "SYS/TEMP" if error.temporary else "SYS/PERM")
    return reply.err(error.public, code)
