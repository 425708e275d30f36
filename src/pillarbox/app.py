"""The one place where rooms are joined: settings → engine → store → services → servers."""

import asyncio
import contextlib
import errno
import fcntl
import functools
import gc
import os
import resource
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec
import structlog

from pillarbox import workers
from pillarbox.config.settings import Endpoint, Settings
from pillarbox.core.clock import SystemClock
from pillarbox.core.limits import DRAIN, WORKERS
from pillarbox.engines.blobs.files import FileBlobs
from pillarbox.engines.locks.files import FileLocks
from pillarbox.engines.migration import migrate
from pillarbox.engines.notify.local import LocalNotifier
from pillarbox.engines.notify.postgres import PostgresNotifier
from pillarbox.engines.postgres.database import PostgresDatabase
from pillarbox.engines.postgres.locks import PostgresLocks
from pillarbox.engines.schema.steps import steps
from pillarbox.engines.sqlite.database import SqliteDatabase, flaws
from pillarbox.engines.sqlite.salvage import salvage
from pillarbox.net.listener import Listener, bind, listen
from pillarbox.net.stream import SessionFactory
from pillarbox.net.tls import Context, server_context, trust
from pillarbox.servers.http.server import HttpServer
from pillarbox.servers.http.services import HttpServices, HttpSettings
from pillarbox.servers.imap import door as imap
from pillarbox.servers.imap.house import ImapSettings
from pillarbox.servers.imap.recents import Recents
from pillarbox.servers.pop3 import door as pop3
from pillarbox.servers.smtp import door as smtp
from pillarbox.servers.smtp.role import Role, Services
from pillarbox.services.certificates.selfsigned import ensure_certificate
from pillarbox.services.housekeeping.rounds import keep_house, rounds
from pillarbox.services.inbound.service import Inbound
from pillarbox.services.login.bearers import OwnTokens
from pillarbox.services.login.service import Logins
from pillarbox.services.login.tokens import Tokens, load_key
from pillarbox.services.submission.service import Submissions
from pillarbox.store.model import StoreLimits
from pillarbox.store.port import Database, Locks, Notifier
from pillarbox.store.store import Store

log = structlog.get_logger()

HOUSEKEEPING_LOOK = 2.0  # seconds between two tries to become the process that keeps house


_PRIVATE = 0o077  # whatever is made is for its owner alone, also in a data folder that others may enter


class CannotStart(OSError):
    """The server cannot start; the text says why and what to do, in one line."""


def run(settings: Settings, file: Path, on_ready: Callable[[Settings], None]) -> int:
    """Serve until told to stop. `file` is where the settings came from, for messages.

    `on_ready` is called once when every port answers, with the settings in force (ports chosen). Returns the exit
    code. Raises CannotStart.
    """
    os.umask(_PRIVATE)
    with _only_server_of(settings.server.data), hold_ports(settings, file) as chosen:
        try:
            if ensure_certificate(chosen.certificate, chosen.key, chosen.server.hostname):
                log.info("app.certificate_made", path=str(chosen.certificate))
            contexts = Contexts.of(chosen)
        except (OSError, ssl.SSLError) as error:
            raise CannotStart(f"certificate {chosen.certificate}: {error}") from None
        _check_authorities(chosen, contexts)
        _raise_file_limit()
        return workers.run(worker_count(chosen), functools.partial(serve, chosen), lambda: on_ready(chosen))


@dataclass(frozen=True, slots=True)
class Contexts:
    """TLS on our ports: to `people` who log in, who may have a certificate of their own, and to the `world` of servers
    and browsers, which is asked for none."""

    people: Context
    world: Context

    @staticmethod
    def of(settings: Settings) -> "Contexts":
        """Raises OSError or ssl.SSLError."""
        return Contexts(*(server_context(settings.certificate, settings.key) for _ in range(2)))

    def ask(self, settings: Settings) -> None:
        """Ask for certificates by the authorities of the settings, if there are any. Raises OSError or ssl.SSLError."""
        if settings.tls.client_ca is not None:
            trust(self.people, settings.tls.client_ca)


