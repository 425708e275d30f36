"""What each POP3 command does."""

from collections.abc import AsyncIterator, Sequence

from pillarbox import __version__
from pillarbox.core import limits
from pillarbox.core.errors import Invalid
from pillarbox.servers.pop3 import maildrop
from pillarbox.servers.pop3.maildrop import Maildrop
from pillarbox.servers.pop3.session import Session
from pillarbox.services.login.exchange import Exchange, begin, offered
from pillarbox.store.model import Account, Need
from pillarbox.wire.pop3 import reply
from pillarbox.wire.pop3.command import Command, number
from pillarbox.wire.sasl.mechanism import Challenge, decode_initial, decode_response, spell_challenge

_CAPABILITIES = ("TOP", "UIDL", "PIPELINING", "RESP-CODES", "AUTH-RESP-CODE")


async def capa(session: Session, command: Command) -> None:
    """List what is offered in this state (RFC 2449 §5)."""
    lines = [*_CAPABILITIES, f"IMPLEMENTATION Pillarbox-{__version__}"]
    if session.drop is None:
        if session.may_log_in():
            lines += ["USER", "SASL " + " ".join(offered(session.stream.tls))]
        if session.policy.tls is not None and session.stream.tls is None:
            lines.append("STLS")
    session.stream.write(reply.ok("capabilities follow") + "\r\n".join([*lines, ".", ""]).encode())


async def stls(session: Session, command: Command) -> None:
    """Begin TLS; whatever came in behind the command is thrown away (RFC 2595 §4)."""
    if session.policy.tls is None:
        session.mistake("TLS is not offered here")
    elif session.stream.tls is not None:
        session.mistake("TLS is active already")
    else:
        session.user = ""
        session.stream.write(reply.ok("begin TLS"))
        await session.stream.start_tls(session.policy.tls)


async def user(session: Session, command: Command) -> None:
    """Name the mailbox; always agreed to, so that nobody learns who exists."""
    if not session.may_log_in():
        session.stream.write(reply.err("use TLS first (STLS)", "AUTH"))
    elif not command.rest or len(command.rest) > limits.SMTP_PATH:
        session.mistake("USER needs a name")
    else:
        session.user = command.rest.decode("utf-8", "replace")
        session.stream.write(reply.ok("send PASS"))


async def password(session: Session, command: Command) -> None:
    """Log in with the name given before."""
    name, session.user = session.user, ""
    if not name:
        session.mistake("send USER first")
        return
    if not command.rest or len(command.rest) > limits.PASSWORD:
        session.mistake("PASS needs a password")
        return
    secret = command.rest.decode("utf-8", "replace")
    await session.enter(await session.logins.password(name, secret, session.stream.peer.host))


async def auth(session: Session, command: Command) -> None:
    """Begin a SASL exchange, or list the mechanisms when none is named (RFC 5034 §4, RFC 1734)."""
    words = command.words
    if not words:
        session.stream.write(reply.ok() + "\r\n".join([*offered(session.stream.tls), ".", ""]).encode())
    elif not session.may_log_in():
        session.stream.write(reply.err("use TLS first (STLS)", "AUTH"))
    else:
        name, stream = words[0].decode("ascii", "replace").upper(), session.stream
        begun = begin(session.logins, name, stream.tls, stream.peer.host) if len(words) <= 2 else None
        if begun is None:
            session.mistake("unknown mechanism")
            return
        initial = _response(decode_initial(words[1])) if len(words) == 2 else None
        await _advance(session, begun, await begun.start(initial))


async def exchange(session: Session, line: bytes) -> None:
    """Take a line of a SASL exchange that is under way. `*` ends it (RFC 5034 §4)."""
    assert session.exchange is not None
    begun, session.exchange = session.exchange, None
    await _advance(session, begun, await begun.step(_response(decode_response(line))))


def _response(response: bytes | None) -> bytes:
    if response is None:
        raise Invalid("cancelled by the peer")
    return response


async def _advance(session: Session, begun: Exchange, result: Challenge | Account) -> None:
    if isinstance(result, Challenge):
        session.exchange = begun
        session.stream.write(spell_challenge(result))
        return
    await session.enter(result)


