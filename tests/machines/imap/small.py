"""The machine against a server whose pages, portions and chunks are tiny: what is long is then met all the time.

A program, for the bounds have to be changed before anything else is imported: `python -m tests.machines.imap.small
FOLDER EXAMPLES` ends with 0 when all is well.
"""

import asyncio
import sys
from contextlib import AsyncExitStack
from pathlib import Path

from pillarbox.core import limits

TINY = {
    "PAGE": 2,
    "IMAP_PORTION": 2,
    "IMAP_INLINE": 1,
    "IMAP_FETCH_BATCH": 300,
    "BLOB_INLINE": 250,
    "CHUNK": 64,
    "WRITE_BURST": 100,
}


def main() -> int:
    """Change the bounds, and run the machine."""
    for name, value in TINY.items():
        setattr(limits, name, value)
    run(Path(sys.argv[1]), int(sys.argv[2]))
    return 0


def run(folder: Path, examples: int) -> None:
    """On SQLite in this folder."""
    from pillarbox.core import log
    from tests.engines_fixtures import Engine
    from tests.machines.imap.machine import play
    from tests.servers.imap.house import House, open_house

    log.configure("warning")
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()

        async def begin() -> House:
            engine = Engine("sqlite", folder, "")
            stack.push_async_callback(engine.close)
            return await stack.enter_async_context(open_house(engine, folder))

        play(runner.run(begin()), runner, examples)
        runner.run(stack.aclose())


if __name__ == "__main__":
    sys.exit(main())
