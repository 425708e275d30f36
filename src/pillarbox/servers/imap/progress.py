"""A long command: its client is told how far it has come, and it ends when nobody waits for it any more (RFC 9585)."""

import asyncio

from pillarbox.core.errors import Unavailable
from pillarbox.core.limits import IMAP_PATIENCE
from pillarbox.servers.imap.session import Session
from pillarbox.wire.imap import encoder
from pillarbox.wire.imap.codes import in_progress


class Progress:
    """How the command with this tag goes on. `step` takes the place of `Session.breathe` in a command that may take
    long."""

    __slots__ = ("_asked", "_clock", "_said", "_session", "_tag")

    def __init__(self, session: Session, tag: bytes) -> None:
        self._session = session
        self._tag = tag
        self._clock = asyncio.get_running_loop().time
        self._said = self._clock()
        self._asked = False

    async def step(self, done: int | None = None, goal: int | None = None) -> None:
        """Between two pages: let others run, and now and then say that `done` of `goal` messages are dealt with.

        Unavailable when the server stops, ConnectionGone when the client has left. One that will send nothing more is
        told at once, since only that shows whether it still reads.
        """
        session, now = self._session, self._clock()
        if session.stream.stopping:
            raise Unavailable("the server is shutting down")
        if now >= self._said + IMAP_PATIENCE or (session.stream.ended and not self._asked):
            self._said, self._asked = now, session.stream.ended
            session.stream.write(encoder.untagged("OK", "still at it", in_progress(self._tag, done, goal)))
        await session.breathe()