async def stat(session: Session, command: Command) -> None:
    """Count and size of what is not deleted."""
    drop = _drop(session)
    session.stream.write(reply.ok(f"{len(drop.uids) - len(drop.deleted)} {drop.octets()}"))


async def list_(session: Session, command: Command) -> None:
    """Sizes of one or of all messages."""
    await _listing(session, command, _drop(session).sizes)


async def uidl(session: Session, command: Command) -> None:
    """Unique ids of one or of all messages."""
    await _listing(session, command, _drop(session).unique_ids)


async def _listing(session: Session, command: Command, values: Sequence[object]) -> None:
    drop = _drop(session)
    if command.words:
        index = _index(session, command.words[0]) if len(command.words) == 1 else None
        if index is not None:
            session.stream.write(reply.ok(f"{index + 1} {values[index]}"))
        elif len(command.words) > 1:
            session.mistake("one message number at most")
        return
    present = drop.present()
    session.stream.write(reply.ok(f"{len(present)} messages"))
    for start in range(0, len(present), limits.PAGE):
        session.stream.write(reply.listing((n + 1, values[n]) for n in present[start : start + limits.PAGE]))
        await session.stream.drain()
    session.stream.write(reply.END)


async def retr(session: Session, command: Command) -> None:
    """Send a message, octet by octet as it came in."""
    index = _only_index(session, command)
    if index is not None:
        drop = _drop(session)
        row = await drop.row(index, Need.BLOB)
        await _send(session, reply.ok(f"{row.size} octets"), maildrop.whole(drop, row))


async def top(session: Session, command: Command) -> None:
    """Send the header and the first lines of the body."""
    words = command.words
    lines = number(words[1]) if len(words) == 2 else None
    if lines is None:
        session.mistake("TOP needs a message number and a number of lines")
        return
    index = _index(session, words[0])
    if index is not None:
        drop = _drop(session)
        row = await drop.row(index, Need.BLOB | Need.STRUCTURE)
        await _send(session, reply.ok("top of message follows"), maildrop.top(drop, row, lines))


async def _send(session: Session, status: bytes, chunks: AsyncIterator[bytes]) -> None:
    """A message behind its status line. The first chunk is read before the status is sent, so that damage can be said;
    later damage can only end the connection: an end marker would claim the message to be whole."""
    stuffing = reply.Stuffing()
    started = False
    try:
        async for chunk in chunks:
            if started:  # not after the last one: the end marker goes with it
                await session.stream.drain()
            session.stream.write((b"" if started else status) + stuffing.chunk(chunk))
            started = True
    except BaseException:
        if started:
            session.closing = True
            session.stream.abort()
        raise
    session.stream.write((b"" if started else status) + stuffing.end())


async def dele(session: Session, command: Command) -> None:
    """Mark a message; it goes at QUIT."""
    index = _only_index(session, command)
    if index is not None:
        _drop(session).deleted.add(index)
        session.stream.write(reply.ok(f"message {index + 1} marked"))


async def rset(session: Session, command: Command) -> None:
    """Unmark everything."""
    drop = _drop(session)
    drop.deleted.clear()
    session.stream.write(reply.ok(f"{len(drop.uids)} messages, {drop.octets()} octets"))


async def noop(session: Session, command: Command) -> None:
    """Nothing."""
    session.stream.write(reply.ok())


async def quit_(session: Session, command: Command) -> None:
    """Leave; what was marked is deleted now."""
    await session.leave()


def _drop(session: Session) -> Maildrop:
    assert session.drop is not None  # the table lets these verbs through in the TRANSACTION state only
    return session.drop


def _only_index(session: Session, command: Command) -> int | None:
    words = command.words
    if len(words) == 1:
        return _index(session, words[0])
    session.mistake("one message number, please")
    return None


def _index(session: Session, word: bytes) -> int | None:
    """The index a message number means; None after having said what is wrong with it."""
    drop = _drop(session)
    n = number(word)
    if n is None:
        session.mistake("not a message number")
    elif not 1 <= n <= len(drop.uids):
        session.stream.write(reply.err(f"no such message, only {len(drop.uids)} in maildrop"))
    elif n - 1 in drop.deleted:
        session.stream.write(reply.err(f"message {n} is deleted"))
    else:
        return n - 1
    return None
