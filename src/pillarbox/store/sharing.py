"""Mailboxes shared between accounts: whose mailbox a name means, what a login may do there, and who else may."""

from collections.abc import Sequence

from pillarbox.core.errors import Invalid, NotFound
from pillarbox.core.ids import AccountId, MailboxId
from pillarbox.core.limits import ACL_ALL, ACL_ENTRIES, PAGE, SHARED_MAILBOXES
from pillarbox.store.conventions import role_called, stands_for
from pillarbox.store.ledger import BOX_COLUMNS, mailbox_of
from pillarbox.store.naming import foreign_name, full_name, name_order, split_foreign
from pillarbox.store.port import Connection, Database, Record
from pillarbox.store.rights import ALL, ANYONE, KNOWING, Entry, EntryChange, Found, combined, ordered, require

_MINE = "grantee IN ($1, 0)"
_HELD = f"SELECT rights, denied FROM acl WHERE {_MINE} AND account_id = $2 AND mailbox_id = $3"
_BOX = ", ".join(f"m.{column.strip()}" for column in BOX_COLUMNS.split(","))
_SHARED = (
    f"SELECT a.rights, a.denied, a.account_id, p.login, p.shared, {_BOX} FROM acl a"
    " JOIN person p ON p.account_id = a.account_id"
    " JOIN mailbox m ON m.account_id = a.account_id AND m.mailbox_id = a.mailbox_id"
    f" WHERE a.{_MINE} AND a.account_id <> $1"
    " ORDER BY a.grantee DESC LIMIT $2"
)
"""What is granted by name comes first: what others grant to anyone cannot crowd it out."""


class Sharing:
    """Whose mailbox a name means, and what a login may do with it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def locate(self, login: AccountId, name: str) -> tuple[AccountId, str]:
        """The account and the full name there that a name leads to, as `login` calls it. NotFound, Invalid."""
        return await self._database.read(lambda connection: locate(connection, login, name))

    async def find(self, login: AccountId, name: str, needed: str, any_of: frozenset[str] = KNOWING) -> Found:
        """The mailbox of that name, as `login` calls it, if it can hold messages. Denied without the rights `needed`
        and one `any_of`, letters of RFC 4314 §2.1; NotFound where the login may not see it. Names that stand for a
        mailbox of a special use lead to it (see `meant`)."""
        return await self._database.read(lambda connection: find(connection, login, name, needed, any_of))

    async def meant(self, login: AccountId, name: str) -> str | None:
        """The full name of the mailbox of one's own for which a name of another program stands; None when it stands for
        itself. Invalid."""
        return await self._database.read(lambda connection: meant(connection, login, name))

    async def rights(self, login: AccountId, account: AccountId, mailbox_id: MailboxId) -> frozenset[str]:
        """What `login` may do with a mailbox."""
        return await self._database.read(lambda connection: rights(connection, login, account, mailbox_id))

    async def name(self, login: AccountId, account: AccountId, name: str) -> str:
        """What `login` calls the mailbox that has this full name in its account."""
        return await self._database.read(lambda connection: called(connection, login, account, name))

    async def shared(self, login: AccountId) -> list[Found]:
        """The mailboxes of others that `login` sees in lists, by the names it calls them; of very many the first."""
        found = await self._database.read(lambda connection: shared(connection, login, PAGE))
        if found is None:
            found = await self._database.read_apart(lambda connection: shared(connection, login, None))
        return found or []

    async def entries(self, account: AccountId, mailbox_id: MailboxId) -> list[Entry]:
        """Everybody who was granted or denied something, anyone first, others by login."""
        return await self._database.read(lambda connection: entries(connection, account, mailbox_id))

    async def acl(self, login: AccountId, name: str) -> tuple[Found, str, list[Entry]]:
        """A mailbox, the login of its owner, and who else may do what with it. As `find` with "a"."""
        return await self._database.read(lambda connection: acl(connection, login, name))


async def locate(connection: Connection, login: AccountId, name: str) -> tuple[AccountId, str]:
    """The account a name leads to, as `login` calls it, and the full name there. NotFound, Invalid.

    A mailbox of one's own that has had a name of another namespace since before that was there keeps it.
    """
    apart = split_foreign(name)
    if apart is None or await _own(connection, login, name):
        return login, full_name(name)
    shared, whose, inner = apart
    inner = full_name(inner)
    row = await connection.one("SELECT account_id, shared FROM person WHERE login = $1", whose)
    if row is None or bool(row[1]) != shared or row[0] == login:
        raise NotFound("no such mailbox")
    return row[0], inner


async def _own(connection: Connection, login: AccountId, name: str) -> bool:
    try:
        wanted = full_name(name)
    except Invalid:
        return False
    sql = "SELECT 1 FROM mailbox WHERE account_id = $1 AND name = $2"
    return await connection.one(sql, login, wanted) is not None


async def rights(connection: Connection, login: AccountId, account: AccountId, mailbox_id: MailboxId) -> frozenset[str]:
    """What `login` may do with a mailbox; all of it with one's own."""
    if login == account:
        return ALL
    return combined((row[0], row[1]) for row in await connection.all(_HELD, login, account, mailbox_id))


