"""A PostgreSQL server of the distribution for tests: in a temporary folder, on a Unix socket, gone with its starter."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

PATIENCE = 60.0  # seconds for the server to become ready


class PostgresServer:
    """A running server. With `durable` it flushes as in production; without, a test is faster.

    It dies with the process that started it, and `stop` removes its folder.
    """

    def __init__(self, *, durable: bool = False) -> None:
        self._bin = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))[-1]
        self._folder = Path(tempfile.mkdtemp(prefix="pillarbox-pg-"))
        self._data = self._folder / "data"
        self._user = ["--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
        if self._user:
            shutil.chown(self._folder, "postgres", "postgres")
        initdb = [
            f"{self._bin}/initdb",
            "-D",
            str(self._data),
            "-A",
            "trust",
            "-U",
            "mail",
            "-N",
            "-E",
            "UTF8",
            "--locale=C",
        ]
        subprocess.run([*self._setpriv(), *initdb], check=True, stdout=subprocess.DEVNULL, cwd=self._folder)
        flush = "on" if durable else "off"
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": self._folder,
            "max_connections": "100",
            "shared_buffers": "32MB",
            "fsync": flush,
            "synchronous_commit": flush,
            "full_page_writes": flush,
            "autovacuum": "off",
            "deadlock_timeout": "50ms",
            "jit": "off",
            "log_min_messages": "fatal",
        }
        self._options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        self.start()

    def url(self, schema: str = "public") -> str:
        """Where to connect to; unqualified tables are those of `schema`."""
        return f"postgresql://mail@/postgres?host={self._folder}&search_path={schema}"

    def start(self) -> None:
        """Start the server and wait until it answers."""
        (self._data / "postmaster.pid").unlink(missing_ok=True)
        command = [*self._setpriv(), f"{self._bin}/postgres", "-D", str(self._data), *self._options]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + PATIENCE
        while not self._ready():
            if self._process.poll() is not None or time.monotonic() > end:
                raise RuntimeError("PostgreSQL did not start")
            time.sleep(0.02)

    def kill(self) -> None:
        """End the server at once, as a crash would (its children follow)."""
        self._process.kill()
        self._process.wait()
        self._wait_for_children()

    def stop(self) -> None:
        """End the server and remove its folder."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _setpriv(self) -> list[str]:
        return ["setpriv", *self._user, "--pdeathsig", "QUIT"]

    def _ready(self) -> bool:
        try:
            lines = (self._data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) >= 8 and lines[7].strip() == "ready"

    def _wait_for_children(self) -> None:
        # A new postmaster refuses to start while backends of the old one are attached to its shared memory.
        shared = str(self._data)
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and any(_works_in(shared)):
            time.sleep(0.02)


def _works_in(folder: str) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and os.readlink(entry / "cwd") == folder:
                found.append(int(entry.name))
        except OSError:
            continue
    return found
