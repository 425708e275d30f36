"""The full-text index of the embedded engine: FTS5 in a file of its own, so that it never holds up a delivery."""

import asyncio
import contextlib
import os
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import apsw
import structlog

from pillarbox.core.errors import Unavailable
from pillarbox.core.ids import AccountId, MessageId
from pillarbox.engines.sqlite.connection import refuse, use_wal
from pillarbox.store.vocabulary import (
    MERGE,
    Cursor,
    Document,
    Found,
    Wanted,
    asked,
    common,
    enough,
    merged,
    segment,
    signed,
)

T = TypeVar("T")

VERSION = 5  # of the tables and of what the analyser makes; a file of another one is made anew
THREADS = 2
CACHE_KIB = 16384
BUSY_MILLISECONDS = 10_000
_MANY = 2000  # entries whose message ids are found sooner by reading all
_LOOKS = 100  # queries after which it is seen whether every message is found already

# One FTS5 table for all accounts: a token begins with the account's number, so that each has a region of its own.
# ascii leaves everything but A-Z as it is, and our tokens hold neither those nor separators.
_TABLES = (
    "CREATE TABLE account (number INTEGER PRIMARY KEY, account_id INTEGER NOT NULL UNIQUE, modseq INTEGER NOT NULL,"
    " message_id INTEGER NOT NULL)",
    "CREATE TABLE entry (id INTEGER PRIMARY KEY, number INTEGER NOT NULL, message_id INTEGER NOT NULL,"
    " UNIQUE (number, message_id))",
    "CREATE TABLE signature (id INTEGER PRIMARY KEY, octets BLOB NOT NULL)",
    "CREATE TABLE vocabulary (number INTEGER NOT NULL, id INTEGER NOT NULL, level INTEGER NOT NULL,"
    " terms TEXT NOT NULL, PRIMARY KEY (number, id))",
    "CREATE VIRTUAL TABLE document USING fts5"
    " (tokens, content='', contentless_delete=1, detail=none, tokenize='ascii')",
    f"PRAGMA user_version = {VERSION}",
)
_FORGET = ("DELETE FROM document WHERE rowid = ?", "DELETE FROM signature WHERE id = ?")
_DAMAGE = (apsw.CorruptError, apsw.NotADBError)

_log = structlog.get_logger("pillarbox.engines.sqlite")


class _Opened:
    """A connection and the file it is to, which another process may have replaced."""

    __slots__ = ("inode", "raw")

    def __init__(self, path: str) -> None:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        self.inode = os.stat(path).st_ino  # noqa: PTH116
        self.raw = apsw.Connection(path)
        self.raw.set_busy_timeout(BUSY_MILLISECONDS)
        # Not FULL: what a power failure takes is indexed again, as the cursor goes with it.
        use_wal(self.raw)
        for pragma in ("synchronous=NORMAL", f"cache_size=-{CACHE_KIB}", "temp_store=MEMORY"):
            self.raw.execute(f"PRAGMA {pragma}").fetchall()


