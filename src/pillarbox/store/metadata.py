"""Notes on mailboxes, on an account and on the server, by the name of their entry (METADATA, RFC 5464)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from pillarbox.core.errors import Conflict, NotFound, OverQuota, TooBig
from pillarbox.core.ids import AccountId, MailboxId, Modseq
from pillarbox.core.limits import LOG_LIFE, METADATA_ALL, METADATA_ENTRIES, METADATA_OCTETS, METADATA_VALUE
from pillarbox.store import people
from pillarbox.store.ledger import UPDATED
from pillarbox.store.model import Kind
from pillarbox.store.port import Connection, Dialect, Record
from pillarbox.store.work import Work

WHOLE: Final = MailboxId(0)
"""In place of a mailbox: the account itself."""
SHARED: Final = AccountId(0)
"""In place of whose note it is: everybody's."""
PRIVATE: Final = "/private/"
"""What the names of notes begin with that only one person sees."""
SPECIAL_USE: Final = "/private/specialuse"
"""The entry that is the role of a mailbox (RFC 6154 §4); it is kept there."""

SERVER: Final = AccountId(0)
"""In place of an account: what is noted on the server itself, all of it shared."""

Place = tuple[AccountId, MailboxId]
_Whose = tuple[AccountId, MailboxId, AccountId]
Notes = dict[str, bytes]


class Changed(NamedTuple):
    """A note that was set or removed."""

    modseq: Modseq
    mailbox_id: MailboxId
    entry: str


@dataclass(frozen=True, slots=True)
class ServerNotes:
    """The shared notes on the server, with what the change log has of them: versions of the directory and entries."""

    values: Notes
    changed: tuple[tuple[Modseq, str], ...]


async def put(
    connection: Connection, dialect: Dialect, place: Place, reader: AccountId, values: Mapping[str, bytes | None]
) -> list[str]:
    """Set notes, None removes one; those that were not so before. TooBig for a value, OverQuota for too many."""
    if any(value is not None and len(value) > METADATA_VALUE for value in values.values()):
        raise TooBig("the value of a note is too large")
    fresh: dict[AccountId, Mapping[str, bytes | None]] = {}
    for owner in {owner_of(entry, reader) for entry in values}:
        mine = {entry: value for entry, value in values.items() if owner_of(entry, reader) == owner}
        before = (await read(connection, dialect, (place[0], [place[1]]), owner, list(mine))).get(place[1], {})
        fresh[owner] = {entry: value for entry, value in mine.items() if before.get(entry) != value}
        await _check_room(connection, (*place, owner), before, fresh[owner])
    for owner, some in fresh.items():
        await _write(connection, (*place, owner), some)
    return [entry for some in fresh.values() for entry in some]


def owner_of(entry: str, reader: AccountId) -> AccountId:
    """Whose note it is when `reader` speaks of it."""
    return reader if entry.startswith(PRIVATE) else SHARED


async def _write(connection: Connection, place: _Whose, values: Mapping[str, bytes | None]) -> None:
    await connection.many(
        "DELETE FROM metadata WHERE account_id = $1 AND mailbox_id = $2 AND owner = $3 AND entry = $4",
        [(*place, entry) for entry, value in values.items() if value is None],
    )
    await connection.many(
        "INSERT INTO metadata (account_id, mailbox_id, owner, entry, value) VALUES ($1, $2, $3, $4, $5)"
        " ON CONFLICT (account_id, owner, mailbox_id, entry) DO UPDATE SET value = excluded.value",
        [(*place, entry, value) for entry, value in values.items() if value is not None],
    )


async def _check_room(connection: Connection, place: _Whose, before: Notes, fresh: Mapping[str, bytes | None]) -> None:
    """OverQuota when there would be too much with what is set, and it is more than before."""
    more = sum((value is not None) - (entry in before) for entry, value in fresh.items())
    octets = sum(_size(entry, value) - _size(entry, before.get(entry)) for entry, value in fresh.items())
    if more <= 0 and octets <= 0:
        return
    account, mailbox_id, owner = place
    rows = await connection.all(
        "SELECT mailbox_id, count(*), sum(length(entry) + length(value)) FROM metadata"
        " WHERE account_id = $1 AND owner = $2 GROUP BY mailbox_id",
        account,
        owner,
    )
    here = next((row[1] for row in rows if row[0] == mailbox_id), 0)
    entries, total = sum(row[1] for row in rows), sum(int(row[2]) for row in rows)
    if (more > 0 and (here + more > METADATA_ENTRIES or entries + more > METADATA_ALL)) or (
        octets > 0 and total + octets > METADATA_OCTETS
    ):
        raise OverQuota("too many notes")


def _size(entry: str, value: bytes | None) -> int:
    return 0 if value is None else len(entry) + len(value)


async def set_notes(
    work: Work, account: AccountId, mailbox_id: MailboxId, reader: AccountId, values: Mapping[str, bytes | None]
) -> list[str]:
    """See Transaction.set_metadata."""
    if mailbox_id != WHOLE:
        await work.box(account, mailbox_id)
    changed = await put(work.connection, work.dialect, (account, mailbox_id), reader, values)
    for entry in changed:
        record(work, account, mailbox_id, owner_of(entry, reader), entry)
    return changed


