"""From a client's octets to events, without I/O and in bounded memory; how a server uses it stands in the package."""

import re
from collections.abc import Callable, Container
from dataclasses import replace
from enum import Enum

from pillarbox.core import limits as bounds
from pillarbox.wire.imap.append import parse_target
from pillarbox.wire.imap.appending import Appending
from pillarbox.wire.imap.commands import BASE, PARSERS, STREAMED, Parser
from pillarbox.wire.imap.errors import WireError
from pillarbox.wire.imap.events import (
    AppendChunk,
    AppendEnd,
    AppendStart,
    BadCommand,
    CatenateText,
    Command,
    Event,
    Line,
    LiteralWanted,
    refused,
)
from pillarbox.wire.imap.limits import BEFORE_LOGIN, UNASKED, Limits
from pillarbox.wire.imap.reader import LiteralPending, Reader


class _Step(Enum):
    AGAIN = 0


_AGAIN = _Step.AGAIN

_TAG = rb'[^\x00-\x20\x7f-\xff(){%*"\\+]{1,200}'
_COMMAND = re.compile(rb"(" + _TAG + rb") ((?:[Uu][Ii][Dd] )?[A-Za-z]+)")
_TAGGED = re.compile(rb"(" + _TAG + rb")(?: |\r|\Z)")
_AT_END = re.compile(rb"~?\{([0-9]{1,19})(\+?)\}\Z")
_AT_END_LONGEST = 24
_HEAD = 256  # octets kept of the start of a line that is too long, for its tag
_VERBS: dict[bytes, tuple[str, Parser | None]] = {
    **{verb: (verb.decode("ascii"), parser) for verb, parser in PARSERS.items()},
    **{name.encode(): (name, None) for name in STREAMED},
}


