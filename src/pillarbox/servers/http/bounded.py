"""uvicorn's HTTP protocol with the bounds it lacks: the size of a header, the time it may take, open connections."""

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from pillarbox.core.limits import HTTP_CONNECTIONS, HTTP_HEADER, HTTP_HEADER_WAIT


class BoundedProtocol(HttpToolsProtocol):
    """One connection. Until a request's header is whole it may cost HTTP_HEADER octets and HTTP_HEADER_WAIT seconds."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._in_header = True
        self._octets = 0
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
        if self._in_header:
            self._octets += len(data)
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._in_header:
            if self._octets > HTTP_HEADER:
                self.send_400_response("The request header is too large.")
            else:
                self._arm()

    def on_message_begin(self) -> None:
        """A request begins."""
        self._in_header = True
        self._octets = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """A request's header is whole."""
        self._in_header = False
        self._disarm()
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        """An answer was sent; what comes next is a header again."""
        self._in_header = True
        self._octets = 0
        super().on_response_complete()

    def _arm(self) -> None:
        if self._timer is None:
            self._timer = self.loop.call_later(HTTP_HEADER_WAIT, self._too_slow)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_slow(self) -> None:
        self._timer = None
        if self._in_header and not self.transport.is_closing():
            self.transport.close()
