"""`pillarbox account`: the people with mail."""

import datetime
import getpass
import secrets
import sys
from dataclasses import dataclass, replace
from typing import Annotated

from cyclopts import App, Parameter

from pillarbox.cli import exits
from pillarbox.cli.output import say, show
from pillarbox.cli.place import Common, with_store
from pillarbox.core.errors import Conflict, Invalid, NotFound
from pillarbox.core.limits import PASSWORD
from pillarbox.services.login.passwords import hash_password, scram_keys
from pillarbox.store.devices import Device
from pillarbox.store.model import Account
from pillarbox.store.quotas import UNLIMITED
from pillarbox.store.store import Store

app = App(name="account", help="The people with mail.")

Switch = Annotated[bool, Parameter(negative=())]
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that are mistaken for another


@Parameter(name="*")
@dataclass(frozen=True)
class Standing:
    """What sets an account apart."""

    admin: Switch = False
    """It may change what holds for everybody: quotas, and the notes on the server (IMAP SETQUOTA, SETMETADATA)."""

    shared: Switch = False
    """It is nobody's own: nobody logs in to it, its mailboxes are there to be shared (`pillarbox mailbox share`)."""


@app.command
def add(
    address: str,
    *,
    name: str = "",
    quota: int | None = None,
    password_stdin: Switch = False,
    standing: Standing = Standing(),
    common: Common = Common(),
) -> int:
    """Add an account. Its password is asked for, or generated and shown when there is nobody to ask.

    Parameters
    ----------
    address
        Its main address, which is also its login name.
    name
        The person's name.
    quota
        Octets of mail it may hold; without it the setting limits.quota.
    password_stdin
        Read the password from the first line of standard input.
    """
    password, generated = ("", False) if standing.shared else _new_password(password_stdin=password_stdin)
    hashed, keys = (hash_password(password), scram_keys(password)) if password else ("", "")

    async def make(store: Store) -> None:
        account = await store.directory.add_account(address, hashed, name, quota, keys, shared=standing.shared)
        if standing.admin:
            await store.directory.set_admin(account.account_id, True)

    with_store(common, make)
    _say_done(f"{address} is added.", address, password if generated else None, as_json=common.json)
    return exits.OK


@app.command(name="list")
def list_(*, common: Common = Common()) -> int:
    """List the accounts with what they hold."""

    async def rows(store: Store) -> list[dict[str, object]]:
        found: list[dict[str, object]] = []
        for account in await store.directory.accounts():
            quota = await store.quota(account.account_id)
            found.append(
                {
                    "address": account.login,
                    "name": account.name,
                    "messages": quota.messages,
                    "octets": quota.used,
                    "quota": quota.limit,
                    "active": account.active,
                    "admin": account.admin,
                    "shared": account.shared,
                }
            )
        return found

    columns = ["address", "name", "messages", "octets", "quota", "active", "admin", "shared"]
    nothing = "No accounts; `pillarbox account add you@example.org` adds one."
    show(with_store(common, rows), columns, as_json=common.json, nothing=nothing)
    return exits.OK


@app.command
def password(address: str, *, password_stdin: Switch = False, common: Common = Common()) -> int:
    """Set the password of an account; asked for, or generated and shown.

    Parameters
    ----------
    address
        The account.
    password_stdin
        Read the password from the first line of standard input.
    """
    word, generated = _new_password(password_stdin=password_stdin)
    hashed, keys = hash_password(word), scram_keys(word)

    async def change(store: Store) -> None:
        account = await account_of(store, address)
        if account.shared:
            raise Conflict(f"nobody logs in to {address}, which is shared")
        await store.directory.set_password(account.account_id, hashed, keys)

    with_store(common, change)
    _say_done(f"{address} has a new password.", address, word if generated else None, as_json=common.json)
    return exits.OK


@app.command
def admin(address: str, *, off: Switch = False, common: Common = Common()) -> int:
    """Let an account change what holds for everybody: quotas, and the notes on the server.

    Parameters
    ----------
    address
        The account.
    off
        Let it no longer.
    """

    async def change(store: Store) -> None:
        await store.directory.set_admin((await account_of(store, address)).account_id, not off)

    with_store(common, change)
    what = "is no admin any more" if off else "is an admin"
    say(f"{address} {what}.", as_json=common.json, address=address, admin=not off)
    return exits.OK


