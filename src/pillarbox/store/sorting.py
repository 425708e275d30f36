"""The messages of a mailbox in the order and in the threads that IMAP clients ask for (RFC 5256)."""

import asyncio
import re
from bisect import bisect_left, bisect_right
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec
import structlog

from pillarbox.core.ids import AccountId, MailboxId, MessageId, Uid
from pillarbox.core.limits import PAGE
from pillarbox.message.address import Address
from pillarbox.message.sorting import SortKeys, sort_keys
from pillarbox.store import query as q
from pillarbox.store.adding import SORT_KEY
from pillarbox.store.model import Headers
from pillarbox.store.port import Connection, Record
from pillarbox.store.search_sql import Clause, used
from pillarbox.store.searching import Pause, located
from pillarbox.store.threading import ALGORITHMS, Forest, Threading

if TYPE_CHECKING:
    from pillarbox.store.store import Store

T = TypeVar("T")

_SOURCE = "placement p LEFT JOIN sort_key k ON k.account_id = p.account_id AND k.message_id = p.message_id"
_SENT = "COALESCE(k.sent, p.received)"  # RFC 5256 §2.2
_BARE = "CASE WHEN k.reply IS NULL THEN 1 ELSE 0 END"
_TERMS: Final = {
    "received": "p.received",
    "size": "p.size",
    "sent": _SENT,
    "subject": "k.subject",
    "from": "k.from_shown",
    "to": "k.to_shown",
    "from_box": "k.from_box",
    "to_box": "k.to_box",
    "cc_box": "k.cc_box",
}
_THREADED = f"p.uid, p.message_id, {_BARE}, {_SENT}, p.received, k.subject, k.reply, k.name, k.parents"
_BATCH = PAGE // 2  # messages that are given keys in one transaction
_ESCAPE = re.compile(r"\\(.)")
_HEADERS = msgspec.msgpack.Decoder(Headers)
_log = structlog.get_logger("pillarbox.store")


async def sort(
    store: "Store",
    place: tuple[AccountId, MailboxId],
    condition: q.Condition,
    orders: Sequence[q.Order],
    pause: Pause | None,
) -> list[Uid]:
    """The UIDs that Store.search finds, in order, ties by UID."""
    where, clause, total = await located(store, *place, condition, pause, sifts=True)
    terms = ", ".join(f"{_term(one, clause)}{' DESC' if one.descending else ''}" for one in orders)
    source, bare = (_SOURCE, _BARE) if "k." in terms else ("placement p", "0")
    sql = f"SELECT p.uid, p.message_id, {bare} FROM {source} WHERE {where} ORDER BY {terms}, p.uid"
    sql, values = used(sql, clause.values)

    async def unit(connection: Connection) -> tuple[list[Uid], list[MessageId]]:
        uids: list[Uid] = []
        bare: list[MessageId] = []
        async for page in connection.pages(sql, *values):
            rows = clause.sifted(page)
            uids += [row[0] for row in rows]
            bare += [row[1] for row in rows if row[2]]
        return uids, bare

    return await _keyed(store, place[0], unit, total)


def _term(order: q.Order, clause: Clause) -> str:
    if order.by != "relevancy":
        return _TERMS[order.by]
    alike: dict[int, list[int]] = {}
    for uid, score in order.scores.items():
        alike.setdefault(score, []).append(uid)
    members = clause.dialect.members
    cases = [
        f" WHEN p.uid IN {members(clause.bind(clause.dialect.array(uids)))} THEN {-score}"
        for score, uids in alike.items()
    ]
    return f"CASE{''.join(cases)} ELSE 0 END" if cases else "p.uid"


async def threads(
    store: "Store",
    place: tuple[AccountId, MailboxId],
    condition: q.Condition,
    algorithm: str,
    known: Sequence[int],
    pause: Pause | None,
) -> Forest:
    """What Store.search finds of the UIDs in `known` (in order), in threads by one of ALGORITHMS."""
    where, clause, total = await located(store, *place, condition, pause, sifts=True)
    sql, values = used(f"SELECT {_THREADED} FROM {_SOURCE} WHERE {where} ORDER BY p.uid", clause.values)

    async def unit(connection: Connection) -> tuple[Threading, list[MessageId]]:
        threading = Threading()
        bare: list[MessageId] = []
        async for page in connection.pages(sql, *values):
            rows = _within(clause.sifted(page), known)
            bare += [row[1] for row in rows if row[2]]
            if rows and not bare:
                threading.take(rows)
        return threading, bare

    threading = await _keyed(store, place[0], unit, total)
    return await asyncio.to_thread(ALGORITHMS[algorithm], threading)


def _within(rows: list[Record], known: Sequence[int]) -> list[Record]:
    """Those of the rows, ordered by the UIDs they begin with, whose UIDs are known."""
    if not rows:
        return rows
    part = known[bisect_left(known, rows[0][0]) : bisect_right(known, rows[-1][0])]
    if len(part) == len(rows) == rows[-1][0] - rows[0][0] + 1:
        return rows
    some = set(part)
    return [row for row in rows if row[0] in some]


async def _keyed(
    store: "Store", account: AccountId, unit: Callable[[Connection], Awaitable[tuple[T, list[MessageId]]]], total: int
) -> T:
    """What the unit reads; once more when there were messages without keys, which have got them by then."""
    read = store.database.read if total <= PAGE else store.database.read_apart
    found, bare = await read(unit)
    if not bare:
        return found
    for at in range(0, len(bare), _BATCH):
        await _give_keys(store, account, bare[at : at + _BATCH])
        await asyncio.sleep(0)
    _log.info("store.keys_made", account=account, messages=len(bare))
    return (await read(unit))[0]


async def _give_keys(store: "Store", account: AccountId, messages: Sequence[MessageId]) -> None:
    """Make the keys of messages from before they were kept, as well as the header fields that are kept allow."""
    dialect = store.database.dialect
    lock = f"SELECT 1 FROM account WHERE account_id = $1{dialect.for_update}"
    sql = f"SELECT message_id, headers FROM message WHERE account_id = $1 AND message_id IN {dialect.members('$2')}"

    async def unit(connection: Connection) -> None:
        await connection.one(lock, account)
        rows = await connection.all(sql, account, dialect.array(messages))
        await connection.many(SORT_KEY, [(account, message_id, *_keys_of(packed)) for message_id, packed in rows])

    await store.database.write(unit)


def _keys_of(packed: bytes) -> SortKeys:
    try:
        headers = _HEADERS.decode(packed)
    except msgspec.MsgspecError:  # until it is repaired it is sorted as if it had none
        return sort_keys(None, "", (None, None, None), ((), (), ()))
    firsts = [_first(people) for people in (headers.from_, headers.to, headers.cc)]
    ids = ((headers.message_id,) if headers.message_id else (), headers.references, headers.in_reply_to)
    return sort_keys(headers.sent_at, headers.subject, firsts, ids)


def _first(people: Sequence[tuple[str | None, str]]) -> Address | None:
    if not people:
        return None
    name, spec = people[0]
    local, at_sign, host = spec.rpartition("@")
    local, host = (local, host) if at_sign else (spec, "")
    if local.startswith('"'):
        local = _ESCAPE.sub(r"\1", local.strip('"'))
    return Address(name, local, host)
