"""The SASL mechanisms by name, and which of them a connection is offered."""

from collections.abc import Callable

from pillarbox.wire.sasl.bearer import (
    OAUTHBEARER_REFUSAL,
    XOAUTH2_REFUSAL,
    BearerServer,
    read_oauthbearer,
    read_xoauth2,
)
from pillarbox.wire.sasl.mechanism import LoginServer, Mechanism, PlainServer
from pillarbox.wire.sasl.scram import ScramServer

MECHANISMS: dict[str, Callable[[bytes], Mechanism]] = {
    "SCRAM-SHA-256-PLUS": lambda end_point: ScramServer("sha256", end_point, plus=True),
    "SCRAM-SHA-1-PLUS": lambda end_point: ScramServer("sha1", end_point, plus=True),
    "SCRAM-SHA-256": lambda end_point: ScramServer("sha256", end_point, plus=False),
    "SCRAM-SHA-1": lambda end_point: ScramServer("sha1", end_point, plus=False),
    "PLAIN": lambda _: PlainServer(),
    "LOGIN": lambda _: LoginServer(),
    "OAUTHBEARER": lambda _: BearerServer(read_oauthbearer, OAUTHBEARER_REFUSAL),
    "XOAUTH2": lambda _: BearerServer(read_xoauth2, XOAUTH2_REFUSAL),
}
"""Mechanism name, upper case, to what begins an exchange over a connection with that tls-server-end-point (RFC 5929 §4,
empty for none); in the order they are advertised."""

BOUND = frozenset(name for name in MECHANISMS if name.endswith("-PLUS"))
"""Those that need an end point."""


def offered(end_point: bytes) -> tuple[str, ...]:
    """The names for a connection where logging in is possible."""
    return tuple(name for name in MECHANISMS if end_point or name not in BOUND)
