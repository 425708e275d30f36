"""A server under load, as its target file describes it."""

import contextlib
import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Subject:
    """Where a server listens and who its users are. `imaps` is 0 when it has no port with TLS."""

    name: str
    host: str
    smtp: int
    imap: int
    imaps: int
    pop3: int
    login: str
    password: str
    pidfiles: tuple[Path, ...]
    versions: str
    idle_wait: float

    def user(self, number: int) -> str:
        """The login and address of a user."""
        return self.login % number

    def pids(self) -> list[int]:
        """The processes from which all others of the server descend."""
        found = []
        for file in self.pidfiles:
            with contextlib.suppress(OSError, ValueError):
                found.append(int(file.read_text("ascii").strip()))
        return found


def read_target(path: Path) -> Subject:
    """The server a target file describes."""
    text = json.loads(path.read_text("utf-8"))
    return Subject(
        name=text["name"],
        host=text["host"],
        smtp=text["smtp"],
        imap=text["imap"],
        imaps=text.get("imaps", 0),
        pop3=text["pop3"],
        login=text["user"],
        password=text["password"],
        pidfiles=tuple(Path(file) for file in text["pidfiles"]),
        versions=text.get("versions", ""),
        idle_wait=float(text.get("idle_wait", 3)),
    )
