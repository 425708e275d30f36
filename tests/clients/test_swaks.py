"""swaks: mail from elsewhere, submissions under STARTTLS and TLS, and everything that must be refused."""

import pytest

from tests.clients.letters import dotted, letter
from tests.clients.people import Person
from tests.clients.programs import HOST, SQLITE, Done, Home
from tests.server import DOMAIN, PASSWORD

REFUSED_SENDER = 23  # exit codes of swaks, its manual page under EXIT CODES
REFUSED_RECIPIENT = 24
REFUSED_LOGIN = 28
REFUSED_TLS = 29
LISTENERS = {"submission": "--tls", "submissions": "--tls-on-connect"}


def swaks(home: Home, listener: str, *options: str) -> Done:
    """One transaction; the certificate is verified where TLS is asked for."""
    trust = ["--tls-verify", "--tls-ca-path", str(home.certificate)]
    return home.run(["swaks", "--server", f"{HOST}:{home.port(listener)}", "--timeout", "30", *trust, *options])


def data(home: Home, octets: bytes) -> tuple[str, str]:
    """The options that send exactly this message; swaks adds the last end of line itself."""
    path = home.folder / "message.eml"
    path.write_bytes(octets.removesuffix(b"\r\n").replace(b"\r\n", b"\n"))
    return "--data", f"@{path}"


@pytest.mark.parametrize("options", [(), ("--tls",), ("--tls", "--pipeline"), ("--protocol", "SMTP")])
def test_mail_from_elsewhere_arrives(home: Home, you: Person, options: tuple[str, ...]) -> None:
    sent = letter(1)
    done = swaks(home, "smtp", "--from", "a@example.org", "--to", you.address, *data(home, sent), *options)
    assert done.code == 0, done.text
    (got,) = you.octets()
    assert got.endswith(sent)
    assert got.startswith(b"Return-Path: <a@example.org>\r\nReceived: from ")


@pytest.mark.parametrize("auth", ["PLAIN", "LOGIN"])
@pytest.mark.parametrize("listener", LISTENERS)
def test_submission_reaches_both(home: Home, you: Person, friend: Person, listener: str, auth: str) -> None:
    sent = dotted(you.address)
    login = ["--auth", auth, "--auth-user", you.address, "--auth-password", PASSWORD]
    to = ["--from", you.address, "--to", f"{friend.address},{you.address}"]
    done = swaks(home, listener, LISTENERS[listener], *login, *to, *data(home, sent))
    assert done.code == 0, done.text
    for person in (you, friend):
        (got,) = person.octets()
        assert got.endswith(sent)


@SQLITE
def test_swaks_itself_writes_utf8(home: Home, you: Person) -> None:
    done = swaks(home, "smtp", "--tls", "--to", you.address, "--header", "Subject: Grüße 你好", "--attach-body", "Ж ü")
    assert done.code == 0, done.text
    (got,) = you.octets()
    assert "Subject: Grüße 你好\r\n".encode() in got


@pytest.mark.parametrize("listener", LISTENERS)
def test_wrong_password(home: Home, you: Person, friend: Person, listener: str) -> None:
    login = ["--auth-user", you.address, "--auth-password", "wrong"]
    done = swaks(home, listener, LISTENERS[listener], *login, "--from", you.address, "--to", friend.address)
    assert done.code == REFUSED_LOGIN, done.text
    assert "535 5.7.8" in done.text


@SQLITE
def test_unknown_user_is_refused_at_rcpt(home: Home) -> None:
    done = swaks(home, "smtp", "--from", "a@example.org", "--to", f"nobody@{DOMAIN}")
    assert done.code == REFUSED_RECIPIENT, done.text
    assert "550 5.1.1" in done.text


@SQLITE
def test_relaying_is_refused(home: Home) -> None:
    done = swaks(home, "smtp", "--from", "a@example.org", "--to", "someone@example.org")
    assert done.code == REFUSED_RECIPIENT, done.text
    assert "550 5.7.1 Relaying denied" in done.text


@SQLITE
def test_submission_needs_a_login(home: Home, you: Person) -> None:
    done = swaks(home, "submission", "--tls", "--from", you.address, "--to", you.address)
    assert done.code == REFUSED_SENDER, done.text
    assert "530 5.7.0" in done.text


@SQLITE
def test_the_sender_must_be_ones_own(home: Home, you: Person, friend: Person) -> None:
    login = ["--auth-user", you.address, "--auth-password", PASSWORD]
    done = swaks(home, "submission", "--tls", *login, "--from", friend.address, "--to", friend.address)
    assert done.code == REFUSED_SENDER, done.text
    assert "550 5.7.1" in done.text


@SQLITE
def test_an_unknown_certificate_is_noticed(home: Home, you: Person) -> None:
    where = f"{HOST}:{home.port('submissions')}"
    done = home.run(["swaks", "--server", where, "--tls-on-connect", "--tls-verify", "--to", you.address])
    assert done.code == REFUSED_TLS, done.text