@app.command
def quota(
    address: str,
    *,
    octets: str | None = None,
    messages: str | None = None,
    mailboxes: str | None = None,
    common: Common = Common(),
) -> int:
    """Show what an account holds and may hold, or change that. Each limit is a number, "none" or "default".

    Parameters
    ----------
    address
        The account.
    octets
        Octets of its messages, each counted once; "default" is the setting limits.quota.
    messages
        Messages in all its mailboxes.
    mailboxes
        Mailboxes.
    """
    asked = {"octets": octets, "messages": messages, "mailboxes": mailboxes}
    changed = {name: _limit(word, name) for name, word in asked.items() if word is not None}

    async def act(store: Store) -> list[dict[str, object]]:
        account = (await account_of(store, address)).account_id
        if changed:
            await store.directory.allow(account, replace(await store.allowance(account), **changed))
        holds = await store.holdings(account)
        rows = {"octets": holds.octets, "messages": holds.messages, "mailboxes": holds.mailboxes}
        return [{"what": name, "used": one.used, "limit": one.limit} for name, one in rows.items()]

    show(with_store(common, act), ["what", "used", "limit"], as_json=common.json, nothing="")
    return exits.OK


def _limit(word: str, name: str) -> int | None:
    if word in ("none", "default"):
        return UNLIMITED if (word, name) == ("none", "octets") else None
    if not word.isascii() or not word.isdigit() or int(word) >= 1 << 63:
        raise Invalid(f'{word} is no limit: a number, "none" or "default"')
    return int(word)


@app.command
def devices(address: str, *, common: Common = Common()) -> int:
    """List the mail programs that read an account's mail, by what they say of themselves (IMAP ID).

    Parameters
    ----------
    address
        The account.
    """

    async def rows(store: Store) -> list[dict[str, object]]:
        known = await store.devices.of((await account_of(store, address)).account_id)
        return [_device_row(device, whole=common.json) for device in known]

    columns = ["program", "system", "address", "first", "last"]
    show(with_store(common, rows), columns, as_json=common.json, nothing="No program has said what it is yet.")
    return exits.OK


def _device_row(device: Device, *, whole: bool) -> dict[str, object]:
    said = device.fields
    row: dict[str, object] = {
        "program": " ".join(filter(None, (said.get("name"), said.get("version")))) or said.get("vendor", "?"),
        "system": " ".join(filter(None, (said.get("os"), said.get("os-version")))),
        "address": device.address,
        "first": _moment(device.first),
        "last": _moment(device.last),
    }
    return {**row, "said": said} if whole else row


def _moment(seconds: int) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%d %H:%M")


@app.command
def remove(
    address: str,
    *,
    yes: Switch = False,
    common: Common = Common(),
) -> int:
    """Remove an account and all its mail.

    Parameters
    ----------
    address
        The account.
    yes
        Do not ask.
    """
    if not yes and not _agreed(f"Remove {address} and all its mail?"):
        print("pillarbox: nothing was removed (--yes removes without asking)", file=sys.stderr)
        return exits.REFUSED

    async def drop(store: Store) -> None:
        await store.directory.remove_account((await account_of(store, address)).account_id)

    with_store(common, drop)
    say(f"{address} is removed.", as_json=common.json, address=address)
    return exits.OK


async def account_of(store: Store, address: str) -> Account:
    """Raises NotFound."""
    for account in await store.directory.accounts():
        if account.login.casefold() == address.casefold():
            return account
    raise NotFound(f"no account {address}")


def _agreed(question: str) -> bool:
    return sys.stdin.isatty() and input(f"{question} [y/N] ").strip().lower() in ("y", "yes")


def _new_password(*, password_stdin: bool) -> tuple[str, bool]:
    """The password, and whether it was generated. Raises Invalid."""
    if password_stdin:
        word = sys.stdin.readline().rstrip("\r\n")
    elif sys.stdin.isatty():
        word = getpass.getpass("Password (empty: generate one): ")
    else:
        word = ""
    if password_stdin and not word:
        raise Invalid("the password on standard input is empty")
    if len(word.encode()) > PASSWORD:
        raise Invalid(f"the password is longer than {PASSWORD} octets")
    if word:
        return word, False
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(5)) for _ in range(4)), True


def _say_done(text: str, address: str, generated: str | None, *, as_json: bool) -> None:
    if generated is None:
        say(text, as_json=as_json, address=address)
    else:
        say(f"{text} Password: {generated}", as_json=as_json, address=address, password=generated)
