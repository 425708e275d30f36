"""Watchers of accounts in this process: woken by commits here, hints from elsewhere, and a look now and then."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence

import structlog

from pillarbox.core.errors import MailError
from pillarbox.core.ids import AccountId, Modseq
from pillarbox.core.limits import PAGE
from pillarbox.store.port import Connection, Database, Record

Callback = Callable[[AccountId, Modseq], None]

DIRECTORY = AccountId(0)
"""In place of an account, with a version of the directory for a modseq: people, domains, and notes on the server."""

LOOK_SECONDS = 45.0  # SCALE C.4: a lost hint costs at most this

_log = structlog.get_logger("pillarbox.store")


class Watch:
    """One watcher's slot."""

    __slots__ = ("_watching", "account", "callback")

    def __init__(self, watching: "Watching", account: AccountId, callback: Callback) -> None:
        self._watching: Watching | None = watching
        self.account = account
        self.callback = callback

    def close(self) -> None:
        """No more calls; harmless when repeated."""
        if self._watching is not None:
            self._watching.forget(self)
            self._watching = None


class Watching:
    """Who watches which account. Calls are made on the loop, at most one for each watcher and turn of the loop."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._watches: dict[AccountId, dict[Watch, None]] = {}
        self._known: dict[AccountId, Modseq] = {}
        self._pending: dict[AccountId, Modseq] = {}
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look now and then."""
        self._task = asyncio.get_running_loop().create_task(self._look_on())

    async def stop(self) -> None:
        """End looking."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    def watch(self, account: AccountId, callback: Callback) -> Watch:
        """See Store.watch."""
        watch = Watch(self, account, callback)
        self._watches.setdefault(account, {})[watch] = None
        return watch

    def forget(self, watch: Watch) -> None:
        """Take a watch away."""
        others = self._watches.get(watch.account, {})
        others.pop(watch, None)
        if not others:
            self._watches.pop(watch.account, None)
            self._known.pop(watch.account, None)

    def hint(self, account: AccountId, modseq: Modseq) -> None:
        """The account has reached this modseq; its watchers are called in the next turn of the loop."""
        if account not in self._watches or modseq <= self._known.get(account, 0):
            return
        self._known[account] = modseq
        if not self._pending:
            asyncio.get_running_loop().call_soon(self._flush)
        self._pending[account] = modseq

    def _flush(self) -> None:
        pending, self._pending = self._pending, {}
        for account, modseq in pending.items():
            for watch in list(self._watches.get(account, ())):
                try:
                    watch.callback(account, modseq)
                except Exception:
                    _log.exception("store.watcher_failed", account=account)

    async def _look_on(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self.look()
            except MailError as error:
                _log.warning("store.look_failed", error=repr(error))
            except Exception:  # without it hints that were lost would never be made good again
                _log.exception("store.look_failed")

    async def look(self) -> None:
        """Compare the modseqs of all watched accounts with what their watchers were told."""
        accounts = list(self._watches)
        for start in range(0, len(accounts), PAGE):
            rows = await self._modseqs(accounts[start : start + PAGE])
            for account, modseq in rows:
                self.hint(account, modseq)
            await asyncio.sleep(0)

    async def _modseqs(self, accounts: Sequence[AccountId]) -> list[Record]:
        dialect = self._database.dialect
        sql = (
            f"SELECT account_id, modseq FROM account WHERE account_id IN {dialect.members('$1')}"
            f" UNION ALL SELECT {DIRECTORY}, version FROM directory"
        )
        array = dialect.array(accounts)

        async def unit(connection: Connection) -> list[Record]:
            return await connection.all(sql, array)

        return await self._database.read(unit)
