"""Following an address through aliases to accounts of ours and addresses elsewhere."""

from pillarbox.core.ids import AccountId
from pillarbox.core.limits import ALIAS_DEPTH, ALIAS_TARGETS
from pillarbox.store import people
from pillarbox.store.addressing import names
from pillarbox.store.model import Local, Remote, Resolution, Unknown
from pillarbox.store.port import Connection


async def resolve(connection: Connection, address: str, local: str, host: str) -> Resolution:
    """What an address leads to; `local` and `host` are its folded parts. Loops of aliases are cut."""
    if not await people.has_domain(connection, host):
        return Remote(address)
    trail = _Trail(connection)
    detail = await trail.follow(local, host, 0)
    if not trail.accounts and not trail.remote:
        return Unknown(address)
    return Local(address, tuple(trail.accounts), detail, tuple(trail.remote))


class _Trail:
    """What was reached so far, each once, in order."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._seen: set[str] = set()
        self.accounts: dict[AccountId, None] = {}
        self.remote: dict[str, None] = {}

    async def follow(self, local: str, host: str, depth: int) -> str | None:
        """Gather what an address of our domain leads to; the detail that was left off."""
        for name, detail in names(local, host):
            person = await people.by_login(self._connection, name)
            if person is not None:
                self.accounts[person.account_id] = None
                return detail
            if await self._alias(name, depth):
                return detail
        await self._alias(f"@{host}", depth)
        return None

    async def _alias(self, name: str, depth: int) -> bool:
        targets = await people.targets(self._connection, name)
        if not targets:
            return False
        if name in self._seen or depth >= ALIAS_DEPTH:
            return True
        self._seen.add(name)
        for target in targets:
            if len(self.accounts) + len(self.remote) >= ALIAS_TARGETS:
                break
            local, _, host = target.rpartition("@")
            if await people.has_domain(self._connection, host):
                await self.follow(local, host, depth + 1)
            else:
                self.remote[target] = None
        return True
