"""From octets to verbs: takes each line a POP3 peer sent and has the right function obey it."""

import asyncio
from collections.abc import Callable

import structlog

from pillarbox.core import limits
from pillarbox.core.errors import MailError
from pillarbox.net.session import ConnectionGone
from pillarbox.net.stream import Stream
from pillarbox.net.tls import Context
from pillarbox.servers.pop3.errors import refusal
from pillarbox.servers.pop3.session import Policy, Session
from pillarbox.servers.pop3.table import VERBS
from pillarbox.servers.pop3.verbs import exchange
from pillarbox.services.login.service import Logins
from pillarbox.store.store import Store
from pillarbox.wire.pop3 import reply
from pillarbox.wire.pop3.command import LineDecoder, LineTooLong, parse

log = structlog.get_logger("pop3")

_TURN = 100  # commands of one peer obeyed before others have their turn


class Door:
    """What a POP3 listener makes for each connection."""

    __slots__ = ("_lines", "session", "stream")

    def __init__(self, stream: Stream, store: Store, logins: Logins, policy: Policy) -> None:
        self.stream = stream
        self.session = Session(stream, store, logins, policy)
        self._lines = LineDecoder()

    def greet(self) -> None:
        """The first line. It has no timestamp: APOP needs the password in clear at the server and is not offered."""
        self.stream.write(reply.ok(f"{self.session.policy.host} POP3 ready"))
        self.stream.touch(limits.POP3_IDLE)

    async def work(self) -> None:
        """Obey every whole line that has arrived."""
        session, stream = self.session, self.stream
        turns = 0
        while not session.closing:
            limit = limits.POP3_AUTH_LINE if session.exchange else limits.POP3_LINE
            try:
                line = self._lines.next(stream.input, limit)
            except LineTooLong:
                session.mistake("line too long")
                continue
            if line is None:
                break
            await self._answer(line)
            await stream.drain()
            turns += 1
            if turns % _TURN == 0:
                await asyncio.sleep(0)
        self.stream.touch(limits.POP3_IDLE)

    async def _answer(self, line: bytes) -> None:
        """Obey a line. An error that is not one of ours is a bug: told to the log only."""
        try:
            await self._obey(line)
        except MailError as error:
            self.stream.write(refusal(error))
        except (ConnectionGone, TimeoutError):
            raise
        except Exception:
            log.exception("pop3.bug", session=self.stream.id)
            self.stream.write(reply.err(f"something went wrong here, it was noted under {self.stream.id}", "SYS/TEMP"))

    async def _obey(self, line: bytes) -> None:
        session = self.session
        if session.exchange is not None:
            await exchange(session, line)
            return
        command = parse(line)
        verb = VERBS.get(command.verb)
        if verb is None:
            session.mistake("unknown command")
        elif session.state not in verb.states:
            session.mistake(f"{command.verb} is not allowed in the {session.state.value} state")
        else:
            await verb.obey(session, command)

    def lost(self) -> None:
        """The connection is gone."""
        self.session.lost()

    def timed_out(self) -> None:
        """RFC 1939 §3: an autologout, and the end of the server, close without entering UPDATE."""
        why = "server is shutting down" if self.stream.stopping else "idle for too long"
        self.session.bye(reply.err(why, "SYS/TEMP"))


def factory(
    store: Store, logins: Logins, host: str, tls: Context | None, plain_from_loopback: bool
) -> Callable[[Stream], Door]:
    """What a listener calls for each connection."""
    policy = Policy(host, tls, plain_from_loopback)
    return lambda stream: Door(stream, store, logins, policy)
