"""Finding messages: the UIDs of a mailbox for IMAP SEARCH, the ordered ids of an account for JMAP Email/query."""

import asyncio
from bisect import bisect_left
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from pillarbox.core.ids import AccountId, MailboxId, MessageId, Uid
from pillarbox.core.limits import PAGE
from pillarbox.store import query as q
from pillarbox.store.model import DELETED, Headers, MailboxView
from pillarbox.store.port import Connection, Record
from pillarbox.store.search_leaves import Effort, resolve
from pillarbox.store.search_sql import Clause, Known, keyword, used

if TYPE_CHECKING:
    from pillarbox.store.store import Store

_APART = 10 * PAGE  # placements above which the loop goes on meanwhile
Pause = Callable[[int, int], Awaitable[None]]
"""What is awaited between the pages of a search, with how many of how many messages have been looked at; an exception
from it ends the search."""

_HEADERS = msgspec.msgpack.Decoder(Headers)


@dataclass(frozen=True, slots=True)
class _Plan:
    """Where messages are looked for: some mailboxes (None: all), placement by placement or message by message."""

    account: AccountId
    mailboxes: Sequence[MailboxId] | None
    single: bool
    visible: bool  # without \\Deleted
    sifts: bool = False  # see Clause

    def clause(
        self, store: "Store", condition: q.Condition, known: Known, sure: Known
    ) -> tuple[str, list[Any], Clause]:
        """WHERE with its values."""
        clause = Clause(self.account, store.database.dialect, self.single, known, sure, self.sifts)
        parts = ["p.account_id = $1"]
        if self.mailboxes is not None and len(self.mailboxes) == 1:
            parts.append(f"p.mailbox_id = {clause.bind(self.mailboxes[0])}")
        elif self.mailboxes is not None:
            dialect = store.database.dialect
            parts.append(f"p.mailbox_id IN {dialect.members(clause.bind(dialect.array(self.mailboxes)))}")
        if self.visible:
            parts.append(f"(p.flags & {DELETED}) = 0")
        parts.append(f"({clause.whole(condition)})")
        return " AND ".join(parts), clause.values, clause

    async def decided(self, store: "Store", condition: q.Condition, effort: Effort) -> tuple[str, list[Any], Clause]:
        """WHERE with its values, when it is known what conditions on texts come to."""

        async def scope(may: Known, sure: Known) -> list[MessageId]:
            where, values, clause = await asyncio.to_thread(self.clause, store, condition, may, sure)
            columns = "p.uid, p.message_id" if clause.sieves else "0, p.message_id"
            order = "p.mailbox_id, p.uid" if self.mailboxes is None or len(self.mailboxes) > 1 else "p.uid"
            sql, values = used(f"SELECT {columns} FROM placement p WHERE {where} ORDER BY {order}", values)

            async def unit(connection: Connection) -> list[MessageId]:
                found: dict[MessageId, None] = {}
                async for rows in connection.pages(sql, *values):
                    found.update([(row[1], None) for row in clause.sifted(rows)])
                return list(found)

            return await store.database.read_apart(unit)

        known = await resolve(store, self.account, condition, scope, effort)
        if not known:
            return self.clause(store, condition, known, known)
        # Sorting and spelling the ids of very many messages takes its time.
        return await asyncio.to_thread(self.clause, store, condition, known, known)


async def _breathe(_done: int, _goal: int) -> None:
    await asyncio.sleep(0)


async def search(
    store: "Store",
    account: AccountId,
    mailbox_id: MailboxId,
    condition: q.Condition,
    view: MailboxView | None,
    pause: Pause | None,
) -> list[Uid]:
    """See Store.search."""
    where, clause, total = await located(store, account, mailbox_id, condition, pause, sifts=True)
    columns = "p.uid, p.message_id" if clause.sieves else "p.uid"
    sql, values = used(f"SELECT {columns} FROM placement p WHERE {where} ORDER BY p.uid", clause.values)

    async def unit(connection: Connection) -> list[Uid]:
        found: list[Uid] = []
        async for rows in connection.pages(sql, *values):
            found += [row[0] for row in clause.sifted(rows)]
        return found

    found = await (store.database.read_apart if total > _APART else store.database.read)(unit)
    return found if view is None else _within(found, view.uids)


