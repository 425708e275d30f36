"""How SQLite answers the store's statements: by an index that leads to the rows, never by reading a whole account."""

import re
from pathlib import Path

import apsw
import pytest

from pillarbox.engines.sqlite.connection import SqliteConnection
from pillarbox.store.model import DELETED, SEEN, Account, FlagChange, Kind, Need
from pillarbox.store.port import Record
from pillarbox.store.rights import EntryChange
from pillarbox.store.store import Store
from pillarbox.store.transaction import Transaction
from tests.engines_fixtures import Engine
from tests.stores import act, add_account, arrive, deliver, inbox, letter, open_store, since

LARGE = ("placement", "message", "vanished", "change_log", "blob", "thread_key", "listing", "delivery_seen", "acl")
WHOLE = re.compile(
    r"(?:SCAN|SEARCH) (\w+)(?: EXISTS)?(?: USING (?:COVERING INDEX|INDEX|PRIMARY KEY) ?\w*)?(?: \(account_id=\?\))?"
)
"""A line of a plan that leads to all rows of a table or of an account."""

BOUNDED = ("SELECT count(*) FROM acl WHERE account_id = $1",)  # by ACL_ALL, and only while somebody is granted rights

BANNED = re.compile(r"\b(now\(\)|current_timestamp|random\(|nextval|notify|offset \d|rowid|ctid)", re.I)
"""What no statement uses (SCALE C.7): every one names an account, ids and times come from the application."""


async def live(store: Store, you: Account) -> None:
    """One of everything that happens all the time."""
    account = you.account_id
    box, archive = await inbox(store, account), await store.mailbox_named(account, "Archive")
    await deliver(store, account, letter(name="a"))
    second = await deliver(store, account, letter(name="b", extra="References: <a>\r\n"))
    view = await store.view(account, box.mailbox_id)

    async def unit(tx: Transaction) -> None:
        await tx.set_flags(account, box.mailbox_id, [1], FlagChange(add=SEEN | DELETED))
        await tx.copy(account, box.mailbox_id, [1, 9], archive.mailbox_id)
        await tx.move(account, archive.mailbox_id, [1], box.mailbox_id)
        await tx.update_email(account, second.message_id, keywords=(SEEN, frozenset()))
        await tx.expunge(account, box.mailbox_id, [1])
        await tx.expunge(account, box.mailbox_id, None)

    await act(store, account, unit)
    assert await store.view(account, box.mailbox_id) is not view
    need = Need.ENVELOPE | Need.HEADERS | Need.BLOB
    async for page in store.placements(account, box.mailbox_id, [1, 5, 500, 9000], need):
        await store.many_octets(account, [row.blob for row in page if row.blob])
        await store.emails(account, [row.message_id for row in page], Need.PREVIEW)
        await store.thread(account, [row.thread_id for row in page])
    for more in (Need.LISTING, Need.LISTING | Need.ENVELOPE | Need.BLOB):
        async for page in store.placements(account, box.mailbox_id, [(1, 500)], more):
            assert all(row.listing for row in page)
    await since(store, account, box.mailbox_id, box.highestmodseq)
    await store.changes(account, Kind.EMAIL, box.highestmodseq, 100)
    await store.quota(account)
    await store.blob(account, (await arrive(store, letter(name="b", extra="References: <a>\r\n"))).blob_id)


async def share(store: Store, you: Account, friend: Account) -> None:
    """A mailbox shared, found, and a message copied out of it."""
    account, other = you.account_id, friend.account_id
    box, target = await inbox(store, account), await inbox(store, other)
    await deliver(store, account, letter(name="c"))

    async def unit(tx: Transaction) -> None:
        await tx.change_acl(account, box.mailbox_id, EntryChange(other, "add", frozenset("lr")))
        await tx.create_mailbox(account, "INBOX/Below")
        await tx.copy(account, box.mailbox_id, [(1, 100)], target.mailbox_id, other)

    await store.write([account, other], unit)
    name = "Other Users/you@demo.test/INBOX"
    assert (await store.sharing.find(other, name, "lr")).rights == frozenset("lr")
    assert await store.sharing.rights(other, account, box.mailbox_id) == frozenset("lr")
    assert [one.name for one in await store.sharing.shared(other)] == [name, f"{name}/Below"]
    await store.sharing.acl(account, "INBOX")
    await store.write([other], lambda tx: tx.subscribe(other, name, True), other)
    below = await store.mailbox_named(account, "INBOX/Below")
    await store.write([account], lambda tx: tx.delete_mailbox(account, below.mailbox_id, keep_name=True))


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_no_statement_reads_a_whole_account(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = await open_store(engine)
    you, friend = await add_account(store), await add_account(store, "friend@demo.test")
    statements: set[str] = set()
    rows = SqliteConnection._rows

    def listening(self: SqliteConnection, sql: str, values: tuple[object, ...]) -> list[Record]:
        statements.add(sql)
        return rows(self, sql, values)

    monkeypatch.setattr(SqliteConnection, "_rows", listening)
    await live(store, you)
    await share(store, you, friend)
    await store.close()
    assert len(statements) > 25
    raw = apsw.Connection(str(tmp_path / "mail.db"))
    bad = []
    for sql in sorted(statements):
        bound = tuple("[]" for _ in set(re.findall(r"\$\d+", sql)))
        plan = raw.execute("EXPLAIN QUERY PLAN " + re.sub(r"\$(\d+)", r"?\1", sql), bound).fetchall()
        names = dict(re.findall(r"(placement|message|blob) (p|m|b)\b", sql))
        large = {*LARGE, *[alias for table, alias in names.items() if table in LARGE]}
        for *_, line in plan:
            found = WHOLE.fullmatch(str(line))
            if found is not None and found[1] in large and sql not in BOUNDED:
                bad.append((line, sql))
    raw.close()
    assert bad == []
    assert [sql for sql in statements if "account_id" not in sql or BANNED.search(sql)] == []
