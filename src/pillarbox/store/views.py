"""Views of mailboxes shared by the sessions of a process, each brought up to date by what changed since."""

from array import array
from bisect import bisect_left
from collections import OrderedDict
from dataclasses import dataclass, replace

from pillarbox.core.errors import NotFound
from pillarbox.core.ids import AccountId, MailboxId, Modseq
from pillarbox.core.limits import PAGE, VIEWS
from pillarbox.store.model import SEEN, MailboxView
from pillarbox.store.port import Connection, Database, Record
from pillarbox.store.ranges import without

_MAILBOX = (
    "SELECT uidvalidity, uidnext, highestmodseq, unseen, vanished_floor FROM mailbox"
    " WHERE account_id = $1 AND mailbox_id = $2"
)
_AFTER = "WHERE account_id = $1 AND mailbox_id = $2 AND modseq > $3"
_MOST = 4 * PAGE  # rows that are read on the loop: UIDs are small
_LOADED = 40 * PAGE  # UIDs read beside it in one go

Place = tuple[AccountId, MailboxId]


@dataclass(frozen=True, slots=True)
class _Known:
    view: MailboxView
    first_unseen: int  # UID, 0 when all are seen


@dataclass(frozen=True, slots=True)
class _Delta:
    """The mailbox row, and what changed after a modseq; `much`: not all of it."""

    row: Record
    changed: list[Record]
    gone: list[int]
    much: bool = False


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
        delta = await self._database.read(lambda connection: _delta(connection, place, known.view, _MOST))
        if delta is None:
            self._known.pop(place, None)
            raise NotFound("no such mailbox")
        uidvalidity, _, modseq, _, floor = delta.row
        if uidvalidity != known.view.uidvalidity or known.view.modseq < floor or delta.much:
            return None
        if modseq == known.view.modseq:
            return known
        return await self._applied(place, known, delta)

    async def _load(self, place: Place) -> _Known:
        """Page by page, the later ones beside the loop; what changed meanwhile comes as a delta at the end."""
        row = await self._database.read(lambda connection: connection.one(_MAILBOX, *place))
        if row is None:
            raise NotFound("no such mailbox")
        uidvalidity, uidnext, modseq, _, _ = row
        uids = array("L", await self._database.read(lambda connection: _page(connection, place, 0, _MOST)))
        more = len(uids) == _MOST
        while more:
            last = uids[-1]
            part = await self._database.read_apart(lambda connection: _page(connection, place, last, _LOADED))  # noqa: B023
            uids.extend(part)
            more = len(part) == _LOADED
        start = MailboxView(place[1], uidvalidity, uidnext, Modseq(modseq), uids, -1, 0)
        delta = await self._database.read_apart(lambda connection: _delta(connection, place, start, None))
        if delta is None or delta.row[0] != uidvalidity:
            raise NotFound("the mailbox was deleted")
        return await self._applied(place, _Known(start, -1), delta)

    async def _applied(self, place: Place, known: _Known, delta: _Delta) -> _Known:
        fresh = _after(place, known.view, delta)
        start = _unseen_from(known.first_unseen, delta)
        first = start
        if start > 0 and (start != known.first_unseen or start in delta.gone or start in map(_uid, delta.changed)):
            read = self._database.read if len(fresh.uids) <= _MOST else self._database.read_apart
            first = await read(lambda connection: _first_unseen(connection, place, start))
        number = bisect_left(fresh.uids, first) + 1 if first else 0
        view = replace(fresh, first_unseen=number if number <= len(fresh.uids) else 0)
        return _Known(view, first)


def _moment(known: _Known) -> tuple[int, int]:
    return known.view.uidvalidity, known.view.modseq


async def _page(connection: Connection, place: Place, after: int, most: int) -> list[int]:
    sql = f"SELECT uid FROM placement WHERE account_id = $1 AND mailbox_id = $2 AND uid > $3 ORDER BY uid LIMIT {most}"
    return [row[0] for row in await connection.all(sql, *place, after)]


async def _delta(connection: Connection, place: Place, view: MailboxView, most: int | None) -> _Delta | None:
    """What changed after a view; `much` when there is more of it than `most`."""
    row = await connection.one(_MAILBOX, *place)
    if row is None:
        return None
    if row[2] <= view.modseq:
        return _Delta(row, [], [])
    limit = "" if most is None else f" LIMIT {most + 1}"
    changed = await connection.all(f"SELECT uid, flags FROM placement {_AFTER}{limit}", *place, view.modseq)
    gone = [one[0] for one in await connection.all(f"SELECT uid FROM vanished {_AFTER}{limit}", *place, view.modseq)]
    return _Delta(row, sorted(changed), gone, most is not None and max(len(changed), len(gone)) > most)


async def _first_unseen(connection: Connection, place: Place, start: int) -> int:
    """The first unseen UID from `start` on, 0 when there is none."""
    found = await connection.one(
        "SELECT uid FROM placement WHERE account_id = $1 AND mailbox_id = $2 AND uid >= $3"
        f" AND (flags & {SEEN}) = 0 ORDER BY uid LIMIT 1",
        *place,
        start,
    )
    return found[0] if found else 0


def _uid(row: Record) -> int:
    return int(row[0])


def _unseen_from(first: int, delta: _Delta) -> int:
    """From which UID on the first unseen one can be, 0 when all are seen; `first` is what it was, -1 when unknown."""
    if not delta.row[3]:
        return 0
    if first < 0:
        return 1
    candidates = [int(uid) for uid, flags in delta.changed if not flags & SEEN]
    if first == 0:
        return min(candidates, default=1)
    return min([first, *candidates])


def _after(place: Place, known: MailboxView, delta: _Delta) -> MailboxView:
    uidvalidity, uidnext, modseq, unseen, _ = delta.row
    places = {uid: bisect_left(known.uids, uid) for uid in delta.gone}
    uids = without(known.uids, sorted(at for uid, at in places.items() if uid in known.uids[at : at + 1]))
    last = max(known.uidnext - 1, uids[-1] if uids else 0)
    uids.extend(uid for uid, _ in delta.changed if uid > last)
    return MailboxView(place[1], uidvalidity, uidnext, Modseq(modseq), uids, unseen, 0)
