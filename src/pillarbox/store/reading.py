"""Reading mailboxes, placements and messages; each function is one or more statements on one snapshot."""

from array import array
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import msgspec

from pillarbox.core.errors import Damaged, NotFound
from pillarbox.core.ids import AccountId, BlobId, MailboxId, MessageId, Modseq, ThreadId, Uid
from pillarbox.core.limits import PAGE
from pillarbox.store.emails import union
from pillarbox.store.ledger import BOX_COLUMNS, mailbox_of
from pillarbox.store.model import (
    DELETED,
    BlobRef,
    Email,
    FlagState,
    Headers,
    Mailbox,
    MailboxChanges,
    Need,
    Quota,
    Row,
)
from pillarbox.store.naming import full_name, name_order
from pillarbox.store.port import Connection, Dialect, Record
from pillarbox.store.quotas import octets_limit
from pillarbox.store.ranges import Piece

_BASE = "p.uid, p.message_id, p.flags, p.keywords, p.modseq, p.size, p.received, p.saved, p.thread_id"
_LISTED = " LEFT JOIN listing l ON l.account_id = p.account_id AND l.message_id = p.message_id"
_JOINED = " JOIN message m ON m.account_id = p.account_id AND m.message_id = p.message_id"
_COLUMNS = {
    Need.LISTING: ("listing",),
    Need.ENVELOPE: ("envelope",),
    Need.BODYSTRUCTURE: ("bodystructure", "body"),
    Need.STRUCTURE: ("structure",),
    Need.PREVIEW: ("preview",),
    Need.HEADERS: ("headers",),
    Need.BLOB: ("blob_id", "blob_offset", "blob_length"),
}
_SPELLED = {"listing": "l.octets AS listing"}
_FLAT = {
    Need.LISTING: ", l.octets",
    Need.ENVELOPE: ", NULL, m.envelope",
    Need.ENVELOPE | Need.BODYSTRUCTURE: ", NULL, m.envelope, m.bodystructure, m.body",
}
"""What is asked for by the thousand, in the order of Row, which takes it as it comes."""
_UTF8_ENVELOPE = "COALESCE(m.envelope_utf8, m.envelope) AS envelope"
_DENSE_PAGE = 5 * PAGE  # a listed piece may lie in a range four times as wide
_HEADERS = msgspec.msgpack.Decoder(Headers)


@lru_cache(maxsize=64)
def _columns(need: Need) -> tuple[str, ...]:
    return tuple(column for one, columns in _COLUMNS.items() if need & one for column in columns)


@lru_cache(maxsize=64)
def _select(need: Need) -> str:
    utf8, need = need & Need.UTF8, need & ~Need.UTF8
    wide = _FLAT.get(need) or "".join(f", {_SPELLED.get(column, f'm.{column}')}" for column in _columns(need))
    if utf8:
        wide = wide.replace("m.envelope", _UTF8_ENVELOPE)
    source = "placement p" + (_LISTED if need & Need.LISTING else "") + (_JOINED if need & ~Need.LISTING else "")
    return f"SELECT {_BASE}{wide} FROM {source} WHERE p.account_id = $1 AND p.mailbox_id = $2"


async def mailboxes(connection: Connection, account: AccountId) -> list[Mailbox]:
    """All mailboxes by name; for an account with many of them apart from the loop."""
    rows = await connection.all(f"SELECT {BOX_COLUMNS} FROM mailbox WHERE account_id = $1", account)
    return sorted(map(mailbox_of, rows), key=lambda one: name_order(one.name))


Subscriptions = tuple[list[Mailbox], list[str]]


async def subscriptions(connection: Connection, account: AccountId, most: int | None) -> Subscriptions | None:
    """See Store.subscriptions; None when there are more than `most` mailboxes or names."""
    limit = "" if most is None else f" LIMIT {most + 1}"
    rows = await connection.all(f"SELECT {BOX_COLUMNS} FROM mailbox WHERE account_id = $1{limit}", account)
    names = await connection.all(f"SELECT name FROM subscription WHERE account_id = $1{limit}", account)
    if most is not None and len(rows) + len(names) > most:
        return None
    boxes = sorted(map(mailbox_of, rows), key=lambda one: name_order(one.name))
    return boxes, sorted((row[0] for row in names), key=name_order)


async def subscribed_names(connection: Connection, account: AccountId) -> list[str]:
    """The names subscribed to that no mailbox has."""
    rows = await connection.all("SELECT name FROM subscription WHERE account_id = $1", account)
    return sorted((row[0] for row in rows), key=name_order)


async def has_children(connection: Connection, account: AccountId, mailbox_id: MailboxId) -> bool:
    """See Store.has_children."""
    sql = "SELECT 1 FROM mailbox WHERE account_id = $1 AND parent_id = $2 LIMIT 1"
    return await connection.one(sql, account, mailbox_id) is not None


