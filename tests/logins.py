"""The login service as tests of servers use it."""

import secrets

from pillarbox.core.clock import SystemClock
from pillarbox.services.login.bearers import OwnTokens
from pillarbox.services.login.service import Logins
from pillarbox.services.login.tokens import Tokens
from pillarbox.store.store import Store


def open_logins(store: Store) -> Logins:
    """Logins with a key of their own; the caller closes them."""
    tokens = Tokens(secrets.token_bytes(32))
    return Logins(store, tokens, OwnTokens(store.directory, tokens, SystemClock()))
