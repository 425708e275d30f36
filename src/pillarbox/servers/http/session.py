"""GET /.well-known/jmap: the Session object of who asks."""

import re

from pillarbox.core.ids import spell
from pillarbox.servers.http.authentication import authenticate
from pillarbox.servers.http.exchange import NO_STORE, Exchange
from pillarbox.servers.http.login import renewal
from pillarbox.servers.http.services import Hall
from pillarbox.store.model import ACCOUNT_PREFIX, Account
from pillarbox.wire.jmap.codec import Json
from pillarbox.wire.jmap.session import session_object

_HOST = re.compile(r"[A-Za-z0-9._-]{1,255}(?::[0-9]{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](?::[0-9]{1,5})?")


def session_of(hall: Hall, account: Account, root: str = "") -> Json:
    """The Session object of an account (RFC 8620 §2)."""
    return session_object(spell(ACCOUNT_PREFIX, account.account_id), account.login, hall.settings.message_size, root)


def root_of(exchange: Exchange) -> str:
    """Where the client found this server; most programs take no relative addresses. "" for our own pages, which are
    where they are, also behind a proxy that does not say what it is called."""
    host = exchange.header(b"host")
    if exchange.header(b"x-pillarbox") == "1" or not _HOST.fullmatch(host):
        return ""
    # `private` without TLS means that the peer is this machine, so a proxy on it may say how it was asked.
    secure = exchange.secure or (exchange.private and exchange.header(b"x-forwarded-proto") == "https")
    return f"{'https' if secure else 'http'}://{host}"


async def send_session(hall: Hall, exchange: Exchange) -> None:
    """Answer with the Session object."""
    account = await authenticate(hall, exchange)
    await exchange.json(
        200, session_of(hall, account, root_of(exchange)), [NO_STORE, *renewal(hall, exchange, account)]
    )
