"""Ports that accept connections, and the look that ends those past their deadline."""

import asyncio
import contextlib
import socket

from pillarbox.core import limits
from pillarbox.net.stream import SessionFactory, Stream
from pillarbox.net.tls import Context


class Listener:
    """One port and the streams accepted on it."""

    def __init__(self, server: asyncio.Server, streams: set[Stream]) -> None:
        self._server = server
        self._streams = streams
        self._loop = asyncio.get_running_loop()
        self.port: int = server.sockets[0].getsockname()[1]
        self._timer = self._loop.call_later(limits.SWEEP, self._sweep)

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return len(self._streams)

    def close(self) -> None:
        """Accept nothing more and end every connection at once."""
        self._timer.cancel()
        self._server.close()
        for stream in list(self._streams):
            stream.abort()

    async def drain(self, seconds: float) -> None:
        """Accept nothing more, let each session finish what it does and say goodbye; after `seconds` end the rest."""
        self._server.close()
        for stream in list(self._streams):
            stream.stop()
        end = self._loop.time() + seconds
        while self._streams and self._loop.time() < end:  # noqa: ASYNC110 - streams end in many places, once in a process's life
            await asyncio.sleep(0.02)
        self.close()

    def _sweep(self) -> None:
        now = self._loop.time()
        for stream in list(self._streams):
            stream.sweep(now)
        self._timer = self._loop.call_later(limits.SWEEP, self._sweep)


async def listen(
    host: str,
    port: int,
    session_factory: SessionFactory,
    *,
    tls: Context | None = None,
    reuse_port: bool = False,
) -> Listener:
    """Accept connections on `host`:`port` (0: any free port) and give each a session.

    `tls`: the handshake comes first (RFC 8314 §3). `reuse_port`: other processes listen on the same port.
    Raises OSError.
    """
    loop = asyncio.get_running_loop()
    streams: set[Stream] = set()
    listening = bind(host, port, reuse_port=reuse_port)
    server = await loop.create_server(
        lambda: Stream(loop, session_factory, tls, streams), sock=listening, backlog=limits.BACKLOG
    )
    return Listener(server, streams)


def bind(host: str, port: int, *, reuse_port: bool = False) -> socket.socket:
    """A bound TCP socket that does not listen yet. Raises OSError when the address or port cannot be had."""
    family, kind, protocol, _, address = socket.getaddrinfo(
        host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    bound = socket.socket(family, kind, protocol)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if reuse_port:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            with contextlib.suppress(OSError):
                bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        bound.bind(address)
    except OSError:
        bound.close()
        raise
    return bound
