"""A real Pillarbox for tests: the whole server in processes of its own, on free ports, gone with its starter.

Run as a program it serves the settings file named, and prints its ports as JSON when they answer.
"""

import asyncio
import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

from pillarbox.app import open_store, run
from pillarbox.config.file import load
from pillarbox.config.settings import Settings
from pillarbox.core import log
from pillarbox.core.ids import AccountId
from pillarbox.services.login.passwords import hash_password, scram_keys
from pillarbox.store.store import Store

T = TypeVar("T")

DOMAIN = "talk.test"
PASSWORD = "secret"
LISTENERS = ("smtp", "submission", "submissions", "imap", "imaps", "pop3", "pop3s", "http", "https")
PATIENCE = 60.0  # seconds for a start or a stop on a busy machine
HASH = hash_password(PASSWORD)
KEYS = scram_keys(PASSWORD)

ROOT = Path(__file__).parent.parent


class PillarboxServer:
    """A running server. `url` of a PostgreSQL database, or "" for SQLite. `port` tells where each listener is."""

    def __init__(self, folder: Path, url: str = "", workers: int = 1, extra: str = "") -> None:
        self.folder = folder
        self.file = folder / "pillarbox.toml"
        engine = f'kind = "postgres"\nurl = "{url}"' if url else 'kind = "sqlite"'
        listeners = "\n".join(f'{name} = "127.0.0.1:0"' for name in LISTENERS)
        self.file.write_text(
            f'[server]\nhostname = "mail.{DOMAIN}"\ndata = "{folder}/data"\nworkers = {workers}\n'
            f"[engine]\n{engine}\n[listeners]\n{listeners}\n[login]\nplain_from_loopback = true\n{extra}",
            "utf-8",
        )
        self.settings: Settings = load(self.file)
        self.port: dict[str, int] = {}
        self.log = folder / "server.log"
        self.process: subprocess.Popen[bytes]
        self.start()

    def start(self) -> None:
        """Start, on the ports of before if there was a before, and wait until every port answers."""
        if self.port:
            text = self.file.read_text("utf-8")
            for name, port in self.port.items():
                text = text.replace(f'{name} = "127.0.0.1:0"', f'{name} = "127.0.0.1:{port}"')
            self.file.write_text(text, "utf-8")
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.server", str(self.file)],
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": f"{ROOT}/src:{ROOT}"},
                start_new_session=True,
            )
        assert self.process.stdout is not None
        if select.select([self.process.stdout], [], [], PATIENCE)[0]:
            line = self.process.stdout.readline()
            if line:
                self.port = json.loads(line)
                return
        self.kill()
        raise RuntimeError(f"the server did not start:\n{self.log.read_text('utf-8', 'replace')[-3000:]}")

    def stop(self) -> int:
        """Ask the server to end, and wait; its exit code."""
        self.process.terminate()
        return self.process.wait(PATIENCE)

    def kill(self) -> None:
        """End the server and all its workers at once, as a crash would."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(PATIENCE)

    def workers(self) -> list[int]:
        """The process ids of the workers, when there are several."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text("ascii")
        return [int(pid) for pid in children.split()]

    def store(self, work: Callable[[Store], Coroutine[Any, Any, T]]) -> T:
        """Do something with the mail store as one more process on it."""

        async def go() -> T:
            async with open_store(self.settings) as store:
                return await work(store)

        return asyncio.run(go())

    def add_account(self, address: str) -> AccountId:
        """A new account with PASSWORD; its domain is made when missing. The account id."""

        async def work(store: Store) -> AccountId:
            return await new_account(store, address)

        return self.store(work)


async def new_account(store: Store, address: str) -> AccountId:
    """A new account with PASSWORD; its domain is made when missing."""
    domain = address.rpartition("@")[2]
    if domain not in await store.directory.domains():
        await store.directory.add_domain(domain)
    account = await store.directory.add_account(address, HASH, address.partition("@")[0], scram=KEYS)
    return account.account_id


@contextlib.asynccontextmanager
async def opened(server: PillarboxServer) -> AsyncIterator[Store]:
    """The server's mail store as one more process sees it."""
    async with open_store(server.settings) as store:
        yield store


def until(true: Callable[[], bool], seconds: float = PATIENCE) -> None:
    """Wait until `true()`; AssertionError when it does not become so."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def main() -> int:
    """Serve the settings of the file named on the command line."""
    log.configure("info")
    file = Path(sys.argv[1])

    def ready(settings: Settings) -> None:
        ports = {name: endpoint.port for name, endpoint in settings.endpoints().items()}
        print(json.dumps(ports), flush=True)

    return run(load(file), file, ready)


if __name__ == "__main__":
    sys.exit(main())