async def located(
    store: "Store",
    account: AccountId,
    mailbox_id: MailboxId,
    condition: q.Condition,
    pause: Pause | None,
    sifts: bool = False,
) -> tuple[str, Clause, int]:
    """The messages of a mailbox that meet a condition as WHERE over placements `p`, and how many it has in all; with
    `sifts` the rows have to be sifted (see Clause)."""
    total = (await store.mailbox(account, mailbox_id)).total
    plan = _Plan(account, (mailbox_id,), single=True, visible=False, sifts=sifts)
    where, _, clause = await plan.decided(store, condition, Effort(pause or _breathe, bounded=False))
    return where, clause, total


async def search_each(
    store: "Store", account: AccountId, mailboxes: Sequence[MailboxId], condition: q.Condition, pause: Pause
) -> dict[MailboxId, list[Uid]]:
    """As Store.search in several mailboxes of an account at once; those where nothing is found are left out."""
    plan = _Plan(account, mailboxes, single=True, visible=False, sifts=True)
    where, values, clause = await plan.decided(store, condition, Effort(pause, bounded=False))
    sql = f"SELECT p.uid, p.message_id, p.mailbox_id FROM placement p WHERE {where} ORDER BY p.mailbox_id, p.uid"
    sql, values = used(sql, values)

    async def unit(connection: Connection) -> dict[MailboxId, list[Uid]]:
        found: dict[MailboxId, list[Uid]] = {}
        async for rows in connection.pages(sql, *values):
            for uid, _, mailbox_id in clause.sifted(rows):
                found.setdefault(mailbox_id, []).append(uid)
        return found

    return await store.database.read_apart(unit)


def _within(found: list[Uid], uids: Sequence[int]) -> list[Uid]:
    """Those of the UIDs that are in the view."""
    if len(found) * 16 > len(uids):
        return sorted(set(found).intersection(uids))
    size = len(uids)
    return [uid for uid in found if (at := bisect_left(uids, uid)) < size and uids[at] == uid]


async def query(
    store: "Store",
    account: AccountId,
    condition: q.Condition,
    order: Sequence[q.Order],
    collapse_threads: bool,
    page: tuple[int, int | None] = (0, None),
) -> list[MessageId]:
    """See Store.query; `page` is its position and limit."""
    where, _, clause = await _asked(store, account, condition)
    return await _page(store, where, clause, (order, collapse_threads), page)


async def counted(
    store: "Store",
    account: AccountId,
    condition: q.Condition,
    order: Sequence[q.Order],
    collapse_threads: bool,
    page: tuple[int, int],
) -> tuple[list[MessageId], int]:
    """See Store.counted."""
    where, values, clause = await _asked(store, account, condition)
    found = await _page(store, where, clause, (order, collapse_threads), page)
    position, limit = page
    if len(found) < limit and (found or not position):
        return found, position + len(found)
    column = "thread_id" if collapse_threads else "message_id"
    sql, values = used(f"SELECT COUNT(DISTINCT p.{column}) FROM placement p WHERE {where}", values)

    async def unit(connection: Connection) -> Record | None:
        return await connection.one(sql, *values)

    row = await store.database.read_apart(unit)
    return found, row[0] if row else 0


async def _asked(store: "Store", account: AccountId, condition: q.Condition) -> tuple[str, list[Any], Clause]:
    plan, rest = await _plan(store, account, condition)
    return await plan.decided(store, rest, Effort(_breathe, bounded=True))


async def _page(
    store: "Store",
    where: str,
    clause: Clause,
    manner: tuple[Sequence[q.Order], bool],
    page: tuple[int, int | None],
) -> list[MessageId]:
    """The page of the messages that the clause finds, in their order, and one of each thread where `manner` says so."""
    orders, collapse_threads = tuple(manner[0]) or (q.Order(),), manner[1]
    if any(one.by in _BY_HEADERS for one in orders):
        rows = await _sorted(store, where, clause, orders)
    else:
        terms = ", ".join(f"{_column(one.by, clause)} {'DESC' if one.descending else 'ASC'}" for one in orders)
        joined = _MESSAGE if any(one.by == "sent" for one in orders) else ""
        sql = f"SELECT p.message_id, p.thread_id FROM placement p{joined} WHERE {where} ORDER BY {terms}"
        rows = await _ordered(store, used(f"{sql}, p.message_id DESC", clause.values), collapse_threads, page)
    return _cut(rows, collapse_threads, page)


