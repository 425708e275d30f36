"""Who is logging in: passwords checked in a bounded executor, remembered for minutes, guessing slowed down."""

import asyncio
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import structlog

from pillarbox.core import limits
from pillarbox.core.errors import Busy, Denied
from pillarbox.services.login.memory import Failures, Remembered
from pillarbox.services.login.passwords import NOBODY, verify_password
from pillarbox.store.model import Account
from pillarbox.store.store import Store

log = structlog.get_logger("login")

_WAITING = 200  # logins waiting for an answer before further ones are told to come back
_GUESSES = 8  # logins of one guessing address waiting at once
_SLOWER = 0.25  # seconds added to a wrong answer by each failure beyond LOGIN_FAILURES in a minute
_SLOWEST = 3.0


class Logins:
    """Checks credentials for every server. One for each process."""

    def __init__(self, store: Store, threads: int = 2) -> None:
        self._store = store
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
        account = await self._store.directory.login(name)
        stored = account.password if account is not None and account.active else NOBODY
        if account is not None and self._remembered.knows(stored, password, time.monotonic()):
            return account
        guessing = self._failures.throttled(peer, time.monotonic())
        if self._waiting >= _WAITING or (guessing and self._guesses[peer] >= _GUESSES):
            raise Busy(f"too many logins wait, or {peer} guesses too much at once")
        self._waiting += 1
        self._guesses[peer] += 1
        try:
            right = await self._verify(stored, password)
            if account is None or not account.active or not right:
                await self._refuse(peer)
                raise Denied(f"wrong credentials from {peer}")
        finally:
            self._waiting -= 1
            self._guesses[peer] -= 1
            if not self._guesses[peer]:
                del self._guesses[peer]
        self._remembered.add(stored, password, time.monotonic())
        return account

    async def _verify(self, stored: str, password: str) -> bool:
        return await asyncio.get_running_loop().run_in_executor(self._executor, verify_password, stored, password)

    async def _refuse(self, peer: str) -> None:
        now = time.monotonic()
        self._failures.add(peer, now)
        log.info("login.refused", peer=peer)
        excess = self._failures.count(peer, now) - limits.LOGIN_FAILURES
        if excess > 0:
            await asyncio.sleep(min(excess * _SLOWER, _SLOWEST))

    def close(self) -> None:
        """Let the executor's threads go."""
        self._executor.shutdown(wait=False, cancel_futures=True)
