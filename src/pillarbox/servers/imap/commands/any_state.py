"""CAPABILITY, NOOP, LOGOUT, ID, STARTTLS and ENABLE: about the connection itself (RFC 3501 §6.1, §6.2.1)."""

from pillarbox import __version__
from pillarbox.servers.imap.capabilities import ENABLING
from pillarbox.servers.imap.errors import bad
from pillarbox.servers.imap.manner import METADATA
from pillarbox.servers.imap.session import Answer, Session
from pillarbox.wire.imap import encoder
from pillarbox.wire.imap.commands import Enable, Identity, Nothing
from pillarbox.wire.imap.events import Command


async def capability(session: Session, command: Command, arguments: Nothing) -> Answer:
    """What is offered now."""
    session.stream.write(encoder.capability(session.capabilities()))
    return Answer("CAPABILITY completed")


async def noop(session: Session, command: Command, arguments: Nothing) -> Answer:
    """A look for news, whether there was a hint or not. CHECK is the same: everything is durable (RFC 3501 §6.4.1)."""
    if session.selected is not None:
        session.selected.stale = True
    return Answer(f"{command.name} completed")


async def logout(session: Session, command: Command, arguments: Nothing) -> None:
    """Goodbye."""
    session.leave(encoder.untagged("BYE", "logging out") + encoder.tagged(command.tag, "OK", "LOGOUT completed"))


async def identity(session: Session, command: Command, arguments: Identity) -> Answer:
    """Who we are, whoever the client is; who it is, is only remembered (RFC 2971 §3)."""
    if arguments.fields is not None and arguments.fields != session.identity:
        session.identity = arguments.fields
        await session.note_device()
    session.stream.write(encoder.identity({"name": "Pillarbox", "version": __version__}))
    return Answer("ID completed")


async def starttls(session: Session, command: Command, arguments: Nothing) -> None:
    """Begin TLS; whatever came in behind the command is thrown away (RFC 3501 §6.2.1)."""
    if session.stream.tls is not None:
        raise bad("TLS is active already")
    if session.house.tls is None:
        raise bad("TLS is not offered here")
    session.stream.write(encoder.tagged(command.tag, "OK", "begin TLS now"))
    session.decoder.discard()
    session.identity = ()  # what was said in clear anybody may have said
    await session.stream.start_tls(session.house.tls)
    session.errors = 0


async def enable(session: Session, command: Command, arguments: Enable) -> Answer:
    """Switch extensions on for this connection (RFC 5161 §3.1)."""
    known = dict.fromkeys(name for name in arguments.capabilities if name in ENABLING)
    session.stream.write(encoder.enabled(ENABLING[name] for name in known))
    session.enable(*known)
    if METADATA in known:
        await session.note()
    return Answer("ENABLE completed")
