"""Puts the demo's mail into the store, the way all mail goes; running it again adds only what is missing."""

import contextlib
import time
from collections.abc import Sequence

from pillarbox.cli.demo_mail.box import letters
from pillarbox.cli.demo_mail.letter import ANSWERED, DRAFT, FLAGGED, SEEN, Letter, octets
from pillarbox.core.errors import Exists
from pillarbox.core.ids import AccountId
from pillarbox.services.login.passwords import hash_password, scram_keys
from pillarbox.store import model
from pillarbox.store.model import Arrived, Place
from pillarbox.store.store import Store
from pillarbox.store.transaction import Transaction

DOMAIN = "demo.test"
PEOPLE = {"you": "Alex Rivera", "friend": "Sam Okafor"}
PASSWORD = "demo"  # noqa: S105 - printed on the card
TOGETHER = 25  # letters in one transaction

FLAGS = {SEEN: model.SEEN, ANSWERED: model.ANSWERED, FLAGGED: model.FLAGGED, DRAFT: model.DRAFT}


async def fill(store: Store) -> None:
    """The domain, the two accounts, and their letters up to now."""
    directory = store.directory
    with contextlib.suppress(Exists):
        await directory.add_domain(DOMAIN)
    with contextlib.suppress(Exists):
        await directory.add_alias(f"postmaster@{DOMAIN}", [f"you@{DOMAIN}"])
    for local, name in PEOPLE.items():
        with contextlib.suppress(Exists):
            await directory.add_account(f"{local}@{DOMAIN}", hash_password(PASSWORD), name, scram=scram_keys(PASSWORD))
    accounts = {account.login.partition("@")[0]: account.account_id for account in await directory.accounts()}
    every = letters(int(time.time()))
    for local in PEOPLE:
        own = [letter for letter in every if letter.account == local]
        for start in range(0, len(own), TOGETHER):
            await _add(store, accounts[local], own[start : start + TOGETHER])


async def _add(store: Store, account: AccountId, some: Sequence[Letter]) -> None:
    arrived: list[tuple[Letter, Arrived]] = []
    for letter in some:
        spooling = store.spool()
        spooling.write(octets(letter))
        arrived.append((letter, await spooling.finish()))

    async def unit(tx: Transaction) -> None:
        for letter, message in arrived:
            mailbox = await tx.create_mailbox(account, letter.mailbox, exist_ok=True)
            place = Place(mailbox.mailbox_id, sum(FLAGS[flag] for flag in letter.flags))
            await tx.add(account, message, [place], received=letter.sent, delivery_id=f"demo{letter.message_id}")

    await store.write([account], unit)