class Decoder:
    """Reads one client. `feed` octets, then take events with `next` until it gives None.

    `limits`, `utf8` (UTF-8 mailbox names, after ENABLE) and `offered` (the names of the commands that are known, and
    CATENATE for that form of APPEND) may be changed between two commands.
    """

    __slots__ = (
        "_after_literal",
        "_append",
        "_buffer",
        "_coming",
        "_dropped",
        "_failure",
        "_head",
        "_line_limit",
        "_literals",
        "_name",
        "_parts",
        "_reader",
        "_remaining",
        "_resumed",
        "_scanned",
        "_size",
        "_state",
        "_sync",
        "_tag",
        "limits",
        "offered",
        "utf8",
    )

    _state: "_State"  # a function, not a bound method: no cycle for the collector
    _resumed: "_State"
    _after_literal: "_State"

    def __init__(self, limits: Limits = BEFORE_LOGIN, offered: Container[str] = BASE) -> None:
        self.limits = limits
        self.offered = offered
        self.utf8 = False
        self._buffer = bytearray()
        self._reset()

    def feed(self, octets: bytes) -> None:
        """Takes octets as they arrive, in any pieces."""
        self._buffer += octets

    def next(self) -> Event | None:
        """The next event, or None when more octets (or `accept` or `refuse`) are needed. Raises nothing."""
        while True:
            event = self._state(self)
            if event is not _AGAIN:
                return event

    @property
    def pending(self) -> int:
        """How many octets have been fed and not yet used."""
        return len(self._buffer)

    def rest(self) -> bytes:
        """Gives back what was fed after the last command, because it is spelled in another way: COMPRESS."""
        rest = bytes(self._buffer)
        self.discard()
        return rest

    def discard(self) -> None:
        """Forgets what was fed after the last command: nothing in clear may reach the other side of STARTTLS."""
        self._buffer.clear()
        self._reset()

    def expect_line(self, limit: int = bounds.IMAP_AUTH_LINE) -> None:
        """Makes the next line an event `Line`: DONE of IDLE, an answer in AUTHENTICATE. For one line."""
        self._line_limit = limit
        self._state = Decoder._line

    def accept(self) -> None:
        """After LiteralWanted, AppendStart or an event of CATENATE: what it tells of is welcome."""
        self._state = self._resumed

    def refuse(self) -> None:
        """After the same events: the command was answered NO or BAD, what is left of it is dropped."""
        size, sync = self._remaining, self._sync
        self._reset()
        if not sync:
            self._swallow(size, None)

    def _reset(self) -> None:
        self._dropped = 0
        self._parts: list[bytes] = []
        self._size = self._literals = self._scanned = self._remaining = 0
        self._head = self._tag = b""
        self._name = ""
        self._sync = False
        self._append: Appending | None = None
        self._reader: Reader | None = None
        self._coming: re.Match[bytes] | None = None  # the literal that ends the text in hand
        self._failure: BadCommand | None = None
        self._state = self._resumed = Decoder._command

    def _take_line(self, limit: int) -> bytes | None:
        """The next line without its end, None if it is not yet complete. Of one that is too long only the end is given,
        and its start is left in `_head`."""
        buffer = self._buffer
        end = buffer.find(b"\n", self._scanned) + 1
        if not end:
            if len(buffer) > limit + 1:
                self._head = self._head or bytes(buffer[:_HEAD])
                del buffer[:-_AT_END_LONGEST]
            self._scanned = len(buffer)
            return None
        self._scanned = 0
        if end == len(buffer):
            line = bytes(buffer)
            buffer.clear()
        else:
            line = bytes(buffer[:end])
            del buffer[:end]
        line = line[:-2] if line.endswith(b"\r\n") else line[:-1]
        if len(line) > limit and not self._head:
            self._head = line[:_HEAD]
        return line

    def _command(self) -> Event | _Step | None:
        line = self._take_line(self.limits.line)
        if line is None:
            return None
        if line[-1:] != b"}" and not self._parts and not self._head:
            return self._parse(line)
        announced = _AT_END.search(line[-_AT_END_LONGEST:])
        if self._head:
            self._parts.append(self._head)
            return self._fail(WireError("line too long", code="LIMIT"), announced)
        if self.limits.forbid(announced):
            self._parts.append(line)
            return self._fail(UNASKED, announced)
        self._size += len(line)
        if announced is not None:
            self._parts.append(line + b"\r\n")
            return self._announced(announced)
        self._parts.append(line)
        text = b"".join(self._parts)
        self._reset()
        return self._parse(text)

    def _parse(self, text: bytes) -> Event | _Step | None:
        """A command that ends here."""
        tag = None
        try:
            tag, name, parser, reader = self._begin(text)
            if parser is None:
                self._open(tag, name, reader, None)
                return _AGAIN
            arguments = parser(reader)
            reader.end()
        except WireError as error:
            return refused(tag or error.tag, error)
        return Command(tag, name, arguments)

    def _begin(self, text: bytes, unfinished: bool = False) -> tuple[bytes, str, Parser | None, Reader]:
        """Tag and verb of a command, what reads its arguments (None: it streams), and a reader that stands before them.

        WireError with the tag, if there is one.
        """
        found = _COMMAND.match(text)
        if found is None:
            tagged = _TAGGED.match(text)
            raise WireError("command expected", tag=tagged[1]) if tagged else WireError("tag expected")
        known = _VERBS.get(found[2].upper())
        if known is None or known[0] not in self.offered:
            raise WireError("unknown command", tag=found[1])
        return found[1], *known, Reader(text, found.end(), self.utf8, unfinished)

    def _announced(self, announced: re.Match[bytes]) -> Event | _Step | None:
        """A literal follows: of a message, or a small one, and only if the command is right so far."""
        self._literals += 1
        try:
            if self._literals <= 2:  # later ones are not worth parsing the whole command for each
                self._look_ahead(announced)
                if self._append is not None:
                    return _AGAIN
        except WireError as error:
            return self._fail(error, announced)
        return self._small_literal(announced, Decoder._command)

    def _small_literal(self, announced: re.Match[bytes], after: "_State") -> Event | _Step | None:
        try:
            self._room_for(int(announced[1]))
        except WireError as error:
            return self._fail(error, announced)
        self._remaining, self._sync = int(announced[1]), not announced[2]
        self._resumed, self._after_literal = Decoder._literal, after
        if not self._sync:
            self._state = Decoder._literal
            return _AGAIN
        self._state = Decoder._waiting
        return LiteralWanted(self._tag, self._name, self._remaining)

    def _look_ahead(self, announced: re.Match[bytes]) -> None:
        """Reads the command up to the announced literal, a small one unless the messages of APPEND begin."""
        text = b"".join(self._parts)
        try:
            self._tag, self._name, parser, reader = self._begin(text, unfinished=True)
            if parser is None:
                self._open(self._tag, self._name, reader, announced)
                return
            parser(reader)
        except LiteralPending:
            return
        raise WireError("more than the command takes")

    def _open(self, tag: bytes, name: str, reader: Reader, announced: re.Match[bytes] | None) -> None:
        """APPEND or REPLACE has named its mailbox: from here on its messages are read as they come."""
        target = parse_target(reader, tag, name)
        self._append = Appending(target, "CATENATE" in self.offered, self.limits.message)
        self._tag, self._name = tag, name
        self._parts.clear()
        self._hold(reader, announced)

    def _hold(self, reader: Reader, announced: re.Match[bytes] | None) -> None:
        """The next text of APPEND, and the literal it ends in."""
        self._reader, self._coming = reader, announced
        self._remaining = int(announced[1]) if announced else 0
        self._sync = announced is None or not announced[2]
        self._state = Decoder._appending

    def _appending(self) -> Event | _Step | None:
        append, reader, announced = self._append, self._reader, self._coming
        assert append is not None  # this state is entered from _hold alone
        assert reader is not None
        try:
            event = append.next(reader)
        except LiteralPending:  # of a URL
            assert announced is not None
            self._literals += 1
            self._parts.append(reader.text[reader.pos :])
            return self._small_literal(announced, Decoder._append_line)
        except WireError as error:
            return self._fail(error, announced)
        if isinstance(event, AppendEnd):
            if event.last:
                self._reset()
            return event
        self._state = Decoder._waiting
        streams = isinstance(event, AppendStart | CatenateText)
        self._resumed = Decoder._message if streams else Decoder._appending
        return event

    def _room_for(self, size: int) -> None:
        self._size += size
        if size > self.limits.literal or self._size > self.limits.command or self._literals > bounds.IMAP_LITERALS:
            raise WireError("command too large", code="TOOBIG", status="NO")

    def _waiting(self) -> Event | _Step | None:
        return None

    def _literal(self) -> Event | _Step | None:
        buffer, size = self._buffer, self._remaining
        if len(buffer) < size:
            return None
        self._parts.append(bytes(buffer[:size]))
        del buffer[:size]
        self._state = self._after_literal
        return _AGAIN

    def _message(self) -> Event | _Step | None:
        buffer, remaining = self._buffer, self._remaining
        if not remaining:
            self._state = Decoder._append_line
            return _AGAIN
        if not buffer:
            return None
        if len(buffer) <= remaining:
            chunk = bytes(buffer)
            buffer.clear()
        else:
            chunk = bytes(buffer[:remaining])
            del buffer[:remaining]
        self._remaining = remaining - len(chunk)
        return AppendChunk(chunk)

    def _append_line(self) -> Event | _Step | None:
        """The line after a message, a text part or a URL."""
        line = self._take_line(self.limits.line)
        if line is None:
            return None
        announced = _AT_END.search(line[-_AT_END_LONGEST:])
        if self._head:
            return self._fail(WireError("line too long", code="LIMIT"), announced)
        if self.limits.forbid(announced):
            return self._fail(UNASKED, announced)
        self._parts.append(line + b"\r\n" if announced else line)
        text = b"".join(self._parts)
        self._parts.clear()
        self._hold(Reader(text, 0, self.utf8, announced is not None), announced)
        return _AGAIN

    def _line(self) -> Event | _Step | None:
        line = self._take_line(self._line_limit)
        if line is None:
            return None
        too_long = bool(self._head)
        self._reset()
        return BadCommand(None, "line too long", "LIMIT") if too_long else Line(line)

    def _fail(self, error: WireError, announced: re.Match[bytes] | None) -> Event | _Step | None:
        """Gives up on the command; a literal that comes without being asked for is dropped first."""
        tagged = _TAGGED.match(self._parts[0]) if self._parts else None
        tag = self._tag or error.tag or (tagged[1] if tagged else None)
        bad = refused(tag, error)
        self._reset()
        if announced is None or not announced[2]:
            return bad
        self._swallow(int(announced[1]), bad)
        return _AGAIN

    def _swallow(self, size: int, failure: BadCommand | None) -> None:
        self._failure = failure
        self._drop(size)

    def _drop(self, size: int) -> None:
        """So many octets are thrown away, unless they are too many."""
        self._dropped += size
        self._remaining = size
        self._state = Decoder._swallowing if self._dropped <= self.limits.refused else Decoder._ending

    def _ending(self) -> Event | _Step | None:
        """The peer sends more than is worth reading: nothing is listened to any more."""
        failure = self._failure or BadCommand(None, "too much to be thrown away", "TOOBIG")
        self.discard()
        self._state = Decoder._waiting
        return replace(failure, fatal=True)

    def _swallowing(self) -> Event | _Step | None:
        if self._remaining:
            dropped = min(self._remaining, len(self._buffer))
            del self._buffer[:dropped]
            self._remaining -= dropped
            if self._remaining:
                return None
        line = self._take_line(self.limits.line)
        if line is None:
            return None
        self._head = b""
        announced = _AT_END.search(line[-_AT_END_LONGEST:])
        if announced is not None and announced[2]:
            self._drop(int(announced[1]))
            return _AGAIN
        failure = self._failure
        self._reset()
        return _AGAIN if failure is None else failure


_State = Callable[[Decoder], Event | _Step | None]
