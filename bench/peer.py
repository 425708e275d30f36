"""Postfix + Dovecot beside us, started and stopped by the lab that lies beside the checkout."""

import os
import socket
import subprocess
from pathlib import Path

from bench.subject import Subject, read_target

LAB = Path(__file__).parent.parent.parent / "shared" / "lab"
PORTS = (10025, 10587, 10143, 10110)
HIBERNATE = 5  # seconds after which Dovecot folds idle connections away while memory is measured
PATIENCE = 600.0  # seconds for a start; the first one installs packages


class NoPeer(Exception):
    """There is nothing to compare with; the text says why."""


class Peer:
    """Postfix + Dovecot on a data folder of their own."""

    def __init__(self, folder: Path, form: str) -> None:
        self.folder = folder
        self._form = form

    def start(self, *, idle: bool = False) -> Subject:
        """Start with the mail that is there. `idle`: set up for many idle connections. Raises NoPeer."""
        if not (LAB / "peer-start").exists():
            raise NoPeer("Postfix + Dovecot are not measured: the lab (../shared/lab) is missing")
        if os.geteuid():
            raise NoPeer("Postfix + Dovecot are not measured: that needs root")
        for port in PORTS:
            with socket.socket() as probe:
                if not probe.connect_ex(("127.0.0.1", port)):
                    raise NoPeer(f"Postfix + Dovecot are not measured: port {port} is taken")
        keep = "1" if (self.folder / "mail").exists() else "0"
        done = self._run("peer-start", self._form, PEER_KEEP=keep, PEER_HIBERNATE=str(HIBERNATE if idle else 0))
        return read_target(Path(done.strip().splitlines()[-1]))

    def stop(self) -> None:
        """Stop both; the mail is kept."""
        if (LAB / "peer-stop").exists():
            self._run("peer-stop")

    def _run(self, *command: str, **settings: str) -> str:
        environment = {**os.environ, "PEER_BASE": str(self.folder), **settings}
        try:
            done = subprocess.run(
                [str(LAB / command[0]), *command[1:]],
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=PATIENCE,
                check=True,
                umask=0o022,  # ours keeps everything from others; theirs works under several users
            )
        except subprocess.CalledProcessError as error:
            raise NoPeer(f"Postfix + Dovecot are not measured: {error.stderr.strip()[-500:]}") from None
        except subprocess.TimeoutExpired:
            raise NoPeer("Postfix + Dovecot are not measured: they did not start") from None
        return done.stdout
