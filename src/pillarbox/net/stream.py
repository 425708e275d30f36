"""A connection: octets in, octets out, TLS and DEFLATE in between, and one task only while there is something to do."""

import asyncio
import secrets
import ssl
import zlib
from collections.abc import Callable
from typing import cast

import structlog

from pillarbox.core import limits
from pillarbox.net.deflate import Deflate
from pillarbox.net.sending import Sending, ring
from pillarbox.net.session import ConnectionGone, Peer, Session, TlsFacts
from pillarbox.net.tls import Context, Engine

SessionFactory = Callable[["Stream"], Session]
log = structlog.get_logger()


class Stream(Sending):
    """One accepted connection over a plain TCP transport.

    `input`: octets received, without TLS and inflated, that the session has not taken; it deletes what it takes.
    `deadline`: `loop.time()` after which the connection is ended when nothing happens; the session moves it.
    `stopping`: the server is going down; the session may word its goodbye accordingly.
    """

    __slots__ = (
        "_context",
        "_eof",
        "_fresh",
        "_id",
        "_make_session",
        "_reading_paused",
        "_session",
        "_streams",
        "_waiter",
        "_wake",
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
        super().__init__(loop)
        self._make_session = make_session
        self._context = context
        self._streams = streams
        self._session: Session | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._fresh = self._wake = self._eof = self._reading_paused = False
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
    def ended(self) -> bool:
        """The peer sends nothing more; whether it still reads shows when something is sent."""
        return self._eof

    def touch(self, seconds: float) -> None:
        """Put the deadline `seconds` from now."""
        self.deadline = self._loop.time() + seconds

    async def more(self, timeout: float | None = None) -> bool:
        """Send, and wait until `input` grew: True; False at the end of the stream.

        Raises TimeoutError after `timeout` seconds, or when the deadline passes.
        """
        self.flush()
        self._unpack()
        timer = self._loop.call_later(timeout, self._fail_waiter) if timeout is not None else None
        try:
            while not self._fresh and not self._eof and not self.closing:
                self._resume_reading()
                await self._wait()
                self._unpack()
        finally:
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
        timer = self._loop.call_later(limits.TLS_HANDSHAKE, self._fail_waiter)
        try:
            while self.tls is None:
                await self._wait()
                if self.tls is None and (self._eof or self.closing):
                    raise ConnectionGone
        finally:
            timer.cancel()

    @property
    def compressed(self) -> bool:
        """Whether DEFLATE is on."""
        return self._deflate is not None and not self._deflate.ended

    def compress(self, early: bytes, fence: bytes) -> None:
        """Begin DEFLATE in both directions, inside TLS; what was written before goes out as it is. `early`: what the
        session has taken already of what follows its peer's request. `fence`: see Deflate."""
        self.flush()
        self._deflate = Deflate(early + bytes(self.input), fence)
        self.input.clear()

    def expand(self) -> None:
        """End DEFLATE in both directions, if it is on; what was written before still goes out by it."""
        self.flush()
        if self._deflate is not None:
            self._deflate.end()

    def close(self) -> None:
        """Send what was written, say goodbye in TLS, and end the connection."""
        if self.closing or self._transport is None:
            return
        self.flush()
        self._part(self._engine.farewell() if self._engine is not None and not self.closing else b"")

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
        if self._deflate is not None:
            self._deflate.tire()
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
        into = self.input if self._deflate is None else self._deflate.packed
        if self._engine is None:
            into += data
        elif not self._receive_sealed(self._engine, data, into):
            return
        self._fresh = self._fresh or into is self.input
        ring(self._waiter)
        if self._task is None:
            self._task = self._loop.create_task(self._run())
        if len(into) > limits.READ_AHEAD and not self._reading_paused and self._transport is not None:
            self._reading_paused = True
            self._transport.pause_reading()

    def eof_received(self) -> bool:
        self._eof = True
        ring(self._waiter)
        if self._task is None:
            self.close()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        self._gone = self._eof = True
        self._out = None
        self._streams.discard(self)
        ring(self._waiter)
        ring(self._drainer)
        if self._task is None:
            self._release()

    # -- inside

    def _begin(self) -> None:
        self.touch(limits.FIRST_IDLE)
        self._session = self._make_session(self)
        self._session.greet()

    def _receive_sealed(self, engine: Engine, data: bytes, into: bytearray) -> bool:
        """Whether `into` grew."""
        before = len(into)
        try:
            engine.receive(data, into)
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
                ring(self._waiter)
        grew = len(into) > before
        if engine.ended:
            self._eof = True
            ring(self._waiter)
            if self._task is None and not grew:
                self.close()
        return grew

    async def _run(self) -> None:
        session = cast("Session", self._session)
        try:
            while True:
                self._unpack()
                self._fresh = self._wake = False
                await session.work()
                self.flush()
                if self.closing or not (self._wake or (self._fresh and self.input) or await self._unpackable()):
                    break
        except ConnectionGone:
            if not self.closing:
                self.abort()
        except TimeoutError:
            session.timed_out()
            self.close()
        except zlib.error as error:
            log.info("net.inflate_failed", session=self.id, peer=self.peer.host, reason=str(error))
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
        session, self._session, self._engine, self._deflate = self._session, None, None, None
        self.input.clear()
        if session is not None:
            session.lost()

    def _resume_reading(self) -> None:
        if self._reading_paused and self._transport is not None and not self.closing:
            self._reading_paused = False
            self._transport.resume_reading()

    async def _wait(self) -> None:
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _unpack(self) -> None:
        """Let `input` grow by what the peer sent compressed."""
        deflate = self._deflate
        if deflate is None or len(self.input) > limits.READ_AHEAD:
            return
        before = len(self.input)
        if deflate.ended:
            deflate.leave(self.input)
            self._deflate = None if deflate.over else deflate
        else:
            deflate.unpack(self.input)
        self._fresh = self._fresh or len(self.input) > before

    async def _unpackable(self) -> bool:
        """Whether more can be inflated at once; others had their turn first, for a little may mean much."""
        if self._deflate is None or not self._deflate.waiting or len(self.input) > limits.READ_AHEAD:
            return False
        await asyncio.sleep(0)
        return True

    def _fail_waiter(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(TimeoutError())
