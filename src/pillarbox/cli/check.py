"""`pillarbox check`: whether settings, ports, certificate and mail store are in order."""

import datetime
import errno
import fcntl
import os
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from pillarbox.app import CannotStart, salvage_database
from pillarbox.cli import exits
from pillarbox.cli.output import Row, show
from pillarbox.cli.place import Common, settings_file, with_store
from pillarbox.config.file import load
from pillarbox.config.settings import Endpoint, Settings
from pillarbox.core.errors import MailError
from pillarbox.services.certificates.selfsigned import names, not_after
from pillarbox.store.checking import SET_ASIDE
from pillarbox.store.indexing import rebuild
from pillarbox.store.store import Store

OK, NOTE, BAD = "ok", "note", "bad"
SOON = datetime.timedelta(days=14)  # a certificate that ends sooner is worth a note

Flag = Annotated[bool, Parameter(negative=())]


def check(*, repair: Flag = False, deep: Flag = False, common: Common = Common()) -> int:
    """Look at settings, ports, certificate and mail store; exit code 5 when something is not in order.

    Parameters
    ----------
    repair
        Make again what can be derived from the octets: structure, envelope, counters, search index.
        Mail goes on meanwhile, unless the database itself is damaged: then the server has to be stopped before,
        what can be read goes into a new file, and the old one is kept.
    deep
        Read every octet and compare it with its hash.
    """
    file = settings_file(common)
    settings = load(file)
    rows = [_row("settings", OK, str(file))]
    rows += _ports(settings)
    rows += _certificate(settings)
    rows += _authorities(settings)
    try:
        if repair:
            rows += [_row("database", "repaired", said) for said in salvage_database(settings)]
        rows += with_store(common, lambda store: _store(store, repair=repair, deep=deep))
    except (MailError, CannotStart) as error:
        rows.append(_row("database", BAD, str(error)))
    show(rows, ["what", "state", "detail"], as_json=common.json, nothing="")
    return exits.UNSOUND if any(row["state"] == BAD for row in rows) else exits.OK


def _row(what: str, state: str, detail: str) -> Row:
    return {"what": what, "state": state, "detail": detail}


def _ports(settings: Settings) -> Iterator[Row]:
    running = _server_of(settings.server.data)
    for name, endpoint in settings.endpoints().items():
        problem = _taken(endpoint)
        if problem is None:
            yield _row(f"port {name}", OK, f"{endpoint} is free")
        elif problem == errno.EADDRINUSE and running:
            yield _row(f"port {name}", OK, f"{endpoint} is in use by the server (process {running})")
        else:
            yield _row(f"port {name}", BAD, f"{endpoint}: {os.strerror(problem)}")


def _taken(endpoint: Endpoint) -> int | None:
    """Why nobody could listen there now, as an errno; None when it is free."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            endpoint.host, endpoint.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind(address)
    except OSError as error:
        return error.errno or errno.EINVAL
    return None


def _server_of(data: Path) -> str | None:
    """The process id of the server that runs on the data folder."""
    try:
        with (data / "pillarbox.pid").open("r+") as file:
            try:
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                return file.read().strip()
    except OSError:
        pass
    return None


def _certificate(settings: Settings) -> Iterator[Row]:
    path, hostname = settings.certificate, settings.server.hostname
    if not path.exists() and settings.tls.certificate is None:
        yield _row("certificate", NOTE, "none yet; the first start makes one")
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(path, settings.key)
        ends, hosts = not_after(path), names(path)
    except (OSError, ValueError) as error:
        yield _row("certificate", BAD, f"{path}: {error}")
        return
    left = ends - datetime.datetime.now(datetime.UTC)
    state = BAD if left < datetime.timedelta() else NOTE if left < SOON else OK
    yield _row("certificate", state, f"{path} until {ends:%Y-%m-%d}")
    if hostname not in hosts and f"*.{hostname.partition('.')[2]}" not in hosts:
        yield _row("certificate", NOTE, f"not for {hostname} but for {', '.join(hosts)}")


def _authorities(settings: Settings) -> Iterator[Row]:
    path = settings.tls.client_ca
    if path is None:
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_verify_locations(path)
    except (OSError, ValueError) as error:
        yield _row("client_ca", BAD, f"{path}: {error}")
    else:
        yield _row("client_ca", OK, str(path))


async def _store(store: Store, *, repair: bool, deep: bool) -> list[Row]:
    rows = [_row("database", BAD, flaw) for flaw in await store.flaws()]
    for account in await store.directory.accounts():
        found = await store.repair(account.account_id) if repair else []
        rows += [_row(account.login, "repaired", f"{finding.kind}: {finding.detail}") for finding in found]
        if repair:
            indexed = await rebuild(store, account.account_id)
            rows.append(_row(account.login, "repaired", f"search index made again from {indexed} messages"))
        left = await store.check(account.account_id, deep=deep)
        states = [NOTE if finding.kind == SET_ASIDE else BAD for finding in left]
        rows += [
            _row(account.login, state, f"{one.kind}: {one.detail}") for state, one in zip(states, left, strict=True)
        ]
        if not left:
            rows.append(_row(account.login, OK, "whole"))
    return rows or [_row("store", OK, "no accounts yet")]
