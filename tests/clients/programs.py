"""Mail programs of the distribution: how they are started, and how what they did is compared."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.server import PillarboxServer

HOST = "localhost"
TIMEOUT = 90.0  # seconds a program may take on a busy machine

SQLITE = pytest.mark.parametrize("server", ["sqlite"], indirect=True, scope="module")
"""For what need not be tried on both engines."""


@dataclass(frozen=True, slots=True)
class Done:
    """What a program left behind."""

    code: int
    out: bytes
    err: bytes

    @property
    def text(self) -> str:
        """All it said."""
        return (self.out + self.err).decode("utf-8", "replace")


def program(name: str) -> str:
    """Where a program is; without it the test is skipped (in CI a failure, see `tests.strictness`)."""
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not installed")
    return path


@dataclass(frozen=True, slots=True)
class Home:
    """A home folder for programs, with the server's ports and certificate at hand."""

    folder: Path
    server: PillarboxServer

    @property
    def certificate(self) -> Path:
        """The only certificate the programs trust."""
        return self.server.settings.certificate

    def port(self, name: str) -> int:
        """The port of a listener."""
        return self.server.port[name]

    def file(self, name: str, text: str) -> Path:
        """A file in the home folder, readable by its owner only as mail programs insist."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        path.chmod(0o600)
        return path

    def environment(self) -> dict[str, str]:
        """What programs see of the world."""
        return {"HOME": str(self.folder), "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TERM": "xterm"}

    def run(self, command: Sequence[str | Path | int], octets: bytes = b"") -> Done:
        """Run a program to its end, `octets` on its standard input."""
        parts = [program(str(command[0])), *map(str, command[1:])]
        done = subprocess.run(
            parts,
            check=False,
            input=octets,
            capture_output=True,
            env=self.environment(),
            cwd=self.folder,
            timeout=TIMEOUT,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def ok(self, command: Sequence[str | Path | int], octets: bytes = b"") -> Done:
        """As `run`; the program must succeed."""
        done = self.run(command, octets)
        assert done.code == 0, f"{command[0]} ended with {done.code}:\n{done.text[-3000:]}"
        return done


def maildir(folder: Path) -> dict[bytes, str]:
    """The messages of a Maildir, octets to flag letters ("FS"); lines end in CRLF as on the wire."""
    found = {}
    for path in sorted([*folder.glob("new/*"), *folder.glob("cur/*")]):
        octets = path.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        found[octets] = "".join(sorted(path.name.partition(":2,")[2]))
    return found
