"""An APPEND or REPLACE under way: the messages that have come so far, kept until all of them are there (RFC 3502)."""

from dataclasses import dataclass, field

from pillarbox.core.ids import AccountId, MailboxId, Uid
from pillarbox.servers.imap.errors import Refused
from pillarbox.store.model import Arrived, Place
from pillarbox.store.rights import Found
from pillarbox.store.spool import Spooling, discard


@dataclass(frozen=True, slots=True)
class Piece:
    """One message that is complete: its octets, where it goes and its INTERNALDATE in seconds, None for now."""

    arrived: Arrived
    place: Place
    received: int | None


@dataclass(frozen=True, slots=True)
class Replaced:
    """The message that makes room for the new one (RFC 8508)."""

    account: AccountId
    mailbox_id: MailboxId
    uid: Uid


@dataclass(slots=True)
class Appending:
    """`name` is the command, `target` where its messages go. `spool`, `place` and `received` belong to the message that
    is coming; `binary`: what is coming of it may hold NUL, `nul`: it does. `total`: octets of all messages so far,
    `held`: those of complete ones that are in memory. `failure` is what the command will be answered."""

    name: str
    target: Found
    replaced: Replaced | None
    spool: Spooling
    place: Place
    received: int | None = None
    binary: bool = False
    nul: bool = False
    total: int = 0
    held: int = 0
    pieces: list[Piece] = field(default_factory=list)
    failure: Refused | None = None

    def discard(self) -> None:
        """Forget everything."""
        self.spool.discard()
        for piece in self.pieces:
            discard(piece.arrived)
