"""Who is logging in: passwords checked in a bounded executor, remembered for minutes, guessing slowed down."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

import structlog

from pillarbox.core.errors import Busy, Denied
from pillarbox.services.login.memory import Failures, Remembered
from pillarbox.services.login.passwords import NOBODY, verify_password
from pillarbox.store.model import Account
from pillarbox.store.store import Store

log = structlog.get_logger("login")

_WAITING = 200  # logins waiting for the executor before further ones are told to come back


class Logins:
    """Checks credentials for every server. One for each process."""

    def __init__(self, store: Store, threads: int = 2) -> None:
        self._store = store
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="login")
        self._remembered = Remembered()
        self._failures = Failures()
        self._waiting = 0

    async def password(self, name: str, password: str, peer: str) -> Account:
        """The account of a login name and its password, given by a peer at network address `peer`.

        Raises Denied for an unknown name, a wrong password or an account that is switched off (the peer can't tell
        which), Busy when this address has guessed wrong too often within a minute, or too many logins wait.
        """
        now = time.monotonic()
        if self._failures.throttled(peer, now):
            raise Busy(f"too many failed logins from {peer}")
        account = await self._store.directory.login(name)
        stored = account.password if account is not None and account.active else NOBODY
        if account is not None and self._remembered.knows(stored, password, now):
            return account
        right = await self._verify(stored, password)
        if account is None or not account.active or not right:
            self._failures.add(peer, time.monotonic())
            log.info("login.refused", peer=peer)
            raise Denied(f"wrong credentials from {peer}")
        self._remembered.add(stored, password, time.monotonic())
        return account

    async def _verify(self, stored: str, password: str) -> bool:
        if self._waiting >= _WAITING:
            raise Busy("too many logins wait")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor, verify_password, stored, password)
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """Let the executor's threads go."""
        self._executor.shutdown(wait=False, cancel_futures=True)
