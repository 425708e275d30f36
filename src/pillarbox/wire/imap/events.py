"""What the decoder finds in the octets of a client."""

from dataclasses import dataclass
from datetime import datetime

from pillarbox.wire.imap.commands import Arguments
from pillarbox.wire.imap.errors import Status


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

    `index` counts the messages of one command from 0 (RFC 3502). `date` has its zone, None for now.
    """

    tag: bytes
    mailbox: str
    flags: tuple[str, ...]
    date: datetime | None
    size: int
    sync: bool
    index: int = 0


@dataclass(frozen=True, slots=True)
class AppendChunk:
    """The next octets of the message."""

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

    An APPEND that had begun is over. `code` and `text` as in WireError.
    """

    tag: bytes | None
    text: str
    code: str = ""
    status: Status = "BAD"


Event = Command | LiteralWanted | AppendStart | AppendChunk | AppendEnd | Line | BadCommand
