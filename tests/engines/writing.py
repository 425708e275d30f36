"""A process that writes to a SQLite database from several tasks and tells each key once it is committed."""

import asyncio
import os
import sys

from pillarbox.engines.sqlite.database import SqliteDatabase

TASKS = 8


async def main(path: str, first: int, count: int) -> None:
    """Insert the keys from `first` on into table `t`, and count in the row of key 0."""
    database = SqliteDatabase(path)
    keys = iter(range(first, first + count))

    async def task() -> None:
        for key in keys:

            async def put(connection, key=key):  # type: ignore[no-untyped-def]
                await connection.run("UPDATE t SET n = n + 1 WHERE k = 0")
                await connection.run("INSERT INTO t (k, n, o) VALUES ($1, 0, $2)", key, b"x" * 2000)

            await database.write(put)
            os.write(1, f"{key}\n".encode())

    await asyncio.gather(*(task() for _ in range(TASKS)))
    await database.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
