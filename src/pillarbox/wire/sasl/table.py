"""The SASL mechanisms by name, and which of them are advertised."""

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
empty for none); in the order of preference."""

BOUND = frozenset(name for name in MECHANISMS if name.endswith("-PLUS"))
"""Those that need an end point."""


ADVERTISED = tuple(name for name in MECHANISMS if name not in BOUND)
"""The names to list where logging in is possible. Those that bind the channel are taken under TLS but not listed:
mutt 2.2 (GNU SASL) prefers them wherever it sees them, knows only other bindings, and then gives up (decision 0006)."""
