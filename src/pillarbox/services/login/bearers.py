"""Whether a bearer token opens an account, by whoever issued it."""

from typing import Protocol

from pillarbox.core.clock import Clock
from pillarbox.core.errors import Expired, NotFound
from pillarbox.services.login.tokens import Claim, Tokens, Use
from pillarbox.store.directory import Directory
from pillarbox.store.model import Account

_EVER = 0  # a time at which no token had expired


class TokenCheck(Protocol):
    """What judges the tokens of OAUTHBEARER and XOAUTH2 (RFC 7628 §3.2)."""

    async def account(self, token: str) -> Account | None:
        """Whose token it is; None when it never opened anything. Raises Expired when it does so no more."""
        ...


class OwnTokens:
    """Tokens that this server gave out itself (POST /auth/token)."""

    def __init__(self, directory: Directory, tokens: Tokens, clock: Clock) -> None:
        self._directory = directory
        self._tokens = tokens
        self._clock = clock

    async def account(self, token: str) -> Account | None:
        """As TokenCheck says."""
        claim = self._tokens.read(Use.BEARER, token, _EVER)
        if claim is None:
            return None
        account = await holder(self._directory, self._tokens, claim)
        if account is None or claim.expires <= self._clock.now():
            raise Expired("the token has expired, or its session has ended")
        return account


async def holder(directory: Directory, tokens: Tokens, claim: Claim) -> Account | None:
    """Whose token it is, if it still opens anything: the account is active, under the password of then, and the
    session was not logged out."""
    try:
        account = await directory.account(claim.account_id)
    except NotFound:
        return None
    holds = account.active and tokens.epoch(account.password) == claim.epoch
    return account if holds and not await directory.ended(claim.account_id, claim.session) else None
