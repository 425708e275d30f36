"""The full-text index of the cluster engine: arrays of tokens under a GIN index, in tables of their own."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import TYPE_CHECKING, TypeVar

from pillarbox.core.ids import AccountId, MessageId
from pillarbox.engines.migration import Step, migrate
from pillarbox.store.port import Connection
from pillarbox.store.vocabulary import MERGE, Cursor, Document, Found, Wanted, asked, common, enough, merged, segment

if TYPE_CHECKING:
    from pillarbox.engines.postgres.database import PostgresDatabase

T = TypeVar("T")

_ASKED = 2000  # tokens in one statement

_ANEW = tuple(f"DELETE FROM search_{table}" for table in ("account", "document", "vocabulary"))

# A token begins with the account's number: each account has a region of the index of its own.
_STEPS = (
    Step(
        1,
        "the first tables",
        (
            "CREATE TABLE search_account (account_id bigint PRIMARY KEY,"
            " number bigint GENERATED ALWAYS AS IDENTITY, modseq bigint NOT NULL, message_id bigint NOT NULL)",
            "CREATE TABLE search_document (account_id bigint NOT NULL, message_id bigint NOT NULL,"
            " tokens text[] NOT NULL, PRIMARY KEY (account_id, message_id))",
            # No list of pending entries: it would be read from end to end by every search.
            "CREATE INDEX search_tokens ON search_document USING gin (tokens) WITH (fastupdate = off)",
            "CREATE TABLE search_vocabulary (account_id bigint NOT NULL, id bigint NOT NULL, level bigint NOT NULL,"
            " terms text NOT NULL, PRIMARY KEY (account_id, id))",
        ),
    ),
    Step(
        2,
        "everything anew: the headers of parts are searched too",
        _ANEW,
    ),
    Step(3, "everything anew: texts are folded in another way", _ANEW),
    Step(
        4,
        "everything anew: which words are neighbours",
        (*_ANEW, "ALTER TABLE search_document ADD COLUMN signature bytea NOT NULL"),
    ),
    Step(5, "everything anew: which words are neighbours in addresses without their comments", _ANEW),
)
_PLACE = "SELECT number, modseq, message_id FROM search_account WHERE account_id = $1"


class PostgresSearch:
    """See store.port.SearchIndex."""

    def __init__(self, database: "PostgresDatabase") -> None:
        self._database = database
        self._made = False
        self._making = asyncio.Lock()

    async def look(self, account: AccountId, wanted: Sequence[Wanted]) -> Found:
        """See store.port.SearchIndex.look."""

        async def unit(connection: Connection) -> Found:
            # The planner does not see what reading the arrays costs, and would rather read them all.
            await connection.run("SET LOCAL enable_seqscan = off")
            row = await connection.one(_PLACE, account)
            if row is None:
                return Found(Cursor(), tuple(set() if one.probes else None for one in wanted))
            segments: list[str] = []
            if any(probe.fields for one in wanted for probe in one.probes):
                sql = "SELECT terms FROM search_vocabulary WHERE account_id = $1"
                segments = [one[0] for one in await connection.all(sql, account)]
            sets = [await _fitting(connection, (account, row[0]), segments, one) for one in wanted]
            return Found(Cursor(row[1], row[2]), tuple(sets))

        return await self._read(unit)

    async def update(
        self, account: AccountId, before: Cursor, documents: Sequence[Document], plain: Collection[str], after: Cursor
    ) -> bool:
        """See store.port.SearchIndex.update."""
        text = segment(plain) if plain else ""

        async def unit(connection: Connection) -> bool:
            insert = (
                "INSERT INTO search_account (account_id, modseq, message_id) VALUES ($1, 0, 0) ON CONFLICT DO NOTHING"
            )
            await connection.run(insert, account)
            row = await connection.one(f"{_PLACE} FOR UPDATE", account)
            if row is None or Cursor(row[1], row[2]) != before:
                return False
            sql = "UPDATE search_account SET modseq = $2, message_id = $3 WHERE account_id = $1"
            await connection.run(sql, account, after.modseq, after.message_id)
            await connection.many(
                "INSERT INTO search_document (account_id, message_id, tokens, signature) VALUES ($1, $2, $3, $4)"
                " ON CONFLICT DO NOTHING",
                [
                    (account, one.message_id, [f"{row[0]}{token}" for token in one.tokens], one.signature)
                    for one in documents
                ],
            )
            if text:
                await _learn(connection, account, text)
            return True

        return await self._write(unit)

    async def remove(self, account: AccountId, message_ids: Sequence[MessageId]) -> None:
        """See store.port.SearchIndex.remove."""
        sql = "DELETE FROM search_document WHERE account_id = $1 AND message_id = ANY($2::bigint[])"
        await self._write(lambda connection: connection.run(sql, account, list(message_ids)))

    async def documents(self, account: AccountId) -> list[MessageId]:
        """See store.port.SearchIndex.documents."""
        sql = "SELECT message_id FROM search_document WHERE account_id = $1"
        return [MessageId(row[0]) for row in await self._read(lambda connection: connection.all(sql, account))]

    async def accounts(self) -> dict[AccountId, Cursor]:
        """See store.port.SearchIndex.accounts."""
        sql = "SELECT account_id, modseq, message_id FROM search_account"
        rows = await self._read(lambda connection: connection.all(sql))
        return {AccountId(row[0]): Cursor(row[1], row[2]) for row in rows}

    async def clear(self, account: AccountId) -> None:
        """See store.port.SearchIndex.clear."""

        async def unit(connection: Connection) -> None:
            for table in ("search_account", "search_document", "search_vocabulary"):
                await connection.run(f"DELETE FROM {table} WHERE account_id = $1", account)

        await self._write(unit)

    async def close(self) -> None:
        """Nothing of its own is open."""

    async def _read(self, unit: Callable[[Connection], Awaitable[T]]) -> T:
        await self._make()
        return await self._database.read(unit)

    async def _write(self, unit: Callable[[Connection], Awaitable[T]]) -> T:
        await self._make()
        return await self._database.write(unit)

    async def _make(self) -> None:
        async with self._making:
            if not self._made:
                await migrate(self._database, _STEPS, "search")
                self._made = True


async def _fitting(
    connection: Connection, account: tuple[AccountId, int], segments: list[str], wanted: Wanted
) -> set[MessageId] | None:
    signed = "".join(f" AND get_bit(signature, {one} % (8 * length(signature))) = 1" for one in wanted.junctions)
    found: set[MessageId] | None = None
    # Looking through the vocabulary, and sets of very many messages, take their time.
    for tokens in await asyncio.to_thread(asked, segments, wanted) or ():
        if found is not None and enough(wanted, len(found), tokens):
            break
        some = await _having(connection, account[1], tokens, signed)
        found = some if found is None else await asyncio.to_thread(common, found, some)
    if found is None and signed:
        found = set()
        sql = f"SELECT message_id FROM search_document WHERE account_id = $1{signed}"
        async for rows in connection.pages(sql, account[0]):
            found.update(row[0] for row in rows)
    return found


async def _having(connection: Connection, number: int, tokens: list[str], signed: str) -> set[MessageId]:
    found: set[MessageId] = set()
    # The account is in the tokens.
    sql = f"SELECT message_id FROM search_document WHERE tokens && $1::text[]{signed}"
    for at in range(0, len(tokens), _ASKED):
        some = [f"{number}{token}" for token in tokens[at : at + _ASKED]]
        async for rows in connection.pages(sql, some):
            found.update(row[0] for row in rows)
    return found


async def _learn(connection: Connection, account: AccountId, text: str) -> None:
    """Add a segment to the vocabulary; MERGE of a level become one of the next."""
    level = 0
    while True:
        sql = "SELECT terms FROM search_vocabulary WHERE account_id = $1 AND level = $2"
        rows = await connection.all(sql, account, level)
        if len(rows) < MERGE - 1:
            break
        text = await asyncio.to_thread(merged, [text, *(row[0] for row in rows)])
        await connection.run("DELETE FROM search_vocabulary WHERE account_id = $1 AND level = $2", account, level)
        level += 1
    row = await connection.one("SELECT max(id) FROM search_vocabulary WHERE account_id = $1", account)
    last = row[0] if row and row[0] is not None else 0
    sql = "INSERT INTO search_vocabulary (account_id, id, level, terms) VALUES ($1, $2, $3, $4)"
    await connection.run(sql, account, last + 1, level, text)
