"""Which messages are \\Recent: it is so in the first session of this process that learns of it (RFC 3501 §2.3.2)."""

from collections import OrderedDict
from collections.abc import Sequence

from pillarbox.core.ids import AccountId, MailboxId
from pillarbox.core.limits import VIEWS
from pillarbox.store.model import Need
from pillarbox.store.store import Store

_Place = tuple[AccountId, MailboxId]


class Recents:
    """The highest UID of each mailbox that a session was told of.

    Of a mailbox nobody has opened yet, the messages are recent that were put into it since this process began.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._began = store.clock.now()
        self._told: OrderedDict[_Place, int] = OrderedDict()

    async def after(self, account: AccountId, mailbox_id: MailboxId, uids: Sequence[int]) -> int:
        """The UID above which the messages of a mailbox are recent; `uids` are those it has."""
        known = self._told.get((account, mailbox_id))
        if known is not None:
            return known
        low, high = 0, len(uids)
        if not uids or not await self._is_new(account, mailbox_id, uids[-1]):
            low = high
        while low < high:
            middle = (low + high) // 2
            if await self._is_new(account, mailbox_id, uids[middle]):
                high = middle
            else:
                low = middle + 1
        return uids[low - 1] if low else 0

    def claim(self, account: AccountId, mailbox_id: MailboxId, uids: Sequence[int]) -> list[int]:
        """Those of newly arrived `uids` (ascending) that no other session was told of; from now on one was."""
        told = self._told.get((account, mailbox_id), 0)
        mine = [uid for uid in uids if uid > told]
        if mine:
            self.tell(account, mailbox_id, mine[-1])
        return mine

    def tell(self, account: AccountId, mailbox_id: MailboxId, uid: int) -> None:
        """A session knows the messages up to `uid`."""
        place = (account, mailbox_id)
        self._told[place] = max(uid, self._told.get(place, 0))
        self._told.move_to_end(place)
        while len(self._told) > VIEWS:
            self._told.popitem(last=False)

    async def _is_new(self, account: AccountId, mailbox_id: MailboxId, uid: int) -> bool:
        async for rows in self._store.placements(account, mailbox_id, [uid], Need.PLACEMENT):
            return rows[0].saved >= self._began
        return False
