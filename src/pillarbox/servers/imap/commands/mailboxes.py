"""CREATE, DELETE, RENAME, SUBSCRIBE, UNSUBSCRIBE (RFC 3501 §6.3.3-7, RFC 6154 §3)."""

from pillarbox.core.errors import Denied, Exists, MailError, NotFound
from pillarbox.core.ids import AccountId, spell
from pillarbox.servers.imap.errors import CHILDREN, Refused, refusal
from pillarbox.servers.imap.session import Answer, Session
from pillarbox.servers.imap.uses import ROLES
from pillarbox.store.model import MAILBOX_PREFIX
from pillarbox.store.transaction import Transaction
from pillarbox.wire.imap.commands import Mailbox, Rename
from pillarbox.wire.imap.events import Command


async def create(session: Session, command: Command, arguments: Mailbox) -> Answer:
    """Make a mailbox, and those above it that are missing."""
    role = _role(arguments.use)
    account, name = await _place(session, arguments.mailbox)
    if role is not None and account != session.owner:
        raise Refused("NO", "the use of a mailbox is for its owner to say", "USEATTR")

    async def unit(tx: Transaction) -> int:
        if role is not None:
            everyone = await tx.mailboxes(account)
            if any(other.name == name and other.selectable for other in everyone):
                raise Exists("the mailbox exists")
            if any(other.role == role for other in everyone):
                return 0
        return (await tx.create_mailbox(account, name, role, subscribed=None)).mailbox_id

    made = await session.write([account], unit)
    if not made:
        raise Refused("NO", "another mailbox has this use", "USEATTR")
    return Answer("CREATE completed", f"MAILBOXID ({spell(MAILBOX_PREFIX, made)})")


async def _place(session: Session, name: str) -> tuple[AccountId, str]:
    """The account that a new name lies in, and the full name there. Denied where it leads to nobody: as where nothing
    may be made."""
    try:
        return await session.store.sharing.locate(session.owner, name)
    except NotFound as error:
        raise Denied("nobody's mailboxes are called that") from error


def _role(use: tuple[str, ...]) -> str | None:
    if not use:
        return None
    role = ROLES.get(use[0].lower())
    if role is None or len(use) > 1:
        raise Refused("NO", "a mailbox cannot have this use here", "USEATTR")
    return role


async def delete(session: Session, command: Command, arguments: Mailbox) -> Answer:
    """Delete a mailbox with its messages; while others lie below it, its name stays (RFC 3501 §6.3.4)."""
    account, name = await session.store.sharing.locate(session.owner, arguments.mailbox)

    async def unit(tx: Transaction) -> int:
        mailbox = await tx.mailbox_named(account, name)
        await tx.delete_mailbox(account, mailbox.mailbox_id, keep_name=True)
        return mailbox.mailbox_id

    try:
        deleted = await session.write([account], unit)
    except MailError as error:
        raise refusal(error, CHILDREN) from error
    if session.selected is not None and session.selected.mailbox_id == deleted:
        session.unselect()
    return Answer("DELETE completed")


async def rename(session: Session, command: Command, arguments: Rename) -> Answer:
    """Give a mailbox another name, with all that lies below it; of INBOX, move the messages (RFC 3501 §6.3.5)."""
    account, source = await session.store.sharing.locate(session.owner, arguments.source)
    other, target = await _place(session, arguments.target)

    async def unit(tx: Transaction) -> None:
        mailbox = await tx.mailbox_named(account, source)
        await tx.require(account, mailbox.mailbox_id, "x")  # before anything is said about the name
        if other != account:
            raise Denied("a mailbox stays in its account")
        if target == mailbox.name:
            raise Exists("the mailbox exists")
        await tx.rename_mailbox(account, mailbox.mailbox_id, target)

    await session.write([account], unit)
    return Answer("RENAME completed")


async def subscribe(session: Session, command: Command, arguments: Mailbox) -> Answer:
    """SUBSCRIBE and UNSUBSCRIBE; the latter also a name that no mailbox has any more."""
    owner = session.owner

    async def unit(tx: Transaction) -> None:
        await tx.subscribe(owner, arguments.mailbox, command.name == "SUBSCRIBE")

    await session.write([owner], unit)
    return Answer(f"{command.name} completed")
