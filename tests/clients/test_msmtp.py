"""msmtp: sending under STARTTLS and TLS with a verified certificate."""

import pytest

from tests.clients.letters import dotted, large, letter
from tests.clients.people import Person
from tests.clients.programs import HOST, SQLITE, Done, Home
from tests.server import DOMAIN, PASSWORD

STARTTLS = {"submission": "on", "submissions": "off"}
UNAVAILABLE, REFUSED, NO_PERMISSION = 69, 65, 77  # exit codes, sysexits.h


def msmtp(home: Home, you: Person, listener: str, octets: bytes, *recipients: str) -> Done:
    """Send a message as a local program would, lines ending in LF."""
    config = home.file(
        ".msmtprc",
        f"account default\nhost {HOST}\nport {home.port(listener)}\nfrom {you.address}\nauth on\nuser {you.address}\n"
        f"passwordeval echo {PASSWORD}\ntls on\ntls_starttls {STARTTLS[listener]}\n"
        f"tls_trust_file {home.certificate}\n",
    )
    return home.run(["msmtp", "-C", config, "--", *recipients], octets.replace(b"\r\n", b"\n"))


@pytest.mark.parametrize("listener", STARTTLS)
def test_send(home: Home, you: Person, friend: Person, listener: str) -> None:
    sent = dotted(you.address)
    done = msmtp(home, you, listener, sent, friend.address, you.address)
    assert done.code == 0, done.text
    for person in (you, friend):
        (got,) = person.octets()
        assert got.endswith(b"\r\n" + sent)


@SQLITE
def test_large(home: Home, you: Person) -> None:
    sent = large(you.address)
    done = msmtp(home, you, "submissions", sent, you.address)
    assert done.code == 0, done.text
    (got,) = you.octets()
    assert got.endswith(b"\r\n" + sent)


@SQLITE
def test_unknown_recipient(home: Home, you: Person, friend: Person) -> None:
    done = msmtp(home, you, "submission", letter(1), friend.address, f"nobody@{DOMAIN}")
    assert done.code == REFUSED, done.text
    assert "550 5.1.1" in done.text


@SQLITE
def test_a_stranger_certificate_is_refused(home: Home, you: Person) -> None:
    trust = "/etc/ssl/certs/ca-certificates.crt"
    where = [f"--host={HOST}", f"--port={home.port('submissions')}", f"--from={you.address}"]
    tls = ["--tls=on", "--tls-starttls=off", f"--tls-trust-file={trust}"]
    done = home.run(["msmtp", *where, *tls, "--", you.address], letter(1))
    assert done.code != 0
    assert "certificate" in done.text
