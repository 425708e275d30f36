"""AUTH: the exchange that finds out who is talking (RFC 4954)."""

import base64

import structlog

from pillarbox.core.errors import Denied, Invalid, MailError
from pillarbox.servers.smtp import errors
from pillarbox.servers.smtp.session import Session
from pillarbox.services.login.exchange import Exchange, begin
from pillarbox.store.model import Account
from pillarbox.wire.sasl.mechanism import Challenge, decode_initial, decode_response
from pillarbox.wire.smtp.command import Auth
from pillarbox.wire.smtp.reply import Reply

log = structlog.get_logger("smtp")

_LOGGED_IN = Reply(235, "2.7.0", "Authenticated")
_REFUSALS = {Invalid: errors.BAD_RESPONSE, Denied: errors.BAD_LOGIN}


async def auth(session: Session, command: Auth) -> Reply:
    """RFC 4954 §4."""
    if not session.role.submission:
        return errors.NOT_IMPLEMENTED
    if session.account is not None:
        return errors.LOGGED_IN_ALREADY
    if not session.may_log_in:
        return errors.NO_CLEAR_LOGIN
    stream = session.stream
    exchange = begin(session.services.logins, command.mechanism, stream.tls, stream.peer.host)
    if exchange is None:
        return errors.NO_SUCH_MECHANISM
    try:
        initial = None if command.initial is None else decode_initial(command.initial)
        return _advance(session, exchange, await exchange.start(initial))
    except MailError as error:
        return _refusal(error)


async def respond(session: Session, exchange: Exchange, line: bytes) -> Reply:
    """The answer to the last challenge; `*` ends the exchange (RFC 4954 §4)."""
    session.exchange = None
    try:
        response = decode_response(line)
        if response is None:
            return errors.CANCELLED
        return _advance(session, exchange, await exchange.step(response))
    except MailError as error:
        return _refusal(error)


def _advance(session: Session, exchange: Exchange, result: Challenge | Account) -> Reply:
    if isinstance(result, Challenge):
        session.exchange = exchange
        return Reply(334, "", base64.b64encode(result.octets).decode())
    session.entered(result)
    log.info("smtp.login", session=session.stream.id, login=result.login)
    return _LOGGED_IN


def _refusal(error: MailError) -> Reply:
    return next((reply for kind, reply in _REFUSALS.items() if isinstance(error, kind)), errors.LOGIN_BUSY)
