"""fetchmail: POP3 and IMAP to a program that files each message, keeping or deleting what was fetched."""

from pathlib import Path

import pytest

from tests.clients.letters import awkward, dotted, large, letter
from tests.clients.people import Person
from tests.clients.programs import HOST, SQLITE, Home
from tests.server import PASSWORD

NO_MAIL = 1  # exit code
LISTENERS = {
    "pop3 stls": ("pop3", "pop3", "sslproto tls1.2+"),
    "pop3s": ("pop3", "pop3s", "ssl"),
    "imap starttls": ("imap", "imap", "sslproto tls1.2+"),
    "imaps": ("imap", "imaps", "ssl"),
}
SCRIPT = '#!/bin/sh\nexec cat > "$(mktemp "$(dirname "$0")/fetched/XXXXXXXX")"\n'
HOW = pytest.mark.parametrize("how", LISTENERS)


def configured(home: Home, you: Person, how: str, keep: str) -> list[str | Path]:
    """The command that fetches everything once."""
    protocol, listener, tls = LISTENERS[how]
    (home.folder / "fetched").mkdir(exist_ok=True)
    script = home.file("mda.sh", SCRIPT)
    script.chmod(0o700)
    config = home.file(
        ".fetchmailrc",
        f"poll {HOST} protocol {protocol} port {home.port(listener)} uidl\n" if protocol == "pop3" else
        f"poll {HOST} protocol {protocol} port {home.port(listener)}\n",
    )  # fmt: skip
    with config.open("a", encoding="utf-8") as file:
        file.write(
            f'  user "{you.address}" password "{PASSWORD}" {keep} fetchall no rewrite pass8bits\n'
            f'  {tls} sslcertck sslcertfile "{home.certificate}" mda "{script}"\n'
        )
    return ["fetchmail", "-f", config, "--nosyslog", "--nodetach", "--invisible", "--pidfile", home.folder / "pid"]


def fetched(home: Home) -> list[bytes]:
    """What the program filed, as on the wire."""
    return sorted(path.read_bytes().replace(b"\n", b"\r\n") for path in (home.folder / "fetched").iterdir())


@HOW
def test_fetch_and_delete(home: Home, you: Person, how: str) -> None:
    mail = [letter(1), dotted(), letter(3)]
    you.put(*mail)
    fetch = configured(home, you, how, "no keep")
    home.ok(fetch)
    assert fetched(home) == sorted(mail)
    assert you.octets() == []
    assert home.run(fetch).code == NO_MAIL


@SQLITE
@HOW
def test_fetch_and_keep(home: Home, you: Person, how: str) -> None:
    mail = [letter(1), *awkward()]
    you.put(*mail)
    fetch = configured(home, you, how, "keep")
    home.ok(fetch)
    assert fetched(home) == sorted(mail)
    assert you.octets() == mail


@SQLITE
@pytest.mark.parametrize("how", ["pop3s", "imaps"])
def test_large(home: Home, you: Person, how: str) -> None:
    you.put(large())
    home.ok(configured(home, you, how, "no keep"))
    assert fetched(home) == [large()]
    assert you.octets() == []


@SQLITE
def test_wrong_password(home: Home, you: Person) -> None:
    fetch = configured(home, you, "pop3s", "keep")
    config = home.folder / ".fetchmailrc"
    config.write_text(config.read_text("utf-8").replace(PASSWORD, "wrong"), "utf-8")
    done = home.run(fetch)
    assert done.code == 3, done.text  # PS_AUTHFAIL
