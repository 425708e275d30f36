"""What the clients of a crash test were told, and what the mail store may therefore never forget."""

import itertools
import threading
from dataclasses import dataclass, field

DELETED, STANDS, OPEN = "deleted", "stands", "open"
"""Of a message: its removal was acknowledged; it is to be there; a change was sent and no answer came."""


@dataclass
class Attempt:
    """One try to bring a message in. `acknowledged` is set once the answer that promises it was read."""

    name: str  # its Message-ID
    octets: bytes
    accounts: tuple[str, ...]
    way: str
    acknowledged: bool = False
    fate: str = STANDS
    keywords: set[str] = field(default_factory=set)  # acknowledged
    size: int = 0  # where the server made the octets, how many it said there are
    placed: tuple[int, int] | None = None  # UIDVALIDITY and UID of the APPENDUID or COPYUID


class Ledger:
    """Every attempt, and every (account, mailbox, UIDVALIDITY, UID) anybody ever saw. Used by many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self.attempts: dict[str, Attempt] = {}
        self.uids: dict[tuple[str, str, int, int], str] = {}
        self.acknowledged = 0
        self.broken: list[str] = []

    def attempt(self, way: str, accounts: tuple[str, ...], size: int = 0) -> Attempt:
        """A new message with a name nobody had before, with `size` octets more than it needs."""
        number = next(self._numbers)
        name = f"<{way}.{number}@crash.test>"
        filling = "".join(f"{number:08d} {line:08d} {'x' * 58}\r\n" for line in range(size // 78))
        octets = (
            f"From: Ann <ann@crash.test>\r\nTo: you@crash.test\r\nSubject: {way} {number}\r\nMessage-ID: {name}\r\n"
            f"Date: Mon, 23 Nov 2026 10:00:00 +0000\r\n\r\nNumber {number}.\r\n{filling}"
        ).encode()
        made = Attempt(name, octets, accounts, way)
        with self._lock:
            self.attempts[name] = made
        return made

    def acknowledge(self, attempt: Attempt) -> None:
        """The answer that promises the message was read."""
        with self._lock:
            attempt.acknowledged = True
            self.acknowledged += 1

    def saw(self, place: tuple[str, str], validity: int, uid: int, name: str) -> None:
        """A UID meant this message. `place` is account and mailbox."""
        with self._lock:
            before = self.uids.setdefault((*place, validity, uid), name)
        if before != name:
            self.complain(f"UID {uid} of {place} ({validity}) was {before} and is {name}")

    def complain(self, text: str) -> None:
        """Note a promise that was broken."""
        with self._lock:
            self.broken.append(text)
