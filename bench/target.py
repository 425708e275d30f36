"""Starts and stops a Pillarbox that loads are put on, and describes it in a target file.

python -m bench.target start [--data DIR] [--workers auto] [--smtp PORT ...]: prints the path of the target file. The
mail of an earlier start in that folder is kept, and so are its ports.
"""

import argparse
import asyncio
import contextlib
import json
import os
import random
import shlex
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from pillarbox import __version__
from pillarbox.app import open_store
from pillarbox.config.file import load
from pillarbox.config.settings import Settings
from pillarbox.services.login.passwords import hash_password, scram_keys

DOMAIN = "bench.test"
PASSWORD = "bench"
USERS = 100
DATA = Path("/var/tmp/pillarbox-bench")
LISTENERS = ("smtp", "submission", "submissions", "imap", "imaps", "pop3", "pop3s", "http", "https")
PATIENCE = 60.0  # seconds for a start or a stop on a busy machine
ROOT = Path(__file__).parent.parent


class NotStarted(Exception):
    """The server did not start or stop; the text says why."""


def start(data: Path, workers: str, ports: dict[str, int]) -> Path:
    """Start a server on `data`, its accounts made when they are missing; the path of its target file."""
    data.mkdir(parents=True, exist_ok=True)
    if _running(data) is not None:
        raise NotStarted(f"a server runs on {data} already; stop it first")
    chosen = _ports(data) | ports
    file = _settings_file(data, workers, {name: chosen.get(name) or _free_port() for name in LISTENERS})
    settings = load(file)
    asyncio.run(_accounts(settings))
    with (data / "server.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", "from pillarbox.cli.main import main; main()", "serve", "--config", str(file)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=data,
            env={**os.environ, "PYTHONPATH": f"{ROOT}/src"},
            start_new_session=True,
        )
    (data / "server.pid").write_text(str(process.pid), "ascii")
    try:
        _await_ports(process, settings, data / "server.log")
    except BaseException:
        stop(data)
        raise
    target = data / "target.json"
    target.write_text(json.dumps(_description(data, workers, settings), indent=1), "utf-8")
    return target


def stop(data: Path) -> None:
    """Stop the server on `data`, if one runs; its mail is kept."""
    pid = _running(data)
    if pid is None:
        return
    os.kill(pid, signal.SIGTERM)
    end = time.monotonic() + PATIENCE
    while Path(f"/proc/{pid}").exists():
        if time.monotonic() > end:
            raise NotStarted(f"process {pid} still runs")
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)  # when it is our own child
        time.sleep(0.05)
    (data / "server.pid").unlink(missing_ok=True)


def _running(data: Path) -> int | None:
    """The process id of the server on `data`; None when it does not run, or the number is somebody else's now."""
    try:
        pid = int((data / "server.pid").read_text("ascii"))
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError):
        return None
    return pid if str(data / "pillarbox.toml").encode() in command else None


def _settings_file(data: Path, workers: str, ports: dict[str, int]) -> Path:
    """Default settings but for the ports, the log's level and the login in clear that the loads need."""
    listeners = "\n".join(f'{name} = "127.0.0.1:{port}"' for name, port in ports.items())
    count = workers if workers.isdigit() else f'"{workers}"'
    file = data / "pillarbox.toml"
    file.write_text(
        f'[server]\nhostname = "mx.{DOMAIN}"\ndata = "{data}/store"\nworkers = {count}\n'
        f"[listeners]\n{listeners}\n[login]\nplain_from_loopback = true\n",
        "utf-8",
    )
    return file


async def _accounts(settings: Settings) -> None:
    """Every user, with one hash for all: making a hundred would take longer than many a load."""
    async with open_store(settings) as store:
        if DOMAIN not in await store.directory.domains():
            await store.directory.add_domain(DOMAIN)
        known = {account.login for account in await store.directory.accounts()}
        password, keys = hash_password(PASSWORD), scram_keys(PASSWORD)
        logins = [f"u{number:03d}@{DOMAIN}" for number in range(USERS)]
        fresh = [store.directory.add_account(one, password, scram=keys) for one in logins if one not in known]
        await asyncio.gather(*fresh)


def _ports(data: Path) -> dict[str, int]:
    """The ports of the start before."""
    file = data / "pillarbox.toml"
    if not file.exists():
        return {}
    return {name: endpoint.port for name, endpoint in load(file).endpoints().items()}


def _free_port() -> int:
    """A port below those the system gives to outgoing connections, so that a restart finds it free."""
    while True:
        port = random.randrange(20_000, 30_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def _await_ports(process: subprocess.Popen[bytes], settings: Settings, log: Path) -> None:
    end = time.monotonic() + PATIENCE
    for endpoint in settings.endpoints().values():
        while True:
            try:
                socket.create_connection((endpoint.host, endpoint.port), 5).close()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > end:
                    tail = log.read_text("utf-8", "replace")[-2000:]
                    raise NotStarted(f"the server did not start:\n{tail}") from None
                time.sleep(0.05)


def _description(data: Path, workers: str, settings: Settings) -> dict[str, object]:
    command = f"cd {shlex.quote(str(ROOT))} && {shlex.quote(sys.executable)} -m bench.target"
    place = f"--data {shlex.quote(str(data))}"
    return {
        "name": "pillarbox",
        "host": "127.0.0.1",
        **{name: endpoint.port for name, endpoint in settings.endpoints().items()},
        "user": f"u%03d@{DOMAIN}",
        "users": USERS,
        "password": PASSWORD,
        "pidfiles": [str(data / "server.pid")],
        "start": f"{command} start {place} --workers {workers}",
        "stop": f"{command} stop {place}",
        "idle_wait": 3,
        "data": str(data),
        "versions": f"Pillarbox {__version__}",
        "settings": f"workers={workers}",
    }


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.target", description="Pillarbox as a target of loads.")
    parser.add_argument("action", choices=("start", "stop"))
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--workers", default="auto")
    for name in LISTENERS:
        parser.add_argument(f"--{name}", type=int, metavar="PORT", help="default: that of the last start, or any free")
    arguments = parser.parse_args()
    given = {name: getattr(arguments, name) for name in LISTENERS if getattr(arguments, name)}
    try:
        if arguments.action == "stop":
            stop(arguments.data.absolute())
        else:
            print(start(arguments.data.absolute(), arguments.workers, given))
    except NotStarted as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
