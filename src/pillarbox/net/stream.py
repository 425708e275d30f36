"""A connection: octets in, octets out, TLS in between, and one task only while there is something to do."""

import asyncio
import math
import secrets
import ssl
from collections.abc import Callable
from typing import cast

import structlog

from pillarbox.core import limits
from pillarbox.net.session import ConnectionGone, Peer, Session, TlsFacts
from pillarbox.net.tls import Context, Engine

SessionFactory = Callable[["Stream"], Session]
log = structlog.get_logger()


class Stream(asyncio.Protocol):
    """One accepted connection over a plain TCP transport.

    `input`: octets received (already without TLS) that the session has not taken; it deletes what it takes.
    `deadline`: `loop.time()` after which the connection is ended when nothing happens; the session moves it.
    `stopping`: the server is going down; the session may word its goodbye accordingly.
    """

    __slots__ = (
        "_closing",
        "_context",
        "_drainer",
        "_engine",
        "_eof",
        "_fresh",
        "_gone",
        "_id",
        "_loop",
        "_make_session",
        "_out",
        "_out_size",
        "_reading_paused",
        "_session",
        "_stalled",
        "_streams",
        "_task",
        "_transport",
        "_waiter",
        "_wake",
        "_writing_paused",
        "deadline",
        "input",
        "peer",
        "stopping",
        "tls",
    )

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        make_session: SessionFactory,
        context: Context | None,
        streams: "set[Stream]",
    ) -> None:
        self._loop = loop
        self._make_session = make_session
        self._context = context
        self._streams = streams
        self._transport: asyncio.Transport | None = None
        self._session: Session | None = None
        self._engine: Engine | None = None
        self._task: asyncio.Task[None] | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._drainer: asyncio.Future[None] | None = None
        self._out: list[bytes] | None = None
        self._out_size = 0
        self._fresh = self._wake = self._eof = self._closing = self._gone = False
        self._reading_paused = self._writing_paused = False
        self._stalled = math.inf
        self._id = secrets.randbits(40)
        self.deadline = loop.time() + limits.TLS_HANDSHAKE
        self.input = bytearray()
        self.peer = Peer("", 0)
        self.tls: TlsFacts | None = None
        self.stopping = False

    # -- what the session uses

    @property
    def id(self) -> str:
        """The name of this connection in logs and error replies."""
        return f"{self._id:010x}"

    @property
    def local(self) -> Peer:
        """Our end of the connection."""
        name = self._transport.get_extra_info("sockname") if self._transport else None
        return Peer(str(name[0]), int(name[1])) if name else Peer("", 0)

    @property
    def closing(self) -> bool:
        """Nothing written from now on would reach the peer."""
        return self._closing or self._gone

    def touch(self, seconds: float) -> None:
        """Put the deadline `seconds` from now."""
        self.deadline = self._loop.time() + seconds

    def write(self, data: bytes) -> None:
        """Send `data`: with everything else of this burst, when the session works; else when the loop comes round."""
        if self._out is None:
            if self.closing or not data:
                return
            self._out = [data]
            self._out_size = len(data)
            if self._task is None:
                self._loop.call_soon(self.flush)
        else:
            self._out.append(data)
            self._out_size += len(data)
        if self._out_size > limits.WRITE_BURST:
            self.flush()

    def flush(self) -> None:
        """Hand what was written to the transport now."""
        if self._out is None:
            return
        parts, self._out, self._out_size = self._out, None, 0
        if self._transport is None or self.closing:
            return
        data = parts[0] if len(parts) == 1 else b"".join(parts)
        if self._engine is not None:
            try:
                data = self._engine.seal(data)
            except ssl.SSLError:
                self.abort()
                return
        self._transport.write(data)

    async def drain(self) -> None:
        """Send, and wait while the peer reads slowly. Raises ConnectionGone, also after `close`."""
        self.flush()
        if self._writing_paused and not self.closing:
            self._drainer = self._loop.create_future()
            try:
                await self._drainer
            finally:
                self._drainer = None
        if self.closing:
            raise ConnectionGone

    async def more(self, timeout: float | None = None) -> bool:
        """Send, and wait until `input` grew: True; False at the end of the stream.

        Raises TimeoutError after `timeout` seconds, or when the deadline passes.
        """
        self.flush()
        if not self._fresh and not self._eof and not self.closing:
            self._resume_reading()
            timer = self._loop.call_later(timeout, self._fail_waiter) if timeout is not None else None
            self._waiter = self._loop.create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
                if timer is not None:
                    timer.cancel()
        if self._fresh:
            self._fresh = False
            return True
        return False

    async def start_tls(self, context: Context) -> None:
        """Become the server side of TLS. What the peer had sent in clear behind its request is thrown away.

        Raises ConnectionGone when the handshake fails, TimeoutError when it takes too long.
        """
        self.flush()
        self.input.clear()
        self._fresh = False
        if self.closing:
            raise ConnectionGone
        self._engine = Engine(context)
        self._resume_reading()
        while self.tls is None:
            self._waiter = self._loop.create_future()
            timer = self._loop.call_later(limits.TLS_HANDSHAKE, self._fail_waiter)
            try:
                await self._waiter
            finally:
                self._waiter = None
                timer.cancel()
            if self.tls is None and (self._eof or self.closing):
                raise ConnectionGone

    def close(self) -> None:
        """Send what was written, say goodbye in TLS, and end the connection."""
        if self.closing or self._transport is None:
            return
        self.flush()
        self._part(self._engine.farewell() if self._engine is not None and not self.closing else b"")

    def abort(self) -> None:
        """End the connection at once; what was not sent is dropped."""
        self._closing = True
        if self._transport is not None:
            self._transport.abort()

    def work(self) -> None:
        """Have the session's `work` run soon; any number of calls before it runs are one."""
        if self._session is None or self.closing:
            return
        self._wake = True
        if self._task is None:
            self._task = self._loop.create_task(self._run())

    # -- what the listener uses

    def sweep(self, now: float) -> None:
        """End the connection if it is past its deadline or its peer does not take what is sent."""
        if now > self._stalled:
            self.abort()
        elif now > self.deadline and not self._closing:
            if self._session is None:
                self.abort()
            elif self._task is None:
                self._dismiss()
            else:
                self._fail_waiter()

    def stop(self) -> None:
        """Say goodbye now, or when the work under way is done."""
        self.stopping = True
        if self._session is None:
            self.abort()
        elif self._task is None:
            self._dismiss()

    # -- what the transport calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._streams.add(self)
        name = transport.get_extra_info("peername")
        if not name or len(self._streams) > limits.CONNECTIONS:
            self.abort()
            return
        self.peer = Peer(str(name[0]), int(name[1]))
        self._transport.set_write_buffer_limits(high=limits.WRITE_BUFFER)
        if self._context is not None:
            self._engine = Engine(self._context)
        else:
            self._begin()

    def data_received(self, data: bytes) -> None:
        if self._closing:
            return
        if self._engine is None:
            self.input += data
        elif not self._receive_sealed(self._engine, data):
            return
        self._fresh = True
        self._wake_waiter()
        if self._task is None:
            self._task = self._loop.create_task(self._run())
        if len(self.input) > limits.READ_AHEAD and not self._reading_paused and self._transport is not None:
            self._reading_paused = True
            self._transport.pause_reading()

    def eof_received(self) -> bool:
        self._eof = True
        self._wake_waiter()
        if self._task is None:
            self.close()
        return True

    def pause_writing(self) -> None:
        self._writing_paused = True
        self._stalled = min(self._stalled, self._loop.time() + limits.WRITE_STALL)

    def resume_writing(self) -> None:
        self._writing_paused = False
        if not self._closing:
            self._stalled = math.inf
        if self._drainer is not None and not self._drainer.done():
            self._drainer.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        self._gone = self._eof = True
        self._out = None
        self._streams.discard(self)
        self._wake_waiter()
        if self._drainer is not None and not self._drainer.done():
            self._drainer.set_result(None)
        if self._task is None:
            self._release()

    # -- inside

    def _begin(self) -> None:
        self.touch(limits.FIRST_IDLE)
        self._session = self._make_session(self)
        self._session.greet()

    def _receive_sealed(self, engine: Engine, data: bytes) -> bool:
        """Whether `input` grew."""
        before = len(self.input)
        try:
            engine.receive(data, self.input)
        except ssl.SSLError as error:
            log.info("net.tls_failed", session=self.id, peer=self.peer.host, reason=error.reason or "protocol error")
            self._part(engine.outgoing())
            return False
        answer = engine.outgoing()
        if answer and self._transport is not None:
            self._transport.write(answer)
        if engine.ready and self.tls is None:
            self.tls = engine.facts()
            if self._session is None:
                self._begin()
            else:
                self._wake_waiter()
        grew = len(self.input) > before
        if engine.ended:
            self._eof = True
            self._wake_waiter()
            if self._task is None and not grew:
                self.close()
        return grew

    async def _run(self) -> None:
        session = cast("Session", self._session)
        try:
            while True:
                self._fresh = self._wake = False
                await session.work()
                self.flush()
                if not (self._wake or (self._fresh and self.input)) or self.closing:
                    break
        except ConnectionGone:
            if not self.closing:
                self.abort()
        except TimeoutError:
            session.timed_out()
            self.close()
        except Exception:
            log.exception("net.session_failed", session=self.id, peer=self.peer.host)
            self.close()
        finally:
            self._task = None
            self._rest()

    def _rest(self) -> None:
        """After work: wait for input again, or end what has ended meanwhile."""
        if self._gone:
            self._release()
        elif self._eof:
            self.close()
        elif self.stopping:
            self._dismiss()
        else:
            self._resume_reading()

    def _dismiss(self) -> None:
        if self._session is not None and not self.closing:
            self._session.timed_out()
            self.close()

    def _release(self) -> None:
        session, self._session, self._engine = self._session, None, None
        self.input.clear()
        if session is not None:
            session.lost()

    def _part(self, last: bytes) -> None:
        """End the connection behind the last octets; they are given CLOSE_WAIT seconds to leave."""
        if self._transport is not None:
            self._transport.write(last)
            self._closing = True
            self._stalled = self._loop.time() + limits.CLOSE_WAIT
            self._transport.close()

    def _resume_reading(self) -> None:
        if self._reading_paused and self._transport is not None and not self.closing:
            self._reading_paused = False
            self._transport.resume_reading()

    def _wake_waiter(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _fail_waiter(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(TimeoutError())