async def _plan(store: "Store", account: AccountId, condition: q.Condition) -> tuple[_Plan, q.Condition]:
    """A mailbox named by the condition is where to look; whether messages have one placement each the counters say."""
    boxes = await store.mailboxes(account)
    single = sum(box.total for box in boxes) == (await store.quota(account)).messages
    parts = condition.parts if isinstance(condition, q.And) else (condition,)
    for part in parts:
        if isinstance(part, q.InMailbox) and part.mailbox_id is not None:
            rest = q.And(tuple(one for one in parts if one is not part))
            return _Plan(account, (part.mailbox_id,), single, visible=True), rest
    return _Plan(account, None, single, visible=True), condition


_MESSAGE = " JOIN message m ON m.account_id = p.account_id AND m.message_id = p.message_id"
_BY_HEADERS = ("from", "to", "subject")
_COLUMNS = {"received": "p.received", "size": "p.size", "sent": "COALESCE(m.sent, p.received)"}


def _column(by: str, clause: Clause) -> str:
    if by.startswith("keyword:"):
        return f"CASE WHEN {keyword(clause, by.removeprefix('keyword:'))} THEN 1 ELSE 0 END"
    return _COLUMNS[by]


async def _ordered(
    store: "Store", statement: tuple[str, Sequence[Any]], collapse_threads: bool, page: tuple[int, int | None]
) -> list[Record]:
    """The rows in order, no more of them than the page needs: the order of received is an index's own."""
    (sql, values), (position, limit) = statement, page
    needed = None if limit is None else position + limit

    async def unit(connection: Connection) -> list[Record]:
        if needed is None:
            return await connection.all(sql, *values)
        some = 2 * needed + PAGE
        while True:
            rows = await connection.all(f"{sql} LIMIT {some}", *values)
            if len(rows) < some or len({row[collapse_threads] for row in rows}) >= needed:
                return rows
            some *= 8

    return await store.database.read_apart(unit)


def _cut(rows: Sequence[Record], collapse_threads: bool, page: tuple[int, int | None]) -> list[MessageId]:
    """The first message of each thread, or each message once; of those the page."""
    first: dict[int, MessageId] = {}
    for row in rows:
        first.setdefault(row[collapse_threads], row[0])
    position, limit = page
    return list(first.values())[position : None if limit is None else position + limit]


async def _sorted(store: "Store", where: str, clause: Clause, orders: Sequence[q.Order]) -> list[Record]:
    """The rows sorted by what only the decoded header fields show."""
    columns = [("m.headers" if one.by in _BY_HEADERS else _column(one.by, clause)) for one in orders]
    sql = f"SELECT p.message_id, p.thread_id, {', '.join(columns)} FROM placement p{_MESSAGE} WHERE {where}"
    sql, values = used(sql, clause.values)

    async def unit(connection: Connection) -> list[Record]:
        return await connection.all(sql, *values)

    rows = await store.database.read_apart(unit)
    return await asyncio.to_thread(_sort, rows, orders)


def _sort(rows: list[Record], orders: Sequence[q.Order]) -> list[Record]:
    rows.sort(key=lambda row: row[0], reverse=True)
    for at, one in reversed(list(enumerate(orders, 2))):
        keys = {row[0]: _header_key(row[at], one.by) if one.by in _BY_HEADERS else row[at] for row in rows}
        rows.sort(key=lambda row, keys=keys: keys[row[0]], reverse=one.descending)  # type: ignore[misc]
    return rows


def _header_key(packed: bytes, by: str) -> str:
    headers = _HEADERS.decode(packed)
    if by == "subject":
        return headers.base_subject.casefold()
    people = headers.from_ if by == "from" else headers.to
    return next(((name or address).casefold() for name, address in people), "")
