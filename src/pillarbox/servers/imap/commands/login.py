"""LOGIN and AUTHENTICATE: who is there (RFC 3501 §6.2.2, §6.2.3, RFC 4959)."""

from pillarbox.core.errors import Denied, Invalid, MailError
from pillarbox.servers.imap.errors import LOGIN, Refused, bad, refusal
from pillarbox.servers.imap.session import Answer, Session
from pillarbox.wire.imap.commands import Authenticate, Login
from pillarbox.wire.imap.events import Command
from pillarbox.wire.sasl.mechanism import MECHANISMS, Challenge, Credentials, decode_response, spell_challenge


async def login(session: Session, command: Command, arguments: Login) -> Answer:
    """A name and a password in the command itself."""
    _private(session)
    return await _enter(session, Credentials(arguments.user, arguments.password))


async def authenticate(session: Session, command: Command, arguments: Authenticate) -> Answer | None:
    """Begin a SASL exchange."""
    _private(session)
    make = MECHANISMS.get(arguments.mechanism)
    if make is None:
        raise Refused("NO", "no such mechanism", "CANNOT")
    mechanism = make()
    try:
        result = mechanism.start(arguments.initial)
    except Invalid as error:
        raise refusal(error, LOGIN) from error
    if isinstance(result, Credentials):
        return await _enter(session, result)
    session.exchange, session.waiting = mechanism, command.tag
    _challenge(session, result)
    return None


async def respond(session: Session, line: bytes) -> Answer | None:
    """Take a line of the exchange under way; `*` ends it."""
    mechanism, session.exchange = session.exchange, None
    assert mechanism is not None
    try:
        response = decode_response(line)
        if response is None:
            raise bad("cancelled")
        result = mechanism.step(response)
    except Invalid as error:
        raise bad("not a valid response") from error
    if isinstance(result, Credentials):
        return await _enter(session, result)
    session.exchange = mechanism
    _challenge(session, result)
    return None


def _challenge(session: Session, challenge: Challenge) -> None:
    session.stream.write(spell_challenge(challenge))
    session.decoder.expect_line()


def _private(session: Session) -> None:
    if not session.may_log_in():
        raise Refused("NO", "use TLS first (STARTTLS)", "PRIVACYREQUIRED")


async def _enter(session: Session, credentials: Credentials) -> Answer:
    try:
        if credentials.authzid not in ("", credentials.login):
            raise Denied("acting for others is not offered")
        if not credentials.login or not credentials.password:
            raise Denied("empty login or password")
        peer = session.stream.peer.host
        account = await session.house.logins.password(credentials.login, credentials.password, peer)
    except MailError as error:
        session.mistake()
        raise refusal(error, LOGIN) from error
    return session.log_in(account)
