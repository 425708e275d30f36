"""GET /.well-known/jmap: the Session object of who asks."""

from pillarbox.core.ids import spell
from pillarbox.servers.http.authentication import authenticate
from pillarbox.servers.http.exchange import NO_STORE, Exchange
from pillarbox.servers.http.login import renewal
from pillarbox.servers.http.services import Hall
from pillarbox.store.model import ACCOUNT_PREFIX, Account
from pillarbox.wire.jmap.codec import Json
from pillarbox.wire.jmap.session import session_object


def session_of(hall: Hall, account: Account) -> Json:
    """The Session object of an account (RFC 8620 §2)."""
    return session_object(spell(ACCOUNT_PREFIX, account.account_id), account.login, hall.settings.message_size)


async def send_session(hall: Hall, exchange: Exchange) -> None:
    """Answer with the Session object."""
    account = await authenticate(hall, exchange)
    await exchange.json(200, session_of(hall, account), [NO_STORE, *renewal(hall, exchange, account)])
