"""From octets to verbs: takes each line a POP3 peer sent and has the right function obey it."""

from collections.abc import Callable

from pillarbox.core import limits
from pillarbox.core.errors import MailError
from pillarbox.net.stream import Stream
from pillarbox.net.tls import Context
from pillarbox.servers.pop3.errors import refusal
from pillarbox.servers.pop3.session import Policy, Session
from pillarbox.servers.pop3.table import VERBS
from pillarbox.servers.pop3.verbs import exchange
from pillarbox.services.login.service import Logins
from pillarbox.store.store import Store
from pillarbox.wire.pop3 import reply
from pillarbox.wire.pop3.command import LineTooLong, parse, take_line


class Door:
    """What a POP3 listener makes for each connection."""

    __slots__ = ("session", "stream")

    def __init__(self, stream: Stream, store: Store, logins: Logins, policy: Policy) -> None:
        self.stream = stream
        self.session = Session(stream, store, logins, policy)

    def greet(self) -> None:
        """The first line. It has no timestamp: APOP needs the password in clear at the server and is not offered."""
        self.stream.write(reply.ok(f"{self.session.policy.host} POP3 ready"))
        self.stream.touch(limits.POP3_IDLE)

    async def work(self) -> None:
        """Obey every whole line that has arrived."""
        session, stream = self.session, self.stream
        while not session.closing:
            try:
                line = take_line(stream.input, limits.POP3_AUTH_LINE if session.exchange else limits.POP3_LINE)
            except LineTooLong:
                session.mistake("line too long")
                continue
            if line is None:
                break
            try:
                await self._obey(line)
            except MailError as error:
                stream.write(refusal(error))
            await stream.drain()
        self.stream.touch(limits.POP3_IDLE)

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