def _check_authorities(settings: Settings, contexts: Contexts) -> None:
    try:
        contexts.ask(settings)
    except (OSError, ssl.SSLError) as error:
        raise CannotStart(f"tls.client_ca {settings.tls.client_ca}: {error}") from None


def worker_count(settings: Settings) -> int:
    """How many processes serve."""
    wanted = settings.server.workers
    return min(WORKERS, os.cpu_count() or 1) if wanted == "auto" else wanted


@contextmanager
def hold_ports(settings: Settings, file: Path) -> Iterator[Settings]:
    """Keep every port for us while the workers listen on it; ports given as 0 are chosen. Raises CannotStart."""
    with contextlib.ExitStack() as stack:
        chosen = {}
        for name, endpoint in settings.endpoints().items():
            held = stack.enter_context(_hold(name, endpoint, file))
            chosen[name] = Endpoint(endpoint.host, held.getsockname()[1])
        listeners = msgspec.structs.replace(settings.listeners, **chosen)
        yield msgspec.structs.replace(settings, listeners=listeners)


def _hold(name: str, endpoint: Endpoint, file: Path) -> socket.socket:
    try:
        if endpoint.port:  # a socket that would share the port does not notice others that share it
            bind(endpoint.host, endpoint.port).close()
        return bind(endpoint.host, endpoint.port, reuse_port=True)
    except OSError as error:
        why = {
            errno.EADDRINUSE: "is taken by another program",
            errno.EACCES: "needs privileges (ports below 1024 belong to root)",
            errno.EADDRNOTAVAIL: "is not an address of this machine",
        }.get(error.errno or 0, f"cannot be used: {error.strerror or error}")
        raise CannotStart(
            f'{name} port {endpoint} {why}; choose another as "{name}" under [listeners] in {file}'
        ) from None


