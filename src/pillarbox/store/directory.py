"""The directory: whose address is whose, remembered in the process until a version row changes."""

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from pillarbox.core.clock import Clock
from pillarbox.core.errors import Conflict, Exists, Invalid, NotFound
from pillarbox.core.ids import AccountId, Modseq, random_id
from pillarbox.core.limits import ALIAS_TARGETS, DIRECTORY_CACHE
from pillarbox.store import addressing, metadata, people
from pillarbox.store.mailboxes import make_defaults
from pillarbox.store.metadata import ServerNotes
from pillarbox.store.model import Account, Alias, Local, Resolution, StoreLimits
from pillarbox.store.naming import DEFAULT_MAILBOXES
from pillarbox.store.port import Connection, Database, Notifier
from pillarbox.store.quotas import Allowance, allow
from pillarbox.store.resolving import resolve
from pillarbox.store.watching import DIRECTORY
from pillarbox.store.work import Work

K = TypeVar("K")
T = TypeVar("T")

VERSION_SECONDS = 1.0  # a change made by another process is seen within this even when its hint is lost


class Directory:
    """Domains, accounts and aliases. Addresses are compared in any case; a detail (`you+x@`) is found too."""

    def __init__(self, database: Database, notifier: Notifier, limits: StoreLimits, clock: Clock) -> None:
        self._database = database
        self._notifier = notifier
        self._limits = limits
        self._clock = clock
        self._version = -1
        self._looked = 0.0
        self._resolved: dict[str, Resolution] = {}
        self._accounts: dict[AccountId, Account] = {}
        self._ended: dict[AccountId, frozenset[str]] = {}
        self._notes: dict[AccountId, ServerNotes] = {}

    async def resolve(self, address: str) -> Resolution:
        """What an address leads to: Local, Unknown (our domain, nobody there) or Remote. Raises Invalid."""

        async def look(connection: Connection) -> Resolution:
            return await resolve(connection, address, *addressing.split(address))

        return await self._remembered(self._resolved, address, look)

    async def account(self, account: AccountId) -> Account:
        """Raises NotFound."""

        async def look(connection: Connection) -> Account:
            found = await people.by_id(connection, account)
            if found is None:
                raise NotFound("no such account")
            return found

        return await self._remembered(self._accounts, account, look)

    async def ended(self, account: AccountId, session: str) -> bool:
        """Whether a session was logged out."""

        async def look(connection: Connection) -> frozenset[str]:
            return await people.ended_sessions(connection, account)

        return session in await self._remembered(self._ended, account, look)

    async def metadata(self) -> ServerNotes:
        """The notes on the server that everybody sees."""
        return await self._remembered(self._notes, DIRECTORY, metadata.server_notes)

    async def end_session(self, account: AccountId, session: str, until: int) -> None:
        """Log a session out, in every process and for good; nobody can ask for it after `until` anyway. Raises Busy
        when the account has logged out too many that could still be asked for."""
        now = self._clock.now()
        await self._change(lambda connection: people.end_session(connection, account, session, until, now))

    async def login(self, name: str) -> Account | None:
        """The account of a login name, if it may log in: it is active and not a shared one."""
        account = await self.known(name)
        return account if account is not None and account.active and not account.shared else None

    async def known(self, name: str) -> Account | None:
        """The account of a login name: its main address, or an alias that leads to it alone."""
        try:
            found = await self.resolve(name)
        except Invalid:
            return None
        if not isinstance(found, Local) or len(found.accounts) != 1 or found.remote or found.detail is not None:
            return None
        account = await self.account(found.accounts[0])
        direct = addressing.folded(name)
        if account.login != direct and not await self._database.read(lambda one: people.targets(one, direct)):
            return None  # by catch-all only
        return account

    async def may_send_as(self, account: AccountId, address: str) -> bool:
        """Whether the address leads to the account."""
        try:
            found = await self.resolve(address)
        except Invalid:
            return False
        return isinstance(found, Local) and account in found.accounts

    async def addresses_of(self, account: AccountId) -> list[str]:
        """The main address, then the aliases that lead to it directly."""
        login = (await self.account(account)).login
        return [login, *await self._database.read(lambda connection: people.aliases_to(connection, login))]

    async def domains(self) -> list[str]:
        """Our domains in order."""
        return await self._database.read(people.domains)

    async def accounts(self) -> list[Account]:
        """Every account by login."""
        return await self._database.read(people.everybody)

    async def aliases(self) -> list[Alias]:
        """Every alias by address."""
        return await self._database.read(people.aliases)

    async def add_domain(self, name: str) -> None:
        """Raises Exists, Invalid."""
        domain = addressing.domain(name)

        async def unit(connection: Connection) -> None:
            if await people.has_domain(connection, domain):
                raise Exists("the domain exists")
            await connection.run("INSERT INTO domain (domain) VALUES ($1)", domain)

        await self._change(unit)

    async def remove_domain(self, name: str) -> None:
        """Raises NotFound, Conflict while accounts or aliases have addresses in it."""
        domain = addressing.domain(name)

        async def unit(connection: Connection) -> None:
            logins = [one.login for one in await people.everybody(connection)]
            for address in (*logins, *[one.address for one in await people.aliases(connection)]):
                if address.rpartition("@")[2] == domain:
                    raise Conflict(f"{address} is in the domain")
            await people.change(connection, "DELETE FROM domain WHERE domain = $1", domain)

        await self._change(unit)

    async def add_account(
        self,
        address: str,
        password_hash: str,
        name: str = "",
        quota: int | None = None,
        scram: str = "",
        *,
        shared: bool = False,
    ) -> Account:
        """A new account with its default mailboxes. `scram`: the same password's SCRAM keys. Nobody logs in to a
        `shared` one, whatever its password.

        Raises Exists, Invalid, NotFound when the domain is not ours.
        """
        local, host = addressing.split(address)
        if addressing.DETAIL in local:
            raise Invalid("an account's address cannot have a detail")
        login = f"{local}@{host}"
        account = Account(AccountId(random_id()), login, name, password_hash, quota, scram=scram, shared=shared)

        async def unit(connection: Connection) -> None:
            await _our_domain(connection, host)
            if await people.targets(connection, account.login):
                raise Exists("the address is an alias")
            now = self._clock.now()
            await people.insert_account(connection, account, now)
            work = Work(connection, self._database.dialect, self._limits, now)
            await work.lock([account.account_id])
            await make_defaults(work, account.account_id, DEFAULT_MAILBOXES)
            await work.finish()

        await self._change(unit)
        return account

    async def set_password(self, account: AccountId, password_hash: str, scram: str = "") -> None:
        """With its SCRAM keys; those of the old password go. Raises NotFound."""
        sql = "UPDATE person SET password = $2, scram = $3 WHERE account_id = $1"
        await self._set(sql, account, password_hash, scram)

    async def add_scram(self, account: AccountId, password_hash: str, scram: str) -> None:
        """Keep the SCRAM keys of the present password. Raises NotFound when it is another one by now."""
        sql = "UPDATE person SET scram = $3 WHERE account_id = $1 AND password = $2"
        await self._set(sql, account, password_hash, scram)

    async def set_name(self, account: AccountId, name: str) -> None:
        """Raises NotFound."""
        await self._set("UPDATE person SET name = $2 WHERE account_id = $1", account, name)

    async def set_active(self, account: AccountId, active: bool) -> None:
        """An account that is not active gets mail but cannot log in. Raises NotFound."""
        await self._set("UPDATE person SET active = $2 WHERE account_id = $1", account, int(active))

    async def set_quota(self, account: AccountId, quota: int | None) -> None:
        """Octets; None for the setting's default. Raises NotFound."""
        await self._set("UPDATE account SET quota = $2 WHERE account_id = $1", account, quota)

    async def allow(self, account: AccountId, allowance: Allowance) -> None:
        """What an account may hold, from now on. Raises NotFound."""
        await self._change(lambda connection: allow(connection, account, allowance))

    async def set_admin(self, account: AccountId, admin: bool) -> None:
        """Whether an account may change what holds for everybody. Raises NotFound."""
        await self._set("UPDATE person SET admin = $2 WHERE account_id = $1", account, int(admin))

    async def remove_account(self, account: AccountId) -> None:
        """The account with all its mail. Raises NotFound."""

        async def unit(connection: Connection) -> None:
            lock = "SELECT modseq FROM account WHERE account_id = $1" + self._database.dialect.for_update
            if await connection.one(lock, account) is None:
                raise NotFound("no such account")
            await people.delete_account(connection, account)

        await self._change(unit)

    async def add_alias(self, address: str, targets: Sequence[str]) -> None:
        """Have an address (`@domain`: every address of the domain that is nobody's) lead to others, ours or elsewhere.

        Replaces what it led to before. Raises Exists when it is an account's, Invalid, NotFound (not our domain).
        """
        kept = addressing.folded(address)
        to = sorted({addressing.folded(one) for one in targets})
        if not to or len(to) > ALIAS_TARGETS or any(one.startswith("@") for one in to):
            raise Invalid("an alias leads to one or more addresses")

        async def unit(connection: Connection) -> None:
            await _our_domain(connection, kept.rpartition("@")[2])
            if await people.by_login(connection, kept) is not None:
                raise Exists("the address is an account's")
            await people.replace_alias(connection, kept, to)

        await self._change(unit)

    async def remove_alias(self, address: str) -> None:
        """Raises NotFound."""
        kept = addressing.folded(address)
        await self._change(lambda connection: people.change(connection, "DELETE FROM alias WHERE address = $1", kept))

    def hint(self, version: Modseq) -> None:
        """Another process has changed the directory."""
        if version != self._version:
            self._looked = 0.0

    async def _set(self, sql: str, *values: object) -> None:
        await self._change(lambda connection: people.change(connection, sql, *values))

    async def _change(self, unit: Callable[[Connection], Awaitable[None]]) -> None:
        async def versioned(connection: Connection) -> int:
            version = await people.raise_version(connection)
            await unit(connection)
            return version

        version = await self._database.write(versioned)
        self._forget(version)
        self._notifier.publish([(DIRECTORY, Modseq(version))])

    async def _remembered(self, cache: dict[K, T], key: K, look: Callable[[Connection], Awaitable[T]]) -> T:
        await self._renew()
        found = cache.get(key)
        if found is None:
            version = self._version
            found = await self._database.read(look)
            if version == self._version:  # else it may be from before a change that was noticed meanwhile
                if len(cache) >= DIRECTORY_CACHE:
                    cache.clear()
                cache[key] = found
        return found

    async def _renew(self) -> None:
        now = time.monotonic()
        if self._looked and now - self._looked < VERSION_SECONDS:
            return
        version = await self._database.read(people.version)
        self._looked = now
        if version != self._version:
            self._forget(version)

    def _forget(self, version: int) -> None:
        self._version = version
        self._resolved.clear()
        self._accounts.clear()
        self._ended.clear()
        self._notes.clear()


async def _our_domain(connection: Connection, name: str) -> None:
    if not await people.has_domain(connection, name):
        raise NotFound(f"{name} is not a domain of ours")
