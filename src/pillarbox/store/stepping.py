"""Reading pages of rows past those that are damaged: they are reported and left out, the others are given."""

from collections.abc import Sequence

import structlog

from pillarbox.core.errors import Damaged
from pillarbox.core.ids import AccountId, MailboxId, MessageId
from pillarbox.core.limits import PAGE
from pillarbox.store import reading
from pillarbox.store.model import Email, Need, Row
from pillarbox.store.port import Database
from pillarbox.store.ranges import Piece

_log = structlog.get_logger("pillarbox.store")


async def page(
    database: Database, place: tuple[AccountId, MailboxId], piece: Piece, need: Need
) -> tuple[list[Row], Piece | None]:
    """The first rows of a piece, and what is left of it. Damaged when not even the placements can be read."""
    rows = await _rows(database, place, piece, need)
    if rows is not None:
        return rows, _rest(piece, rows)
    plain = await _rows(database, place, piece, Need.PLACEMENT)
    if plain is None:
        raise Damaged(f"placements {piece.low} to {piece.high} of mailbox {place[1]:x}")
    found: list[Row] = []
    for one in plain:
        alone = await _rows(database, place, Piece(one.uid, one.uid), need)
        if alone is None:
            _log.error("store.row_damaged", account=place[0], mailbox=place[1], uid=one.uid, message=one.message_id)
        found.extend(alone or ())
    return found, _rest(piece, plain)


async def _rows(database: Database, place: tuple[AccountId, MailboxId], piece: Piece, need: Need) -> list[Row] | None:
    try:
        return await database.read(lambda connection: reading.page(connection, database.dialect, place, piece, need))
    except Damaged:
        return None


def _rest(piece: Piece, rows: Sequence[Row]) -> Piece | None:
    return Piece(rows[-1].uid + 1, piece.high) if piece.uids is None and len(rows) == PAGE else None


async def emails(
    database: Database, account: AccountId, ids: Sequence[MessageId], need: Need
) -> dict[MessageId, Email]:
    """See Store.emails; at most PAGE ids."""
    try:
        return await database.read(lambda connection: reading.emails(connection, database.dialect, account, ids, need))
    except Damaged:
        if len(ids) == 1:
            _log.error("store.row_damaged", account=account, message=ids[0])
            return {}
    found: dict[MessageId, Email] = {}
    for one in ids:
        found |= await emails(database, account, [one], need)
    return found
