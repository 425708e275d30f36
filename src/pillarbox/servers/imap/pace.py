"""Long work by one session, in turns with the others."""

from time import monotonic

from pillarbox.core.limits import TURN
from pillarbox.servers.imap.session import Session


class Pace:
    """Lets others run whenever a session has worked for long enough; `keep` is called between its small steps."""

    __slots__ = ("_session", "_until")

    def __init__(self, session: Session) -> None:
        self._session = session
        self._until = monotonic() + TURN

    async def keep(self) -> None:
        """Let others run if it is their turn."""
        if monotonic() >= self._until:
            await self._session.breathe()
            self._until = monotonic() + TURN