def record(work: Work, account: AccountId, mailbox_id: MailboxId, owner: AccountId, entry: str) -> None:
    """Put a change of a note into the change log."""
    work.ledger(account).record(Kind.METADATA, spell_change(mailbox_id, owner, entry), UPDATED)


def spell_change(mailbox_id: MailboxId, owner: AccountId, entry: str) -> str:
    """The object id under which the change log has a note."""
    return f"{mailbox_id:x} {owner:x} {entry}"


async def copy(connection: Connection, account: AccountId, source: MailboxId, target: MailboxId) -> None:
    """Everybody's notes on a mailbox for another mailbox too (RFC 5464 §4.1: what happens when INBOX is renamed)."""
    await connection.run(
        "INSERT INTO metadata (account_id, owner, mailbox_id, entry, value)"
        " SELECT account_id, owner, CAST($3 AS BIGINT), entry, value FROM metadata"
        " WHERE account_id = $1 AND mailbox_id = $2",
        account,
        source,
        target,
    )


async def sizes(connection: Connection, place: Place, reader: AccountId) -> dict[str, int]:
    """The entries of notes that `reader` sees, with the octets of their values, by name."""
    rows = await connection.all(
        "SELECT entry, length(value) FROM metadata WHERE account_id = $1 AND owner IN ($3, 0) AND mailbox_id = $2",
        *place,
        reader,
    )
    return dict(sorted((row[0], row[1]) for row in rows))


async def read(
    connection: Connection,
    dialect: Dialect,
    places: tuple[AccountId, Sequence[MailboxId]],
    owner: AccountId,
    entries: Iterable[str],
) -> dict[MailboxId, Notes]:
    """The values of entries on mailboxes, private ones of `owner`; what has none is left out."""
    account, mailbox_ids = places
    found: dict[MailboxId, Notes] = {}
    wanted = list(entries)
    owners = sorted({owner_of(entry, owner) for entry in wanted})
    for one in owners:
        rows = await connection.all(
            "SELECT mailbox_id, entry, value FROM metadata WHERE account_id = $1 AND owner = $2"
            f" AND mailbox_id IN {dialect.members('$3')} AND entry IN {dialect.texts('$4')}",
            account,
            one,
            dialect.array(mailbox_ids),
            dialect.array([entry for entry in wanted if owner_of(entry, owner) == one]),
        )
        for mailbox_id, entry, value in rows:
            found.setdefault(MailboxId(mailbox_id), {})[entry] = bytes(value)
    return found


async def changes(
    connection: Connection, account: AccountId, reader: AccountId, since: Modseq
) -> tuple[list[Changed], Modseq]:
    """See Store.metadata_changes."""
    state = await connection.one("SELECT modseq, log_floor FROM account WHERE account_id = $1", account)
    if state is None:
        raise NotFound("no such account")
    if since < state[1]:
        raise Conflict(f"changes since {since} are not known, only from {state[1]}")
    rows = await logged(connection, account, since)
    reached = rows[-1][0] if len(rows) == METADATA_ALL else state[0]
    found = []
    for modseq, object_id in sorted(rows):
        mailbox_id, owner, entry = object_id.split(" ", 2)
        if int(owner, 16) in (SHARED, reader):
            found.append(Changed(Modseq(modseq), MailboxId(int(mailbox_id, 16)), entry))
    return found, Modseq(reached)


async def logged(connection: Connection, account: AccountId, since: Modseq) -> list[Record]:
    """Modseq and object id of what the change log has of notes after a modseq: the first METADATA_ALL, in order."""
    return await connection.all(
        "SELECT modseq, object_id FROM change_log WHERE account_id = $1 AND modseq > $2 AND kind = $3"
        f" ORDER BY modseq LIMIT {METADATA_ALL}",
        account,
        since,
        Kind.METADATA,
    )


async def server_notes(connection: Connection) -> ServerNotes:
    """See Directory.metadata."""
    rows = await connection.all("SELECT entry, value FROM metadata WHERE account_id = $1", SERVER)
    log = await logged(connection, SERVER, Modseq(0))
    return ServerNotes(
        {row[0]: bytes(row[1]) for row in sorted(rows)},
        tuple((Modseq(modseq), object_id.split(" ", 2)[2]) for modseq, object_id in log),
    )


async def set_server_notes(work: Work, values: Mapping[str, bytes | None]) -> Modseq:
    """See Transaction.set_server_metadata."""
    version = Modseq(await people.raise_version(work.connection))
    changed = await put(work.connection, work.dialect, (SERVER, WHOLE), SHARED, values)
    old = "DELETE FROM change_log WHERE account_id = $1 AND at < $2"
    await work.connection.run(old, SERVER, work.now - LOG_LIFE)
    await work.connection.many(
        "INSERT INTO change_log (account_id, modseq, kind, object_id, op, at) VALUES ($1, $2, $3, $4, $5, $6)",
        [(SERVER, version, Kind.METADATA, spell_change(WHOLE, SHARED, entry), UPDATED, work.now) for entry in changed],
    )
    work.directory = version
    return version
