"""An APPEND under way: the messages that have come so far, kept until all of them are there (RFC 3502)."""

from dataclasses import dataclass, field

from pillarbox.core.ids import AccountId, MailboxId
from pillarbox.servers.imap.errors import Refused
from pillarbox.store.model import Arrived, Place
from pillarbox.store.spool import Spooling, discard


@dataclass(frozen=True, slots=True)
class Piece:
    """One message that is complete: its octets, where it goes and its INTERNALDATE in seconds, None for now."""

    arrived: Arrived
    place: Place
    received: int | None


@dataclass(slots=True)
class Appending:
    """`place` and `received` belong to the message that is coming. `failure` is what the command will be answered."""

    account: AccountId
    mailbox_id: MailboxId
    spool: Spooling
    place: Place
    received: int | None
    pieces: list[Piece] = field(default_factory=list)
    failure: Refused | None = None

    def discard(self) -> None:
        """Forget everything."""
        self.spool.discard()
        for piece in self.pieces:
            discard(piece.arrived)
