"""SETACL, DELETEACL, GETACL, LISTRIGHTS and MYRIGHTS: who may do what with a mailbox (RFC 4314 §3)."""

from pillarbox.core.errors import Invalid
from pillarbox.core.ids import AccountId
from pillarbox.servers.imap.errors import Refused, bad
from pillarbox.servers.imap.session import Answer, Session
from pillarbox.store.rights import ALL, ANYONE, Entry, EntryChange
from pillarbox.store.transaction import Transaction
from pillarbox.wire.imap import acl as wire
from pillarbox.wire.imap.events import Command
from pillarbox.wire.sasl.preparation import prepare

_ANYONE = "anyone"
_NEGATIVE = "-"


async def set_acl(session: Session, command: Command, arguments: wire.SetAcl) -> Answer:
    """Grant rights to somebody, or with `-` before the identifier deny them (RFC 4314 §3.1)."""
    await _change(session, arguments)
    return Answer("SETACL completed")


async def delete_acl(session: Session, command: Command, arguments: wire.DeleteAcl) -> Answer:
    """Take an entry away (RFC 4314 §3.2)."""
    await _change(session, wire.SetAcl(arguments.mailbox, arguments.identifier, "replace", frozenset()))
    return Answer("DELETEACL completed")


async def _change(session: Session, arguments: wire.SetAcl) -> None:
    identifier = _prepared(arguments.identifier)
    target = await session.find(arguments.mailbox, "a")
    grantee = await _who(session, identifier)
    change = EntryChange(grantee, arguments.mode, arguments.rights, identifier.startswith(_NEGATIVE))

    async def unit(tx: Transaction) -> None:
        found = await tx.find(arguments.mailbox, "a")
        await tx.change_acl(found.account, found.mailbox.mailbox_id, change)

    accounts = [target.account] if grantee == ANYONE else [target.account, grantee]
    await session.write(accounts, unit)


async def get_acl(session: Session, command: Command, arguments: wire.GetAcl) -> Answer:
    """Everybody's rights, the owner's first (RFC 4314 §3.3)."""
    found, owner, entries = await session.store.sharing.acl(session.owner, arguments.mailbox)
    pairs = [(owner, wire.spell_rights(ALL)), *(pair for entry in entries for pair in _pairs(entry))]
    session.stream.write(wire.acl(found.name, pairs, session.decoder.utf8))
    return Answer("GETACL completed")


def _pairs(entry: Entry) -> list[tuple[str, str]]:
    both = ((entry.login, entry.rights), (f"{_NEGATIVE}{entry.login}", entry.denied))
    return [(identifier, wire.spell_rights(rights)) for identifier, rights in both if rights]


async def list_rights(session: Session, command: Command, arguments: wire.ListRights) -> Answer:
    """What can be granted to somebody: each right by itself; an owner has them all for good (RFC 4314 §3.4)."""
    identifier = _prepared(arguments.identifier)
    found = await session.find(arguments.mailbox, "a")
    grantee = await _who(session, identifier)
    everything = wire.spell_rights(ALL)
    required, optional = (everything, "") if grantee == found.account else ("", everything)
    line = wire.list_rights(found.name, arguments.identifier, required, optional, session.decoder.utf8)
    session.stream.write(line)
    return Answer("LISTRIGHTS completed")


async def my_rights(session: Session, command: Command, arguments: wire.MyRights) -> Answer:
    """What the login may do (RFC 4314 §3.5)."""
    found = await session.find(arguments.mailbox, "")
    session.stream.write(wire.my_rights(found.name, wire.spell_rights(found.rights), session.decoder.utf8))
    return Answer("MYRIGHTS completed")


def _prepared(identifier: str) -> str:
    try:
        return prepare(identifier)
    except Invalid as error:
        raise bad("that cannot be an identifier") from error  # RFC 4314 §3


async def _who(session: Session, identifier: str) -> AccountId:
    """The account an identifier means, whether or not `-` stands before it."""
    name = identifier.removeprefix(_NEGATIVE)
    if name == _ANYONE:
        return ANYONE
    account = await session.store.directory.known(name)
    if account is None:
        raise Refused("NO", "nobody here has this login", "CANNOT")
    return account.account_id
