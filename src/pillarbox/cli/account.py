"""`pillarbox account`: the people with mail."""

import getpass
import secrets
import sys
from typing import Annotated

from cyclopts import App, Parameter

from pillarbox.cli import exits
from pillarbox.cli.output import say, show
from pillarbox.cli.place import Common, with_store
from pillarbox.core.errors import Invalid, NotFound
from pillarbox.core.limits import PASSWORD
from pillarbox.services.login.passwords import hash_password, scram_keys
from pillarbox.store.model import Account
from pillarbox.store.store import Store

app = App(name="account", help="The people with mail.")

FromStdin = Annotated[bool, Parameter(negative=())]
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that are mistaken for another


@app.command
def add(
    address: str,
    *,
    name: str = "",
    quota: int | None = None,
    password_stdin: FromStdin = False,
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
    password, generated = _new_password(password_stdin=password_stdin)
    hashed, keys = hash_password(password), scram_keys(password)
    with_store(common, lambda store: store.directory.add_account(address, hashed, name, quota, keys))
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
                }
            )
        return found

    columns = ["address", "name", "messages", "octets", "quota", "active"]
    nothing = "No accounts; `pillarbox account add you@example.org` adds one."
    show(with_store(common, rows), columns, as_json=common.json, nothing=nothing)
    return exits.OK


@app.command
def password(address: str, *, password_stdin: FromStdin = False, common: Common = Common()) -> int:
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
        await store.directory.set_password((await _account(store, address)).account_id, hashed, keys)

    with_store(common, change)
    _say_done(f"{address} has a new password.", address, word if generated else None, as_json=common.json)
    return exits.OK


@app.command
def remove(
    address: str,
    *,
    yes: Annotated[bool, Parameter(negative=())] = False,
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
        await store.directory.remove_account((await _account(store, address)).account_id)

    with_store(common, drop)
    say(f"{address} is removed.", as_json=common.json, address=address)
    return exits.OK


async def _account(store: Store, address: str) -> Account:
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
