"""What a stream knows of its peer, and what it asks of the protocol spoken over it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Peer:
    """One end of a connection: a numeric address and a TCP port."""

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """The other end is on this machine."""
        return self.host.startswith("127.") or self.host in ("::1", "::ffff:127.0.0.1")


@dataclass(frozen=True, slots=True)
class TlsFacts:
    """What was agreed in the handshake, as a Received header tells it: `TLSv1.3`, `TLS_AES_256_GCM_SHA384`, 256.

    `server_name` is the host name the client asked for (SNI, RFC 6066 §3), or None. `bindings` are the channel bindings
    there are, by type (RFC 5929). `addresses` are the mail addresses (rfc822Name, RFC 5280 §4.2.1.6) of the certificate
    that the client has shown, once it was verified.
    """

    version: str
    cipher: str
    bits: int
    server_name: str | None
    bindings: Mapping[str, bytes] = field(default_factory=dict)
    addresses: tuple[str, ...] = ()


class ConnectionGone(Exception):
    """The peer is no longer there; whoever works for it gives up."""


class Session(Protocol):
    """A protocol spoken over one stream. All of it runs on the loop; only `work` may wait."""

    def greet(self) -> None:
        """Say the first word; called once, after an implicit TLS handshake."""
        ...

    async def work(self) -> None:
        """Take whole frames out of `stream.input` and act on them; return when no whole frame is left.

        Called when there is input or a wake-up, never twice at a time. May be called with nothing to do. What it
        writes is sent when it returns, or at `flush`, `drain`, `more`, or when much has come together. An exception
        ends the connection and is logged.
        """
        ...

    def lost(self) -> None:
        """The connection has ended and no work is running: release everything. Called once."""
        ...

    def timed_out(self) -> None:
        """The deadline passed, or (`stream.stopping`) the server stops: say goodbye and close."""
        ...
