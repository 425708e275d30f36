"""COMPRESS, UNAUTHENTICATE and GETJMAPACCESS: of a connection, what lies below it, behind it and beside it."""

from typing import Final

from pillarbox.servers.imap.errors import Refused, bad
from pillarbox.servers.imap.session import Answer, Session
from pillarbox.wire.imap import encoder
from pillarbox.wire.imap.codes import COMPRESSION_ACTIVE
from pillarbox.wire.imap.commands import Nothing
from pillarbox.wire.imap.events import Command
from pillarbox.wire.imap.extensions import Compress

_END: Final = b"UNAUTHENTICATE"  # the command after which compression has ended (RFC 8437 §4.1)


async def compress(session: Session, command: Command, arguments: Compress) -> Answer | None:
    """DEFLATE in both directions, from behind the CRLF of the answer on (RFC 4978 §3). A client that did not wait for
    it has compressed what it sent behind the command."""
    if arguments.mechanism != "DEFLATE":
        raise bad("no such mechanism")
    if session.stream.compressed:
        raise Refused("BAD", "DEFLATE is active", COMPRESSION_ACTIVE)
    session.stream.write(encoder.tagged(command.tag, "OK", "DEFLATE active"))
    session.stream.compress(session.decoder.rest(), _END)
    return None


async def unauthenticate(session: Session, command: Command, arguments: Nothing) -> Answer | None:
    """Forget who is there, and all that came of it; TLS and what ID said stay (RFC 8437 §3). Never refused: the client
    may have sent its next login already."""
    session.log_out()
    session.stream.write(encoder.tagged(command.tag, "OK", "not authenticated"))
    session.stream.expand()
    return None


async def jmap_access(session: Session, command: Command, arguments: Nothing) -> Answer:
    """Where the same mail is reached by JMAP (RFC 9698 §4)."""
    if not session.house.settings.jmap:
        raise bad("there is no JMAP here")
    session.stream.write(encoder.jmap_access(session.house.settings.jmap))
    return Answer("GETJMAPACCESS completed")
