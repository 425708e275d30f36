"""Where a mailbox name leads: whose account, which mailbox, and what the login may do there."""

from dataclasses import dataclass
from typing import Final

from pillarbox.core.errors import NotFound
from pillarbox.core.ids import AccountId
from pillarbox.store.model import Mailbox
from pillarbox.store.store import Store
from pillarbox.wire.imap.acl import RIGHTS

ALL_RIGHTS: Final = frozenset(RIGHTS)


@dataclass(frozen=True, slots=True)
class Found:
    """A mailbox that can hold messages, in the account that has it, with the letters of the login's rights (RFC 4314
    §2.1)."""

    account: AccountId
    mailbox: Mailbox
    rights: frozenset[str]


async def find(store: Store, login: AccountId, name: str) -> Found:
    """The mailbox of that name, as `login` calls it. NotFound."""
    mailbox = await store.mailbox_named(login, name)
    if not mailbox.selectable:
        raise NotFound("the mailbox is only a name")
    return Found(login, mailbox, ALL_RIGHTS)
