"""From octets to verbs: takes the lines and message octets of one connection and has the right function act on them."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from pillarbox.core.errors import MailError
from pillarbox.core.limits import SMTP_AUTH_LINE, SMTP_IDLE, SMTP_LINE
from pillarbox.net.session import ConnectionGone
from pillarbox.net.stream import Stream
from pillarbox.servers.smtp import errors
from pillarbox.servers.smtp.authentication import respond
from pillarbox.servers.smtp.message import finish
from pillarbox.servers.smtp.role import Role, Services
from pillarbox.servers.smtp.session import Session
from pillarbox.servers.smtp.table import FOREIGN, VERBS
from pillarbox.wire.smtp.command import Plain
from pillarbox.wire.smtp.data import ChunkDecoder, DataDecoder
from pillarbox.wire.smtp.line import LineDecoder, LineFault
from pillarbox.wire.smtp.parser import parse_command, verb_of
from pillarbox.wire.smtp.reply import Reply

log = structlog.get_logger("smtp")

_TURN = 200  # commands of one peer obeyed before others have their turn
_TLS_HELLO = b"\x16"  # RFC 8446 §5.1: the first octet of a client that speaks TLS unasked


class Door:
    """What an SMTP listener makes for each connection."""

    __slots__ = ("_lines", "session", "stream")

    def __init__(self, stream: Stream, role: Role, services: Services) -> None:
        self.stream = stream
        self.session = Session(stream, role, services)
        self._lines = LineDecoder()

    def greet(self) -> None:
        """RFC 5321 §4.2: the greeting, with the host's name first."""
        self.stream.write(Reply(220, "", f"{self.session.role.hostname} ESMTP Pillarbox").octets)
        self.stream.touch(SMTP_IDLE)

    async def work(self) -> None:
        """Act on everything whole that has arrived."""
        turns = 0
        while not self.stream.closing and await self._step():
            turns += 1
            if turns % _TURN == 0:
                await self.stream.drain()
                await asyncio.sleep(0)
        self.stream.touch(SMTP_IDLE)

    def lost(self) -> None:
        """The connection is gone; what was not acknowledged is forgotten."""
        self.session.reset()

    def timed_out(self) -> None:
        """RFC 5321 §4.5.3.2, §3.8."""
        self.session.close(errors.STOPPING if self.stream.stopping else errors.IDLE)

    async def _step(self) -> bool:
        """Act on one thing; False when more has to arrive."""
        session = self.session
        if session.data is not None:
            return await self._data(session.data)
        if session.chunk is not None:
            return await self._chunk(session.chunk)
        octets = self.stream.input
        if not session.hello and octets.startswith(_TLS_HELLO):
            session.close(errors.NOT_SMTP)
            return False
        long = session.exchange is not None or octets[:5].upper() == b"AUTH "
        line = self._lines.next(octets, SMTP_AUTH_LINE if long else SMTP_LINE)
        if line is None:
            return False
        if isinstance(line, LineFault):
            session.exchange = None
            session.answer(errors.LINE_FAULTS[line])
        elif session.exchange is not None:
            await self._answer(respond(session, session.exchange, line))
        else:
            await self._answer(self._obey(line))
        return True

    async def _obey(self, line: bytes) -> Reply | None:
        session, name = self.session, verb_of(line)
        verb = VERBS.get(name)
        if verb is None:
            if name in FOREIGN:
                session.close(errors.NOT_SMTP)
                return None
            return errors.UNKNOWN_COMMAND
        try:
            command = parse_command(line, utf8=session.transaction is not None and session.transaction.utf8)
            if verb.bare and isinstance(command, Plain) and command.argument:
                return errors.NO_ARGUMENT
            return session.lacks(verb.needs) or await verb.obey(session, command)
        except MailError as error:
            refused = errors.refusal(error, name)
            log.info("smtp.refused", session=self.stream.id, verb=name, code=refused.code, reason=str(error))
            if name == "BDAT":  # octets of a message follow, nobody knows how many: none of them is a command
                session.close(refused)
                return None
            return refused

    async def _data(self, decoder: DataDecoder) -> bool:
        transaction = self.session.transaction
        receipt = transaction.receipt if transaction is not None else None
        while not decoder.ended:
            block = decoder.next(self.stream.input)
            if receipt is not None:
                receipt.take(block)
                if receipt.size > self.session.endurance:
                    self.session.close(errors.TOO_BIG)
                    return False
            if not block and not decoder.ended:
                return False
        self.session.data = None
        await self._answer(finish(self.session))
        return True

    async def _chunk(self, decoder: ChunkDecoder) -> bool:
        session = self.session
        receipt = session.transaction.receipt if session.transaction is not None else None
        while decoder.remaining:
            block = decoder.next(self.stream.input)
            if not block:
                return False
            if receipt is not None and session.refused is None:
                receipt.take(block)
        refused, session.chunk, session.refused = session.refused, None, None
        if refused is not None:
            session.answer(refused)
        elif decoder.last or (receipt is not None and receipt.error is not None):
            await self._answer(finish(session))
        else:
            session.answer(Reply(250, "2.0.0", "Chunk ok"))
        return True

    async def _answer(self, reply: Awaitable[Reply | None]) -> None:
        """Send what comes of it. An error that is not one of ours is a bug: told to the log only."""
        try:
            said = await reply
        except (ConnectionGone, TimeoutError):
            raise
        except Exception:
            log.exception("smtp.failed", session=self.stream.id)
            self.session.reset()
            said = errors.FAILED
        if said is not None:
            self.session.answer(said)


def factory(role: Role, services: Services) -> Callable[[Stream], Door]:
    """What a listener calls for each connection."""
    return lambda stream: Door(stream, role, services)
