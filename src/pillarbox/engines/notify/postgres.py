"""Wake-ups between the nodes of a single PostgreSQL server: LISTEN and NOTIFY on one session of their own."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import asyncpg

from pillarbox.core.ids import AccountId, Modseq
from pillarbox.engines.notify.hints import Gathered, Hint, hand_on
from pillarbox.engines.postgres.connection import FAILURES

CHANNEL = "pillarbox"
BATCH_SECONDS = 0.02  # hints are gathered so long: NOTIFY takes a lock of the whole database (SCALE C.4)
PAYLOAD_HINTS = 200  # of at most 34 octets each, below the 8000 octets of a payload
CONNECT_SECONDS = 10.0
LAST_SECONDS = 2.0  # a notifier that is closed takes so long for the hints it still has, which includes connecting
RETRY_SECONDS = 1.0  # doubled with each failure
RETRY_MAX_SECONDS = 30.0

_log = logging.getLogger("pillarbox.engines.notify")


class PostgresNotifier:
    """See store.port.Notifier. Connects in the background, again and again; hints of the meantime are lost."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._gathered = Gathered()
        self._callbacks: list[Callable[[AccountId, Modseq], None]] = []
        self._wanted = asyncio.Event()
        self._ready = asyncio.Event()
        self._sent = asyncio.Event()
        self._sent.set()
        self._task: asyncio.Task[None] | None = None

    def publish(self, changes: Sequence[Hint]) -> None:
        """See store.port.Notifier; sent within BATCH_SECONDS."""
        self._gathered.add(changes)
        self._sent.clear()
        self._wanted.set()
        self._start()

    def subscribe(self, callback: Callable[[AccountId, Modseq], None]) -> None:
        """See store.port.Notifier."""
        self._callbacks.append(callback)
        self._start()

    async def listening(self) -> None:
        """Wait until hints of others arrive here."""
        self._start()
        await self._ready.wait()

    async def close(self) -> None:
        """Send what is gathered (a command that has written ends at once, and its hints count), and end the session."""
        if self._task is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._sent.wait(), LAST_SECONDS)
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def _start(self) -> None:
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        delay = RETRY_SECONDS
        while True:
            try:
                session = await asyncpg.connect(self._url, timeout=CONNECT_SECONDS, command_timeout=CONNECT_SECONDS)
                try:
                    delay = RETRY_SECONDS
                    await self._serve(session)
                finally:
                    self._ready.clear()
                    session.terminate()
            except FAILURES as error:
                _log.warning("engines.notify_failed error=%s retry=%.0fs", error, delay)
            self._gathered.take()
            self._sent.set()
            await asyncio.sleep(delay)
            delay = min(delay * 2, RETRY_MAX_SECONDS)

    async def _serve(self, session: "asyncpg.Connection[Any]") -> None:
        own = session.get_server_pid()

        def received(_session: object, pid: int, _channel: str, payload: object) -> None:
            if pid != own:
                hand_on(_parse(str(payload)), self._callbacks)

        session.add_termination_listener(lambda _session: self._wanted.set())
        await session.add_listener(CHANNEL, received)
        self._ready.set()
        while not session.is_closed():
            await self._wanted.wait()
            await asyncio.sleep(BATCH_SECONDS)
            self._wanted.clear()
            hints = self._gathered.take()
            for start in range(0, len(hints), PAYLOAD_HINTS):
                part = hints[start : start + PAYLOAD_HINTS]
                await session.execute("SELECT pg_notify($1, $2)", CHANNEL, " ".join(f"{a:x}:{m:x}" for a, m in part))
            if not self._gathered:
                self._sent.set()


def _parse(payload: str) -> Iterator[Hint]:
    for word in payload.split():
        account, _, modseq = word.partition(":")
        try:
            yield AccountId(int(account, 16)), Modseq(int(modseq, 16))
        except ValueError:
            _log.warning("engines.hint_malformed")
