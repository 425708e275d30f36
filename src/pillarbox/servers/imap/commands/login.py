"""LOGIN and AUTHENTICATE: who is there (RFC 3501 §6.2.2, §6.2.3, RFC 4959)."""

from pillarbox.core.errors import Denied, Invalid, MailError
from pillarbox.servers.imap.errors import LOGIN, Refused, bad, refusal
from pillarbox.servers.imap.session import Answer, Session
from pillarbox.services.login.exchange import Exchange, begin
from pillarbox.store.model import Account
from pillarbox.wire.imap.commands import Authenticate, Login
from pillarbox.wire.imap.events import Command
from pillarbox.wire.sasl.mechanism import Challenge, decode_response, spell_challenge


async def login(session: Session, command: Command, arguments: Login) -> Answer:
    """A name and a password in the command itself."""
    _private(session)
    if not arguments.user or not arguments.password:
        raise _failed(session, Denied("empty login or password"))
    try:
        peer = session.stream.peer.host
        account = await session.house.logins.password(arguments.user, arguments.password, peer)
    except MailError as error:
        raise _failed(session, error) from error
    return await _enter(session, account)


async def authenticate(session: Session, command: Command, arguments: Authenticate) -> Answer | None:
    """Begin a SASL exchange."""
    _private(session)
    stream = session.stream
    exchange = begin(session.house.logins, arguments.mechanism, stream.tls, stream.peer.host, bound=True)
    if exchange is None:
        raise Refused("NO", "no such mechanism", "CANNOT")
    try:
        answer = await _advance(session, exchange, await exchange.start(arguments.initial))
    except Invalid as error:
        raise bad("not a valid response") from error
    except MailError as error:
        raise _failed(session, error) from error
    if answer is None:
        session.waiting = command.tag
    return answer


async def respond(session: Session, line: bytes) -> Answer | None:
    """Take a line of the exchange under way; `*` ends it."""
    exchange, session.exchange = session.exchange, None
    assert exchange is not None
    try:
        response = decode_response(line)
        if response is None:
            raise bad("cancelled")
        return await _advance(session, exchange, await exchange.step(response))
    except Invalid as error:
        raise bad("not a valid response") from error
    except MailError as error:
        raise _failed(session, error) from error


async def _advance(session: Session, exchange: Exchange, result: Challenge | Account) -> Answer | None:
    if isinstance(result, Account):
        return await _enter(session, result, jmap=exchange.name != "EXTERNAL")  # JMAP asks for no certificates
    session.exchange = exchange
    session.stream.write(spell_challenge(result))
    session.decoder.expect_line()
    return None


async def _enter(session: Session, account: Account, *, jmap: bool = True) -> Answer:
    answer = session.log_in(account, jmap)
    await session.note_device()
    return answer


def _failed(session: Session, error: MailError) -> Refused:
    session.mistake()
    return refusal(error, LOGIN)


def _private(session: Session) -> None:
    if not session.may_log_in():
        raise Refused("NO", "use TLS first (STARTTLS)", "PRIVACYREQUIRED")
