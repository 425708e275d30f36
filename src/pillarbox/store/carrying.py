"""Copying messages into another account: rows of their own there, of the same octets, counted there."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from pillarbox.core.errors import Damaged
from pillarbox.core.ids import AccountId, MessageId, ThreadId
from pillarbox.core.limits import PAGE
from pillarbox.store.adding import mint, thread_of, tie
from pillarbox.store.held import Held
from pillarbox.store.ledger import Ledger, Trace
from pillarbox.store.model import DELETED, Headers
from pillarbox.store.quotas import lack
from pillarbox.store.work import Work

_HEADERS = msgspec.msgpack.Decoder(Headers)

CARRIED: Final = {
    "listing": "octets",
    "sort_key": "sent, subject, from_box, to_box, cc_box, from_shown, to_shown, reply, name, parents",
}
"""What is kept of messages beside their row: table and columns, the same in every account."""
_COLUMNS = (
    "blob_id, blob_offset, blob_length, size, received, sent, preview, envelope, envelope_utf8, bodystructure, body,"
    " structure, headers"
)
_MESSAGE = (
    f"INSERT INTO message (account_id, message_id, thread_id, created_modseq, {_COLUMNS})"
    f" SELECT CAST($1 AS BIGINT), CAST($2 AS BIGINT), CAST($3 AS BIGINT), CAST($4 AS BIGINT), {_COLUMNS} FROM message"
    " WHERE account_id = $5 AND message_id = $6"
)
_BESIDE = tuple(
    f"INSERT INTO {table} (account_id, message_id, {columns}) SELECT CAST($1 AS BIGINT), CAST($2 AS BIGINT), {columns}"
    f" FROM {table} WHERE account_id = $3 AND message_id = $4"
    for table, columns in CARRIED.items()
)
_BLOB = (
    "INSERT INTO blob (account_id, blob_id, coding, octets)"
    " SELECT CAST($1 AS BIGINT), blob_id, coding, octets FROM blob WHERE account_id = $2 AND blob_id = $3"
    " ON CONFLICT (account_id, blob_id) DO NOTHING"
)


@dataclass(frozen=True, slots=True)
class _There:
    """A message as the other account has it. `fresh`: it is new there."""

    message_id: MessageId
    thread_id: ThreadId
    fresh: bool


async def carry(work: Work, source: AccountId, ledger: Ledger, rows: Sequence[Held]) -> list[Held]:
    """The placements as they are to be in the account of `ledger`, their messages being there now, each once.

    A message keeps its ids, so that who sees both accounts knows it again (RFC 8474 §5). A large blob needs no copy:
    until this commits the source refers to it, and then both do. OverQuota.
    """
    sizes = {row.message_id: row.size for row in rows}
    shown = {row.message_id for row in rows if not row.flags & DELETED}
    pages = [list(sizes)[start : start + PAGE] for start in range(0, len(sizes), PAGE)]
    new = set(sizes).difference(*[await _present(work, source, ledger, page) for page in pages])
    octets = sum(sizes[old] for old in new)
    full = await lack(work, ledger, octets, len(rows))
    if full is not None:
        raise full
    there: dict[MessageId, _There] = {}
    for page in pages:
        there |= await _messages(work, source, ledger, page)
    await work.trace(ledger, {one.message_id: one.thread_id for one in there.values() if not one.fresh})
    for old in new:
        ledger.traces[there[old].message_id] = Trace(there[old].thread_id, before=False, after=old in shown)
    ledger.used += octets
    ledger.messages += len(new)
    ledger.dirty = ledger.dirty or bool(rows)
    return [
        row._replace(message_id=there[row.message_id].message_id, thread_id=there[row.message_id].thread_id)
        for row in rows
    ]


async def _present(work: Work, source: AccountId, ledger: Ledger, wanted: Sequence[MessageId]) -> set[MessageId]:
    """Those of the messages that the other account has, too."""
    rows = await work.connection.all(
        "SELECT m.message_id FROM message m JOIN message o ON o.account_id = $2 AND o.message_id = m.message_id"
        f" AND o.blob_id = m.blob_id WHERE m.account_id = $1 AND m.message_id IN {work.dialect.members('$3')}",
        source,
        ledger.account,
        work.dialect.array(wanted),
    )
    return {row[0] for row in rows}


async def _messages(
    work: Work, source: AccountId, ledger: Ledger, wanted: Sequence[MessageId]
) -> dict[MessageId, _There]:
    """A page of messages, as they are in the other account from now on."""
    target = ledger.account
    members = work.dialect.members("$2")
    sql = (
        "SELECT message_id, thread_id, blob_id, headers FROM message WHERE account_id = $1"
        f" AND message_id IN {members} ORDER BY message_id"
    )
    found = await work.connection.all(sql, source, work.dialect.array(wanted))
    if len(found) < len(wanted):
        raise Damaged("a placement without its message")
    present = {row[0]: row for row in await work.connection.all(sql, target, work.dialect.array(wanted))}
    there: dict[MessageId, _There] = {}
    for old, thread, blob, headers in found:
        other = present.get(old)
        if other is None:
            await tie(work, ledger, _decoded(headers), thread)
            there[old] = _There(old, thread, fresh=True)
        elif other[2] == blob:
            there[old] = _There(old, other[1], fresh=False)
        else:  # another message has its id there
            message = mint(ledger)
            there[old] = _There(message, await thread_of(work, ledger, _decoded(headers), message), fresh=True)
    new = [(old, one) for old, one in there.items() if one.fresh]
    await work.connection.many(
        _MESSAGE, [(target, one.message_id, one.thread_id, ledger.modseq, source, old) for old, one in new]
    )
    for beside in _BESIDE:
        await work.connection.many(beside, [(target, one.message_id, source, old) for old, one in new])
    blobs = sorted({blob for old, _, blob, _ in found if there[old].fresh})
    await work.connection.many(_BLOB, [(target, source, blob) for blob in blobs])
    return there


def _decoded(headers: bytes) -> Headers:
    try:
        return _HEADERS.decode(headers)
    except msgspec.MsgspecError as error:
        raise Damaged(f"headers of a message: {error}") from error
