"""The course of one APPEND or REPLACE: which events its lines come to, message by message and part by part."""

from collections.abc import Callable

from pillarbox.core import limits
from pillarbox.wire.imap.append import Target, parse_announcement
from pillarbox.wire.imap.errors import WireError
from pillarbox.wire.imap.events import AppendEnd, AppendStart, CatenateStart, CatenateText, CatenateUrl
from pillarbox.wire.imap.reader import LiteralPending, Reader

Step = AppendStart | CatenateStart | CatenateUrl | CatenateText | AppendEnd


class Appending:
    """Give `next` a reader over what came after the mailbox, or after the last octets of a message or text part."""

    __slots__ = (
        "_catenate",
        "_closing",
        "_following",
        "_index",
        "_octets",
        "_parts",
        "_step",
        "_total",
        "limit",
        "target",
    )

    _step: "_Reading"

    def __init__(self, target: Target, catenate: bool, limit: int) -> None:
        """`limit` is the octets of one message; `catenate` tells whether it may come in parts."""
        self.target = target
        self.limit = limit
        self._catenate = catenate
        self._closing = b""
        self._following: AppendStart | CatenateStart | None = None
        self._index = -1
        self._octets = self._parts = self._total = 0
        self._step = Appending._message

    def next(self, reader: Reader) -> Step:
        """What comes next. After AppendStart and CatenateText the octets, and then a new reader.

        WireError ends the command; LiteralPending leaves the reader where it stood, to be asked again with the literal.
        """
        following, self._following = self._following, None
        if following is not None:
            return following
        start = reader.pos
        try:
            return self._step(self, reader)
        except LiteralPending:
            reader.pos = start
            raise

    def _message(self, reader: Reader) -> AppendStart | CatenateStart:
        coming = parse_announcement(reader, self._catenate)
        target = self.target
        self._index += 1
        self._octets = self._parts = 0
        if self._index >= limits.IMAP_LITERALS:
            raise WireError("too many messages", code="TOOBIG", status="NO")
        if coming.size is None:
            self._step = Appending._part
            return CatenateStart(
                target.tag, target.mailbox, coming.flags, coming.date, self._index, target.name, target.replaces
            )
        self._room_for(coming.size)
        self._closing = coming.closing
        self._step = Appending._after_message
        return AppendStart(
            target.tag,
            target.mailbox,
            coming.flags,
            coming.date,
            coming.size,
            coming.sync,
            self._index,
            target.name,
            target.replaces,
            coming.binary,
        )

    def _after_message(self, reader: Reader) -> AppendEnd:
        reader.expect(self._closing)
        return self._end(reader)

    def _end(self, reader: Reader) -> AppendEnd:
        """The end of the command, or what comes before its next message (RFC 3502)."""
        tag = self.target.tag
        if not reader.text[reader.pos :].strip(b" "):
            return AppendEnd(tag, last=True)
        if self.target.name != "APPEND" or not reader.at(b" "):  # RFC 8508 §3.1: one message replaces one
            raise WireError("more than the command takes")
        self._following = self._message(reader)
        return AppendEnd(tag, last=False)

    def _part(self, reader: Reader) -> Step:
        if self._parts:
            if reader.skip(b")"):
                return self._end(reader)
            reader.space()
        if self._parts >= limits.IMAP_LITERALS:
            raise WireError("too many parts", code="TOOBIG", status="NO")
        read = _PARTS.get(reader.word())
        if read is None:
            raise WireError("URL or TEXT expected")
        part = read(self, reader)
        self._parts += 1
        return part

    def _url(self, reader: Reader) -> CatenateUrl:
        reader.space()
        url = CatenateUrl(self.target.tag, reader.utf8_string())
        self._step = Appending._part
        return url

    def _text(self, reader: Reader) -> CatenateText:
        reader.space()
        return self._streamed(reader, b"")

    def _utf8(self, reader: Reader) -> CatenateText:
        reader.expect(b" (")
        return self._streamed(reader, b")")

    def _streamed(self, reader: Reader, closing: bytes) -> CatenateText:
        size, sync, binary = reader.message_literal(only_binary=bool(closing))
        self._room_for(size)
        self._closing = closing
        self._step = Appending._after_text
        return CatenateText(self.target.tag, size, sync, binary)

    def _after_text(self, reader: Reader) -> Step:
        reader.expect(self._closing)
        return self._part(reader)

    def _room_for(self, size: int) -> None:
        self._octets += size
        self._total += size
        if self._octets > self.limit or self._total > limits.IMAP_APPEND:
            raise WireError("message too large", code="TOOBIG", status="NO")


_Reading = Callable[[Appending, Reader], Step]

_PARTS: dict[bytes, Callable[[Appending, Reader], CatenateUrl | CatenateText]] = {
    b"URL": Appending._url,
    b"TEXT": Appending._text,
    b"UTF8": Appending._utf8,  # RFC 6855 §4
}
