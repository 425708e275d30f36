"""FETCH responses on their way to a client, put together item by item and sent in portions."""

from typing import Final

from pillarbox.core.limits import IMAP_FETCH_BATCH
from pillarbox.servers.imap.session import Session
from pillarbox.wire.imap.encoder import FETCH_CLOSE

_ITEM: Final = IMAP_FETCH_BATCH // 200  # what an item costs that is hardly any work, in octets


class Responses:
    """Call `open`, then `add` for each item and `extend` for octets that follow, then `close`; at last `turn`.

    A response without any item is not sent.
    """

    __slots__ = ("_items", "_next", "_parts", "_session", "_spent")

    def __init__(self, session: Session) -> None:
        self._session = session
        self._parts: list[bytes] = []
        self._next = b""  # what goes before the next item
        self._items = 0
        self._spent = 0

    def open(self, number: int) -> None:
        """A response begins."""
        self._next = self._session.manner.opening % number
        self._items = 0

    def add(self, piece: bytes) -> None:
        """An item of it, or the start of one."""
        self._parts += (self._next, piece)
        self._next = b" "
        self._items += 1

    def follow(self, octets: bytes) -> None:
        """Octets of the item that was begun: kept apart from it, so that they are copied no more than once."""
        self._parts.append(octets)

    def close(self, least: int = 1) -> None:
        """It ends. With fewer items than `least`, of which none was sent yet, it is forgotten."""
        waiting = 2 * self._items
        if self._items < least and waiting <= len(self._parts):
            del self._parts[len(self._parts) - waiting :]
        elif self._items:
            self._parts.append(FETCH_CLOSE)

    async def extend(self, octets: bytes) -> None:
        """More octets of the item that was begun, which are sent."""
        self.follow(octets)
        await self.turn()

    async def spend(self, cost: int) -> None:
        """The last item was as much work as so many octets: after enough of it others have their turn."""
        self._spent += cost + _ITEM
        if self._spent > IMAP_FETCH_BATCH:
            await self.turn()

    async def turn(self) -> None:
        """Send what there is, and let others have their turn."""
        self._session.stream.write(b"".join(self._parts))
        self._parts.clear()
        self._spent = 0
        await self._session.breathe()
