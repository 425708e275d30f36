"""A mail transaction: whom it is from and for, and the message while it comes in (RFC 5321 §3.3)."""

from typing import Protocol

from pillarbox.core.errors import MailError
from pillarbox.services.submission.service import Recipient
from pillarbox.store.model import Arrived
from pillarbox.wire.smtp.command import Mail
from pillarbox.wire.smtp.data import LineCheck


class Sink(Protocol):
    """Where the octets of a message go: the spool, or a manuscript before it."""

    def write(self, block: bytes) -> None:
        """Raises TooBig and other MailErrors."""
        ...

    async def finish(self) -> Arrived:
        """The whole message."""
        ...

    def discard(self) -> None:
        """Forget it."""
        ...


class Receipt:
    """The octets of one message on their way into a sink. The first error ends the storing, not the reading."""

    __slots__ = ("error", "lines", "sink", "size")

    def __init__(self, sink: Sink) -> None:
        self.sink = sink
        self.lines = LineCheck()
        self.size = 0
        self.error: MailError | None = None

    def take(self, block: bytes) -> None:
        """The next octets of the message."""
        self.lines.feed(block)
        self.size += len(block)
        if self.error is None:
            try:
                self.sink.write(block)
            except MailError as error:
                self.error = error
                self.sink.discard()


class Transaction:
    """From MAIL to the end of the message or RSET. `size` is what the client announced, 0 without."""

    __slots__ = ("delivery_id", "receipt", "recipients", "sender", "size", "utf8")

    def __init__(self, mail: Mail, delivery_id: str) -> None:
        self.sender = mail.path.address if mail.path is not None else ""
        self.size = mail.size or 0
        self.utf8 = mail.utf8
        self.delivery_id = delivery_id
        self.recipients: list[Recipient] = []
        self.receipt: Receipt | None = None
