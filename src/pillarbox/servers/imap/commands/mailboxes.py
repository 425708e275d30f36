"""CREATE, DELETE, RENAME, SUBSCRIBE, UNSUBSCRIBE (RFC 3501 §6.3.3-7, RFC 6154 §3)."""

from pillarbox.core.errors import Denied, Exists, MailError, NotFound
from pillarbox.core.ids import AccountId, spell
from pillarbox.servers.imap.commands.listing import tell_name
from pillarbox.servers.imap.errors import CHILDREN, Refused, refusal
from pillarbox.servers.imap.session import Answer, Session
from pillarbox.servers.imap.uses import ROLES
from pillarbox.store.conventions import role_called
from pillarbox.store.model import MAILBOX_PREFIX, Mailbox
from pillarbox.store.rights import ALL, Found
from pillarbox.store.transaction import Transaction
from pillarbox.wire.imap import commands, encoder
from pillarbox.wire.imap.commands import Rename
from pillarbox.wire.imap.events import Command


async def create(session: Session, command: Command, arguments: commands.Mailbox) -> Answer:
    """Make a mailbox, and those above it that are missing."""
    role = _role(arguments.use)
    account, name = await _place(session, arguments.mailbox)
    usual = None
    if account == session.owner:
        meant = await _meant(session, name, role)
        if meant is not None:
            return await _created(session, meant, arguments.mailbox)
        name, usual = await _below(session, name), role_called(name)
    elif role is not None:
        raise Refused("NO", "the use of a mailbox is for its owner to say", "USEATTR")

    async def unit(tx: Transaction) -> Mailbox | None:
        everyone = await tx.mailboxes(account) if role or usual else []
        if role is not None and any(other.name == name and other.selectable for other in everyone):
            raise Exists("the mailbox exists")
        taken = {other.role for other in everyone}
        if role is not None and role in taken:
            return None
        given = role or (usual if usual not in taken else None)
        return await tx.create_mailbox(account, name, given, subscribed=None)

    made = await session.write([account], unit)
    if made is None:
        raise Refused("NO", "another mailbox has this use", "USEATTR")
    called = await session.store.sharing.name(session.owner, account, made.name)
    return await _created(session, Found(account, made, ALL, called), arguments.mailbox)


async def _created(session: Session, found: Found, asked: str) -> Answer:
    await tell_name(session, found, asked)
    return Answer("CREATE completed", f"MAILBOXID ({spell(MAILBOX_PREFIX, found.mailbox.mailbox_id)})")


async def _meant(session: Session, name: str, role: str | None) -> Found | None:
    """The mailbox a name stands for that some program gives to a special use: it gets that one, there is no double."""
    meant = await session.store.sharing.meant(session.owner, name) if "/" not in name else None
    if meant is None:
        return None
    found = await session.find(meant)
    return found if role in (None, found.mailbox.role) else None


async def _below(session: Session, name: str) -> str:
    """A new name, below the mailbox that what lies above it stands for."""
    return (await session.store.sharing.meant(session.owner, name) if "/" in name else None) or name


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


async def delete(session: Session, command: Command, arguments: commands.Mailbox) -> Answer:
    """Delete a mailbox with its messages; while others lie below it, its name stays (RFC 3501 §6.3.4)."""
    account, name = await session.store.sharing.locate(session.owner, arguments.mailbox)

    async def unit(tx: Transaction) -> int:
        mailbox = await tx.mailbox_named(account, name)
        await tx.delete_mailbox(account, mailbox.mailbox_id, keep_name=True)
        return mailbox.mailbox_id

    try:
        deleted = await session.write([account], unit, apart=True)  # it may have very many messages
    except MailError as error:
        raise refusal(error, CHILDREN) from error
    if session.selected is not None and session.selected.mailbox_id == deleted:
        session.unselect()
    if session.rev2 and account == session.owner and name != arguments.mailbox:  # RFC 9051 §6.3.5
        line = encoder.list_mailbox(name, ("\\NonExistent",), old_name=arguments.mailbox, utf8=session.decoder.utf8)
        session.stream.write(line)
    return Answer("DELETE completed")


async def rename(session: Session, command: Command, arguments: Rename) -> Answer:
    """Give a mailbox another name, with all that lies below it; of INBOX, move the messages (RFC 3501 §6.3.5)."""
    account, source = await session.store.sharing.locate(session.owner, arguments.source)
    other, target = await _place(session, arguments.target)
    if other == session.owner:
        target = await _below(session, target)

    async def unit(tx: Transaction) -> Mailbox:
        mailbox = await tx.mailbox_named(account, source)
        await tx.require(account, mailbox.mailbox_id, "x")  # before anything is said about the name
        if other != account:
            raise Denied("a mailbox stays in its account")
        if target == mailbox.name:
            raise Exists("the mailbox exists")
        await tx.rename_mailbox(account, mailbox.mailbox_id, target)
        return await tx.mailbox_named(account, target)

    renamed = await session.write([account], unit, apart=True)  # as may INBOX, or very many mailboxes lie below
    if account == session.owner and (source, target) != (arguments.source, arguments.target):  # RFC 9051 §6.3.6
        await tell_name(session, Found(account, renamed, ALL, renamed.name), arguments.source)
    return Answer("RENAME completed")


async def subscribe(session: Session, command: Command, arguments: commands.Mailbox) -> Answer:
    """SUBSCRIBE and UNSUBSCRIBE; the latter also a name that no mailbox has any more."""
    owner, subscribed = session.owner, command.name == "SUBSCRIBE"
    meant = await session.store.sharing.meant(owner, arguments.mailbox) if subscribed else None

    async def unit(tx: Transaction) -> None:
        await tx.subscribe(owner, meant or arguments.mailbox, subscribed)

    await session.write([owner], unit)
    return Answer(f"{command.name} completed")
