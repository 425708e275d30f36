"""AUTH: the exchange that finds out who is talking (RFC 4954)."""

import base64

import structlog

from pillarbox.core.errors import Denied, Invalid, MailError
from pillarbox.servers.smtp import errors
from pillarbox.servers.smtp.session import Session
from pillarbox.wire.sasl.mechanism import MECHANISMS, Challenge, Credentials, Mechanism, decode_response
from pillarbox.wire.smtp.command import Auth
from pillarbox.wire.smtp.reply import Reply

log = structlog.get_logger("smtp")

_LOGGED_IN = Reply(235, "2.7.0", "Authenticated")


async def auth(session: Session, command: Auth) -> Reply:
    """RFC 4954 §4."""
    if not session.role.submission:
        return errors.NOT_IMPLEMENTED
    if session.account is not None:
        return errors.LOGGED_IN_ALREADY
    if not session.may_log_in:
        return errors.NO_CLEAR_LOGIN
    make = MECHANISMS.get(command.mechanism)
    if make is None:
        return errors.NO_SUCH_MECHANISM
    mechanism = make()
    try:
        initial = None if command.initial is None else decode_response(command.initial)
        result = mechanism.start(initial)
    except Invalid:
        return errors.BAD_RESPONSE
    return await _advance(session, mechanism, result)


async def respond(session: Session, mechanism: Mechanism, line: bytes) -> Reply:
    """The answer to the last challenge; `*` ends the exchange (RFC 4954 §4)."""
    session.exchange = None
    try:
        response = decode_response(line)
        if response is None:
            return errors.CANCELLED
        result = mechanism.step(response)
    except Invalid:
        return errors.BAD_RESPONSE
    return await _advance(session, mechanism, result)


async def _advance(session: Session, mechanism: Mechanism, result: Challenge | Credentials) -> Reply:
    if isinstance(result, Challenge):
        session.exchange = mechanism
        return Reply(334, "", base64.b64encode(result.octets).decode())
    return await _log_in(session, result)


async def _log_in(session: Session, credentials: Credentials) -> Reply:
    if credentials.authzid not in ("", credentials.login):
        return errors.NO_ACTING
    peer = session.stream.peer.host
    try:
        account = await session.services.logins.password(credentials.login, credentials.password, peer)
    except Denied:
        return errors.BAD_LOGIN
    except MailError:
        return errors.LOGIN_BUSY
    session.entered(account)
    log.info("smtp.login", session=session.stream.id, login=account.login)
    return _LOGGED_IN
