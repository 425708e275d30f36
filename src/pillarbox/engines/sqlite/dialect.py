"""How SQLite spells what the two engines spell differently."""

import json
import re
from collections.abc import Sequence
from functools import lru_cache

_PIECE = 5000
_PARAMETER = re.compile(r"""'(?:[^']|'')*'|"[^"]*"|--[^\n]*|\$(\d+)""")


class SqliteDialect:
    """See store.port.Dialect."""

    name = "sqlite"
    for_update = ""
    skip_locked = ""
    integer = "INTEGER"
    octets = "BLOB"
    text = "TEXT"
    clustered = " WITHOUT ROWID"

    def exclusive(self, table: str) -> str:
        """Nothing: there is one writer at a time anyway."""
        return ""

    def members(self, parameter: str) -> str:
        """A sub-select giving the integers of an array parameter."""
        return f"(SELECT value FROM json_each({parameter}))"

    def texts(self, parameter: str) -> str:
        """A sub-select giving the strings of an array parameter."""
        return f"(SELECT value FROM json_each({parameter}))"

    def array(self, members: Sequence[int] | Sequence[str]) -> object:
        """The value to bind for `members` or `texts`."""
        # In pieces, between which other threads have their turn.
        pieces = (json.dumps(list(members[at : at + _PIECE]))[1:-1] for at in range(0, len(members), _PIECE))
        return f"[{','.join(pieces)}]"


@lru_cache(maxsize=4096)
def numbered(sql: str) -> str:
    """The statement with `$n` turned into `?n`: SQLite takes `$1` as a name and would bind by first appearance."""
    return _PARAMETER.sub(lambda found: f"?{found[1]}" if found[1] else found[0], sql)
