"""A whole SMTP side over a real store: both roles listening on free ports, two accounts at demo.test."""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from pillarbox.core.clock import SystemClock
from pillarbox.engines.migration import migrate
from pillarbox.engines.schema.steps import steps
from pillarbox.net.listener import Listener, listen
from pillarbox.net.tls import server_context
from pillarbox.servers.smtp.door import factory
from pillarbox.servers.smtp.role import Role, Services
from pillarbox.services.certificates.selfsigned import ensure_certificate
from pillarbox.services.inbound.service import Inbound
from pillarbox.services.login.passwords import hash_password
from pillarbox.services.submission.service import Submissions
from pillarbox.store.model import Account, BlobRef, Need, StoreLimits
from pillarbox.store.store import Store
from tests.engines_fixtures import Engine
from tests.logins import open_logins

HOST = "mail.demo.test"
SIZE = 3 << 20
PLAIN = base64.b64encode(b"\0you@demo.test\0secret").decode()
_HASH = hash_password("secret")


@dataclass(frozen=True, slots=True)
class House:
    """What a test needs of it. Ports: "mx", "submission", "submissions", "clear" (submission, clear logins allowed)."""

    store: Store
    services: Services
    listeners: dict[str, Listener]
    you: Account
    friend: Account

    def port(self, name: str) -> int:
        return self.listeners[name].port

    async def mail(self, account: Account, mailbox: str = "INBOX") -> list[bytes]:
        """The octets of every message in a mailbox, in order."""
        found = await self.store.mailbox_named(account.account_id, mailbox)
        view = await self.store.view(account.account_id, found.mailbox_id)
        octets = []
        async for rows in self.store.placements(account.account_id, found.mailbox_id, list(view.uids), Need.BLOB):
            octets += [await self._whole(account, row.blob) for row in rows if row.blob is not None]
        return octets

    async def _whole(self, account: Account, blob: BlobRef) -> bytes:
        return b"".join([chunk async for chunk in self.store.chunks(account.account_id, blob)])


@asynccontextmanager
async def open_house(engine: Engine, folder: Path) -> AsyncIterator[House]:
    """Everything up, and down again."""
    database = engine.database()
    await migrate(database, steps(database.dialect))
    limits = StoreLimits(SIZE, str(folder / "spool"))
    store = Store(database, engine.blobs, engine.notifier, engine.locks, limits, SystemClock())
    await store.open()
    await store.directory.add_domain("demo.test")
    you = await store.directory.add_account("you@demo.test", _HASH)
    friend = await store.directory.add_account("friend@demo.test", _HASH)
    services = Services(store, Inbound(store), Submissions(store, HOST), open_logins(store))
    certificate, key = folder / "tls" / "certificate.pem", folder / "tls" / "key.pem"
    ensure_certificate(certificate, key, HOST)
    tls = server_context(certificate, key)
    roles = {
        "mx": Role(HOST, submission=False, tls=tls),
        "submission": Role(HOST, submission=True, tls=tls),
        "submissions": Role(HOST, submission=True),
        "clear": Role(HOST, submission=True, tls=tls, clear_login=True),
    }
    listeners = {
        name: await listen("127.0.0.1", 0, factory(role, services), tls=tls if name == "submissions" else None)
        for name, role in roles.items()
    }
    try:
        yield House(store, services, listeners, you, friend)
    finally:
        for listener in listeners.values():
            listener.close()
        services.logins.close()
        await store.close()
