"""IDLE: news are told as they happen, without a task waiting for them (RFC 2177)."""

from pillarbox.servers.imap.errors import bad
from pillarbox.servers.imap.session import Answer, Session
from pillarbox.wire.imap import encoder
from pillarbox.wire.imap.commands import Nothing
from pillarbox.wire.imap.events import Command


async def idle(session: Session, command: Command, arguments: Nothing) -> None:
    """Begin. What the client does not know yet is told as soon as nothing else is to be done."""
    session.waiting = command.tag
    session.stream.write(encoder.continuation(b"idling"))
    session.decoder.expect_line()
    if session.selected is not None:
        session.selected.stale = True


def done(line: bytes) -> Answer:
    """The line that ends it."""
    if line.strip().upper() != b"DONE":
        raise bad("DONE expected")
    return Answer("IDLE terminated")
