"""A message being submitted: its header is held back until it is whole, then completed; the body goes straight on."""

from pillarbox.core.errors import Invalid, TooBig
from pillarbox.core.limits import SMTP_HEADER
from pillarbox.services.submission.header import complete
from pillarbox.store.model import Arrived
from pillarbox.store.spool import Spooling

_EMPTY_LINE = b"\r\n\r\n"


class Manuscript:
    """Stands before the spool and is written to as the spool is."""

    __slots__ = ("_domain", "_held", "_now", "_spool", "authors")

    def __init__(self, spool: Spooling, domain: str, now: int) -> None:
        self._spool = spool
        self._domain = domain
        self._now = now
        self._held: bytearray | None = bytearray()
        self.authors: tuple[str, ...] = ()  # the addresses in From, once the header is whole

    def write(self, block: bytes) -> None:
        """The next octets. Raises TooBig, and Invalid for a header that cannot be sent (554)."""
        if self._held is None:
            self._spool.write(block)
            return
        start = max(0, len(self._held) - 3)
        self._held += block
        if self._held.startswith(b"\r\n"):
            self._release(0)
        elif (end := self._held.find(_EMPTY_LINE, start)) >= 0:
            self._release(end + 2)
        elif len(self._held) > SMTP_HEADER:
            raise TooBig("header")

    async def finish(self) -> Arrived:
        """The whole of it. Raises as `write` does."""
        if self._held is not None:
            self._release(len(self._held))
        return await self._spool.finish()

    def discard(self) -> None:
        """Forget it."""
        self._held = None
        self._spool.discard()

    def _release(self, end: int) -> None:
        held, self._held = bytes(self._held or b""), None
        completed = complete(held[:end], self._domain, self._now)
        if completed.fault:
            raise Invalid(completed.fault)
        self.authors = completed.authors
        self._spool.write(completed.octets + held[end:])
