"""uvicorn's HTTP protocol with the bounds it lacks: the size of a header, the time it may take, open connections."""

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from pillarbox.core.limits import HTTP_CONNECTIONS, HTTP_FIELDS, HTTP_HEADER, HTTP_HEADER_WAIT


class BoundedProtocol(HttpToolsProtocol):
    """One connection. Until a request's header is whole it may cost HTTP_HEADER octets and HTTP_HEADER_WAIT seconds."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._begun = False
        self._octets = 0
        self._finished = False
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, or refuse at once when too many are open."""
        super().connection_made(cast(asyncio.Transport, transport))
        if len(self.connections) > HTTP_CONNECTIONS:
            self.transport.abort()
            return
        self._arm()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the timer too."""
        self._disarm()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Feed the parser; end what never becomes a request."""
        self._finished = False
        super().data_received(data)
        if self.transport.is_closing() or not self._awaiting():
            return
        # What ended a request in the same piece is not counted: where the next one began is not known.
        self._octets += 0 if self._finished else len(data)
        if self._octets > HTTP_HEADER:
            self.send_400_response("The request header is too large.")
        else:
            self._arm()

    def on_message_begin(self) -> None:
        """A request begins."""
        self._begun = True
        self._octets = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """A request's header is whole. What is raised here is answered with 400."""
        self._begun = False
        self._disarm()
        size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if size > HTTP_HEADER or len(self.headers) > HTTP_FIELDS:
            raise ValueError("the request header is too large")
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """A request is whole; what comes next is a header again."""
        self._finished = True
        self._octets = 0
        super().on_message_complete()

    def _awaiting(self) -> bool:
        """Whether a header is what should come, rather than a body or an answer being made."""
        return self._begun or self.cycle is None or self.cycle.response_complete

    def _arm(self) -> None:
        if self._timer is None:
            self._timer = self.loop.call_later(HTTP_HEADER_WAIT, self._too_slow)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_slow(self) -> None:
        self._timer = None
        if self._awaiting() and not self.transport.is_closing():
            self.transport.close()
