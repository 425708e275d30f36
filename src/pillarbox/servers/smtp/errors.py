"""Refusals: every negative reply of the SMTP server, and the table from errors to them (RFC 5321 §4.2, RFC 3463)."""

from pillarbox.core.errors import (
    Busy,
    Conflict,
    Denied,
    Exists,
    Invalid,
    MailError,
    NotFound,
    OverQuota,
    TooBig,
    Unavailable,
)
from pillarbox.wire.smtp.data import DataFault
from pillarbox.wire.smtp.line import LineFault
from pillarbox.wire.smtp.parameter import Unsupported
from pillarbox.wire.smtp.parser import Address, NotAscii, Syntax
from pillarbox.wire.smtp.reply import Reply

UNKNOWN_COMMAND = Reply(500, "5.5.1", "Command not recognised")
NOT_IMPLEMENTED = Reply(502, "5.5.1", "Command not implemented")
NO_ARGUMENT = Reply(501, "5.5.4", "No argument is allowed")
HELLO_FIRST = Reply(503, "5.5.1", "Say EHLO first")
MAIL_FIRST = Reply(503, "5.5.1", "Send MAIL first")
NESTED_MAIL = Reply(503, "5.5.1", "A mail transaction is under way")
NO_RECIPIENTS = Reply(554, "5.5.1", "No valid recipients")
CHUNKS_BEGAN = Reply(503, "5.5.1", "Chunks of a message have been sent; finish them or send RSET")
TOO_MANY_RECIPIENTS = Reply(452, "4.5.3", "Too many recipients")
UNASKED_DATA = Reply(554, "5.5.0", "Wait for the 354 before sending the message")
PARAMETER_NOT_OFFERED = Reply(555, "5.5.4", "Parameter not supported")
RELAYING = Reply(550, "5.7.1", "Relaying denied")
NO_SUCH_USER = Reply(550, "5.1.1", "No such user here")
MAILBOX_FULL = Reply(552, "5.2.2", "Mailbox is full")
FULL_SINCE = Reply(452, "4.2.2", "A mailbox has become full")
NOT_YOURS = Reply(550, "5.7.1", "The sender address is not yours to use")
NO_AUTHOR = Reply(554, "5.6.0", "The message needs exactly one From field with an address")
TOO_BIG = Reply(552, "5.3.4", "Message is too big")
LOOP = Reply(554, "5.4.6", "Too many hops: a mail loop")
TLS_FIRST = Reply(530, "5.7.0", "Send STARTTLS first")
LOGIN_FIRST = Reply(530, "5.7.0", "Authentication required")
NO_CLEAR_LOGIN = Reply(538, "5.7.11", "Encryption required for authentication")
NO_TLS = Reply(454, "4.7.0", "TLS is not available")
TLS_ALREADY = Reply(503, "5.5.1", "TLS is on already")
LOGGED_IN_ALREADY = Reply(503, "5.5.1", "Authenticated already")
NO_SUCH_MECHANISM = Reply(504, "5.5.4", "Mechanism not supported")
CANCELLED = Reply(501, "5.7.0", "Authentication cancelled")
BAD_RESPONSE = Reply(501, "5.5.2", "Cannot decode the response")
BAD_LOGIN = Reply(535, "5.7.8", "Authentication credentials invalid")
LOGIN_BUSY = Reply(454, "4.7.0", "Too many login attempts, try again later")
TOO_MANY_ERRORS = Reply(421, "4.7.0", "Too many errors, goodbye")
NOT_SMTP = Reply(421, "4.7.0", "This is SMTP, goodbye")
IDLE = Reply(421, "4.4.2", "Idle for too long, goodbye")
STOPPING = Reply(421, "4.3.2", "The server is shutting down, try again later")
FAILED = Reply(451, "4.3.0", "Local error, try again later")

LINE_FAULTS: dict[LineFault, Reply] = {
    LineFault.TOO_LONG: Reply(500, "5.5.2", "Line too long"),
    LineFault.BARE: Reply(500, "5.5.2", "Lines end with CRLF only"),
    LineFault.CONTROL: Reply(500, "5.5.2", "Control character in a command"),
}
DATA_FAULTS: dict[DataFault, Reply] = {
    DataFault.BARE: Reply(550, "5.6.11", "CR or LF alone is not allowed in a message"),
    DataFault.NUL: Reply(554, "5.6.0", "NUL is not allowed in a message"),
    DataFault.LONG_LINE: Reply(500, "5.5.2", "A line of the message is too long"),
    DataFault.FOLDED: Reply(554, "5.6.0", "A message does not begin with white space"),
}
_ERRORS: dict[type[MailError], Reply] = {
    Syntax: Reply(501, "5.5.4", "Syntax error in the argument"),
    Unsupported: PARAMETER_NOT_OFFERED,
    NotAscii: Reply(553, "5.6.7", "The address needs SMTPUTF8"),
    Invalid: Reply(501, "5.5.4", "Syntax error in a parameter"),
    Denied: Reply(550, "5.7.1", "Not allowed"),
    NotFound: NO_SUCH_USER,
    Exists: FAILED,
    TooBig: TOO_BIG,
    OverQuota: MAILBOX_FULL,
    Conflict: FAILED,
    Busy: FAILED,
    Unavailable: Reply(451, "4.3.0", "Temporarily unavailable, try again later"),
}
WANTS_ARGUMENT = Reply(501, "5.5.4", "An argument is needed")
_BAD_SENDER = Reply(501, "5.1.7", "Syntax error in the sender address")
_BAD_RECIPIENT = Reply(501, "5.1.3", "Syntax error in the recipient address")


def refusal(error: MailError, verb: str = "") -> Reply:
    """What to say to an error of a command."""
    if isinstance(error, Address):
        return _BAD_SENDER if verb == "MAIL" else _BAD_RECIPIENT
    return next(_ERRORS[kind] for kind in type(error).__mro__ if kind in _ERRORS)


_AT_THE_END: dict[type[MailError], Reply] = {Invalid: NO_AUTHOR, Denied: NOT_YOURS, OverQuota: FULL_SINCE}


def data_refusal(error: MailError) -> Reply:
    """What to say to an error after the last octet of a message; NotFound: a recipient has gone since RCPT."""
    if isinstance(error, NotFound):
        return FAILED
    return next((reply for kind, reply in _AT_THE_END.items() if isinstance(error, kind)), None) or refusal(error)
