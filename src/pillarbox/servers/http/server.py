"""The HTTP and HTTPS listeners: uvicorn inside our loop, on sockets it is given."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator, Sequence

import structlog
import uvicorn

from pillarbox.core.limits import HTTP_KEEP_ALIVE
from pillarbox.net.tls import Context
from pillarbox.servers.http.app import Application
from pillarbox.servers.http.bounded import BoundedProtocol
from pillarbox.servers.http.services import Hall, HttpServices, HttpSettings
from pillarbox.servers.http.static import Files
from pillarbox.services.login.tokens import Tokens, load_key

log = structlog.get_logger("http")


class _Embedded(uvicorn.Server):
    """A server that leaves the process's signals to whoever runs the loop."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Install no handler."""
        yield


class HttpServer:
    """The way in by HTTP for one process: `start` once, `stop` once."""

    def __init__(self, services: HttpServices, settings: HttpSettings) -> None:
        self._hall = Hall(services, settings, Tokens(load_key(settings.session_key)))
        self._app = Application(self._hall, Files(settings.static))
        self._servers: list[tuple[_Embedded, asyncio.Task[None]]] = []

    @property
    def application(self) -> Application:
        """The ASGI application."""
        return self._app

    async def start(
        self, plain: Sequence[socket.socket] = (), tls: Sequence[socket.socket] = (), context: Context | None = None
    ) -> None:
        """Answer on listening sockets: `plain` by HTTP, `tls` by HTTPS with the shared, reloadable `context`."""
        if plain:
            await self._serve(plain, None)
        if tls:
            if context is None:
                raise ValueError("HTTPS needs a TLS context")
            await self._serve(tls, context)

    async def _serve(self, sockets: Sequence[socket.socket], context: Context | None) -> None:
        config = uvicorn.Config(
            self._app,
            http=BoundedProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="warning",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=HTTP_KEEP_ALIVE,
            ssl_context_factory=None if context is None else lambda _config, _default: context,
        )
        server = _Embedded(config)
        task = asyncio.get_running_loop().create_task(server.serve(sockets=list(sockets)))
        while not server.started and not task.done():  # noqa: ASYNC110 - uvicorn offers nothing to wait for
            await asyncio.sleep(0.005)
        if task.done():
            await task
        self._servers.append((server, task))

    async def stop(self, seconds: float = 10) -> None:
        """Accept nothing more, end the event streams, let answers be finished; after `seconds` end the rest."""
        self._hall.closing.set()
        for server, _ in self._servers:
            server.config.timeout_graceful_shutdown = max(1, round(seconds))
            server.should_exit = True
        results = await asyncio.gather(*(task for _, task in self._servers), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                log.error("http.stop", error=repr(result))
        self._servers.clear()
