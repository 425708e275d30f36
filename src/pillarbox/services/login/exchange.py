"""A SASL exchange from its first octets to an account: what every server with AUTH does, whatever the mechanism."""

from collections.abc import Callable

from pillarbox.core.errors import Denied
from pillarbox.services.login.service import Logins
from pillarbox.store.model import Account
from pillarbox.wire.sasl.mechanism import Bearer, Challenge, Credentials, KeysWanted, Mechanism, Outcome, Proven
from pillarbox.wire.sasl.table import BOUND, MECHANISMS


def begin(logins: Logins, name: str, end_point: bytes, peer: str) -> "Exchange | None":
    """An exchange by the mechanism of that name, in upper case, with a peer at network address `peer` over a connection
    with that tls-server-end-point (RFC 5929 §4, empty for none); None when it is not offered there."""
    if name not in MECHANISMS or (name in BOUND and not end_point):
        return None
    return Exchange(logins, MECHANISMS[name](end_point), peer)


class Exchange:
    """One exchange: the server ferries octets until an Account comes out.

    Both methods raise Invalid for what the mechanism does not allow, Denied when the peer is not who it says, Busy and
    Unavailable; then the exchange is over.
    """

    __slots__ = ("_account", "_keyed", "_logins", "_mechanism", "_peer")

    def __init__(self, logins: Logins, mechanism: Mechanism, peer: str) -> None:
        self._logins = logins
        self._mechanism = mechanism
        self._peer = peer
        self._account: Account | None = None
        self._keyed = False  # what comes next is judged here, not by the login service

    async def start(self, initial: bytes | None) -> Challenge | Account:
        """Begin, with the initial response when the peer sent one."""
        return await self._move(lambda: self._mechanism.start(initial))

    async def step(self, response: bytes) -> Challenge | Account:
        """Take the answer to the last challenge."""
        return await self._move(lambda: self._mechanism.step(response))

    async def _move(self, move: Callable[[], Outcome]) -> Challenge | Account:
        if self._keyed:
            self._logins.admit(self._peer)
        try:
            outcome = move()
        except Denied:
            await self._logins.wrong(self._peer)
            raise
        match outcome:
            case Challenge():
                return outcome
            case Credentials():
                _check_self(outcome.login, outcome.authzid)
                return await self._logins.password(outcome.login, outcome.password, self._peer)
            case KeysWanted():
                self._keyed = True
                self._account = await self._logins.find(outcome.login)
                return outcome.answer(self._logins.keys(self._account, outcome.login, outcome.hash_name))
            case Proven():
                _check_self(outcome.login, outcome.authzid)
                return await self._still(self._account)
            case Bearer():
                return await self._bearer(outcome)

    async def _bearer(self, claim: Bearer) -> Challenge | Account:
        account = await self._logins.bearers.account(claim.token) if claim.token else None
        if account is not None and claim.login:
            named = await self._logins.find(claim.login)
            account = account if named is not None and named.account_id == account.account_id else None
        return claim.refusal if account is None else account

    async def _still(self, account: Account | None) -> Account:
        """The account the proof was for, unless it was switched off or given another password meanwhile."""
        now = await self._logins.find(account.login) if account is not None else None
        if account is None or now is None or now.account_id != account.account_id or now.scram != account.scram:
            raise Denied("the account has changed during its login")
        return now


def _check_self(login: str, authzid: str) -> None:
    if authzid not in ("", login):
        raise Denied("acting for others is not offered")
