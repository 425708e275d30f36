"""The SASL mechanisms by name, and which of them are advertised."""

from collections.abc import Callable

from pillarbox.wire.sasl.bearer import (
    OAUTHBEARER_REFUSAL,
    XOAUTH2_REFUSAL,
    BearerServer,
    read_oauthbearer,
    read_xoauth2,
)
from pillarbox.wire.sasl.mechanism import Channel, ExternalServer, LoginServer, Mechanism, PlainServer
from pillarbox.wire.sasl.scram import ScramServer

MECHANISMS: dict[str, Callable[[Channel, bool], Mechanism]] = {
    "EXTERNAL": lambda channel, _: ExternalServer(channel.addresses),
    "SCRAM-SHA-256-PLUS": lambda channel, _: ScramServer("sha256", channel.bindings, plus=True),
    "SCRAM-SHA-1-PLUS": lambda channel, _: ScramServer("sha1", channel.bindings, plus=True),
    "SCRAM-SHA-256": lambda channel, listed: ScramServer("sha256", channel.bindings if listed else {}, plus=False),
    "SCRAM-SHA-1": lambda channel, listed: ScramServer("sha1", channel.bindings if listed else {}, plus=False),
    "PLAIN": lambda _, __: PlainServer(),
    "LOGIN": lambda _, __: LoginServer(),
    "OAUTHBEARER": lambda _, __: BearerServer(read_oauthbearer, OAUTHBEARER_REFUSAL),
    "XOAUTH2": lambda _, __: BearerServer(read_xoauth2, XOAUTH2_REFUSAL),
}
"""Mechanism name, upper case, to what begins an exchange over a channel, where those that bind it are listed or not; in
the order of preference."""


def taken(name: str, channel: Channel) -> bool:
    """Whether a mechanism can be used over this channel."""
    if name == "EXTERNAL":
        return bool(channel.addresses)
    return name in MECHANISMS and (not name.endswith("-PLUS") or bool(channel.bindings))


def listed(channel: Channel, bound: bool) -> tuple[str, ...]:
    """The names to list where logging in is possible. `bound`: with those that bind the channel; they are taken without
    it too (decision 0006)."""
    return tuple(name for name in MECHANISMS if taken(name, channel) and (bound or not name.endswith("-PLUS")))
