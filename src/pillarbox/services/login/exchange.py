"""A SASL exchange from its first octets to an account: what every server with AUTH does, whatever the mechanism."""

from collections.abc import Callable

from pillarbox.core.errors import Denied, Expired, NotEntitled
from pillarbox.net.session import TlsFacts
from pillarbox.services.login.service import Logins
from pillarbox.store.model import Account
from pillarbox.wire.sasl.mechanism import (
    CLEAR,
    Bearer,
    Certified,
    Challenge,
    Channel,
    Credentials,
    KeysWanted,
    Mechanism,
    Outcome,
    Proven,
)
from pillarbox.wire.sasl.table import MECHANISMS, listed, taken


def offered(facts: TlsFacts | None, *, bound: bool = False) -> tuple[str, ...]:
    """The mechanisms to list on a connection with these facts of TLS, where logging in is possible; `bound`: with those
    that bind the channel (decision 0006)."""
    return listed(_channel(facts), bound)


def begin(logins: Logins, name: str, facts: TlsFacts | None, peer: str, *, bound: bool = False) -> "Exchange | None":
    """An exchange by the mechanism of that name, in upper case, with a peer at network address `peer` over a connection
    with these facts of TLS; None when it is not to be had there. `bound`: as for `offered`."""
    channel = _channel(facts)
    if not taken(name, channel):
        return None
    return Exchange(logins, name, MECHANISMS[name](channel, bound), peer)


def _channel(facts: TlsFacts | None) -> Channel:
    return CLEAR if facts is None else Channel(facts.bindings, facts.addresses)


class Exchange:
    """One exchange by the mechanism `name`: the server ferries octets until an Account comes out.

    Both methods raise Invalid for what the mechanism does not allow, Denied when the peer is not who it says, Busy and
    Unavailable; then the exchange is over.
    """

    __slots__ = ("_account", "_expired", "_keyed", "_logins", "_mechanism", "_peer", "name")

    def __init__(self, logins: Logins, name: str, mechanism: Mechanism, peer: str) -> None:
        self.name = name
        self._logins = logins
        self._mechanism = mechanism
        self._peer = peer
        self._account: Account | None = None
        self._expired = False
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
        except Denied as error:
            await self._logins.wrong(self._peer)
            if self._expired:
                raise Expired("the token is too old") from error
            raise
        match outcome:
            case Challenge():
                return outcome
            case Credentials():
                account = await self._logins.password(outcome.login, outcome.password, self._peer)
                return await self._as_itself(account, outcome.authzid)
            case KeysWanted():
                self._keyed = True
                self._account = await self._logins.find(outcome.login)
                return outcome.answer(self._logins.keys(self._account, outcome.login, outcome.hash_name))
            case Proven():
                return await self._as_itself(await self._still(self._account), outcome.authzid)
            case Bearer():
                return await self._bearer(outcome)
            case Certified():
                return await self._certified(outcome)

    async def _bearer(self, claim: Bearer) -> Challenge | Account:
        try:
            account = await self._logins.bearers.account(claim.token) if claim.token else None
        except Expired:
            self._expired = True
            return claim.refusal
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

    async def _as_itself(self, account: Account, authzid: str) -> Account:
        """The account; NotEntitled if it wants to act as another (RFC 4616 §2)."""
        named = await self._logins.find(authzid) if authzid else account
        if named is None or named.account_id != account.account_id:
            raise NotEntitled("acting for others is not offered")
        return account

    async def _certified(self, claim: Certified) -> Account:
        """The account of the one address in the certificate that leads to one, or of the one that was asked for."""
        found = [await self._logins.find(address) for address in claim.addresses]
        accounts = {account.account_id: account for account in found if account is not None}
        if claim.authzid:
            named = await self._logins.find(claim.authzid)
            if named is None or named.account_id not in accounts:
                raise NotEntitled("the certificate is not for this account")
            return named
        if len(accounts) != 1:
            raise Denied("the certificate is for no account, or for several")
        return next(iter(accounts.values()))
