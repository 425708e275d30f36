"""Notes as a login sees them: those kept, and those that say what is so anyway (RFC 5464 §3.2, RFC 6154 §4)."""

from collections.abc import Sequence
from typing import Final

from pillarbox.core.ids import AccountId, MailboxId
from pillarbox.servers.imap.session import Session
from pillarbox.servers.imap.uses import ATTRIBUTES
from pillarbox.store.metadata import SPECIAL_USE, WHOLE, Notes
from pillarbox.store.model import Mailbox
from pillarbox.store.rights import NOTING, Found

ADMIN: Final = "/shared/admin"
"""The note on the server that says how to reach who runs it (RFC 5464 §3.2.1.1)."""


def may_note(rights: frozenset[str]) -> bool:
    """Whether notes on a mailbox that is listed may be seen (RFC 5464 §3.3)."""
    return "l" in rights and not rights.isdisjoint(NOTING)


async def sizes(session: Session, found: Found | None) -> dict[str, int]:
    """The entries there are on a mailbox, or on the server (None), with the octets of their values, by name."""
    account, mailbox_id = (found.account, found.mailbox.mailbox_id) if found else (session.owner, WHOLE)
    kept = await session.store.metadata_sizes(account, mailbox_id, session.owner)
    said = _of_mailbox(session, found.account, found.mailbox) if found else await _of_server(session)
    return dict(sorted((kept | {entry: len(value) for entry, value in said.items()}).items()))


async def values(session: Session, found: Found | None, entries: Sequence[str]) -> Notes:
    """The values of entries on a mailbox, or on the server (None); what has none is left out."""
    if found is not None:
        notes = await of_mailboxes(session, found.account, [found.mailbox], entries)
        return notes.get(found.mailbox.mailbox_id, {})
    kept = await session.store.metadata(session.owner, [WHOLE], session.owner, entries)
    return kept.get(WHOLE, {}) | _chosen(await _of_server(session), entries)


async def of_mailboxes(
    session: Session, account: AccountId, mailboxes: Sequence[Mailbox], entries: Sequence[str]
) -> dict[MailboxId, Notes]:
    """The values of entries on mailboxes of an account; what has none is left out."""
    found = await session.store.metadata(account, [one.mailbox_id for one in mailboxes], session.owner, entries)
    for one in mailboxes:
        said = _chosen(_of_mailbox(session, account, one), entries)
        if said:
            found.setdefault(one.mailbox_id, {}).update(said)
    return found


def _chosen(notes: Notes, entries: Sequence[str]) -> Notes:
    return {entry: value for entry, value in notes.items() if entry in entries}


def _of_mailbox(session: Session, account: AccountId, mailbox: Mailbox) -> Notes:
    use = ATTRIBUTES.get(mailbox.role or "") if account == session.owner else None
    return {SPECIAL_USE: use.encode()} if use else {}


async def _of_server(session: Session) -> Notes:
    contact = session.house.settings.contact
    notes = (await session.store.directory.metadata()).values
    return notes | {ADMIN: contact.encode()} if contact else notes
