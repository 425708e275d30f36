"""From octets to commands and back: takes what an IMAP peer sent and has the right function obey it."""

from collections.abc import Awaitable, Callable

import structlog

from pillarbox.core.errors import MailError
from pillarbox.net.session import ConnectionGone
from pillarbox.net.stream import Stream
from pillarbox.net.tls import Context
from pillarbox.servers.imap.commands import append, catenate
from pillarbox.servers.imap.commands.idle import done
from pillarbox.servers.imap.commands.login import respond
from pillarbox.servers.imap.errors import Refused, bad, numberless, refusal
from pillarbox.servers.imap.house import House, ImapSettings
from pillarbox.servers.imap.limiting import told, within_limit
from pillarbox.servers.imap.recents import Recents
from pillarbox.servers.imap.session import Answer, Session, State
from pillarbox.servers.imap.table import KNOWN, STREAMED, VERBS, Verb
from pillarbox.servers.imap.telling import tell_news, tell_unasked
from pillarbox.services.login.service import Logins
from pillarbox.store.store import Store
from pillarbox.wire.imap import encoder
from pillarbox.wire.imap.events import (
    AppendChunk,
    AppendEnd,
    AppendStart,
    BadCommand,
    CatenateStart,
    CatenateText,
    CatenateUrl,
    Command,
    Event,
    Line,
    LiteralWanted,
)
from pillarbox.wire.imap.search import Search, names_numbers
from pillarbox.wire.imap.sorting import Sort, Thread

log = structlog.get_logger("imap")

_BURST = 16  # commands answered before what was written is sent and a slow peer waited for


