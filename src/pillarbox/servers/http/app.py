"""The ASGI application: from paths to what answers them, and from errors to answers."""

import contextlib
from collections.abc import Awaitable, Callable

import structlog
from starlette.types import Receive, Scope, Send

from pillarbox.core.errors import MailError
from pillarbox.servers.http.api import answer_request
from pillarbox.servers.http.download import send_blob
from pillarbox.servers.http.errors import HttpError, http_error
from pillarbox.servers.http.eventsource import send_events
from pillarbox.servers.http.exchange import Exchange, Gone
from pillarbox.servers.http.html import send_html
from pillarbox.servers.http.login import give_token, log_in, log_out, show_session
from pillarbox.servers.http.services import Hall
from pillarbox.servers.http.session import send_session
from pillarbox.servers.http.static import Files, send_file
from pillarbox.servers.http.upload import take_upload
from pillarbox.wire.jmap.errors import Problem

log = structlog.get_logger("http")

Route = Callable[[Hall, Exchange], Awaitable[None]]

ROUTES: dict[str, dict[str, Route]] = {
    "/.well-known/jmap": {"GET": send_session},
    "/jmap/api": {"POST": answer_request},
    "/jmap/eventsource/": {"GET": send_events},
    "/auth/login": {"POST": log_in},
    "/auth/logout": {"POST": log_out},
    "/auth/session": {"GET": show_session},
    "/auth/token": {"POST": give_token},
}
BRANCHES: dict[str, dict[str, Route]] = {
    "/jmap/upload/": {"POST": take_upload},
    "/jmap/download/": {"GET": send_blob},
    "/jmap/html/": {"GET": send_html},
}
"""Paths that go on after these beginnings."""
_OURS = ("/jmap/", "/auth/", "/.well-known/")


class Application:
    """Called by the server for each request."""

    def __init__(self, hall: Hall, files: Files) -> None:
        self._hall = hall
        self._files = files

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; nothing but the end of the connection escapes."""
        if scope["type"] != "http":
            return
        exchange = Exchange(scope, receive, send)
        try:
            await self._answer(exchange)
        except (HttpError, Problem) as error:
            await _refuse(exchange, error)
        except MailError as error:
            log.info("http.refused", path=exchange.path[:200], error=repr(error)[:500])
            await _refuse(exchange, http_error(error))
        except Gone:
            return  # what is left of the answer is not sent, and the connection is closed
        except Exception:
            log.exception("http.bug", path=exchange.path[:200])
            await _refuse(exchange, HttpError(500, "an error of this server"))

    async def _answer(self, exchange: Exchange) -> None:
        routes = self._routes(exchange.path)
        method = "GET" if exchange.method == "HEAD" else exchange.method
        if routes is None:
            await self._file(exchange, method)
        elif (route := routes.get(method)) is not None:
            await route(self._hall, exchange)
        else:
            raise _not_allowed(*routes)

    def _routes(self, path: str) -> dict[str, Route] | None:
        """The methods of a path of ours; None for the webmail's own."""
        if (routes := ROUTES.get(path)) is not None:
            return routes
        if path.startswith(_OURS):
            for beginning, routes in BRANCHES.items():
                if path.startswith(beginning):
                    return routes
            raise HttpError(404, "no such address")
        return None

    async def _file(self, exchange: Exchange, method: str) -> None:
        if method != "GET":
            raise _not_allowed("GET")
        file = self._files.find(exchange.path)
        if file is None:
            raise HttpError(404, "no such file")
        await send_file(exchange, file)


def _not_allowed(*methods: str) -> HttpError:
    return HttpError(405, "not with this method", ((b"allow", ", ".join(methods).encode()),))


async def _refuse(exchange: Exchange, error: HttpError | Problem) -> None:
    """Say the error, unless an answer has begun: then only cutting it off says that it is not whole."""
    if not exchange.started:
        with contextlib.suppress(Gone):
            await exchange.refuse(error)
