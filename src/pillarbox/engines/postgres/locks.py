"""Account locks of the cluster engine: leases in a table, renewed in the background and free when they expire."""

import asyncio
import logging
import time
from dataclasses import dataclass

from pillarbox.core.errors import Busy, MailError
from pillarbox.core.ids import AccountId, random_id
from pillarbox.engines.migration import Step, migrate
from pillarbox.store.port import Connection, Database

LEASE_SECONDS = 30  # a lock outlives its process so long at most
RENEW_SECONDS = 7.0

STEPS = (
    Step(
        1,
        "leases",
        (
            "CREATE TABLE lease (account_id bigint NOT NULL, name text NOT NULL, token bigint NOT NULL,"
            " expires bigint NOT NULL, PRIMARY KEY (account_id, name))",
        ),
    ),
)

_TAKE = (
    "INSERT INTO lease (account_id, name, token, expires) VALUES ($1, $2, $3, $4)"
    " ON CONFLICT (account_id, name) DO UPDATE SET token = $3, expires = $4 WHERE lease.expires < $5 RETURNING token"
)
_RENEW = "UPDATE lease SET expires = $4 WHERE account_id = $1 AND name = $2 AND token = $3"
_FREE = "DELETE FROM lease WHERE account_id = $1 AND name = $2 AND token = $3"

_log = logging.getLogger("pillarbox.engines.locks")


@dataclass(frozen=True, slots=True)
class Lease:
    """A lock that is held. See store.port.Lock."""

    locks: "PostgresLocks"
    account_id: AccountId
    name: str
    token: int

    async def release(self) -> None:
        """Let go; harmless when repeated or expired. A database that does not answer lets it expire."""
        await self.locks.release(self)


class PostgresLocks:
    """See store.port.Locks. The nodes' clocks are expected to agree within seconds."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._held: dict[int, Lease] = {}
        self._renewing: asyncio.Task[None] | None = None
        self._prepared = False

    async def acquire(self, account_id: AccountId, name: str) -> Lease:
        """See store.port.Locks."""
        if not self._prepared:
            await migrate(self._database, STEPS, "locks")
            self._prepared = True
        lease = Lease(self, account_id, name, random_id())

        async def take(connection: Connection) -> bool:
            now = int(time.time())
            values = (account_id, name, lease.token, now + LEASE_SECONDS, now)
            return await connection.one(_TAKE, *values) is not None

        if not await self._database.write(take):
            raise Busy(f"{name} of account {account_id} is held")
        self._held[lease.token] = lease
        if self._renewing is None:
            self._renewing = asyncio.get_running_loop().create_task(self._renew())
        return lease

    async def release(self, lease: Lease) -> None:
        """Let go of one."""
        if self._held.pop(lease.token, None) is None:
            return
        try:
            await self._database.write(lambda connection: connection.run(_FREE, *_key(lease)))
        except MailError as error:
            _log.warning("engines.lease_left account=%x name=%s error=%s", lease.account_id, lease.name, error)

    async def close(self) -> None:
        """Let go of everything."""
        if self._renewing is not None:
            self._renewing.cancel()
            await asyncio.gather(self._renewing, return_exceptions=True)
        for lease in tuple(self._held.values()):
            await self.release(lease)

    async def renew(self) -> None:
        """Put off the expiry of everything held."""
        rows = [(*_key(lease), int(time.time()) + LEASE_SECONDS) for lease in self._held.values()]
        if rows:
            await self._database.write(lambda connection: connection.many(_RENEW, sorted(rows)))

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            try:
                await self.renew()
            except MailError as error:
                _log.warning("engines.lease_not_renewed error=%s", error)
            except Exception:  # without it everything held would expire
                _log.exception("engines.lease_not_renewed")


def _key(lease: Lease) -> tuple[AccountId, str, int]:
    return lease.account_id, lease.name, lease.token
