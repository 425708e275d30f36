"""LIST, LSUB, STATUS and NAMESPACE: which mailboxes there are, and their counters (RFC 3501 §6.3.8-10, RFC 5258)."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from pillarbox.core.errors import Invalid
from pillarbox.core.ids import AccountId
from pillarbox.core.limits import LIST_PORTION
from pillarbox.servers.imap.counts import spell_status
from pillarbox.servers.imap.manner import CONDSTORE
from pillarbox.servers.imap.names import CRITERIA, Listed, Name, choose, names
from pillarbox.servers.imap.notes import may_note, of_mailboxes
from pillarbox.servers.imap.pace import Pace
from pillarbox.servers.imap.session import Answer, Session
from pillarbox.store.conventions import role_called
from pillarbox.store.model import Mailbox
from pillarbox.store.naming import OTHERS, SHARED, ancestors
from pillarbox.store.rights import Found
from pillarbox.wire.imap import encoder
from pillarbox.wire.imap.acl import my_rights, spell_rights
from pillarbox.wire.imap.commands import Nothing
from pillarbox.wire.imap.events import Command
from pillarbox.wire.imap.listing import List, Status
from pillarbox.wire.imap.metadata import metadata
from pillarbox.wire.imap.names import matcher


async def list_(session: Session, command: Command, arguments: List) -> Answer:
    """Mailboxes that match the patterns, with attributes; STATUS with each where asked for (RFC 5819)."""
    if arguments.asks_separator:
        session.stream.write(encoder.list_mailbox("", ("\\Noselect",)))
        return Answer("LIST completed")
    patterns = tuple([await _meant(session, pattern) for pattern in arguments.patterns])
    everyone = await names(session, "SUBSCRIBED" in arguments.selection)
    listed = await choose(session, replace(arguments, patterns=patterns), everyone)
    pace = Pace(session)
    for at in range(0, len(listed), LIST_PORTION):
        lines: list[bytes] = []
        portion = listed[at : at + LIST_PORTION]
        notes = await _notes(session, arguments.metadata, portion) if arguments.metadata else {}
        for one in portion:
            lines.append(_line(session, arguments, one))
            if one.chosen and one.name.opens:
                lines += await _more(session, arguments, one.name)
            if one.name.name in notes:
                lines.append(metadata(one.name.name, notes[one.name.name], session.decoder.utf8))
            await pace.keep()
        session.stream.write(b"".join(lines))
        await session.breathe()
    if "HIGHESTMODSEQ" in arguments.status:
        session.enable(CONDSTORE)
    return Answer("LIST completed")


async def _meant(session: Session, pattern: str) -> str:
    """A pattern that is the name by which some program calls a mailbox of a special use finds that mailbox, by its own
    name: so does `inbox` find INBOX."""
    if role_called(pattern.partition("/")[0]) is None or set(pattern) & {"*", "%"}:
        return pattern
    try:
        return await session.store.sharing.meant(session.owner, pattern) or pattern
    except Invalid:
        return pattern


async def _notes(
    session: Session, entries: Sequence[str], portion: Sequence[Listed]
) -> dict[str, dict[str, bytes | None]]:
    """The entries asked for of the mailboxes that are chosen, by name; NIL where there is none (RFC 9590 §3)."""
    found: dict[str, dict[str, bytes | None]] = {}
    by_account: dict[AccountId, dict[str, Mailbox]] = {}
    for one in portion:
        if one.chosen and one.name.mailbox is not None and may_note(one.name.rights):
            by_account.setdefault(one.name.account, {})[one.name.name] = one.name.mailbox
    for account, mailboxes in by_account.items():
        values = await of_mailboxes(session, account, list(mailboxes.values()), entries)
        for name, mailbox in mailboxes.items():
            some = values.get(mailbox.mailbox_id, {})
            found[name] = {entry: some.get(entry) for entry in entries}
    return found


async def _more(session: Session, arguments: List, one: Name) -> list[bytes]:
    """What is asked for beside the name: of what may not be read there is no STATUS (RFC 5819 §2, RFC 8440 §3)."""
    lines: list[bytes] = []
    if arguments.status and one.mailbox is not None and "r" in one.rights:
        lines.append(await spell_status(session, one.account, one.mailbox, one.name, arguments.status))
    if "MYRIGHTS" in arguments.returns:
        lines.append(my_rights(one.name, spell_rights(one.rights), session.decoder.utf8))
    return lines


def _line(session: Session, arguments: List, one: Listed) -> bytes:
    children = sorted(arguments.selection & CRITERIA) if one.below else ()
    attributes = _attributes(one.name, arguments.returns | arguments.selection, one.has_children)
    return encoder.list_mailbox(one.name.name, attributes, child_info=children, utf8=session.decoder.utf8)


def _attributes(one: Name, options: Collection[str], has_children: bool) -> list[str]:
    attributes = [] if one.opens else ["\\NonExistent" if one.mailbox is None else "\\Noselect"]
    if one.level:  # what is older than RFC 5258 knows only this one
        attributes.append("\\Noselect")
    if one.mailbox is not None or one.level or "CHILDREN" in options:
        attributes.append("\\HasChildren" if has_children else "\\HasNoChildren")
    if one.use is not None:
        attributes.append(one.use)
    if one.subscribed and "SUBSCRIBED" in options:
        attributes.append("\\Subscribed")
    return attributes


async def describe(session: Session, found: Found, old_name: str | None = None, *, subscribed: bool = False) -> bytes:
    """The LIST response of one mailbox, which SELECT owes to a client of rev2 (RFC 9051 §6.3.2) and NOTIFY to all."""
    mailbox, foreign = found.mailbox, found.account != session.owner
    if foreign:
        shared = await session.store.sharing.shared(session.owner)
        parent = any(one.name.startswith(f"{found.name}/") for one in shared)
    else:
        parent = await session.store.has_children(found.account, mailbox.mailbox_id)
    name = Name(found.name, found.account, mailbox, mailbox.subscribed, found.rights, foreign)
    attributes = _attributes(name, ("SUBSCRIBED",) if subscribed else (), parent)
    return encoder.list_mailbox(found.name, attributes, old_name=old_name, utf8=session.decoder.utf8)


async def tell_name(session: Session, found: Found, asked: str) -> None:
    """What a mailbox is really called, to a client of rev2 that has called it otherwise (RFC 9051 §6.3.9.7)."""
    if session.rev2 and asked != found.name:
        session.stream.write(await describe(session, found, asked))


async def lsub(session: Session, command: Command, arguments: List) -> Answer:
    """Names subscribed to; `%` also finds what lies above one that it does not reach (RFC 3501 §6.3.9)."""
    if arguments.asks_separator:
        session.stream.write(encoder.list_mailbox("", ("\\Noselect",), verb="LSUB"))
        return Answer("LSUB completed")
    test, pace = matcher(*arguments.patterns), Pace(session)
    everyone = await names(session, subscribed=True)
    matching: set[str] = set()
    above: set[str] = set()
    for one in everyone:
        if test(one.name):
            matching.add(one.name)
        elif one.subscribed:
            above.update(ancestors(one.name))
        await pace.keep()
    for one in everyone:
        if one.name in matching and (one.subscribed or one.name in above):
            attributes = () if one.subscribed and one.opens else ("\\Noselect",)
            line = encoder.list_mailbox(one.name, attributes, verb="LSUB", utf8=session.decoder.utf8)
            session.stream.write(line)
        await pace.keep()
    return Answer("LSUB completed")


async def status(session: Session, command: Command, arguments: Status) -> Answer:
    """Counters of one mailbox, without opening it."""
    found = await session.find(arguments.mailbox)
    name = arguments.mailbox  # by which the client knows it
    session.stream.write(await spell_status(session, found.account, found.mailbox, name, arguments.items))
    if "HIGHESTMODSEQ" in arguments.items:
        session.enable(CONDSTORE)
    return Answer("STATUS completed")


async def namespace(session: Session, command: Command, arguments: Nothing) -> Answer:
    """One personal namespace, without a prefix, one of other people, and one of shared accounts (RFC 2342)."""
    session.stream.write(encoder.namespace(("",), (f"{OTHERS}/",), (f"{SHARED}/",), utf8=session.decoder.utf8))
    return Answer("NAMESPACE completed")
