"""The rows of the directory: domains, accounts and aliases."""

from collections.abc import Sequence

from pillarbox.core.errors import Busy, Exists, NotFound
from pillarbox.core.ids import AccountId
from pillarbox.core.limits import HTTP_ENDED
from pillarbox.store.model import Account, Alias
from pillarbox.store.port import Connection, Record

_PERSON = (
    "SELECT p.account_id, p.login, p.name, p.password, a.quota, p.active, p.scram, a.quota_messages, p.admin, p.shared"
    " FROM person p"
    " JOIN account a ON a.account_id = p.account_id"
)
TABLES = (
    "placement",
    "vanished",
    "subscription",
    "thread_key",
    "message",
    "listing",
    "sort_key",
    "mailbox",
    "metadata",
    "acl",
    "device",
    "blob_dead",
    "upload",
    "damaged",
    "change_log",
    "delivery_seen",
    "object",
    "outbox",
    "person",
    "account",
)
"""Tables with rows of an account that go with it; what is queued is still sent."""


def _account(row: Record) -> Account:
    return Account(row[0], row[1], row[2], row[3], row[4], bool(row[5]), row[6], row[7], bool(row[8]), bool(row[9]))


async def version(connection: Connection) -> int:
    """The version of the directory."""
    row = await connection.one("SELECT version FROM directory WHERE one = 1")
    return row[0] if row else 0


async def raise_version(connection: Connection) -> int:
    """Make every process forget what it remembers of the directory; serialises changes of it."""
    row = await connection.one("UPDATE directory SET version = version + 1 WHERE one = 1 RETURNING version")
    return row[0] if row else 0


async def by_id(connection: Connection, account: AccountId) -> Account | None:
    """The account, or None."""
    row = await connection.one(f"{_PERSON} WHERE p.account_id = $1", account)
    return _account(row) if row else None


async def by_login(connection: Connection, login: str) -> Account | None:
    """The account with that login, or None."""
    row = await connection.one(f"{_PERSON} WHERE p.login = $1", login)
    return _account(row) if row else None


async def everybody(connection: Connection) -> list[Account]:
    """Every account by login."""
    return [_account(row) for row in await connection.all(f"{_PERSON} ORDER BY p.login")]


async def targets(connection: Connection, address: str) -> list[str]:
    """Where an alias leads; empty when there is none."""
    rows = await connection.all("SELECT target FROM alias WHERE address = $1 ORDER BY target", address)
    return [row[0] for row in rows]


async def aliases(connection: Connection) -> list[Alias]:
    """Every alias by address."""
    found: dict[str, list[str]] = {}
    for address, target in await connection.all("SELECT address, target FROM alias ORDER BY address, target"):
        found.setdefault(address, []).append(target)
    return [Alias(address, tuple(some)) for address, some in found.items()]


async def aliases_to(connection: Connection, address: str) -> list[str]:
    """The aliases that lead to an address directly."""
    rows = await connection.all("SELECT address FROM alias WHERE target = $1 ORDER BY address", address)
    return [row[0] for row in rows]


async def domains(connection: Connection) -> list[str]:
    """Our domains in order."""
    return [row[0] for row in await connection.all("SELECT domain FROM domain ORDER BY domain")]


async def has_domain(connection: Connection, name: str) -> bool:
    """Whether the domain is ours."""
    return await connection.one("SELECT 1 FROM domain WHERE domain = $1", name) is not None


async def insert_account(connection: Connection, account: Account, uidvalidity: int) -> None:
    """A new account without mailboxes."""
    if await by_login(connection, account.login) is not None:
        raise Exists(f"the account {account.login} exists")
    await connection.run(
        "INSERT INTO account (account_id, modseq, uidvalidity, used, messages, quota, log_floor)"
        " VALUES ($1, 0, $2, 0, 0, $3, 0)",
        account.account_id,
        uidvalidity,
        account.quota,
    )
    await connection.run(
        "INSERT INTO person (account_id, login, name, password, active, scram, shared)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7)",
        account.account_id,
        account.login,
        account.name,
        account.password,
        int(account.active),
        account.scram,
        int(account.shared),
    )


async def delete_account(connection: Connection, account: AccountId) -> None:
    """Everything of an account but what it has in the queue, and what others let it do with their mailboxes."""
    for table in TABLES:
        await connection.run(f"DELETE FROM {table} WHERE account_id = $1", account)
    await connection.run("DELETE FROM metadata WHERE owner = $1", account)
    await connection.run("DELETE FROM acl WHERE grantee = $1", account)
    await connection.run(
        "DELETE FROM blob WHERE account_id = $1 AND NOT EXISTS (SELECT 1 FROM queue q"
        " WHERE q.account_id = blob.account_id AND q.blob_id = blob.blob_id)",
        account,
    )


async def replace_alias(connection: Connection, address: str, to: Sequence[str]) -> None:
    """Have an alias lead to exactly these addresses."""
    await connection.run("DELETE FROM alias WHERE address = $1", address)
    await connection.many("INSERT INTO alias (address, target) VALUES ($1, $2)", [(address, one) for one in to])


async def change(connection: Connection, sql: str, *values: object) -> None:
    """A statement that must hit a row. NotFound."""
    if not await connection.run(sql, *values):
        raise NotFound("no such entry in the directory")


_ENDED = "Session"
"""The kind under which `object` keeps the sessions that were logged out; their ids begin with the time until when."""


async def end_session(connection: Connection, account: AccountId, session: str, until: int, now: int) -> None:
    """Remember that a session was logged out, and forget those whose time is over. Busy when there are too many."""
    place = (account, _ENDED)
    await connection.run(
        "DELETE FROM object WHERE account_id = $1 AND kind = $2 AND object_id < $3", *place, f"{now:012d}"
    )
    if len(await ended_sessions(connection, account)) >= HTTP_ENDED:
        raise Busy("too many sessions logged out")
    await connection.run(
        "INSERT INTO object (account_id, kind, object_id, modseq, data) VALUES ($1, $2, $3, 0, $4)"
        " ON CONFLICT (account_id, kind, object_id) DO NOTHING",
        *place,
        f"{until:012d} {session}",
        b"",
    )


async def ended_sessions(connection: Connection, account: AccountId) -> frozenset[str]:
    """The sessions of an account that were logged out and may still be asked for."""
    rows = await connection.all("SELECT object_id FROM object WHERE account_id = $1 AND kind = $2", account, _ENDED)
    return frozenset(row[0].partition(" ")[2] for row in rows)
