"""Thunderbird without a screen, with a profile made for it, told what to do by scripts over its Marionette port."""

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.clients.environments import STRANGERS
from tests.clients.people import Person
from tests.clients.programs import HOST, Home, program
from tests.server import PASSWORD

PATIENCE = 60.0  # seconds for a start, or a script
QUIET: dict[str, object] = {
    "app.update.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.update.enabled": False,
    "mail.provider.suppress_dialog_on_startup": True,
    "mail.rights.version": 1,
    "mail.shell.checkDefaultClient": False,
    "mailnews.auto_config.guess.enabled": False,
    "mailnews.start_page.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "data:,",
    "toolkit.telemetry.enabled": False,
}
"""So that it asks nothing and calls nobody."""


class Thunderbird:
    """A running one."""

    def __init__(self, port: int) -> None:
        self._socket = _connected(port)
        self._stream = self._socket.makefile("rb")
        self._count = 0
        self._read()
        self.call("WebDriver:NewSession", capabilities={})
        self.call("Marionette:SetContext", value="chrome")
        self.call("WebDriver:SetTimeouts", script=int(PATIENCE * 1000))
        self._words = (STRANGERS / "thunderbird.js").read_text("utf-8")

    def call(self, name: str, **parameters: object) -> Any:
        """A command of the Marionette protocol; its result."""
        self._count += 1
        octets = json.dumps([0, self._count, name, parameters]).encode()
        self._socket.sendall(b"%d:%s" % (len(octets), octets))
        _, _, error, result = self._read()
        assert error is None, error
        return result

    def do(self, script: str, *arguments: object) -> Any:
        """What the script returns, in which `given` are the arguments."""
        wrapped = (
            f"const [given, done] = [[...arguments].slice(0, -1), arguments[arguments.length - 1]];\n{self._words}\n"
            f"(async () => {{ {script} }})().then((value) => done({{ value }}),"
            f" (error) => done({{ error: `${{error}}` }}));"
        )
        parameters = {"script": wrapped, "args": list(arguments), "newSandbox": True}
        found = self.call("WebDriver:ExecuteAsyncScript", **parameters)["value"]
        assert "error" not in found, found["error"]
        return found.get("value")

    def _read(self) -> Any:
        length = b""
        while (octet := self._stream.read(1)) != b":":
            assert octet, "Thunderbird has gone"
            length += octet
        return json.loads(self._stream.read(int(length)))


def _connected(port: int) -> socket.socket:
    end = time.monotonic() + PATIENCE
    while True:
        try:
            found = socket.create_connection(("127.0.0.1", port), PATIENCE)
        except OSError:
            assert time.monotonic() < end, "Thunderbird does not answer"
            time.sleep(0.1)
        else:
            return found


def preferences(home: Home, you: Person, port: int) -> dict[str, object]:
    """An account of yours, and nothing else."""
    server, smtp, identity = "mail.server.server1", "mail.smtpserver.smtp1", "mail.identity.id1"
    return QUIET | {
        "marionette.port": port,
        "mail.accountmanager.accounts": "account1,account2",
        "mail.accountmanager.defaultaccount": "account1",
        "mail.accountmanager.localfoldersserver": "server2",
        "mail.account.account1.server": "server1",
        "mail.account.account1.identities": "id1",
        "mail.account.account2.server": "server2",
        f"{server}.type": "imap",
        f"{server}.hostname": HOST,
        f"{server}.port": home.port("imaps"),
        f"{server}.userName": you.address,
        f"{server}.name": you.address,
        f"{server}.socketType": 3,
        f"{server}.authMethod": 3,
        "mail.server.server2.type": "none",
        "mail.server.server2.hostname": "Local Folders",
        "mail.server.server2.userName": "nobody",
        f"{identity}.useremail": you.address,
        f"{identity}.fullName": "Jörg Müller",
        f"{identity}.smtpServer": "smtp1",
        f"{identity}.valid": True,
        "mail.smtpservers": "smtp1",
        "mail.smtp.defaultserver": "smtp1",
        f"{smtp}.hostname": HOST,
        f"{smtp}.port": home.port("submissions"),
        f"{smtp}.username": you.address,
        f"{smtp}.try_ssl": 3,
        f"{smtp}.authMethod": 3,
    }


@contextmanager
def started(home: Home, you: Person) -> Iterator[Thunderbird]:
    """A Thunderbird that knows your account, its password and the server's certificate."""
    port = _free_port()
    profile = home.folder / "profile"
    lines = (f"user_pref({json.dumps(key)}, {json.dumps(one)});\n" for key, one in preferences(home, you, port).items())
    home.file("profile/user.js", "".join(lines))
    command = [program("thunderbird"), "--headless", "--marionette", "--remote-allow-system-access", "--no-remote"]
    with (home.folder / "thunderbird.log").open("ab") as log:
        process = subprocess.Popen(
            [*command, "--profile", str(profile)],
            env=home.environment() | {"MOZ_HEADLESS": "1"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        running = Thunderbird(port)
        certificate = "".join(home.certificate.read_text("ascii").splitlines()[1:-1])
        ports = [home.port("imaps"), home.port("submissions")]
        running.do("return introduce(...given);", certificate, ports, you.address, PASSWORD)
        yield running
        running.call("Marionette:Quit", flags=["eForceQuit"])
        process.wait(PATIENCE)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port
