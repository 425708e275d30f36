"""STATUS: what is counted of a mailbox that need not be open (RFC 3501 §6.3.10, RFC 9051 §6.3.11)."""

from collections.abc import Sequence

from pillarbox.core.ids import AccountId, spell
from pillarbox.servers.imap.session import Session
from pillarbox.store.model import MAILBOX_PREFIX, Mailbox
from pillarbox.wire.imap import encoder


async def spell_status(
    session: Session, account: AccountId, mailbox: Mailbox, name: str, items: Sequence[str]
) -> bytes:
    """The STATUS response for a mailbox of an account, called `name`."""
    values: dict[str, encoder.Value] = {
        "MESSAGES": mailbox.total,
        "UIDNEXT": mailbox.uidnext,
        "UIDVALIDITY": mailbox.uidvalidity,
        "UNSEEN": mailbox.unseen,
        "DELETED": mailbox.deleted,
        "SIZE": mailbox.size,
        "HIGHESTMODSEQ": mailbox.highestmodseq,
        "MAILBOXID": f"({spell(MAILBOX_PREFIX, mailbox.mailbox_id)})",
        "APPENDLIMIT": session.store.settings.message_size,
    }
    if "RECENT" in items:
        values["RECENT"] = await _recent(session, account, mailbox)
    if "DELETED-STORAGE" in items:
        octets = await session.store.reclaimable(account, mailbox.mailbox_id) if mailbox.deleted else 0
        values["DELETED-STORAGE"] = octets
    return encoder.status(name, {item: values[item] for item in items}, session.decoder.utf8)


async def _recent(session: Session, account: AccountId, mailbox: Mailbox) -> int:
    view = await session.store.view(account, mailbox.mailbox_id)
    after = await session.house.recents.after(account, mailbox.mailbox_id, view.uids)
    count = 0
    for at in range(len(view.uids) - 1, -1, -1):
        if view.uids[at] <= after:
            break
        count += 1
    return count
