"""Who is asking: the webmail's cookie, a bearer token or Basic credentials; and that no other site asks for them."""

import base64
import binascii

from pillarbox.core.errors import Busy, Denied, NotFound
from pillarbox.core.limits import PASSWORD
from pillarbox.servers.http.errors import HttpError
from pillarbox.servers.http.exchange import Exchange
from pillarbox.servers.http.services import Hall
from pillarbox.services.login.bearers import holder
from pillarbox.services.login.tokens import Use
from pillarbox.store.model import Account

_CHALLENGE = ((b"www-authenticate", b'Basic realm="Pillarbox", charset="UTF-8"'), (b"www-authenticate", b"Bearer"))
_COOKIE = {True: "__Host-pillarbox", False: "pillarbox"}
_SAFE = ("GET", "HEAD")
_OWN_SITE = ("", "same-origin", "none")


def cookie_name(exchange: Exchange) -> str:
    """The session cookie's name; under TLS one that only this host can have set."""
    return _COOKIE[exchange.secure]


def cookie_token(exchange: Exchange) -> str | None:
    """The session cookie's value; cookies of other programs on the same host may look like anything."""
    wanted = cookie_name(exchange)
    for one in exchange.header(b"cookie").split(";"):
        name, _, value = one.strip().partition("=")
        if name == wanted:
            return value
    return None


def check_private(exchange: Exchange) -> None:
    """Credentials travel only under TLS or within the machine."""
    if not exchange.private:
        raise HttpError(403, "credentials are taken only over HTTPS")


def check_own_site(exchange: Exchange) -> None:
    """Refuse what another site may have made a browser send: the header that a form cannot set, and the browser's own
    word on where the request began."""
    origin = exchange.header(b"origin")
    same = not origin or origin.partition("://")[2] == exchange.header(b"host")
    if exchange.header(b"x-pillarbox") != "1" or not same or exchange.header(b"sec-fetch-site") not in _OWN_SITE:
        raise HttpError(403, "the request does not come from the webmail")


async def authenticate(hall: Hall, exchange: Exchange) -> Account:
    """The account that asks. Raises HttpError 401, 403 or 429."""
    check_private(exchange)
    scheme, _, credentials = exchange.header(b"authorization").partition(" ")
    if scheme.lower() == "basic":
        return await _basic(hall, exchange, credentials.strip())
    if scheme.lower() == "bearer":
        return await _token(hall, exchange, Use.BEARER, credentials.strip())
    token = cookie_token(exchange)
    if scheme or token is None:
        raise HttpError(401, "log in first", _challenge(exchange))
    account = await _token(hall, exchange, Use.COOKIE, token)
    if exchange.method not in _SAFE:
        check_own_site(exchange)
    return account


async def _basic(hall: Hall, exchange: Exchange, credentials: str) -> Account:
    try:
        text = base64.b64decode(credentials.encode("ascii"), validate=True).decode("utf-8")
    except (ValueError, binascii.Error) as error:
        raise HttpError(401, "the credentials cannot be read", _challenge(exchange)) from error
    name, _, password = text.partition(":")
    return await check_password(hall, exchange, name, password)


async def check_password(hall: Hall, exchange: Exchange, name: str, password: str) -> Account:
    """The account of a name and password. Raises HttpError 401 or 429."""
    try:
        if len(password.encode()) > PASSWORD:
            raise Denied("password too long")
        return await hall.services.logins.password(name, password, exchange.peer)
    except Denied as error:
        raise HttpError(401, "the name or the password is wrong", _challenge(exchange)) from error
    except Busy as error:
        raise HttpError(429, "too many attempts; try again in a minute", ((b"retry-after", b"60"),)) from error


def _challenge(exchange: Exchange) -> tuple[tuple[bytes, bytes], ...]:
    """No challenge for a page's own requests: the browser would put up a window for it."""
    ours = exchange.header(b"x-pillarbox") == "1" or exchange.header(b"sec-fetch-site") in ("same-origin", "same-site")
    return () if ours else _CHALLENGE


async def _token(hall: Hall, exchange: Exchange, use: Use, token: str) -> Account:
    claim = hall.tokens.read(use, token, hall.services.clock.now())
    account = None if claim is None else await holder(hall.services.store.directory, hall.tokens, claim)
    if claim is None or account is None:
        raise HttpError(401, "the session has ended; log in again")
    exchange.session = claim.session
    return account


async def still_valid(hall: Hall, exchange: Exchange, account: Account) -> bool:
    """Whether the account is still there, active, under the same password and in the same session: asked by answers
    that last."""
    directory = hall.services.store.directory
    try:
        now = await directory.account(account.account_id)
    except NotFound:
        return False
    ended = exchange.session and await directory.ended(account.account_id, exchange.session)
    return now.active and now.password == account.password and not ended
