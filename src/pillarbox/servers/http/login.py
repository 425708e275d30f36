"""The webmail's login, and tokens for programs: /auth/…"""

import msgspec

from pillarbox.core.limits import HTTP_FORM
from pillarbox.servers.http.authentication import (
    authenticate,
    check_own_site,
    check_password,
    check_private,
    cookie_name,
    cookie_token,
)
from pillarbox.servers.http.errors import HttpError
from pillarbox.servers.http.exchange import NO_STORE, Exchange
from pillarbox.servers.http.services import Hall
from pillarbox.services.login.bearers import holder
from pillarbox.services.login.tokens import Use
from pillarbox.store.model import Account
from pillarbox.wire.jmap.codec import decode


class _Credentials(msgspec.Struct, frozen=True):
    username: str
    password: str


async def log_in(hall: Hall, exchange: Exchange) -> None:
    """POST /auth/login: name and password for a session cookie."""
    check_own_site(exchange)
    account = await _checked(hall, exchange)
    await exchange.json(200, {"username": account.login}, [NO_STORE, _fresh(hall, exchange, account)])


async def log_out(hall: Hall, exchange: Exchange) -> None:
    """POST /auth/logout: the session ends, wherever its cookie or token was copied to, and the browser forgets it."""
    check_own_site(exchange)
    scheme, _, credentials = exchange.header(b"authorization").partition(" ")
    use, token = (Use.BEARER, credentials) if scheme.lower() == "bearer" else (Use.COOKIE, cookie_token(exchange))
    now = hall.services.clock.now()
    claim = hall.tokens.read(use, (token or "").strip(), now)
    if claim is not None and await holder(hall.services.store.directory, hall.tokens, claim) is not None:
        until = max(claim.expires, now + hall.settings.session_life)  # renewed tokens of it live no longer
        await hall.services.store.directory.end_session(claim.account_id, claim.session, until)
    await exchange.json(
        200, {}, [NO_STORE, (b"set-cookie", _cookie(exchange, "", 0)), (b"clear-site-data", b'"cache"')]
    )


async def show_session(hall: Hall, exchange: Exchange) -> None:
    """GET /auth/session: who the cookie says is here."""
    account = await authenticate(hall, exchange)
    await exchange.json(200, {"username": account.login}, [NO_STORE, *renewal(hall, exchange, account)])


async def give_token(hall: Hall, exchange: Exchange) -> None:
    """POST /auth/token: name and password for a bearer token, so that a program need not keep the password."""
    account = await _checked(hall, exchange)
    token, expires = _issue(hall, Use.BEARER, account)
    await exchange.json(200, {"token": token, "expires": expires})


async def _checked(hall: Hall, exchange: Exchange) -> Account:
    check_private(exchange)
    if exchange.header(b"content-type").partition(";")[0].strip().lower() != "application/json":
        raise HttpError(415, "the body is to be JSON")
    body = await exchange.body(HTTP_FORM, HttpError(413, "the body is too large"))
    try:
        credentials = msgspec.convert(decode(body), _Credentials)
    except msgspec.ValidationError as error:
        raise HttpError(400, str(error)) from error
    return await check_password(hall, exchange, credentials.username, credentials.password)


def renewal(hall: Hall, exchange: Exchange, account: Account) -> list[tuple[bytes, bytes]]:
    """A new cookie when more than half of the present one's life is over, so that a session in use does not end."""
    token = cookie_token(exchange)
    now = hall.services.clock.now()
    claim = None if token is None else hall.tokens.read(Use.COOKIE, token, now)
    if claim is None or claim.account_id != account.account_id or claim.expires - now > hall.settings.session_life // 2:
        return []
    return [_fresh(hall, exchange, account, claim.session)]


def _issue(hall: Hall, use: Use, account: Account, session: str = "") -> tuple[str, int]:
    expires = hall.services.clock.now() + hall.settings.session_life
    return hall.tokens.issue(use, account, expires, session), expires


def _fresh(hall: Hall, exchange: Exchange, account: Account, session: str = "") -> tuple[bytes, bytes]:
    token, _ = _issue(hall, Use.COOKIE, account, session)
    return b"set-cookie", _cookie(exchange, token, hall.settings.session_life)


def _cookie(exchange: Exchange, token: str, life: int) -> bytes:
    secure = "; Secure" if exchange.secure else ""
    said = f"{cookie_name(exchange)}={token}; Max-Age={life}; Path=/; HttpOnly; SameSite=Strict{secure}"
    return said.encode("ascii")
