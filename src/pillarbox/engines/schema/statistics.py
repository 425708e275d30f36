"""What SQLite's planner is told about the tables: it gathers no statistics itself, and without any it reads a whole
account where an index finds one message."""

from typing import Final

_ROWS = 10_000_000

Figures = tuple[tuple[str, str, tuple[int, ...]], ...]

_PLACED: Final[Figures] = (
    ("message", "sqlite_autoindex_message_1", (10_000, 1)),
    ("message", "message_thread", (10_000, 3, 1, 1)),
    ("message", "message_blob", (2,)),
    ("message", "message_modseq", (10_000, 2, 1)),
    ("message", "message_sent", (10_000, 2, 1)),
    ("placement", "placement", (10_000, 1_000, 1)),
    ("placement", "placement_message", (10_000, 2)),
    ("placement", "placement_modseq", (10_000, 1_000, 2, 1, 1)),
    ("placement", "placement_received", (10_000, 1_000, 2)),
    ("vanished", "vanished", (10_000, 1_000, 3, 1)),
    ("change_log", "change_log", (10_000, 3, 1, 1)),
    ("thread_key", "thread_key", (10_000, 1)),
    ("blob", "sqlite_autoindex_blob_1", (10_000, 1)),
    ("blob_dead", "blob_dead", (1_000, 1)),
    ("delivery_seen", "delivery_seen", (1_000, 1)),
    ("mailbox", "mailbox", (20, 1)),
    ("mailbox", "mailbox_name", (20, 1)),
    ("object", "object", (20, 10, 1)),
    ("upload", "upload", (10, 1)),
    ("upload", "upload_blob", (2,)),
    ("queue", "queue", (100, 1)),
    ("queue", "queue_blob", (10,)),
    ("queue", "queue_due", (100_000, 10)),
    ("alias", "alias", (2, 1)),
    ("alias", "alias_target", (2,)),
)
"""Table, index, and how many rows share the first one, two, … of its columns in an account of good size."""

_SHARED: Final[Figures] = (
    ("acl", "acl", (20, 4, 1)),
    ("acl", "acl_grantee", (20, 4, 1)),
)

_NOTED: Final[Figures] = (
    ("metadata", "metadata", (100, 50, 5, 1)),
    ("metadata", "metadata_mailbox", (100, 5)),
)


def _stated(figures: Figures) -> tuple[str, ...]:
    return tuple(
        "INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES"
        f" ('{table}', '{index}', '{_ROWS} {' '.join(map(str, shared))}')"
        for table, index, shared in figures
    )


FIRST: Final = ("ANALYZE", "DELETE FROM sqlite_stat1", *_stated(_PLACED), "ANALYZE sqlite_schema")
SHARING: Final = (*_stated(_SHARED), "ANALYZE sqlite_schema")
NOTES: Final = (*_stated(_NOTED), "ANALYZE sqlite_schema")
