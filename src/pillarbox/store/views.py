"""Views of mailboxes shared by the sessions of a process, each brought up to date by what changed since."""

from array import array
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

from pillarbox.core.errors import NotFound
from pillarbox.core.ids import AccountId, MailboxId, Modseq
from pillarbox.core.limits import PAGE, VIEWS
from pillarbox.store.model import SEEN, MailboxView
from pillarbox.store.port import Connection, Database, Record

_MAILBOX = (
    "SELECT uidvalidity, uidnext, highestmodseq, unseen, vanished_floor FROM mailbox"
    " WHERE account_id = $1 AND mailbox_id = $2"
)
_AFTER = "WHERE account_id = $1 AND mailbox_id = $2 AND modseq > $3"
_LOADED_PAGES = 20 * PAGE  # UIDs are small: many fit in the time of a page of rows
_FEW = 64

Place = tuple[AccountId, MailboxId]


@dataclass(frozen=True, slots=True)
class _Known:
    view: MailboxView
    first_unseen: int  # UID, 0 when all are seen


@dataclass(frozen=True, slots=True)
class _Delta:
    """The mailbox row, what changed after a modseq, and the first unseen UID if it had to be looked up again."""

    row: Record
    changed: list[Record]
    gone: list[int]
    first_unseen: int


class Views:
    """The views a process remembers, the least used ones forgotten first."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: OrderedDict[Place, _Known] = OrderedDict()

    async def view(self, account: AccountId, mailbox_id: MailboxId) -> MailboxView:
        """See Store.view."""
        place = (account, mailbox_id)
        known = self._known.get(place)
        if known is None or not (fresh := await self._renewed(place, known)):
            fresh = await self._load(place)
        present = self._known.get(place)
        if present is None or _moment(present) <= _moment(fresh):
            self._known[place] = fresh
        self._known.move_to_end(place)
        while len(self._known) > VIEWS:
            self._known.popitem(last=False)
        return fresh.view

    async def _renewed(self, place: Place, known: _Known) -> _Known | None:
        delta = await self._database.read(lambda connection: _delta(connection, place, known))
        if delta is None:
            self._known.pop(place, None)
            raise NotFound("no such mailbox")
        uidvalidity, _, modseq, _, floor = delta.row
        if uidvalidity != known.view.uidvalidity or known.view.modseq < floor:
            return None
        return known if modseq == known.view.modseq else _applied(place, known.view, delta)

    async def _load(self, place: Place) -> _Known:
        """Page by page; what changed meanwhile comes as a delta at the end."""
        row = await self._database.read(lambda connection: connection.one(_MAILBOX, *place))
        if row is None:
            raise NotFound("no such mailbox")
        uidvalidity, uidnext, modseq, _, _ = row
        uids = array("L")
        last = 0
        while True:
            part = await self._database.read(lambda connection: _page(connection, place, last))  # noqa: B023
            uids.extend(part)
            if len(part) < _LOADED_PAGES:
                break
            last = part[-1]
        start = _Known(MailboxView(place[1], uidvalidity, uidnext, Modseq(modseq), uids, -1, 0), -1)
        delta = await self._database.read(lambda connection: _delta(connection, place, start))
        if delta is None or delta.row[0] != uidvalidity:
            raise NotFound("the mailbox was deleted")
        return _applied(place, start.view, delta)


def _moment(known: _Known) -> tuple[int, int]:
    return known.view.uidvalidity, known.view.modseq


async def _page(connection: Connection, place: Place, after: int) -> list[int]:
    sql = (
        "SELECT uid FROM placement WHERE account_id = $1 AND mailbox_id = $2 AND uid > $3"
        f" ORDER BY uid LIMIT {_LOADED_PAGES}"
    )
    return [row[0] for row in await connection.all(sql, *place, after)]


async def _delta(connection: Connection, place: Place, known: _Known) -> _Delta | None:
    row = await connection.one(_MAILBOX, *place)
    if row is None:
        return None
    view, first = known.view, known.first_unseen
    changed: list[Record] = []
    gone: list[int] = []
    if row[2] > view.modseq:
        changed = sorted(await connection.all(f"SELECT uid, flags FROM placement {_AFTER}", *place, view.modseq))
        gone = [one[0] for one in await connection.all(f"SELECT uid FROM vanished {_AFTER}", *place, view.modseq)]
    if not row[3]:
        first = 0
    elif first <= 0 or first in gone or any(uid <= first for uid, _ in changed):
        found = await connection.one(
            "SELECT uid FROM placement WHERE account_id = $1 AND mailbox_id = $2 AND uid >= $3"
            f" AND (flags & {SEEN}) = 0 ORDER BY uid LIMIT 1",
            *place,
            _unseen_from(first, view, changed),
        )
        first = found[0] if found else 0
    return _Delta(row, changed, gone, first)


def _unseen_from(first: int, view: MailboxView, changed: Iterable[Record]) -> int:
    """From which UID on the first unseen one can be."""
    if first < 0:
        return 1
    candidates: list[int] = [uid for uid, flags in changed if not flags & SEEN]
    if first == 0:
        return min(candidates, default=1)
    return min([first, *candidates])


def _applied(place: Place, known: MailboxView, delta: _Delta) -> _Known:
    uidvalidity, uidnext, modseq, unseen, _ = delta.row
    uids = array("L", known.uids)
    if len(delta.gone) <= _FEW:
        for uid in delta.gone:
            at = bisect_left(uids, uid)
            if at < len(uids) and uids[at] == uid:
                del uids[at]
    else:
        gone = set(delta.gone)
        uids = array("L", [uid for uid in uids if uid not in gone])
    last = max(known.uidnext - 1, uids[-1] if uids else 0)
    uids.extend(uid for uid, _ in delta.changed if uid > last)
    first = bisect_left(uids, delta.first_unseen) + 1 if delta.first_unseen else 0
    view = MailboxView(place[1], uidvalidity, uidnext, Modseq(modseq), uids, unseen, first)
    return _Known(view, delta.first_unseen)
