"""A long command: its client is told how far it has come, and it ends when nobody waits for it any more (RFC 9585)."""

import asyncio

from pillarbox.core.errors import Unavailable
from pillarbox.core.limits import IMAP_PATIENCE, IMAP_PROBE
from pillarbox.servers.imap.session import Session
from pillarbox.wire.imap import encoder
from pillarbox.wire.imap.codes import in_progress

_PROBES = 2


class Progress:
    """How the command with this tag goes on. `step` takes the place of `Session.breathe` in a command that may take
    long."""

    __slots__ = ("_clock", "_probes", "_said", "_session", "_tag")

    def __init__(self, session: Session, tag: bytes) -> None:
        self._session = session
        self._tag = tag
        self._clock = asyncio.get_running_loop().time
        self._said = self._clock()
        self._probes = 0

    async def step(self, done: int | None = None, goal: int | None = None) -> None:
        """Between two pages: let others run, and now and then say that `done` of more messages, `goal`, are dealt with.

        Unavailable when the server stops, ConnectionGone when the client has left.
        """
        session = self._session
        if session.stream.stopping:
            raise Unavailable("the server is shutting down")
        if self._due():
            known = goal if goal is not None and done is not None and goal > done else None
            session.stream.write(encoder.untagged("OK", "still at it", in_progress(self._tag, done, known)))
        await session.breathe()

    def _due(self) -> bool:
        """A client that will send nothing more is told at once, and then again: only the second time shows that it does
        not read any more."""
        patience = IMAP_PATIENCE
        if self._session.stream.ended and self._probes < _PROBES:
            patience = IMAP_PROBE if self._probes else 0
        now = self._clock()
        if now < self._said + patience:
            return False
        self._said = now
        self._probes += self._session.stream.ended
        return True