async def find(
    connection: Connection, login: AccountId, name: str, needed: str, any_of: frozenset[str] = KNOWING
) -> Found:
    """See Sharing.find."""
    try:
        return await find_called(connection, login, name, needed, any_of)
    except NotFound:
        other = await meant(connection, login, name)
        if other is None:
            raise
        return await find_called(connection, login, other, needed, any_of)


async def find_called(
    connection: Connection, login: AccountId, name: str, needed: str, any_of: frozenset[str] = KNOWING
) -> Found:
    """The mailbox that is really called so; as `find`."""
    account, inner = await locate(connection, login, name)
    sql = f"SELECT {BOX_COLUMNS} FROM mailbox WHERE account_id = $1 AND name = $2"
    row = await connection.one(sql, account, inner)
    if row is None:
        raise NotFound("no such mailbox")
    mailbox = mailbox_of(row)
    held = await rights(connection, login, account, mailbox.mailbox_id)
    require(held, needed, any_of)
    if not mailbox.selectable:
        raise NotFound("the mailbox is only a name")
    return Found(account, mailbox, held, await called(connection, login, account, mailbox.name))


async def meant(connection: Connection, login: AccountId, name: str) -> str | None:
    """See Sharing.meant. A mailbox that is really called so comes first."""
    if split_foreign(name) is not None:
        return None
    top, slash, rest = full_name(name).partition("/")
    role = role_called(top)
    if role is None or await _own(connection, login, top):
        return None
    row = await connection.one("SELECT name FROM mailbox WHERE account_id = $1 AND role = $2", login, role)
    return f"{row[0]}{slash}{rest}" if row is not None and stands_for(top, role, row[0]) else None


async def called(connection: Connection, login: AccountId, account: AccountId, name: str) -> str:
    """The name by which `login` calls the mailbox that has this full name in its account."""
    if login == account:
        return name
    row = await connection.one("SELECT shared, login FROM person WHERE account_id = $1", account)
    if row is None:
        raise NotFound("no such account")
    return foreign_name(bool(row[0]), row[1], name)


async def shared(connection: Connection, login: AccountId, page: int | None) -> list[Found] | None:
    """See Sharing.shared. None when there are more than `page` entries."""
    rows = await connection.all(_SHARED, login, SHARED_MAILBOXES if page is None else page + 1)
    if page is not None and len(rows) > page:
        return None
    together: dict[tuple[AccountId, MailboxId], list[Record]] = {}
    for row in rows:
        together.setdefault((row[2], row[5]), []).append(row)
    found = []
    for (account, _), some in together.items():
        held = combined((row[0], row[1]) for row in some)
        if "l" in held:
            mailbox = mailbox_of(some[0][5:])
            name = foreign_name(bool(some[0][4]), some[0][3], mailbox.name)
            found.append(Found(account, mailbox, held, name))
    return sorted(found, key=lambda one: name_order(one.name))


