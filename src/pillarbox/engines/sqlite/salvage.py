"""Saving a damaged database file: what can still be read is copied into a new file, the old one is kept beside it."""

import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import apsw

from pillarbox.engines.sqlite.connection import open_connection

PAGE_ROWS = 200
_BLANK = {"INTEGER": 0, "TEXT": "", "BLOB": b""}

RESTORED = ("message", "placement", "mailbox")
"""Tables whose lost rows are put together again from the indexes over them; the rest of the columns is made up."""

_MENDING = (
    # An account is one row; without it nobody could log in. Clients begin afresh, as the log is not trusted.
    "INSERT INTO account (account_id, modseq, uidvalidity, used, messages, quota, log_floor)"
    " SELECT p.account_id, coalesce(max(b.highestmodseq), 1), coalesce(max(b.uidvalidity), 1), 0, 0, NULL,"
    " coalesce(max(b.highestmodseq), 1) FROM person p LEFT JOIN mailbox b ON b.account_id = p.account_id"
    " WHERE p.account_id NOT IN (SELECT account_id FROM account) GROUP BY p.account_id",
    # What the indexes do not know of a message its placement does, and the other way round.
    "UPDATE message SET size = coalesce((SELECT max(p.size) FROM placement p WHERE p.account_id = message.account_id"
    " AND p.message_id = message.message_id), 0), received = coalesce((SELECT max(p.received) FROM placement p"
    " WHERE p.account_id = message.account_id AND p.message_id = message.message_id), 0) WHERE size = 0",
    "UPDATE message SET blob_length = size WHERE blob_length = 0",
    "UPDATE placement SET size = m.size, thread_id = m.thread_id, received = m.received, saved = m.received"
    " FROM message m WHERE placement.size = 0 AND m.account_id = placement.account_id"
    " AND m.message_id = placement.message_id",
    # Nobody can say any more which UIDs such a mailbox had.
    "UPDATE mailbox SET uidvalidity = ?1, uidnext = 1 WHERE uidvalidity = 0",
)

Key = tuple[Any, ...]


def salvage(path: str) -> list[str]:
    """Put a new file in the place of a damaged one; what was lost, table by table. Nobody else may have it open.

    The old file stays beside it under another name. Raises apsw.Error when nothing can be read at all.
    """
    fresh = Path(f"{path}.salvaged")
    fresh.unlink(missing_ok=True)
    old = open_connection(path, readonly=True)
    new = apsw.Connection(str(fresh))
    try:
        new.execute("PRAGMA synchronous=OFF; BEGIN").fetchall()
        said = list(_tables(old, new))
        for statement in _MENDING:
            new.execute(statement, (int(time.time()),) if "?1" in statement else ()).fetchall()
        new.execute("COMMIT").fetchall()
    finally:
        new.close()
        old.close()
    kept = f"{path}.damaged-{time.strftime('%Y%m%d%H%M%S')}"
    _change_places(path, str(fresh), kept)
    return [*said, f"the damaged file is kept as {kept}"]


def _tables(old: apsw.Connection, new: apsw.Connection) -> Iterator[str]:
    schema = _all(old, "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE sql IS NOT NULL")
    for kind, name, _, sql in schema:
        if kind == "table" and not name.startswith("sqlite_"):
            new.execute(sql).fetchall()
            lost, restored = _Table(old, new, name).copy()
            if lost or restored:
                yield f"table {name}: {restored} rows put together again from indexes, {lost or 'no'} lost"
    for kind, _, _, sql in schema:
        if kind == "index":
            new.execute(sql).fetchall()


def _change_places(path: str, fresh: str, kept: str) -> None:
    """Safe at every instant: there is always a whole file at `path`."""
    for name in (fresh, str(Path(path).parent)):
        fd = os.open(name, os.O_RDONLY | os.O_CLOEXEC)
        os.fsync(fd)
        os.close(fd)
    for suffix in ("-wal", "-shm"):  # left when the last connection could not copy them into the file
        if Path(path + suffix).exists():
            Path(path + suffix).rename(kept + suffix)
    os.link(path, kept)
    Path(fresh).chmod(0o600)
    Path(fresh).replace(path)


def _all(raw: apsw.Connection, sql: str, values: Key = ()) -> list[Key]:
    return raw.execute(sql, values).fetchall()


