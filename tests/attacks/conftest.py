"""A running server to attack, and the look afterwards whether it was harmed."""

import re
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.attacks.house import ATTACKER, MESSAGE_SIZE, SECRETS, VANDAL, VICTIM, House
from tests.server import PillarboxServer

_MEMORY = 4 << 30  # octets; what explodes shall not take the machine with it
_HARM = re.compile(
    r"^.*(?:Traceback|session_failed|\b(?:imap|http|smtp)\.(?:method_)?(?:bug|failed)\b).*$", re.MULTILINE
)


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The server under attack, with a victim and an attacker who has an account too."""
    folder: Path = tmp_path_factory.mktemp("attacked")
    server = PillarboxServer(folder, extra=f"[limits]\nmessage_size = {MESSAGE_SIZE}\n")
    resource.prlimit(server.process.pid, resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    try:
        server.add_account(VANDAL)
        yield House(server, server.add_account(VICTIM), server.add_account(ATTACKER))
    finally:
        server.stop()
    said = server.log.read_text("utf-8", "replace")
    assert not [secret for secret in SECRETS if secret in said], "the log holds secrets"


@pytest.fixture(autouse=True)
def unharmed(house: House) -> Iterator[None]:
    """After each attack the server lives and has met nothing that it calls a bug."""
    before = house.server.log.stat().st_size
    yield
    assert house.server.process.poll() is None, "the server is dead"
    with house.server.log.open("rb") as log:
        log.seek(before)
        said = log.read().decode("utf-8", "replace")
    found = _HARM.search(said)
    assert found is None, said[found.start() :][:4000] if found else ""
