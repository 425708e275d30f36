"""The SMTP commands: which function obeys each, what it needs, and whether it takes an argument."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from pillarbox.servers.smtp import authentication, verbs
from pillarbox.servers.smtp.session import Needs
from pillarbox.wire.smtp.reply import Reply


@dataclass(frozen=True, slots=True)
class Verb:
    """How a command is obeyed. `obey` takes the session and the command's value; None: nothing is to be said now.

    `bare`: no argument is allowed.
    """

    obey: Callable[[Any, Any], Awaitable[Reply | None]]
    needs: Needs
    source: str
    bare: bool = False


VERBS: dict[str, Verb] = {
    "EHLO": Verb(verbs.ehlo, Needs.NOTHING, "RFC 5321 §4.1.1.1"),
    "HELO": Verb(verbs.helo, Needs.NOTHING, "RFC 5321 §4.1.1.1"),
    "MAIL": Verb(verbs.mail, Needs.HELLO | Needs.LOGIN | Needs.FREE, "RFC 5321 §4.1.1.2"),
    "RCPT": Verb(verbs.rcpt, Needs.HELLO | Needs.LOGIN | Needs.MAIL | Needs.WHOLE, "RFC 5321 §4.1.1.3"),
    "DATA": Verb(verbs.data, Needs.HELLO | Needs.LOGIN | Needs.MAIL | Needs.WHOLE, "RFC 5321 §4.1.1.4", bare=True),
    "BDAT": Verb(verbs.bdat, Needs.NOTHING, "RFC 3030 §2"),
    "RSET": Verb(verbs.rset, Needs.NOTHING, "RFC 5321 §4.1.1.5", bare=True),
    "VRFY": Verb(verbs.vrfy, Needs.NOTHING, "RFC 5321 §4.1.1.6"),
    "HELP": Verb(verbs.help_, Needs.NOTHING, "RFC 5321 §4.1.1.8"),
    "NOOP": Verb(verbs.noop, Needs.NOTHING, "RFC 5321 §4.1.1.9"),
    "QUIT": Verb(verbs.quit_, Needs.NOTHING, "RFC 5321 §4.1.1.10", bare=True),
    "STARTTLS": Verb(verbs.starttls, Needs.FREE, "RFC 3207 §4", bare=True),
    "AUTH": Verb(authentication.auth, Needs.HELLO | Needs.FREE, "RFC 4954 §4"),
    "EXPN": Verb(verbs.unimplemented, Needs.NOTHING, "RFC 5321 §4.1.1.7"),
    "TURN": Verb(verbs.unimplemented, Needs.NOTHING, "RFC 5321 appendix F.1"),
    "SEND": Verb(verbs.unimplemented, Needs.NOTHING, "RFC 5321 appendix F.6"),
    "SOML": Verb(verbs.unimplemented, Needs.NOTHING, "RFC 5321 appendix F.6"),
    "SAML": Verb(verbs.unimplemented, Needs.NOTHING, "RFC 5321 appendix F.6"),
}

FOREIGN = frozenset({"GET", "POST", "PUT", "HEAD", "OPTIONS", "CONNECT", "DELETE", "PATCH", "PRI"})
"""First words of other protocols: a browser made to speak to us is not listened to (cross-protocol attacks)."""
