"""Copying messages into another account: rows of their own there, of the same octets, counted there."""

from collections.abc import Sequence
from typing import Final

import msgspec

from pillarbox.core.errors import Damaged
from pillarbox.core.ids import AccountId, MessageId, ThreadId
from pillarbox.core.limits import PAGE
from pillarbox.store.adding import mint, thread_of
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


async def carry(work: Work, source: AccountId, ledger: Ledger, rows: Sequence[Held]) -> list[Held]:
    """The placements as they are to be in the account of `ledger`, their messages being there now, each once.

    A large blob needs no copy: until this commits the source refers to it, and then both do. OverQuota.
    """
    sizes = {row.message_id: row.size for row in rows}
    full = await lack(work, ledger, sum(sizes.values()), len(rows))
    if full is not None:
        raise full
    shown = {row.message_id for row in rows if not row.flags & DELETED}
    made: dict[MessageId, tuple[MessageId, ThreadId]] = {}
    wanted = list(sizes)
    for start in range(0, len(wanted), PAGE):
        made |= await _messages(work, source, ledger, wanted[start : start + PAGE])
    for old, (message, thread) in made.items():
        ledger.traces[message] = Trace(thread, before=False, after=old in shown)
    ledger.used += sum(sizes.values())
    ledger.messages += len(sizes)
    ledger.dirty = ledger.dirty or bool(sizes)
    return [row._replace(message_id=made[row.message_id][0], thread_id=made[row.message_id][1]) for row in rows]


async def _messages(
    work: Work, source: AccountId, ledger: Ledger, wanted: Sequence[MessageId]
) -> dict[MessageId, tuple[MessageId, ThreadId]]:
    """A page of messages: the ids they have in the other account."""
    found = await work.connection.all(
        "SELECT message_id, blob_id, headers FROM message WHERE account_id = $1"
        f" AND message_id IN {work.dialect.members('$2')} ORDER BY message_id",
        source,
        work.dialect.array(wanted),
    )
    if len(found) < len(wanted):
        raise Damaged("a placement without its message")
    made: dict[MessageId, tuple[MessageId, ThreadId]] = {}
    for old, _, headers in found:
        message = mint(ledger)
        made[old] = message, await thread_of(work, ledger, _decoded(headers), message)
    target = ledger.account
    await work.connection.many(_MESSAGE, [(target, *ids, ledger.modseq, source, old) for old, ids in made.items()])
    for sql in _BESIDE:
        await work.connection.many(sql, [(target, ids[0], source, old) for old, ids in made.items()])
    await work.connection.many(_BLOB, [(target, source, blob) for blob in sorted({row[1] for row in found})])
    return made


def _decoded(headers: bytes) -> Headers:
    try:
        return _HEADERS.decode(headers)
    except msgspec.MsgspecError as error:
        raise Damaged(f"headers of a message: {error}") from error
