"""Which mailboxes of an account are new, gone or different since a modseq, without reading all of them."""

from dataclasses import dataclass

from pillarbox.core.errors import Conflict, NotFound
from pillarbox.core.ids import AccountId, MailboxId, Modseq, parse_id
from pillarbox.core.limits import PAGE
from pillarbox.store.ledger import BOX_COLUMNS, mailbox_of
from pillarbox.store.model import MAILBOX_PREFIX, Kind, Mailbox
from pillarbox.store.port import Connection, Dialect

_MOST = 20 * PAGE  # log rows that are looked through; with more, reading every mailbox costs less


@dataclass(frozen=True, slots=True)
class MailboxNews:
    """Up to `modseq`: the mailboxes that changed in any way, and the ids of those that are no more."""

    modseq: Modseq
    changed: tuple[Mailbox, ...]
    gone: tuple[MailboxId, ...]


async def mailbox_news(connection: Connection, dialect: Dialect, account: AccountId, since: Modseq) -> MailboxNews:
    """See Store.mailbox_news."""
    state = await connection.one("SELECT modseq, log_floor FROM account WHERE account_id = $1", account)
    if state is None:
        raise NotFound("no such account")
    modseq, floor = state
    if modseq == since:
        return MailboxNews(modseq, (), ())
    if not floor <= since <= modseq:
        raise Conflict(f"changes since {since} are not known, only from {floor} to {modseq}")
    rows = await connection.all(
        f"SELECT kind, object_id FROM change_log WHERE account_id = $1 AND modseq > $2 LIMIT {_MOST + 1}",
        account,
        since,
    )
    if len(rows) > _MOST:
        raise Conflict("too many changes to look through")
    named = {parse_id(MAILBOX_PREFIX, object_id) for kind, object_id in rows if kind == Kind.MAILBOX} - {None}
    where = f"account_id = $1 AND (highestmodseq > $2 OR mailbox_id IN {dialect.members('$3')})"
    array = dialect.array([one for one in named if one is not None])
    found = await connection.all(f"SELECT {BOX_COLUMNS} FROM mailbox WHERE {where}", account, since, array)
    boxes = tuple(map(mailbox_of, found))
    gone = named.difference(box.mailbox_id for box in boxes)
    return MailboxNews(modseq, boxes, tuple(MailboxId(one) for one in gone if one is not None))