@contextmanager
def _only_server_of(data: Path) -> Iterator[None]:
    """The pid file of the data folder, locked as long as we run. Raises CannotStart."""
    try:
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(data / "pillarbox.pid", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise CannotStart(f"data folder {data}: {error.strerror or error}") from None
    with os.fdopen(descriptor, "r+") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # not inherited by workers: it ends with this process
        except OSError:
            raise CannotStart(f"a server is running on {data} already (process {file.read().strip() or '?'})") from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        try:
            yield
        finally:
            (data / "pillarbox.pid").unlink(missing_ok=True)


def _raise_file_limit() -> None:
    """As many open files as the system lets us have: each connection is one."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


@asynccontextmanager
async def open_store(settings: Settings) -> AsyncIterator[Store]:
    """The mail store of these settings, its tables made. From now on this process makes files for nobody else.

    Raises Unavailable, OSError.
    """
    os.umask(_PRIVATE)
    data = settings.server.data
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    async with AsyncExitStack() as stack:
        database: Database
        notifier: Notifier
        locks: Locks
        if settings.engine.kind == "postgres":
            postgres = PostgresNotifier(settings.engine.url)
            stack.push_async_callback(postgres.close)
            database, notifier = PostgresDatabase(settings.engine.url), postgres
            locks = PostgresLocks(database)
        else:
            local = LocalNotifier(str(data / "run"))
            stack.push_async_callback(local.close)
            database, notifier, locks = SqliteDatabase(str(data / "mail.db")), local, FileLocks(str(data / "locks"))
        stack.push_async_callback(database.close)
        stack.push_async_callback(locks.close)
        blobs = FileBlobs(str(data / "blobs"))
        stack.push_async_callback(blobs.close)
        await migrate(database, steps(database.dialect))
        limits = StoreLimits(settings.limits.message_size, str(data / "spool"), settings.limits.quota or None)
        store = Store(database, blobs, notifier, locks, limits, SystemClock())
        await store.open()
        stack.push_async_callback(store.close)
        yield store


def salvage_database(settings: Settings) -> list[str]:
    """Save what can be read of a damaged embedded database into a new file; what was done, nothing when it is whole.

    Raises CannotStart while a server runs on it, apsw.Error when nothing can be read.
    """
    path = settings.server.data / "mail.db"
    if settings.engine.kind != "sqlite" or not path.exists() or not flaws(str(path)):
        return []
    with _only_server_of(settings.server.data):
        return salvage(str(path))


async def serve(settings: Settings, life: workers.Life) -> None:
    """One worker: a whole server on all ports."""
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_store(settings))
        contexts = Contexts.of(settings)
        contexts.ask(settings)
        life.on_reload(lambda: _reload(settings, contexts))
        tokens = Tokens(load_key(settings.server.data / "http.key"))
        logins = Logins(store, tokens, OwnTokens(store.directory, tokens, SystemClock()))
        stack.callback(logins.close)
        submissions = Submissions(store, settings.server.hostname)
        shared = Services(store, Inbound(store), submissions, logins)
        listeners = await _listen(settings, shared, contexts)
        http = await _serve_http(settings, shared, contexts.world)
        keeper = asyncio.create_task(_keep_house(settings, store))
        gc.collect()
        gc.freeze()  # what is there by now stays: looking through it time and again would hold everybody up
        life.ready()
        await life.stopped.wait()
        log.info("app.stopping", worker=life.number)
        await asyncio.gather(*(listener.drain(DRAIN) for listener in listeners), http.stop(DRAIN))
        keeper.cancel()
        await asyncio.gather(keeper, return_exceptions=True)


def _reload(settings: Settings, contexts: Contexts) -> None:
    """Read the certificate again, and the authorities of clients, for connections from now on."""
    try:
        Contexts.of(settings).ask(settings)  # a pair that does not fit must not spoil the living contexts
        for context in (contexts.world, contexts.people):
            context.load_cert_chain(settings.certificate, settings.key)
        contexts.ask(settings)
        log.info("app.certificate_read", path=str(settings.certificate))
    except (OSError, ssl.SSLError) as error:
        log.error("app.certificate_unusable", path=str(settings.certificate), reason=str(error))


async def _listen(settings: Settings, shared: Services, contexts: Contexts) -> list[Listener]:
    """Every port that is spoken to over a stream; implicit TLS where the name ends in `s`."""
    context = contexts.people
    host, clear = settings.server.hostname, settings.login.plain_from_loopback
    recents = Recents(shared.store)
    spoken = _imap(settings)
    factories: dict[str, SessionFactory] = {
        "smtp": smtp.factory(Role(host, submission=False, tls=contexts.world), shared),
        "submission": smtp.factory(Role(host, submission=True, tls=context, clear_login=clear), shared),
        "submissions": smtp.factory(Role(host, submission=True), shared),
        "imap": imap.factory(shared.store, shared.logins, recents, spoken, context),
        "imaps": imap.factory(shared.store, shared.logins, recents, spoken, None),
        "pop3": pop3.factory(shared.store, shared.logins, host, context, clear),
        "pop3s": pop3.factory(shared.store, shared.logins, host, None, clear),
    }
    implicit = {"submissions", "imaps", "pop3s"}
    endpoints = settings.endpoints()
    return [
        await listen(
            endpoints[name].host,
            endpoints[name].port,
            factory,
            tls=context if name in implicit else None,
            reuse_port=True,
        )
        for name, factory in factories.items()
        if name in endpoints
    ]


def _imap(settings: Settings) -> ImapSettings:
    return ImapSettings(
        settings.server.hostname,
        settings.login.plain_from_loopback,
        settings.imap.unauthenticate,
        settings.imap.contact,
        settings.jmap_session,
        settings.imap.message_limit,
        settings.imap.enforce_message_limit,
    )


async def _serve_http(settings: Settings, shared: Services, context: Context) -> HttpServer:
    server = HttpServer(
        HttpServices(shared.store, shared.logins, shared.submissions, SystemClock()),
        HttpSettings(
            settings.server.data / "http.key", settings.limits.message_size, session_life=settings.http.session_life
        ),
    )
    sockets = {
        name: [bind(endpoint.host, endpoint.port, reuse_port=True)]
        for name, endpoint in settings.endpoints().items()
        if name in ("http", "https")
    }
    await server.start(sockets.get("http", ()), sockets.get("https", ()), context)
    return server


async def _keep_house(settings: Settings, store: Store) -> None:
    """What exactly one process does: whoever holds the lock; when it dies another takes over."""
    with (settings.server.data / "housekeeping.lock").open("w") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                await asyncio.sleep(HOUSEKEEPING_LOOK)
        await keep_house(rounds(store))