class SqliteSearch:
    """See store.port.SearchIndex. Several processes may open the same file."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._free: list[_Opened] = []
        self._executor = ThreadPoolExecutor(THREADS, "sqlite-search")

    async def look(self, account: AccountId, wanted: Sequence[Wanted]) -> Found:
        """See store.port.SearchIndex.look."""
        return await self._do(lambda raw: _look(raw, account, wanted), "BEGIN")

    async def update(
        self, account: AccountId, before: Cursor, documents: Sequence[Document], plain: Collection[str], after: Cursor
    ) -> bool:
        """See store.port.SearchIndex.update."""
        change = (before, documents, plain, after)
        return await self._do(lambda raw: _update(raw, account, *change))

    async def remove(self, account: AccountId, message_ids: Sequence[MessageId]) -> None:
        """See store.port.SearchIndex.remove."""
        await self._do(lambda raw: _remove(raw, account, message_ids))

    async def documents(self, account: AccountId) -> list[MessageId]:
        """See store.port.SearchIndex.documents."""
        sql = "SELECT e.message_id FROM entry e JOIN account a ON a.number = e.number WHERE a.account_id = ?"
        rows = await self._do(lambda raw: _rows(raw, sql, account), "BEGIN")
        return [MessageId(row[0]) for row in rows]

    async def accounts(self) -> dict[AccountId, Cursor]:
        """See store.port.SearchIndex.accounts."""
        sql = "SELECT account_id, modseq, message_id FROM account"
        rows = await self._do(lambda raw: _rows(raw, sql), "BEGIN")
        return {AccountId(row[0]): Cursor(row[1], row[2]) for row in rows}

    async def clear(self, account: AccountId) -> None:
        """See store.port.SearchIndex.clear."""
        await self._do(lambda raw: _clear(raw, account))

    async def close(self) -> None:
        """Finish what is under way and let go."""
        self._executor.shutdown(wait=True)
        while self._free:
            self._free.pop().raw.close()

    async def _do(self, unit: Callable[[apsw.Connection], T], begin: str = "BEGIN IMMEDIATE") -> T:
        try:
            running = asyncio.get_running_loop().run_in_executor(self._executor, self._run, unit, begin)
        except RuntimeError as error:  # the executor is shut down
            raise Unavailable("the index is closed") from error
        return await running

    def _run(self, unit: Callable[[apsw.Connection], T], begin: str) -> T:
        opened: _Opened | None = None
        try:
            opened = self._connection()
            try:
                return _transaction(opened.raw, unit, begin)
            finally:
                self._free.append(opened)
        except _DAMAGE as error:
            self._discard(error, opened)
            raise Unavailable(f"the index was damaged and begins anew: {error}") from error
        except (apsw.Error, OSError) as error:
            refuse(error)

    def _connection(self) -> _Opened:
        while self._free:
            opened = self._free.pop()
            with contextlib.suppress(OSError):
                if os.stat(self._path).st_ino == opened.inode:  # noqa: PTH116
                    return opened
            opened.raw.close()
        opened = _Opened(self._path)
        if _version(opened.raw) != VERSION:
            opened.raw.execute("BEGIN IMMEDIATE").fetchall()
            _make(opened.raw)
            opened.raw.execute("COMMIT").fetchall()
        return opened

    def _discard(self, error: Exception, opened: _Opened | None) -> None:
        """Have the file made anew, unless somebody did; what others still have open stays until they notice."""
        _log.error("engines.index_damaged", path=self._path, error=str(error))
        with contextlib.suppress(FileNotFoundError):
            if opened is not None and os.stat(self._path).st_ino != opened.inode:  # noqa: PTH116
                return
        while self._free:
            self._free.pop().raw.close()
        for suffix in ("", "-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self._path + suffix)  # noqa: PTH108


def _version(raw: apsw.Connection) -> int:
    return int(_one(raw, "PRAGMA user_version") or 0)


def _make(raw: apsw.Connection) -> None:
    if _version(raw) == VERSION:
        return
    for kind, name in raw.execute("SELECT type, name FROM sqlite_schema WHERE type = 'table'").fetchall():
        if not str(name).startswith(("sqlite_", "document_")):
            raw.execute(f"DROP {kind} {name}").fetchall()
    for statement in _TABLES:
        raw.execute(statement).fetchall()


def _transaction(raw: apsw.Connection, unit: Callable[[apsw.Connection], T], begin: str) -> T:
    raw.execute(begin).fetchall()
    try:
        value = unit(raw)
        raw.execute("COMMIT").fetchall()
    finally:
        if raw.in_transaction:
            raw.execute("ROLLBACK").fetchall()
    return value


def _one(raw: apsw.Connection, sql: str, *values: Any) -> Any:
    return raw.execute(sql, values).get


def _rows(raw: apsw.Connection, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    return raw.execute(sql, values).fetchall()


def _look(raw: apsw.Connection, account: AccountId, wanted: Sequence[Wanted]) -> Found:
    row = raw.execute("SELECT number, modseq, message_id FROM account WHERE account_id = ?", (account,)).fetchone()
    if row is None:
        return Found(Cursor(), tuple(set() if one.probes else None for one in wanted))
    number = row[0]
    segments: list[str] = []
    if any(probe.fields for one in wanted for probe in one.probes):
        segments = [str(one[0]) for one in _rows(raw, "SELECT terms FROM vocabulary WHERE number = ?", number)]
    return Found(Cursor(row[1], row[2]), tuple(_fitting(raw, number, segments, one) for one in wanted))


def _fitting(raw: apsw.Connection, number: int, segments: list[str], wanted: Wanted) -> set[MessageId] | None:
    found: set[int] | None = None
    for tokens in asked(segments, wanted) or ():
        if found is not None and enough(wanted, len(found), tokens):
            break
        some = _having(raw, number, tokens)
        found = some if found is None else common(found, some)
    if found is None and not wanted.junctions:
        return None
    sql = "SELECT e.id, e.message_id FROM entry e"
    if wanted.junctions:
        sql = "SELECT e.id, e.message_id, s.octets FROM entry e JOIN signature s ON s.id = e.id"
    rows: Iterable[tuple[Any, ...]]
    if found is None or len(found) > _MANY:
        every = raw.execute(f"{sql} WHERE e.number = ?", (number,))
        rows = (row for row in every if found is None or row[0] in found)
    else:
        rows = (row for one in found for row in raw.execute(f"{sql} WHERE e.id = ?", (one,)))
    return {row[1] for row in rows if not wanted.junctions or signed(row[2], wanted.junctions)}


def _having(raw: apsw.Connection, number: int, tokens: list[str]) -> set[int]:
    """Entries with any of the tokens. One query for each: a MATCH of many alternatives takes time for each row."""
    found: set[int] = set()
    sql = "SELECT rowid FROM document WHERE document MATCH ?"
    total = None
    for at, token in enumerate(tokens, 1):
        found.update(row[0] for row in raw.execute(sql, (f'"{number}{token}"',)))
        if not at % _LOOKS:
            total = total or _one(raw, "SELECT COUNT(*) FROM entry WHERE number = ?", number)
            if len(found) >= total:
                break
    return found


def _update(
    raw: apsw.Connection,
    account: AccountId,
    before: Cursor,
    documents: Sequence[Document],
    plain: Collection[str],
    after: Cursor,
) -> bool:
    row = raw.execute("SELECT number, modseq, message_id FROM account WHERE account_id = ?", (account,)).fetchone()
    if Cursor(*(row[1:] if row else ())) != before:
        return False
    if row is None:
        sql = "INSERT INTO account (account_id, modseq, message_id) VALUES (?, ?, ?) RETURNING number"
        number = _one(raw, sql, account, after.modseq, after.message_id)
    else:
        number = row[0]
        sql = "UPDATE account SET modseq = ?, message_id = ? WHERE number = ?"
        raw.execute(sql, (after.modseq, after.message_id, number)).fetchall()
    sql = "INSERT INTO entry (number, message_id) VALUES (?, ?) ON CONFLICT DO NOTHING RETURNING id"
    for document in documents:
        entry = _one(raw, sql, number, document.message_id)
        if entry is not None:
            text = " ".join([f"{number}{token}" for token in document.tokens])
            raw.execute("INSERT INTO document (rowid, tokens) VALUES (?, ?)", (entry, text)).fetchall()
            raw.execute("INSERT INTO signature (id, octets) VALUES (?, ?)", (entry, document.signature)).fetchall()
    if plain:
        _learn(raw, number, segment(plain))
    return True


def _learn(raw: apsw.Connection, number: int, text: str) -> None:
    """Add a segment to the vocabulary; MERGE of a level become one of the next."""
    level = 0
    while True:
        sql = "SELECT id, terms FROM vocabulary WHERE number = ? AND level = ?"
        rows = raw.execute(sql, (number, level)).fetchall()
        if len(rows) < MERGE - 1:
            break
        text = merged([text, *(str(row[1]) for row in rows)])
        raw.execute("DELETE FROM vocabulary WHERE number = ? AND level = ?", (number, level)).fetchall()
        level += 1
    last = _one(raw, "SELECT max(id) FROM vocabulary WHERE number = ?", number) or 0
    sql = "INSERT INTO vocabulary (number, id, level, terms) VALUES (?, ?, ?, ?)"
    raw.execute(sql, (number, last + 1, level, text)).fetchall()


def _remove(raw: apsw.Connection, account: AccountId, message_ids: Sequence[MessageId]) -> None:
    number = _one(raw, "SELECT number FROM account WHERE account_id = ?", account)
    if number is None:
        return
    for message in message_ids:
        sql = "DELETE FROM entry WHERE number = ? AND message_id = ? RETURNING id"
        entry = _one(raw, sql, number, message)
        if entry is not None:
            for forget in _FORGET:
                raw.execute(forget, (entry,)).fetchall()


def _clear(raw: apsw.Connection, account: AccountId) -> None:
    number = _one(raw, "SELECT number FROM account WHERE account_id = ?", account)
    if number is None:
        return
    for (entry,) in raw.execute("SELECT id FROM entry WHERE number = ?", (number,)).fetchall():
        for forget in _FORGET:
            raw.execute(forget, (entry,)).fetchall()
    for table in ("entry", "vocabulary", "account"):
        raw.execute(f"DELETE FROM {table} WHERE number = ?", (number,)).fetchall()
