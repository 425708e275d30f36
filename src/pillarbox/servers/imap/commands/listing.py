"""LIST, LSUB, STATUS and NAMESPACE: which mailboxes there are, and their counters (RFC 3501 §6.3.8-10, RFC 5258)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pillarbox.core.ids import AccountId, spell
from pillarbox.servers.imap.manner import CONDSTORE
from pillarbox.servers.imap.session import Answer, Session
from pillarbox.servers.imap.uses import ATTRIBUTES
from pillarbox.store.model import MAILBOX_PREFIX, Mailbox
from pillarbox.store.naming import name_order, parent_name
from pillarbox.wire.imap import encoder
from pillarbox.wire.imap.commands import Nothing
from pillarbox.wire.imap.events import Command
from pillarbox.wire.imap.listing import List, Status
from pillarbox.wire.imap.names import matcher

_PLAIN = List("", ())
_SUBSCRIBED = List("", (), returns=frozenset({"SUBSCRIBED"}))


@dataclass(frozen=True, slots=True)
class _Name:
    """What may be listed: a mailbox, or (None) a name that is subscribed to or lies above one that is."""

    name: str
    mailbox: Mailbox | None
    subscribed: bool

    @property
    def use(self) -> str | None:
        """The attribute of its special use."""
        return ATTRIBUTES.get(self.mailbox.role or "") if self.mailbox is not None else None


@dataclass(frozen=True, slots=True)
class _Found:
    """A name to be listed. `chosen`: it meets the selection options itself; else only names below it do."""

    name: _Name
    chosen: bool
    below: bool  # a name below it meets them


async def _names(session: Session, subscribed: bool) -> list[_Name]:
    """Every mailbox, and where names `subscribed` to matter also those without one, and what lies above these."""
    if not subscribed:
        return [_Name(one.name, one, one.subscribed) for one in await session.store.mailboxes(session.owner)]
    mailboxes, waiting = await session.store.subscriptions(session.owner)
    known = {one.name: _Name(one.name, one, one.subscribed) for one in mailboxes}
    for name in waiting:
        known[name] = _Name(name, None, subscribed=True)
    for name in waiting:
        for above in _ancestors(name):
            known.setdefault(above, _Name(above, None, subscribed=False))
    return sorted(known.values(), key=lambda one: name_order(one.name))


async def list_(session: Session, command: Command, arguments: List) -> Answer:
    """Mailboxes that match the patterns, with attributes; STATUS with each where asked for (RFC 5819)."""
    if arguments.asks_separator:
        session.stream.write(encoder.list_mailbox("", ("\\Noselect",)))
        return Answer("LIST completed")
    utf8 = session.decoder.utf8
    everyone = await _names(session, "SUBSCRIBED" in arguments.selection)
    parents = {parent_name(one.name) for one in everyone}
    lines: list[bytes] = []
    for found in _select(arguments, everyone):
        attributes = _attributes(arguments, found.name, found.name.name in parents)
        children = _criteria(arguments) if found.below and "RECURSIVEMATCH" in arguments.selection else ()
        lines.append(encoder.list_mailbox(found.name.name, attributes, child_info=children, utf8=utf8))
        mailbox = found.name.mailbox
        if arguments.status and found.chosen and mailbox is not None and mailbox.selectable:
            lines.append(await spell_status(session, mailbox, arguments.status))
    await session.send(lines)
    if "HIGHESTMODSEQ" in arguments.status:
        session.enable(CONDSTORE)
    return Answer("LIST completed")


def _criteria(arguments: List) -> tuple[str, ...]:
    return tuple(sorted(arguments.selection & {"SUBSCRIBED", "SPECIAL-USE"}))


def _meets(one: _Name, criteria: Sequence[str]) -> bool:
    return ("SUBSCRIBED" not in criteria or one.subscribed) and ("SPECIAL-USE" not in criteria or one.use is not None)


def _select(arguments: List, everyone: Sequence[_Name]) -> Iterator[_Found]:
    tests = [matcher(pattern) for pattern in arguments.patterns]
    criteria = _criteria(arguments)
    recursive = "RECURSIVEMATCH" in arguments.selection
    matching = {one.name for one in everyone if any(test(one.name) for test in tests)}
    above: set[str] = set()  # what lies above a name that meets the criteria
    hidden: set[str] = set()  # above one that does and is not listed itself (RFC 5258 §3.5)
    if recursive:
        for one in everyone:
            if _meets(one, criteria):
                above.update(_ancestors(one.name))
                if one.name not in matching:
                    hidden.update(_ancestors(one.name))
    for one in everyone:
        if one.name in matching:
            chosen = _meets(one, criteria) and (one.mailbox is not None or one.subscribed)
            if chosen or one.name in hidden:
                yield _Found(one, chosen, one.name in above)


def _ancestors(name: str) -> Iterator[str]:
    parent = parent_name(name)
    while parent is not None:
        yield parent
        parent = parent_name(parent)


def _attributes(arguments: List, one: _Name, has_children: bool) -> list[str]:
    if one.mailbox is None:
        attributes = ["\\NonExistent"]  # RFC 5258 §3: nothing is known of its children
    else:
        attributes = [] if one.mailbox.selectable else ["\\Noselect"]
        attributes.append("\\HasChildren" if has_children else "\\HasNoChildren")
    if one.use is not None:
        attributes.append(one.use)
    if one.subscribed and "SUBSCRIBED" in arguments.returns | arguments.selection:
        attributes.append("\\Subscribed")
    return attributes


async def describe(
    session: Session, account: AccountId, mailbox: Mailbox, old_name: str | None = None, *, subscribed: bool = False
) -> bytes:
    """The LIST response of one mailbox, which SELECT owes to a client of rev2 (RFC 9051 §6.3.2) and NOTIFY to all."""
    everyone = await session.store.mailboxes(account)
    parent = any(one.parent_id == mailbox.mailbox_id for one in everyone)
    name = _Name(mailbox.name, mailbox, mailbox.subscribed)
    attributes = _attributes(_SUBSCRIBED if subscribed else _PLAIN, name, parent)
    return encoder.list_mailbox(mailbox.name, attributes, old_name=old_name, utf8=session.decoder.utf8)


async def lsub(session: Session, command: Command, arguments: List) -> Answer:
    """Names subscribed to; `%` also finds what lies above one that it does not reach (RFC 3501 §6.3.9)."""
    if arguments.asks_separator:
        session.stream.write(encoder.list_mailbox("", ("\\Noselect",), verb="LSUB"))
        return Answer("LSUB completed")
    test = matcher(arguments.patterns[0])
    everyone = await _names(session, subscribed=True)
    above = {parent for one in everyone if one.subscribed and not test(one.name) for parent in _ancestors(one.name)}
    lines = []
    for one in everyone:
        if test(one.name) and (one.subscribed or one.name in above):
            opens = one.subscribed and one.mailbox is not None and one.mailbox.selectable
            attributes = () if opens else ("\\Noselect",)
            lines.append(encoder.list_mailbox(one.name, attributes, verb="LSUB", utf8=session.decoder.utf8))
    await session.send(lines)
    return Answer("LSUB completed")


async def status(session: Session, command: Command, arguments: Status) -> Answer:
    """Counters of one mailbox, without opening it."""
    found = await session.find(arguments.mailbox)
    session.stream.write(await spell_status(session, found.mailbox, arguments.items))
    if "HIGHESTMODSEQ" in arguments.items:
        session.enable(CONDSTORE)
    return Answer("STATUS completed")


async def spell_status(session: Session, mailbox: Mailbox, items: Sequence[str]) -> bytes:
    """A STATUS response of these items."""
    values: dict[str, encoder.Value] = {
        "MESSAGES": mailbox.total,
        "UIDNEXT": mailbox.uidnext,
        "UIDVALIDITY": mailbox.uidvalidity,
        "UNSEEN": mailbox.unseen,
        "DELETED": mailbox.deleted,
        "SIZE": mailbox.size,
        "HIGHESTMODSEQ": mailbox.highestmodseq,
        "MAILBOXID": f"({spell(MAILBOX_PREFIX, mailbox.mailbox_id)})",
        "APPENDLIMIT": session.store.settings.message_size,
    }
    if "RECENT" in items:
        values["RECENT"] = await _recent(session, mailbox)
    return encoder.status(mailbox.name, {item: values[item] for item in items}, session.decoder.utf8)


async def _recent(session: Session, mailbox: Mailbox) -> int:
    view = await session.store.view(session.owner, mailbox.mailbox_id)
    after = await session.house.recents.after(session.owner, mailbox.mailbox_id, view.uids)
    count = 0
    for at in range(len(view.uids) - 1, -1, -1):
        if view.uids[at] <= after:
            break
        count += 1
    return count


async def namespace(session: Session, command: Command, arguments: Nothing) -> Answer:
    """One personal namespace, without a prefix (RFC 2342)."""
    session.stream.write(encoder.namespace(("",), utf8=session.decoder.utf8))
    return Answer("NAMESPACE completed")
