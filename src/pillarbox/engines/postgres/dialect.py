"""How PostgreSQL spells what the two engines spell differently."""

from collections.abc import Sequence


class PostgresDialect:
    """See store.port.Dialect."""

    name = "postgres"
    for_update = " FOR UPDATE"
    skip_locked = " FOR UPDATE SKIP LOCKED"
    integer = "bigint"
    octets = "bytea"
    text = "text"
    clustered = ""

    def exclusive(self, table: str) -> str:
        """Waits for whoever holds the table."""
        return f"LOCK TABLE {table} IN EXCLUSIVE MODE"

    def members(self, parameter: str) -> str:
        """A sub-select giving the integers of an array parameter."""
        return f"(SELECT unnest({parameter}::bigint[]))"

    def texts(self, parameter: str) -> str:
        """A sub-select giving the strings of an array parameter."""
        return f"(SELECT unnest({parameter}::text[]))"

    def array(self, members: Sequence[int] | Sequence[str]) -> object:
        """The value to bind for `members` or `texts`."""
        return list(members)
