"""Who is logging in: passwords checked in a bounded executor, remembered for minutes, guessing slowed down."""

import asyncio
import contextlib
import secrets
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import structlog

from pillarbox.core import limits
from pillarbox.core.errors import Busy, Denied, MailError
from pillarbox.services.login.bearers import TokenCheck
from pillarbox.services.login.memory import Failures, Remembered, network
from pillarbox.services.login.passwords import NOBODY, scram_keys, verify_password
from pillarbox.services.login.tokens import Tokens
from pillarbox.store.model import Account
from pillarbox.store.store import Store
from pillarbox.wire.sasl.keys import ITERATIONS, Keys, read_keys

log = structlog.get_logger("login")

_WAITING = 200  # logins waiting for an answer before further ones are told to come back
_GUESSES = 8  # logins of one guessing address waiting at once
_SLOWER = 0.25  # seconds added to a wrong answer by each failure beyond LOGIN_FAILURES in a minute
_SLOWEST = 3.0


class Logins:
    """Checks credentials for every server. One for each process. `bearers` judges the tokens of OAUTHBEARER and
    XOAUTH2."""

    def __init__(self, store: Store, tokens: Tokens, bearers: TokenCheck, threads: int = 2) -> None:
        self._store = store
        self._tokens = tokens
        self.bearers = bearers
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="login")
        self._remembered = Remembered()
        self._failures = Failures()
        self._waiting = 0
        self._guesses: Counter[str] = Counter()  # by network address

    async def password(self, name: str, password: str, peer: str) -> Account:
        """The account of a login name and its password, given by a peer at network address `peer`.

        Raises Denied for an unknown name, a wrong password or an account that is switched off (the peer can't tell
        which), Busy when too many logins wait. An address that has guessed wrong often is told so ever later, and may
        try few things at once; whoever knows the password is not held up by the guesses of others.
        """
        peer = network(peer)
        account = await self._store.directory.login(name)
        stored = account.password if account is not None and account.active else NOBODY
        if account is not None and self._remembered.knows(stored, password, time.monotonic()):
            return account
        with self._turn(peer):
            right = await self._verify(stored, password)
            if account is None or not account.active or not right:
                await self._refuse(peer)
                raise Denied(f"wrong credentials from {peer}")
            if not account.scram:
                await self._add_scram(account, password)
        self._remembered.add(stored, password, time.monotonic())
        return account

    async def find(self, name: str) -> Account | None:
        """The account of a login name that may log in."""
        account = await self._store.directory.login(name)
        return account if account is not None and account.active else None

    def keys(self, account: Account | None, name: str, hash_name: str) -> Keys:
        """What a SCRAM exchange is given for a login name. Where there is no account, or none with keys, they look the
        same and nothing fits them."""
        salt = self._tokens.salt(name.casefold(), hash_name)
        nobody = Keys(salt, ITERATIONS, secrets.token_bytes(32), secrets.token_bytes(32))
        return (read_keys(account.scram, hash_name) if account is not None else None) or nobody

    def admit(self, peer: str) -> None:
        """Raises Busy when nothing may be tried from this address now."""
        peer = network(peer)
        guessing = self._failures.throttled(peer, time.monotonic())
        if self._waiting >= _WAITING or (guessing and self._guesses.get(peer, 0) >= _GUESSES):
            raise Busy(f"too many logins wait, or {peer} guesses too much at once")

    async def wrong(self, peer: str) -> None:
        """Count a wrong proof or token of an address that was admitted just now; returns late when it guesses."""
        peer = network(peer)
        with self._turn(peer):
            await self._refuse(peer)

    @contextlib.contextmanager
    def _turn(self, peer: str) -> Iterator[None]:
        self.admit(peer)
        self._waiting += 1
        self._guesses[peer] += 1
        try:
            yield
        finally:
            self._waiting -= 1
            self._guesses[peer] -= 1
            if not self._guesses[peer]:
                del self._guesses[peer]

    async def _verify(self, stored: str, password: str) -> bool:
        return await asyncio.get_running_loop().run_in_executor(self._executor, verify_password, stored, password)

    async def _add_scram(self, account: Account, password: str) -> None:
        """Make up for keys that were not kept when the password was set; a login does not fail over it."""
        keys = await asyncio.get_running_loop().run_in_executor(self._executor, scram_keys, password)
        try:
            if keys:
                await self._store.directory.add_scram(account.account_id, account.password, keys)
        except MailError as error:
            log.warning("login.no_scram", login=account.login, reason=str(error))

    async def _refuse(self, peer: str) -> None:
        now = time.monotonic()
        self._failures.add(peer, now)
        log.info("login.refused", peer=peer)
        excess = self._failures.count(peer, now) - limits.LOGIN_FAILURES
        if excess > 0:
            self._waiting -= 1  # whoever is told late keeps nobody from being asked
            try:
                await asyncio.sleep(min(excess * _SLOWER, _SLOWEST))
            finally:
                self._waiting += 1

    def close(self) -> None:
        """Let the executor's threads go."""
        self._executor.shutdown(wait=False, cancel_futures=True)
