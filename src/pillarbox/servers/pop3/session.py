"""One POP3 connection: who is talking and in which state (RFC 1939 §3); the only place where the state changes."""

import asyncio
from dataclasses import dataclass
from enum import Enum

import structlog

from pillarbox.core import limits
from pillarbox.core.errors import Busy, MailError
from pillarbox.net.stream import Stream
from pillarbox.net.tls import Context
from pillarbox.servers.pop3.errors import refusal
from pillarbox.servers.pop3.maildrop import Maildrop, open_maildrop
from pillarbox.services.login.exchange import Exchange
from pillarbox.services.login.service import Logins
from pillarbox.store.model import Account
from pillarbox.store.store import Store
from pillarbox.wire.pop3 import reply

log = structlog.get_logger("pop3")

_releasing: set[asyncio.Task[None]] = set()  # held here until done: the loop keeps weak references only


class State(Enum):
    """The states of RFC 1939 §3; UPDATE happens within QUIT."""

    AUTHORIZATION = "authorization"
    TRANSACTION = "transaction"


@dataclass(frozen=True, slots=True)
class Policy:
    """What the settings say. `tls` is the context STLS uses, None when there is none to offer."""

    host: str
    tls: Context | None
    plain_from_loopback: bool = False


class Session:
    """What one connection has come to: the login, the maildrop, an exchange of AUTH under way."""

    __slots__ = (
        "closing",
        "drop",
        "errors",
        "exchange",
        "logins",
        "policy",
        "state",
        "store",
        "stream",
        "user",
    )

    def __init__(self, stream: Stream, store: Store, logins: Logins, policy: Policy) -> None:
        self.stream = stream
        self.store = store
        self.logins = logins
        self.policy = policy
        self.state = State.AUTHORIZATION
        self.user = ""
        self.exchange: Exchange | None = None
        self.drop: Maildrop | None = None
        self.errors = 0
        self.closing = False

    def may_log_in(self) -> bool:
        """Whether a password may be sent now: under TLS, or in clear from loopback where the settings allow it."""
        return self.stream.tls is not None or (self.policy.plain_from_loopback and self.stream.peer.is_loopback)

    async def enter(self, account: Account) -> None:
        """AUTHORIZATION → TRANSACTION: lock and read the maildrop."""
        try:
            self.drop = await open_maildrop(self.store, account.account_id)
        except Busy as error:  # no other one has anything to do with the maildrop (RFC 2449 §8.1.2)
            self.stream.write(reply.err(error.public, "IN-USE"))
            return
        except MailError as error:
            self.stream.write(refusal(error))
            return
        self.state = State.TRANSACTION
        log.info("pop3.login", session=self.stream.id, login=account.login, messages=len(self.drop.uids))
        self.stream.write(reply.ok(f"{len(self.drop.uids)} messages, {sum(self.drop.sizes)} octets"))

    async def leave(self) -> None:
        """TRANSACTION → UPDATE: delete what was marked, say so, and go (RFC 1939 §6)."""
        drop, self.drop = self.drop, None
        if drop is not None:
            try:
                await drop.update()
            except MailError as error:
                self.bye(refusal(error))
                return
            finally:
                await drop.lock.release()
        self.bye(reply.ok("goodbye"))

    def mistake(self, text: str) -> None:
        """Answer a bad command; too many of them end the connection."""
        self.errors += 1
        self.stream.write(reply.err(text))
        if self.errors >= limits.POP3_ERRORS:
            self.bye(b"")

    def bye(self, line: bytes) -> None:
        """Send a last line and close."""
        self.closing = True
        self.stream.write(line)
        self.stream.close()

    def lost(self) -> None:
        """The connection is gone without QUIT: nothing is deleted (RFC 1939 §6)."""
        drop, self.drop = self.drop, None
        if drop is not None:
            release = asyncio.get_running_loop().create_task(drop.lock.release())
            _releasing.add(release)
            release.add_done_callback(_releasing.discard)
