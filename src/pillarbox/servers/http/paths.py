"""The parts of a path below one of our addresses, and whose account they name."""

from urllib.parse import unquote

from pillarbox.core.ids import spell
from pillarbox.servers.http.errors import HttpError
from pillarbox.servers.http.exchange import Exchange
from pillarbox.store.model import ACCOUNT_PREFIX, Account


def path_parts(exchange: Exchange, beginning: str, count: int) -> list[str]:
    """The `count` parts after `beginning`, each decoded; the last may hold slashes. Raises HttpError 404."""
    raw = exchange.scope.get("raw_path") or exchange.path.encode()
    rest = raw.decode("latin-1").partition("?")[0].removeprefix(beginning)
    parts = rest.split("/", count - 1)
    if len(parts) != count:
        raise HttpError(404, "no such address")
    return [unquote(part, errors="replace") for part in parts]


def check_account(account: Account, said: str) -> None:
    """Everybody has one account. Raises HttpError 404 for another."""
    if said != spell(ACCOUNT_PREFIX, account.account_id):
        raise HttpError(404, "no such account")