async def entries(connection: Connection, account: AccountId, mailbox_id: MailboxId) -> list[Entry]:
    """See Sharing.entries."""
    rows = await connection.all(
        "SELECT a.grantee, p.login, a.rights, a.denied FROM acl a LEFT JOIN person p ON p.account_id = a.grantee"
        " WHERE a.account_id = $1 AND a.mailbox_id = $2",
        account,
        mailbox_id,
    )
    found = [
        Entry(row[0], "anyone" if row[0] == ANYONE else row[1], frozenset(row[2]), frozenset(row[3]))
        for row in rows
        if row[0] == ANYONE or row[1] is not None
    ]
    return sorted(found, key=lambda one: (one.grantee != ANYONE, one.login))


async def acl(connection: Connection, login: AccountId, name: str) -> tuple[Found, str, list[Entry]]:
    """See Sharing.acl."""
    found = await find(connection, login, name, "a")
    row = await connection.one("SELECT login FROM person WHERE account_id = $1", found.account)
    if row is None:
        raise NotFound("no such account")
    return found, row[0], await entries(connection, found.account, found.mailbox.mailbox_id)


async def change(connection: Connection, account: AccountId, mailbox_id: MailboxId, wanted: EntryChange) -> bool:
    """Change one entry under the account's lock; whether it is another one now. Invalid."""
    if wanted.grantee == account:
        if wanted.negative or wanted.mode == "remove" or (wanted.mode == "replace" and wanted.rights != ALL):
            raise Invalid("an owner has every right for good")
        return False
    known = {one.grantee: one for one in await entries(connection, account, mailbox_id)}
    entry = known.get(wanted.grantee) or Entry(wanted.grantee, "", frozenset(), frozenset())
    before = entry.denied if wanted.negative else entry.rights
    after = _changed(before, wanted)
    if after == before:
        return False
    if wanted.grantee not in known:
        if len(known) >= ACL_ENTRIES:
            raise Invalid("too many entries in the access control list")
        await _check_room(connection, account, 1)
    granted, denied = (entry.rights, after) if wanted.negative else (after, entry.denied)
    place = (account, mailbox_id, wanted.grantee)
    if not granted and not denied:
        await connection.run("DELETE FROM acl WHERE account_id = $1 AND mailbox_id = $2 AND grantee = $3", *place)
        return True
    await connection.run(
        "INSERT INTO acl (account_id, mailbox_id, grantee, rights, denied) VALUES ($1, $2, $3, $4, $5)"
        " ON CONFLICT (account_id, mailbox_id, grantee)"
        " DO UPDATE SET rights = excluded.rights, denied = excluded.denied",
        *place,
        ordered(granted),
        ordered(denied),
    )
    return True


def _changed(before: frozenset[str], wanted: EntryChange) -> frozenset[str]:
    if wanted.mode == "add":
        return before | wanted.rights
    return before - wanted.rights if wanted.mode == "remove" else wanted.rights


async def _check_room(connection: Connection, account: AccountId, more: int) -> None:
    row = await connection.one("SELECT count(*) FROM acl WHERE account_id = $1", account)
    if row is not None and row[0] + more > ACL_ALL:
        raise Invalid("too many entries in the access control lists of the account")


async def inherit(connection: Connection, account: AccountId, source: MailboxId, mailbox_id: MailboxId) -> None:
    """Give a new mailbox the entries of another. Invalid when the account has too many then."""
    sql = "SELECT count(*) FROM acl WHERE account_id = $1 AND mailbox_id = $2"
    row = await connection.one(sql, account, source)
    if row is None or not row[0]:
        return
    await _check_room(connection, account, row[0])
    await connection.run(
        "INSERT INTO acl (account_id, mailbox_id, grantee, rights, denied)"
        " SELECT account_id, CAST($3 AS BIGINT), grantee, rights, denied FROM acl"
        " WHERE account_id = $1 AND mailbox_id = $2",
        account,
        source,
        mailbox_id,
    )


async def forget(connection: Connection, account: AccountId, mailbox_ids: Sequence[MailboxId]) -> None:
    """Mailboxes that are gone are nobody else's any more."""
    sql = "DELETE FROM acl WHERE account_id = $1 AND mailbox_id = $2"
    await connection.many(sql, [(account, mailbox_id) for mailbox_id in mailbox_ids])
