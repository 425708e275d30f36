"""What the decoder finds in the octets of a client."""

from dataclasses import dataclass
from datetime import datetime

from pillarbox.wire.imap.commands import Arguments
from pillarbox.wire.imap.errors import Status, WireError


@dataclass(frozen=True, slots=True)
class Command:
    """A whole command. `name` is the verb in upper case, with `UID ` before it for the UID forms."""

    tag: bytes
    name: str
    arguments: Arguments


@dataclass(frozen=True, slots=True)
class LiteralWanted:
    """The client waits for `+` before it sends `size` octets of this command: answer, then `accept()` or `refuse()`."""

    tag: bytes
    name: str
    size: int


@dataclass(frozen=True, slots=True)
class AppendStart:
    """A message of APPEND is about to come: `accept()` (after a `+` if `sync`) or `refuse()` (after a tagged NO).

    `index` counts the messages of one command from 0 (RFC 3502). `date` has its zone, None for now. `name` is APPEND,
    REPLACE or UID REPLACE, and `replaces` the number or UID of the message that makes room (STAR for `*`, RFC 8508).
    `binary`: it comes as a literal8, which may hold NUL (RFC 3516 §4.4).
    """

    tag: bytes
    mailbox: str
    flags: tuple[str, ...]
    date: datetime | None
    size: int
    sync: bool
    index: int = 0
    name: str = "APPEND"
    replaces: int | None = None
    binary: bool = False


@dataclass(frozen=True, slots=True)
class CatenateStart:
    """A message made of parts is about to come: `accept()` (no `+` is due yet) or `refuse()` (RFC 4469 §3).

    CatenateUrl and CatenateText follow in the order of the parts, then AppendEnd. Fields as in AppendStart.
    """

    tag: bytes
    mailbox: str
    flags: tuple[str, ...]
    date: datetime | None
    index: int = 0
    name: str = "APPEND"
    replaces: int | None = None


@dataclass(frozen=True, slots=True)
class CatenateUrl:
    """The next part is what the URL names: `accept()`, or `refuse()` after NO [BADURL …] (RFC 4469 §4.1)."""

    tag: bytes
    url: str


@dataclass(frozen=True, slots=True)
class CatenateText:
    """The next part comes as AppendChunk: `accept()` (after a `+` if `sync`) or `refuse()`. `binary`: as a literal8."""

    tag: bytes
    size: int
    sync: bool
    binary: bool = False


@dataclass(frozen=True, slots=True)
class AppendChunk:
    """The next octets of the message or of the text part; there are none of what is empty."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class AppendEnd:
    """The message is complete. With `last` the command is too, and nothing may be stored before."""

    tag: bytes
    last: bool


@dataclass(frozen=True, slots=True)
class Line:
    """The line that `expect_line` asked for, without its CRLF."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class BadCommand:
    """A command to be answered with `status`, under its tag or, without one, untagged; nothing of it is carried out.

    An APPEND that had begun is over. `code` and `text` as in WireError. `clears`: `$` is empty from now on (RFC 5182
    §2.1). `fatal`: so much comes behind it that the connection has to end (RFC 7888 §4).
    """

    tag: bytes | None
    text: str
    code: str = ""
    status: Status = "BAD"
    clears: bool = False
    fatal: bool = False


Event = (
    Command
    | LiteralWanted
    | AppendStart
    | CatenateStart
    | CatenateUrl
    | CatenateText
    | AppendChunk
    | AppendEnd
    | Line
    | BadCommand
)


def refused(tag: bytes | None, error: WireError) -> BadCommand:
    """The command with this tag could not be read."""
    return BadCommand(tag, error.text, error.code, error.status, error.saving and error.status == "NO")