class _Table:
    """One table being copied."""

    def __init__(self, old: apsw.Connection, new: apsw.Connection, name: str) -> None:
        self._old = old
        self._new = new
        self._name = name
        info = _all(old, f"PRAGMA table_info({name})")
        self._columns = [str(row[1]) for row in info]
        self._blank = [None if not row[3] else row[4] if row[4] is not None else _BLANK[row[2]] for row in info]
        primary = [str(row[1]) for row in sorted(info, key=lambda row: row[5]) if row[5]]
        listed = _all(old, f"PRAGMA table_list({name})")
        self._rowid = not listed[0][4]
        self._key = ["rowid"] if self._rowid else primary
        self._seen: set[Key] = set()

    def copy(self) -> tuple[int, int]:
        """How many rows are known to be lost, and how many were put together again."""
        self._ends()
        missing = {key: known for key, known in self._from_indexes().items() if key not in self._seen}
        rows = [(key, known) for key, known in missing.items() if not self._put(self._one(key))]
        restored = 0
        for key, known in rows:
            known |= {} if self._rowid else dict(zip(self._key, key, strict=True))
            if self._name in RESTORED:
                row = [known.get(column, blank) for column, blank in zip(self._columns, self._blank, strict=True)]
                restored += self._put([(*key, *row)])
        return len(rows) - restored, restored

    def _ends(self) -> None:
        """Everything up to the first damaged page, and everything behind the last; what is between the indexes name."""
        for order, sign in (("", ">"), (" DESC", "<")):
            last: Key | None = None
            while rows := self._page(last, order, sign):
                fresh = self._put(rows)
                last = rows[-1][: len(self._key)]
                if not fresh:
                    break

    def _page(self, last: Key | None, order: str, sign: str) -> list[Key]:
        names = ", ".join(self._key)
        where = f" WHERE ({names}) {sign} ({', '.join('?' * len(self._key))})" if last is not None else ""
        ordered = ", ".join(f"{name}{order}" for name in self._key)
        rows: list[Key] = []
        try:
            sql = f"SELECT {names}, * FROM {self._name}{where} ORDER BY {ordered} LIMIT {PAGE_ROWS}"
            rows.extend(self._old.execute(sql, last or ()))
        except (apsw.Error, UnicodeDecodeError):
            pass  # what came before the damage is good
        return rows

    def _one(self, key: Key) -> list[Key]:
        where = " AND ".join(f"{name} = ?" for name in self._key)
        try:
            return self._old.execute(
                f"SELECT {', '.join(self._key)}, * FROM {self._name} WHERE {where}", key
            ).fetchall()
        except (apsw.Error, UnicodeDecodeError):
            return []

    def _put(self, rows: Sequence[Key]) -> int:
        """Copy rows (key columns first) that were not copied before; how many that were."""
        width = len(self._key)
        fresh = [row for row in rows if row[:width] not in self._seen]
        self._seen.update(row[:width] for row in fresh)
        names = ["rowid", *self._columns] if self._rowid else self._columns
        marks = ", ".join("?" * len(names))
        sql = f"INSERT OR IGNORE INTO {self._name} ({', '.join(names)}) VALUES ({marks})"
        self._new.executemany(sql, [row if self._rowid else row[width:] for row in fresh]).fetchall()
        return len(fresh)

    def _from_indexes(self) -> dict[Key, dict[str, Any]]:
        """What the indexes know of every row, by its key."""
        known: dict[Key, dict[str, Any]] = {}
        for index in _all(self._old, f"PRAGMA index_list({self._name})"):
            if not self._rowid and index[3] == "pk":
                continue
            listed = _all(self._old, f"PRAGMA index_info({index[1]})")
            columns = [str(row[2]) for row in listed]
            for row in self._entries(str(index[1]), columns):
                width = len(self._key)
                known.setdefault(row[:width], {}).update(zip(columns, row[width:], strict=True))
        return known

    def _entries(self, index: str, columns: Sequence[str]) -> list[Key]:
        names = ", ".join([*self._key, *columns])
        rows: list[Key] = []
        for order in ("", " DESC"):
            ordered = ", ".join(f"{column}{order}" for column in [*columns, *self._key])
            try:
                sql = f"SELECT {names} FROM {self._name} INDEXED BY {index} ORDER BY {ordered}"
                rows.extend(self._old.execute(sql))
            except (apsw.Error, UnicodeDecodeError):
                continue  # its other end is read as well
            break
        return rows
