"""GETMETADATA and SETMETADATA: notes on mailboxes and on the server (RFC 5464)."""

from collections.abc import Iterable, Mapping

from pillarbox.core.errors import MailError, NotFound, OverQuota, TooBig
from pillarbox.core.ids import AccountId, MailboxId, Modseq
from pillarbox.core.limits import METADATA_VALUE
from pillarbox.servers.imap import notes
from pillarbox.servers.imap.errors import Refused, refusal
from pillarbox.servers.imap.session import Answer, Session
from pillarbox.servers.imap.uses import ROLES
from pillarbox.store.metadata import SPECIAL_USE, WHOLE
from pillarbox.store.model import Mailbox
from pillarbox.store.rights import ALL, NOTING, Found
from pillarbox.store.transaction import Transaction
from pillarbox.store.watching import DIRECTORY
from pillarbox.wire.imap.codes import TOO_MANY, USE_ATTR, long_entries, max_size
from pillarbox.wire.imap.events import Command
from pillarbox.wire.imap.metadata import INFINITY, GetMetadata, SetMetadata, metadata

Values = Mapping[str, bytes | None]

_CODES: dict[type[MailError], bytes | str] = {OverQuota: TOO_MANY, TooBig: max_size(METADATA_VALUE)}


async def get(session: Session, command: Command, arguments: GetMetadata) -> Answer:
    """Values of entries; those named that have none are NIL, unless what lies below them is asked for too."""
    found = await _find(session, arguments.mailbox)
    sizes = await notes.sizes(session, found)
    chosen = list(_below(arguments.entries, arguments.depth, sizes)) if arguments.depth else list(arguments.entries)
    longest = max((sizes.get(entry, 0) for entry in chosen), default=0)
    if arguments.max_size is not None:
        chosen = [entry for entry in chosen if sizes.get(entry, 0) <= arguments.max_size]
    values = await notes.values(session, found, chosen)
    if chosen:
        told = {entry: values.get(entry) for entry in chosen}
        session.stream.write(metadata(arguments.mailbox, told, session.decoder.utf8))
        await session.breathe()
    short = arguments.max_size is None or longest <= arguments.max_size
    return Answer("GETMETADATA completed", b"" if short else long_entries(longest))


def _below(entries: Iterable[str], depth: int, known: Iterable[str]) -> Iterable[str]:
    """The entries there are that are named, or lie so far below one that is (RFC 5464 §4.2.2)."""
    for entry in known:
        for above in entries:
            rest = entry[len(above) :]
            if entry.startswith(above) and (not rest or (rest[0] == "/" and depth in (INFINITY, rest.count("/")))):
                yield entry
                break


async def set_(session: Session, command: Command, arguments: SetMetadata) -> Answer:
    """Set or remove notes: all of them or none."""
    values = dict(arguments.values)
    try:
        found = await _find(session, arguments.mailbox)
        if found is None:
            await _set_on_server(session, values)
        else:
            await _set_on_mailbox(session, found, values)
    except MailError as error:
        raise refusal(error, _CODES) from error
    return Answer("SETMETADATA completed")


async def _find(session: Session, name: str) -> Found | None:
    """The mailbox, which may be only a name (RFC 5464 §4.1); None for the server."""
    if not name:
        return None
    try:
        return await session.find(name, "l", NOTING)
    except NotFound:
        mailbox = await session.store.mailbox_named(session.owner, name)
        return Found(session.owner, mailbox, ALL, mailbox.name)


async def _set_on_server(session: Session, values: Values) -> None:
    owner = session.owner
    private = {entry: value for entry, value in values.items() if entry.startswith("/private/")}
    shared = {entry: value for entry, value in values.items() if entry not in private}
    if notes.ADMIN in shared:
        raise Refused("NO", "the entry is for reading only", "CANNOT")
    if shared and not (await session.store.directory.account(owner)).admin:
        raise Refused("NO", "only an admin may set shared notes on the server", "NOPERM")

    async def unit(tx: Transaction) -> Modseq:
        if private:
            await tx.set_metadata(owner, WHOLE, owner, private)
        return await tx.set_server_metadata(shared) if shared else Modseq(0)

    version = await session.write([owner], unit)
    if session.noting is not None and version:
        session.noting.changed({DIRECTORY: version})


async def _set_on_mailbox(session: Session, found: Found, values: Values) -> None:
    account, mailbox_id, reader = found.account, found.mailbox.mailbox_id, session.owner
    kept = {entry: value for entry, value in values.items() if entry != SPECIAL_USE}
    role = _role(found, reader, values.get(SPECIAL_USE))
    uses = SPECIAL_USE in values and account == reader

    async def unit(tx: Transaction) -> Mailbox | None:
        moved = await _give_use(tx, account, mailbox_id, role) if uses else None
        await tx.set_metadata(account, mailbox_id, reader, kept)
        return moved

    moved = await session.write([account], unit)
    if moved is not None:  # RFC 6154 §5.4
        session.stream.write(metadata(moved.name, {SPECIAL_USE: None}, session.decoder.utf8))


def _role(found: Found, reader: AccountId, value: bytes | None) -> str | None:
    """The role that a value of /private/specialuse names. Refused when the mailbox cannot have it (RFC 6154 §4)."""
    words, mailbox = (value or b"").decode("utf-8", "replace").split(), found.mailbox
    if not words:
        return mailbox.role if mailbox.role == "inbox" else None
    role = ROLES.get(words[0].lower())
    if len(words) > 1 or role is None or found.account != reader or mailbox.role == "inbox" or not mailbox.selectable:
        raise Refused("NO", "the mailbox cannot have this use", USE_ATTR)
    return role


async def _give_use(tx: Transaction, account: AccountId, mailbox_id: MailboxId, role: str | None) -> Mailbox | None:
    """Give a mailbox a role; the mailbox that had it before."""
    before = None
    if role is not None:
        before = next((one for one in await tx.mailboxes(account) if one.role == role), None)
        if before is not None and before.mailbox_id == mailbox_id:
            return None
        if before is not None:
            await tx.update_mailbox(account, before.mailbox_id, role=None)
    await tx.update_mailbox(account, mailbox_id, role=role)
    return before
