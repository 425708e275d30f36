"""One HTTP request and its answer over raw ASGI: bodies bounded in size and time, slow readers bounded in time."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from ipaddress import IPv6Address, ip_address
from urllib.parse import parse_qsl

from starlette.types import Receive, Scope, Send

from pillarbox.core.limits import HTTP_BODY_RATE, HTTP_BODY_WAIT, HTTP_SEND_WAIT
from pillarbox.servers.http.errors import HttpError, problem_body
from pillarbox.wire.jmap.codec import encode
from pillarbox.wire.jmap.errors import Problem

Headers = Iterable[tuple[bytes, bytes]]

JSON = b"application/json"
NO_STORE = (b"cache-control", b"no-cache, no-store, must-revalidate")
_ALWAYS = ((b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer"))


def _is_loopback(host: str) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback


class Gone(Exception):
    """The client went away or does not read."""


class Exchange:
    """A request being answered. `headers` has lower-case names; the last of equal ones counts. `session` is the login
    whose token it came with, "" for a password."""

    __slots__ = ("_receive", "_send", "headers", "method", "path", "peer", "scope", "secure", "session", "started")

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        self._receive = receive
        self._send = send
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        self.peer: str = (scope.get("client") or ("", 0))[0]
        self.secure: bool = scope["scheme"] == "https"
        self.session = ""
        self.started = False

    @property
    def private(self) -> bool:
        """Whether nobody on the way can read along: TLS, or the machine itself."""
        return self.secure or _is_loopback(self.peer)

    def header(self, name: bytes) -> str:
        """The value of a request header, "" when absent."""
        return self.headers.get(name, b"").decode("latin-1")

    def query(self) -> dict[str, str]:
        """The parameters of the query; the last of equal ones counts."""
        text = self.scope["query_string"].decode("latin-1")
        try:
            return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=50))
        except ValueError as error:
            raise HttpError(400, "the query has too many fields") from error

    def declared_size(self) -> int | None:
        """The octets of the body as Content-Length says; None when it does not."""
        text = self.header(b"content-length")
        return int(text) if text.isdecimal() and text.isascii() and len(text) < 19 else None

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body as it comes in. Raises Gone when the client leaves, HttpError 408 when it stalls or trickles."""
        more = True
        clock = asyncio.get_running_loop().time
        allowed = clock() + HTTP_BODY_WAIT
        while more:
            try:
                async with asyncio.timeout_at(min(clock() + HTTP_BODY_WAIT, allowed)):
                    message = await self._receive()
            except TimeoutError as error:
                raise HttpError(408, "the request body did not come") from error
            if message["type"] != "http.request":
                raise Gone
            more = message.get("more_body", False)
            if piece := message.get("body", b""):
                allowed += len(piece) / HTTP_BODY_RATE
                yield piece

    async def body(self, limit: int, too_large: Exception) -> bytes:
        """The whole body; raises `too_large` when it has more than `limit` octets."""
        if (self.declared_size() or 0) > limit:
            raise too_large
        gathered = bytearray()
        async for piece in self.pieces():
            gathered += piece
            if len(gathered) > limit:
                raise too_large
        return bytes(gathered)

    async def left(self) -> None:
        """Return when the client has gone; only after the whole body was read."""
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def start(self, status: int, headers: Headers) -> None:
        """Send the status line and headers."""
        self.started = True
        everything = [*headers, *_ALWAYS]
        if status in (408, 413):
            everything.append((b"connection", b"close"))  # the rest of the body is not read
        await self._say({"type": "http.response.start", "status": status, "headers": everything})

    async def send(self, piece: bytes, more: bool = True) -> None:
        """Send a piece of the body. Raises Gone when the client does not read for long."""
        await self._say({"type": "http.response.body", "body": piece, "more_body": more})

    async def _say(self, message: dict[str, object]) -> None:
        try:
            async with asyncio.timeout(HTTP_SEND_WAIT):
                await self._send(message)
        except TimeoutError as error:
            raise Gone from error

    async def answer(self, status: int, body: bytes, kind: bytes, headers: Headers = ()) -> None:
        """Send a whole answer."""
        length = str(len(body)).encode()
        await self.start(status, [(b"content-type", kind), (b"content-length", length), *headers])
        await self.send(body, more=False)

    async def json(self, status: int, value: object, headers: Headers = (NO_STORE,)) -> None:
        """Send a JSON answer, by default one that nobody keeps."""
        await self.answer(status, encode(value), JSON, headers)

    async def refuse(self, error: HttpError | Problem) -> None:
        """Send problem details (RFC 7807)."""
        status, value, headers = problem_body(error)
        await self.answer(status, encode(value), b"application/problem+json", [NO_STORE, *headers])