async def reclaimable(connection: Connection, account: AccountId, mailbox_id: MailboxId) -> int:
    """See Store.reclaimable."""
    row = await connection.one(
        "SELECT sum(m.size) FROM message m WHERE m.account_id = $1 AND m.message_id IN (SELECT p.message_id"
        f" FROM placement p WHERE p.account_id = $1 AND p.mailbox_id = $2 AND (p.flags & {DELETED}) <> 0)"
        " AND NOT EXISTS (SELECT 1 FROM placement o WHERE o.account_id = m.account_id AND o.message_id = m.message_id"
        f" AND (o.mailbox_id <> $2 OR (o.flags & {DELETED}) = 0))",
        account,
        mailbox_id,
    )
    return int(row[0] or 0) if row else 0


async def mailbox(connection: Connection, account: AccountId, mailbox_id: MailboxId) -> Mailbox:
    """See Store.mailbox."""
    sql = f"SELECT {BOX_COLUMNS} FROM mailbox WHERE account_id = $1 AND mailbox_id = $2"
    return _found(await connection.one(sql, account, mailbox_id))


async def mailbox_named(connection: Connection, account: AccountId, name: str) -> Mailbox:
    """See Store.mailbox_named."""
    sql = f"SELECT {BOX_COLUMNS} FROM mailbox WHERE account_id = $1 AND name = $2"
    return _found(await connection.one(sql, account, full_name(name)))


def _found(row: Record | None) -> Mailbox:
    if row is None:
        raise NotFound("no such mailbox")
    return mailbox_of(row)


async def page(
    connection: Connection, dialect: Dialect, place: tuple[AccountId, MailboxId], piece: Piece, need: Need
) -> list[Row]:
    """The first rows of a piece, in UID order: all of a listed piece, at most PAGE of an open one."""
    select = _select(need)
    if not piece.dense:
        sql = f"{select} AND p.uid IN {dialect.members('$3')} ORDER BY p.uid"
        records = await connection.all(sql, *place, dialect.array(piece.uids or ()))
    else:
        limit = PAGE if piece.uids is None else _DENSE_PAGE
        sql = f"{select} AND p.uid >= $3 AND p.uid <= $4 ORDER BY p.uid LIMIT {limit}"
        records = await connection.all(sql, *place, piece.low, piece.high)
        if piece.uids is not None:
            chosen = set(piece.uids)
            records = [record for record in records if record[0] in chosen]
    if not need or need & ~Need.UTF8 in _FLAT:
        return [Row(*record) for record in records]
    if need == Need.BLOB:  # whole bodies are asked for by the thousand, too
        absent = (None, b"", b"", b"", b"", "", None)
        return [Row(*(*record[:9], *absent, BlobRef(*record[9:]))) for record in records]
    columns = _columns(need)
    return [Row(*record[:9], **_wide(columns, record[9:])) for record in records]


def _wide(columns: Sequence[str], values: Record) -> dict[str, Any]:
    wide: dict[str, Any] = dict(zip(columns, values, strict=True))
    if "headers" in wide:
        try:
            wide["headers"] = _HEADERS.decode(values[columns.index("headers")])
        except msgspec.MsgspecError as error:
            raise Damaged(f"headers of a message: {error}") from error
    if "blob_id" in wide:
        ref = BlobRef(wide.pop("blob_id"), wide.pop("blob_offset"), wide.pop("blob_length"))
        wide["blob"] = ref
    return wide


async def since(
    connection: Connection, place: tuple[AccountId, MailboxId], modseq: Modseq, most: int
) -> MailboxChanges | None:
    """See Store.since. None when more than `most` placements changed."""
    sql = f"SELECT {BOX_COLUMNS}, vanished_floor FROM mailbox WHERE account_id = $1 AND mailbox_id = $2"
    row = await connection.one(sql, *place)
    if row is None:
        return MailboxChanges(None, (), (), modseq, reset=True)
    box = mailbox_of(row)
    reset = modseq < row[15]
    if box.highestmodseq <= modseq:
        return MailboxChanges(box, (), (), box.highestmodseq, reset)
    where = "WHERE account_id = $1 AND mailbox_id = $2 AND modseq > $3"
    limit = f" LIMIT {most + 1}"
    columns = "uid, flags, keywords, modseq"
    changed = await connection.all(f"SELECT {columns} FROM placement {where}{limit}", *place, modseq)
    gone = await connection.all(f"SELECT uid FROM vanished {where}{limit}", *place, modseq)
    if max(len(changed), len(gone)) > most:
        return None
    return MailboxChanges(
        box,
        tuple(FlagState(*one) for one in sorted(changed)),
        tuple(sorted(Uid(one[0]) for one in gone)),
        box.highestmodseq,
        reset,
    )


async def changed_since(
    connection: Connection, place: tuple[AccountId, MailboxId], modseq: Modseq, most: int
) -> list[Uid] | None:
    """See Store.changed_since."""
    sql = "SELECT uid FROM placement WHERE account_id = $1 AND mailbox_id = $2 AND modseq > $3"
    rows = await connection.all(f"{sql} LIMIT {most + 1}", *place, modseq)
    return None if len(rows) > most else sorted(row[0] for row in rows)


