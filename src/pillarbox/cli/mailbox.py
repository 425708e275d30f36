"""`pillarbox mailbox`: mailboxes of accounts, and who else may use them."""

from typing import Final

from cyclopts import App

from pillarbox.cli import exits
from pillarbox.cli.account import account_of
from pillarbox.cli.output import Row, say, show
from pillarbox.cli.place import Common, with_store
from pillarbox.core.errors import Invalid
from pillarbox.core.ids import AccountId
from pillarbox.store.rights import ALL, ANYONE, EntryChange, ordered
from pillarbox.store.store import Store
from pillarbox.store.transaction import Transaction

app = App(name="mailbox", help="Mailboxes of accounts, and who else may use them.")

WORDS: Final = {"read": frozenset("lrs"), "write": frozenset("lrswite"), "all": ALL}
"""What may be said in place of letters."""
_ANYONE = "anyone"


@app.command
def add(account: str, mailbox: str, *, common: Common = Common()) -> int:
    """Make a mailbox, and those above it that are missing.

    Parameters
    ----------
    account
        Whose mailbox it is to be.
    mailbox
        Its full name: Projects/2027.
    """

    async def make(store: Store) -> None:
        owner = (await account_of(store, account)).account_id
        await store.write([owner], lambda tx: tx.create_mailbox(owner, mailbox))

    with_store(common, make)
    say(f"{account} has the mailbox {mailbox}.", as_json=common.json, account=account, mailbox=mailbox)
    return exits.OK


@app.command
def share(account: str, mailbox: str, who: str, rights: str = "read", *, common: Common = Common()) -> int:
    """Say what somebody else may do with a mailbox, in place of what was said before.

    Parameters
    ----------
    account
        Whose mailbox it is.
    mailbox
        Its full name: INBOX.
    who
        Another account, or anyone.
    rights
        read, write or all; or letters of RFC 4314: l it is listed, r read, s seen, w flags, i insert, p post, k create
        below, x delete it, t delete messages, e expunge, a administer.
    """
    letters = WORDS.get(rights, frozenset(rights))
    if not letters <= ALL:
        raise Invalid(f"no such rights: {rights}")
    with_store(common, lambda store: _grant(store, account, mailbox, (who, letters)))
    spelled = ordered(letters)
    text = f"{who} may {spelled} in {mailbox} of {account}."
    say(text, as_json=common.json, account=account, mailbox=mailbox, who=who, rights=spelled)
    return exits.OK


@app.command
def unshare(account: str, mailbox: str, who: str, *, common: Common = Common()) -> int:
    """Take from somebody what they may do with a mailbox, and what was denied to them.

    Parameters
    ----------
    account
        Whose mailbox it is.
    mailbox
        Its full name.
    who
        Another account, or anyone.
    """
    with_store(common, lambda store: _grant(store, account, mailbox, (who, frozenset())))
    text = f"{who} has no rights of its own in {mailbox} of {account} any more."
    say(text, as_json=common.json, account=account, mailbox=mailbox, who=who)
    return exits.OK


@app.command
def shares(account: str, *, common: Common = Common()) -> int:
    """List who else may use the mailboxes of an account.

    Parameters
    ----------
    account
        Whose mailboxes.
    """

    async def rows(store: Store) -> list[Row]:
        owner = (await account_of(store, account)).account_id
        found: list[Row] = []
        for mailbox in await store.mailboxes(owner):
            for entry in await store.sharing.entries(owner, mailbox.mailbox_id):
                rights, denied = ordered(entry.rights), ordered(entry.denied)
                found.append({"mailbox": mailbox.name, "who": entry.login, "rights": rights, "denied": denied})
        return found

    columns = ["mailbox", "who", "rights", "denied"]
    show(with_store(common, rows), columns, as_json=common.json, nothing="Nothing is shared.")
    return exits.OK


async def _grant(store: Store, account: str, mailbox: str, wanted: tuple[str, frozenset[str]]) -> None:
    who, letters = wanted
    owner = (await account_of(store, account)).account_id
    grantee = ANYONE if who == _ANYONE else (await account_of(store, who)).account_id
    changes = [EntryChange(grantee, "replace", letters)]
    if not letters:
        changes.append(EntryChange(grantee, "replace", letters, negative=True))

    async def unit(tx: Transaction) -> None:
        box = await tx.mailbox_named(owner, mailbox)
        for change in changes:
            await tx.change_acl(owner, box.mailbox_id, change)

    accounts: list[AccountId] = [owner] if grantee == ANYONE else [owner, grantee]
    await store.write(accounts, unit)
