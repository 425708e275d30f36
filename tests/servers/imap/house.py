"""An IMAP server within the test's process, over a real store on SQLite."""

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from pillarbox.core.clock import SystemClock
from pillarbox.engines.migration import migrate
from pillarbox.engines.schema.steps import steps
from pillarbox.net.listener import Listener, listen
from pillarbox.net.tls import server_context
from pillarbox.servers.imap.door import factory
from pillarbox.servers.imap.house import ImapSettings
from pillarbox.servers.imap.recents import Recents
from pillarbox.services.certificates.selfsigned import ensure_certificate
from pillarbox.store.model import Account, StoreLimits
from pillarbox.store.store import Store
from tests.engines_fixtures import Engine
from tests.logins import open_logins
from tests.server import HASH

HOST = "mail.demo.test"
CONTACT = "mailto:postmaster@talk.test"
SIZE = 4 << 20
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class House:
    """What a test needs of it. Ports: "imap" (clear logins allowed), "strict" (only under TLS), "imaps"."""

    store: Store
    listeners: dict[str, Listener]

    @property
    def port(self) -> dict[str, int]:
        return {name: listener.port for name, listener in self.listeners.items()}

    async def account(self) -> Account:
        """A new account; its password is `secret`."""
        return await self.store.directory.add_account(f"a{next(_numbers)}@demo.test", HASH)


@asynccontextmanager
async def open_house(engine: Engine, folder: Path) -> AsyncIterator[House]:
    """Everything up, and down again."""
    database = engine.database()
    await migrate(database, steps(database.dialect))
    store = Store(
        database,
        engine.blobs,
        engine.notifier,
        engine.locks,
        StoreLimits(SIZE, str(folder / "spool")),
        SystemClock(),
    )
    await store.open()
    await store.directory.add_domain("demo.test")
    certificate, key = folder / "tls" / "certificate.pem", folder / "tls" / "key.pem"
    ensure_certificate(certificate, key, HOST)
    tls = server_context(certificate, key)
    logins, recents = open_logins(store), Recents(store)
    clear = ImapSettings(HOST, True, True, CONTACT, f"https://{HOST}/.well-known/jmap", 1000)
    listeners = {
        "imap": await listen("127.0.0.1", 0, factory(store, logins, recents, clear, tls)),
        "strict": await listen("127.0.0.1", 0, factory(store, logins, recents, ImapSettings(HOST), tls)),
        "imaps": await listen("127.0.0.1", 0, factory(store, logins, recents, ImapSettings(HOST), None), tls=tls),
    }
    try:
        yield House(store, listeners)
    finally:
        for listener in listeners.values():
            listener.close()
        logins.close()
        await store.close()
