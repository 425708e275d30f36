"""The sending half of a connection: octets go out in bursts, compressed and sealed, no faster than the peer reads."""

import asyncio
import math
import ssl

from pillarbox.core import limits
from pillarbox.net.deflate import Deflate
from pillarbox.net.session import ConnectionGone
from pillarbox.net.tls import Engine


class Sending(asyncio.Protocol):
    """What a Stream is to those who write to it."""

    __slots__ = (
        "_closing",
        "_deflate",
        "_drainer",
        "_engine",
        "_gone",
        "_loop",
        "_out",
        "_out_size",
        "_stalled",
        "_task",
        "_transport",
        "_writing_paused",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._transport: asyncio.Transport | None = None
        self._engine: Engine | None = None
        self._deflate: Deflate | None = None
        self._task: asyncio.Task[None] | None = None
        self._drainer: asyncio.Future[None] | None = None
        self._out: list[bytes] | None = None
        self._out_size = 0
        self._closing = self._gone = self._writing_paused = False
        self._stalled = math.inf

    @property
    def closing(self) -> bool:
        """Nothing written from now on would reach the peer."""
        return self._closing or self._gone

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
        if self._out_size > limits.WRITE_BURST and self._deflate is None:
            self.flush()

    def flush(self) -> None:
        """Hand what was written to the transport now."""
        if self._out is not None:
            parts, self._out, self._out_size = self._out, None, 0
            self._hand_over(parts[0] if len(parts) == 1 else b"".join(parts))

    def _hand_over(self, data: bytes) -> None:
        if self._transport is None or self.closing:
            return
        if self._deflate is not None:
            data = self._deflate.pack(data)
        if self._engine is not None:
            try:
                data = self._engine.seal(data)
            except ssl.SSLError:
                self.abort()
                return
        self._transport.write(data)

    async def drain(self) -> None:
        """Send, and wait while the peer reads slowly; where it has to be compressed, others have their turn in between.
        Raises ConnectionGone, also after `close`."""
        while self._deflate is not None and self._out is not None and self._out_size > limits.WRITE_BURST:
            written = b"".join(self._out)
            self._out, self._out_size = [written[limits.WRITE_BURST :]], len(written) - limits.WRITE_BURST
            self._hand_over(written[: limits.WRITE_BURST])
            await self._caught_up()
            await asyncio.sleep(0)
        self.flush()
        await self._caught_up()

    async def _caught_up(self) -> None:
        if self._writing_paused and not self.closing:
            self._drainer = self._loop.create_future()
            try:
                await self._drainer
            finally:
                self._drainer = None
        if self.closing:
            raise ConnectionGone

    def abort(self) -> None:
        """End the connection at once; what was not sent is dropped."""
        self._closing = True
        if self._transport is not None:
            self._transport.abort()

    # -- what the transport calls

    def pause_writing(self) -> None:
        self._writing_paused = True
        self._stalled = min(self._stalled, self._loop.time() + limits.WRITE_STALL)

    def resume_writing(self) -> None:
        self._writing_paused = False
        if not self._closing:
            self._stalled = math.inf
        ring(self._drainer)

    # -- inside

    def _part(self, last: bytes) -> None:
        """End the connection behind the last octets; they are given CLOSE_WAIT seconds to leave."""
        if self._transport is not None:
            self._transport.write(last)
            self._closing = True
            self._stalled = self._loop.time() + limits.CLOSE_WAIT
            self._transport.close()


def ring(future: asyncio.Future[None] | None) -> None:
    """Wake whoever waits for it, if anybody does."""
    if future is not None and not future.done():
        future.set_result(None)
