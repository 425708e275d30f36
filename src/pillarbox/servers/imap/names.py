"""The names that LIST and LSUB choose from, and which of them they answer (RFC 5258 §3)."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pillarbox.core.ids import AccountId
from pillarbox.core.limits import PAGE
from pillarbox.servers.imap.pace import Pace
from pillarbox.servers.imap.session import Session
from pillarbox.servers.imap.uses import ATTRIBUTES
from pillarbox.store.model import Mailbox
from pillarbox.store.naming import ancestors, name_order, parent_name
from pillarbox.store.rights import ALL, Found
from pillarbox.wire.imap.listing import List
from pillarbox.wire.imap.names import matcher

_MANY = 4 * PAGE  # names whose sorting would hold up others
CRITERIA = frozenset({"SUBSCRIBED", "SPECIAL-USE"})
"""The selection options that names must meet (RFC 5258 §3.1, RFC 6154 §2)."""


@dataclass(frozen=True, slots=True)
class Name:
    """What may be listed: a mailbox, or (None) a name that is subscribed to or lies above one that is.

    `foreign`: it is another's, open to this login with `rights`. `level`: only a level of hierarchy above such ones.
    """

    name: str
    account: AccountId
    mailbox: Mailbox | None
    subscribed: bool
    rights: frozenset[str] = ALL
    foreign: bool = False
    level: bool = False

    @property
    def use(self) -> str | None:
        """The attribute of its special use; those of others are not this login's (RFC 6154 §2)."""
        if self.mailbox is None or self.foreign:
            return None
        return ATTRIBUTES.get(self.mailbox.role or "")

    @property
    def opens(self) -> bool:
        """Whether it can be selected."""
        return self.mailbox is not None and self.mailbox.selectable


@dataclass(frozen=True, slots=True)
class Listed:
    """A name to be listed. `chosen`: it meets the selection options itself; `below`: a name below it does, which
    RECURSIVEMATCH asks for."""

    name: Name
    chosen: bool
    below: bool
    has_children: bool


async def names(session: Session, subscribed: bool) -> list[Name]:
    """Every mailbox the login sees, and where names `subscribed` to matter also those without one, and what lies above
    these."""
    account, pace = session.owner, Pace(session)
    others = await session.store.sharing.shared(account)
    waiting: list[str] = []
    if subscribed or others:
        mailboxes, waiting = await session.store.subscriptions(account)
    else:
        mailboxes = await session.store.mailboxes(account)
    known: dict[str, Name] = {}
    for one in mailboxes:
        known[one.name] = Name(one.name, account, one, one.subscribed)
        await pace.keep()
    if not waiting and not others:
        return list(known.values())
    await _add_shared(known, others, frozenset(waiting), pace)
    for name in waiting if subscribed else ():
        known.setdefault(name, Name(name, account, None, subscribed=True))
        await pace.keep()
    for name in waiting if subscribed else ():
        for above in ancestors(name):
            known.setdefault(above, Name(above, account, None, subscribed=False))
        await pace.keep()
    if len(known) > _MANY:
        return await asyncio.to_thread(_sorted, known.values())
    return _sorted(known.values())


def _sorted(some: Iterable[Name]) -> list[Name]:
    return sorted(some, key=lambda one: name_order(one.name))


async def _add_shared(known: dict[str, Name], others: Sequence[Found], subscribed: frozenset[str], pace: Pace) -> None:
    """What others share, and the levels of hierarchy above it."""
    for one in others:
        marked = one.name in subscribed
        known.setdefault(one.name, Name(one.name, one.account, one.mailbox, marked, one.rights, foreign=True))
        await pace.keep()
    for one in others:
        for above in ancestors(one.name):
            known.setdefault(above, Name(above, one.account, None, above in subscribed, foreign=True, level=True))
        await pace.keep()


async def choose(session: Session, arguments: List, everyone: Sequence[Name]) -> list[Listed]:
    """What a LIST answers, in order."""
    pace, test = Pace(session), matcher(*arguments.patterns)
    levels = matcher(*(pattern for pattern in arguments.patterns if pattern.endswith("%")))  # RFC 9051 §6.3.9
    criteria = arguments.selection & CRITERIA
    matching: set[str] = set()
    parents: set[str | None] = set()
    above: set[str] = set()  # what lies above a name that meets the criteria
    hidden: set[str] = set()  # above one that does and is not listed itself (RFC 5258 §3.5)
    for one in everyone:
        if test(one.name):
            matching.add(one.name)
        if one.mailbox is not None or one.level:
            parents.add(parent_name(one.name))
        if "RECURSIVEMATCH" in arguments.selection and _meets(one, criteria):
            above.update(ancestors(one.name))
            if one.name not in matching:
                hidden.update(ancestors(one.name))
        await pace.keep()
    listed: list[Listed] = []
    for one in everyone:
        if one.name in matching:
            there = one.mailbox is not None or one.subscribed or (one.level and levels(one.name))
            chosen = there and _meets(one, criteria)
            if chosen or one.name in hidden:
                listed.append(Listed(one, chosen, one.name in above, one.name in parents))
        await pace.keep()
    return listed


def _meets(one: Name, criteria: frozenset[str]) -> bool:
    return ("SUBSCRIBED" not in criteria or one.subscribed) and ("SPECIAL-USE" not in criteria or one.use is not None)
