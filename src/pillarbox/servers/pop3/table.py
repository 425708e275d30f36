"""The POP3 commands: which function obeys each, and in which state it may be given."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from pillarbox.servers.pop3 import verbs
from pillarbox.servers.pop3.session import Session, State
from pillarbox.wire.pop3.command import Command

_LOGIN = frozenset({State.AUTHORIZATION})
_MAIL = frozenset({State.TRANSACTION})
_ANY = _LOGIN | _MAIL


@dataclass(frozen=True, slots=True)
class Verb:
    """How a command is obeyed."""

    obey: Callable[[Session, Command], Awaitable[None]]
    states: frozenset[State]
    source: str


VERBS: dict[str, Verb] = {
    "CAPA": Verb(verbs.capa, _ANY, "RFC 2449 §5"),
    "STLS": Verb(verbs.stls, _LOGIN, "RFC 2595 §4"),
    "USER": Verb(verbs.user, _LOGIN, "RFC 1939 §7"),
    "PASS": Verb(verbs.password, _LOGIN, "RFC 1939 §7"),
    "AUTH": Verb(verbs.auth, _LOGIN, "RFC 5034 §4"),
    "STAT": Verb(verbs.stat, _MAIL, "RFC 1939 §5"),
    "LIST": Verb(verbs.list_, _MAIL, "RFC 1939 §5"),
    "UIDL": Verb(verbs.uidl, _MAIL, "RFC 1939 §7"),
    "RETR": Verb(verbs.retr, _MAIL, "RFC 1939 §5"),
    "TOP": Verb(verbs.top, _MAIL, "RFC 1939 §7"),
    "DELE": Verb(verbs.dele, _MAIL, "RFC 1939 §5"),
    "RSET": Verb(verbs.rset, _MAIL, "RFC 1939 §5"),
    "NOOP": Verb(verbs.noop, _MAIL, "RFC 1939 §5"),
    "QUIT": Verb(verbs.quit_, _ANY, "RFC 1939 §4, §6"),
}