class Door:
    """What an IMAP listener makes for each connection."""

    __slots__ = ("session", "stream")

    def __init__(self, stream: Stream, house: House) -> None:
        self.stream = stream
        self.session = Session(stream, house)

    def greet(self) -> None:
        """The first line, with what is offered (RFC 3501 §7.1)."""
        session = self.session
        code = " ".join(("CAPABILITY", *session.capabilities()))
        self.stream.write(encoder.untagged("OK", f"{session.house.settings.host} IMAP ready", code))
        session.touch()

    async def work(self) -> None:
        """Obey every whole command that has arrived; while idling, tell what happened."""
        session, octets = self.session, self.stream.input
        taken = 0
        while session.state is not State.LOGOUT:
            event = session.decoder.next()
            if event is not None:
                await self._take(event)
                taken += 1
                if taken % _BURST == 0:
                    await session.breathe()
            elif octets:
                session.decoder.feed(bytes(octets))
                octets.clear()
            else:
                break
        if taken:
            session.touch()
        if session.idling or session.notifying is not None:
            await self._tell(tell_unasked(session))

    async def _tell(self, telling: Awaitable[None]) -> None:
        """News. What the store could not say is told the next time: no answer depends on it."""
        try:
            await telling
        except MailError as error:
            log.warning("imap.news_failed", session=self.stream.id, reason=str(error))

    async def _take(self, event: Event) -> None:
        session = self.session
        match event:
            case AppendChunk():
                append.take(session, event)
            case Command():
                await self._obey(event)
            case Line():
                await self._line(event.octets)
            case LiteralWanted():
                self.stream.write(encoder.continuation(b"send the literal"))
                session.decoder.accept()
            case AppendStart() | CatenateStart():
                await self._begin(event)
            case CatenateUrl():
                await self._go_on(event.tag, catenate.url(session, event))
            case CatenateText():
                await self._go_on(event.tag, catenate.text(session, event))
            case AppendEnd():
                await self._go_on(event.tag, append.end(session, event))
            case BadCommand():
                self._reject(event)

    async def _obey(self, command: Command) -> None:
        verb = VERBS[command.name]
        forbidden = await self._forbid(command.name, verb)
        if forbidden is not None:
            self._refuse(command.tag, forbidden)
            return
        may_expunge = verb.expunges and not _numbered(command)
        await self._answer(command.tag, command.name, self._within(command, verb), may_expunge)

    async def _within(self, command: Command, verb: Verb) -> Answer | None:
        """Obey a command as far as it may go at once (RFC 9738 §3.1)."""
        arguments, limited = within_limit(self.session, command)
        answer = await verb.obey(self.session, command, arguments)
        return answer if answer is None else told(self.session, answer, limited)

    async def _forbid(self, name: str, verb: Verb) -> Refused | None:
        """Why a command may not be given now, if it may not."""
        session = self.session
        try:
            await session.recheck()
        except MailError as error:
            return refusal(error)
        if session.state not in verb.states:
            return bad(f"{name} is not allowed when {session.state.value}", "CLIENTBUG")
        if verb.writes and session.mailbox.read_only:
            return Refused("NO", "the mailbox is open for reading only", "READ-ONLY")
        if session.uid_only and verb.by_number:
            return numberless()
        if verb.rights and not verb.rights <= session.mailbox.rights:
            return Refused("NO", "you may not do this in the mailbox", "NOPERM")
        return None

    async def _begin(self, start: AppendStart | CatenateStart) -> None:
        verb = STREAMED[start.name]
        forbidden = await self._forbid(start.name, verb)
        if forbidden is not None:
            append.refuse(self.session)
            self._refuse(start.tag, forbidden)
        else:
            await self._answer(start.tag, start.name, verb.obey(self.session, start))

    async def _go_on(self, tag: bytes, obeying: Awaitable[Answer | None]) -> None:
        """A command whose messages stream."""
        under_way = self.session.appending
        await self._answer(tag, under_way.name if under_way is not None else "", obeying)

    async def _line(self, line: bytes) -> None:
        session = self.session
        tag, exchanging = session.waiting, session.exchange is not None
        if exchanging:
            await self._answer(tag, "AUTHENTICATE", respond(session, line))
            if session.exchange is None:
                session.waiting = b""
            return
        session.waiting = b""
        await self._answer(tag, "IDLE", _done(line))

    async def _answer(self, tag: bytes, name: str, obeying: Awaitable[Answer | None], may_expunge: bool = True) -> None:
        """Run a command; then the news, then the tagged line. None from the command: it is not over, or has said so."""
        session = self.session
        try:
            try:
                answer = await obeying
            except Refused as refused:
                await self._tell(tell_news(session, name, may_expunge=may_expunge))
                self._refuse(tag, refused)
                return
            if answer is not None:
                await self._tell(tell_news(session, name, may_expunge=may_expunge, expunged=answer.expunged))
        except MailError as error:
            log.info("imap.refused", session=self.stream.id, command=name, reason=str(error))
            self._refuse(tag, refusal(error))
        except (ConnectionGone, TimeoutError):
            raise
        except Exception:
            log.exception("imap.bug", session=self.stream.id, command=name)
            text = f"something went wrong here, it was noted under {self.stream.id}"
            self._refuse(tag, Refused("NO", text, "SERVERBUG"))
        else:
            if answer is not None and session.state is not State.LOGOUT:
                self.stream.write(encoder.tagged(tag, "OK", answer.text, self._code(answer)))

    def _code(self, answer: Answer) -> bytes | str:
        session = self.session
        if answer.expunged and session.qresync and session.selected is not None:
            return encoder.code("HIGHESTMODSEQ", session.selected.modseq)
        return answer.code

    def _refuse(self, tag: bytes, refused: Refused) -> None:
        if self.session.state is State.LOGOUT:
            return
        self.stream.write(encoder.tagged(tag, refused.status, refused.text, refused.code))
        if refused.status == "BAD":
            self.session.mistake()

    def _reject(self, event: BadCommand) -> None:
        """A command that could not be read."""
        session = self.session
        append.abandon(session)
        if event.clears and session.selected is not None:
            session.selected.remember().clear()
        tag = event.tag
        if tag is None and session.waiting:
            tag, session.waiting, session.exchange = session.waiting, b"", None
        if tag is None:
            self.stream.write(encoder.untagged(event.status, event.text, event.code))
        else:
            self.stream.write(encoder.tagged(tag, event.status, event.text, event.code))
        if event.fatal:
            session.bye(event.text, event.code)
        session.mistake()

    def lost(self) -> None:
        """The connection is gone."""
        self.session.lost()

    def timed_out(self) -> None:
        """The client was silent for too long, or the server stops (RFC 3501 §5.4)."""
        if self.stream.stopping:
            self.session.bye("server is shutting down", "UNAVAILABLE")
        else:
            self.session.bye("idle for too long")


def _numbered(command: Command) -> bool:
    """A search for message numbers, of which none may change while it is answered (RFC 7162 §3.2.10.2)."""
    asked = command.arguments
    search = asked.search if isinstance(asked, Sort | Thread) else asked
    return isinstance(search, Search) and names_numbers(search.key)


async def _done(line: bytes) -> Answer:
    return done(line)


def factory(
    store: Store, logins: Logins, recents: Recents, settings: ImapSettings, tls: Context | None
) -> Callable[[Stream], Door]:
    """What a listener calls for each connection. All listeners of a process have the same `recents`."""
    known = KNOWN if settings.unauthenticate else KNOWN - {"UNAUTHENTICATE"}
    values = {"APPENDLIMIT": store.settings.message_size, **settings.limits()}
    house = House(store, logins, recents, settings, tls, known, values)
    return lambda stream: Door(stream, house)