async def vanished_since(
    connection: Connection, place: tuple[AccountId, MailboxId], modseq: Modseq
) -> Sequence[int] | None:
    """See Store.vanished_since."""
    where = "WHERE account_id = $1 AND mailbox_id = $2"
    row = await connection.one(f"SELECT vanished_floor FROM mailbox {where}", *place)
    if row is None:
        raise NotFound("no such mailbox")
    if modseq < row[0]:
        return None
    rows = await connection.all(f"SELECT uid FROM vanished {where} AND modseq > $3", *place, modseq)
    return array("L", sorted(row[0] for row in rows))


async def emails(
    connection: Connection, dialect: Dialect, account: AccountId, ids: Sequence[MessageId], need: Need
) -> dict[MessageId, Email]:
    """See Store.emails; at most PAGE ids."""
    members, array = dialect.members("$2"), dialect.array(list(dict.fromkeys(ids)))
    placed: dict[MessageId, list[tuple[MailboxId, int, str]]] = {}
    for message_id, *one in await connection.all(
        "SELECT message_id, mailbox_id, flags, keywords FROM placement"
        f" WHERE account_id = $1 AND message_id IN {members} AND (flags & {DELETED}) = 0",
        account,
        array,
    ):
        placed.setdefault(message_id, []).append((one[0], one[1], one[2]))
    wide = _columns(need & (Need.PREVIEW | Need.STRUCTURE | Need.HEADERS))
    columns = "".join(f", {column}" for column in wide)
    rows = await connection.all(
        f"SELECT message_id, thread_id, size, received, blob_id, blob_offset, blob_length{columns} FROM message"
        f" WHERE account_id = $1 AND message_id IN {members}",
        account,
        array,
    )
    found = {row[0]: row for row in rows}
    return {one: _email(found[one], placed[one], wide) for one in ids if one in found and one in placed}


def _email(row: Record, placed: Sequence[tuple[MailboxId, int, str]], wide: Sequence[str]) -> Email:
    message_id, thread_id, size, received, *blob = row[:7]
    values = _wide(wide, row[7:])
    return Email(message_id, thread_id, *union(placed), size, received, BlobRef(*blob), **values)


async def threads(
    connection: Connection, dialect: Dialect, account: AccountId, ids: Sequence[ThreadId]
) -> dict[ThreadId, list[MessageId]]:
    """See Store.thread; at most PAGE ids."""
    rows = await connection.all(
        "SELECT m.thread_id, m.received, m.message_id FROM message m"
        f" WHERE m.account_id = $1 AND m.thread_id IN {dialect.members('$2')} AND EXISTS (SELECT 1 FROM placement p"
        f" WHERE p.account_id = m.account_id AND p.message_id = m.message_id AND (p.flags & {DELETED}) = 0)"
        " ORDER BY m.received, m.message_id",
        account,
        dialect.array(list(dict.fromkeys(ids))),
    )
    members: dict[ThreadId, list[MessageId]] = {}
    for thread_id, _, message_id in rows:
        members.setdefault(thread_id, []).append(message_id)
    return members


async def modseq(connection: Connection, account: AccountId) -> Modseq:
    """See Store.modseq."""
    row = await connection.one("SELECT modseq FROM account WHERE account_id = $1", account)
    if row is None:
        raise NotFound("no such account")
    return Modseq(row[0])


async def quota(connection: Connection, account: AccountId, default: int | None) -> Quota:
    """See Store.quota."""
    row = await connection.one("SELECT used, quota, messages FROM account WHERE account_id = $1", account)
    if row is None:
        raise NotFound("no such account")
    return Quota(row[0], octets_limit(row[1], default), row[2])


async def blob_of(connection: Connection, account: AccountId, blob_id: BlobId) -> BlobRef:
    """The whole blob, if a message, an upload or a queued message of the account refers to it. NotFound."""
    for sql in (
        "SELECT blob_length FROM message WHERE account_id = $1 AND blob_id = $2 AND blob_offset = 0",
        "SELECT size FROM upload WHERE account_id = $1 AND blob_id = $2",
        "SELECT blob_offset + blob_length FROM queue WHERE account_id = $1 AND blob_id = $2",
    ):
        row = await connection.one(sql, account, blob_id)
        if row is not None:
            return BlobRef(blob_id, 0, row[0])
    raise NotFound("no such blob")


async def upload_of(connection: Connection, account: AccountId, blob_id: BlobId) -> BlobRef:
    """The whole blob of an upload. NotFound."""
    sql = "SELECT size FROM upload WHERE account_id = $1 AND blob_id = $2"
    row = await connection.one(sql, account, blob_id)
    if row is None:
        raise NotFound("no such upload")
    return BlobRef(blob_id, 0, row[0])
