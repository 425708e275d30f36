"""The demo as a newcomer meets it: started, tried on every port, started again, stopped."""

import imaplib
import json
import os
import poplib
import re
import signal
import smtplib
import socket
import ssl
import subprocess
import sys
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path

import pytest

from pillarbox.cli import exits
from pillarbox.cli.demo_mail.box import letters
from pillarbox.cli.demo_mail.letter import octets
from tests.cli.test_workers import ROOT, alive, children, eventually

YOU, FRIEND, PASSWORD = "you@demo.test", "friend@demo.test", "demo"
PORTS = ("smtp", "submission", "submissions", "imap", "imaps", "pop3", "pop3s", "http", "https")
COMMAND = [sys.executable, "-c", "from pillarbox.cli.main import main; main()"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT / "src")}


def any_ports(folder: Path) -> Path:
    """The demo's settings with free ports instead of the usual ones."""
    listeners = "".join(f'{name} = "127.0.0.1:0"\n' for name in PORTS)
    folder.mkdir(exist_ok=True)
    (folder / "pillarbox.toml").write_text(
        f"[server]\ndata = '.'\nworkers = 2\n[listeners]\n{listeners}[login]\nplain_from_loopback = true\n"
    )
    return folder


@contextmanager
def demo(folder: Path) -> Iterator[tuple[subprocess.Popen[str], dict[str, int], str]]:
    """The running demo: its process, its ports by name, its card."""
    program = subprocess.Popen(
        [*COMMAND, "demo", "--data", str(folder)], stdout=-1, stderr=-1, text=True, env=ENVIRONMENT
    )
    assert program.stdout is not None
    assert program.stderr is not None
    try:
        card = ""
        while "Ctrl-C" not in card:
            line = program.stdout.readline()
            assert line, program.stderr.read()
            card += line
        found = [int(port) for port in re.findall(r"^  (\d+) +\S", card, re.MULTILINE)]
        yield program, dict(zip(PORTS, found, strict=True)), card
    finally:
        program.kill()
        program.wait()
        program.stdout.close()
        program.stderr.close()


@pytest.fixture
def trust(tmp_path: Path) -> ssl.SSLContext:
    """Does as a mail program does whose user accepted the certificate."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def test_letters_are_the_same_each_time_and_well_formed() -> None:
    made = [octets(letter) for letter in letters(1_700_000_000)]
    assert 180 <= len(made) <= 250
    assert made == [octets(letter) for letter in letters(1_700_000_000)]
    for octet in made:
        assert b"\n" not in octet.replace(b"\r\n", b"")
        assert max(map(len, octet.split(b"\r\n"))) <= 998


def test_every_way_in(tmp_path: Path, trust: ssl.SSLContext) -> None:
    with demo(any_ports(tmp_path / "demo")) as (_, port, card):
        assert f"http://localhost:{port['http']}/" in card
        by_submission(port["submission"], trust)
        by_smtp(port["smtp"])
        by_imap(port["imaps"], trust)
        by_pop3(port["pop3"], trust)
        by_jmap(port["http"])


def by_submission(port: int, trust: ssl.SSLContext) -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = YOU, FRIEND, "from the test"
    message.set_content("A word.\n")
    with smtplib.SMTP("127.0.0.1", port) as client:
        client.starttls(context=trust)
        client.login(YOU, PASSWORD)
        assert client.send_message(message) == {}


def by_smtp(port: int) -> None:
    with smtplib.SMTP("127.0.0.1", port) as client:
        client.sendmail("me@example.org", [YOU], "Subject: fresh\r\nFrom: me@example.org\r\n\r\nNew.\r\n")
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            client.sendmail("me@example.org", ["nobody@demo.test"], "Subject: no\r\n\r\n")


def by_imap(port: int, trust: ssl.SSLContext) -> None:
    with imaplib.IMAP4_SSL("127.0.0.1", port, ssl_context=trust) as client:
        client.login(FRIEND, PASSWORD)
        client.select("INBOX")
        assert client.search(None, "SUBJECT", '"from the test"')[1][0]
    with imaplib.IMAP4_SSL("127.0.0.1", port, ssl_context=trust) as client:
        client.login(YOU, PASSWORD)
        names = b"\n".join(name for name in client.list()[1] if isinstance(name, bytes))
        for name in (b"Harbour/Tides", b"Lists/Letterpress", b"Drafts", b"Receipts"):
            assert name in names


def by_pop3(port: int, trust: ssl.SSLContext) -> None:
    client = poplib.POP3("127.0.0.1", port)
    client.stls(context=trust)
    client.user(YOU)
    client.pass_(PASSWORD)
    assert client.stat()[0] > 15
    client.quit()


def by_jmap(port: int) -> None:
    login = b64encode(f"{YOU}:{PASSWORD}".encode()).decode()
    asked = urllib.request.Request(
        f"http://127.0.0.1:{port}/.well-known/jmap", headers={"Authorization": f"Basic {login}"}
    )
    with urllib.request.urlopen(asked, timeout=30) as answer:
        assert json.load(answer)["username"] == YOU


def test_a_second_start_keeps_the_mail_and_nothing_stays_behind(tmp_path: Path, trust: ssl.SSLContext) -> None:
    folder = any_ports(tmp_path / "demo")
    for start in (1, 2):
        with demo(folder) as (program, port, _):
            by_smtp(port["smtp"])
            client = poplib.POP3_SSL("127.0.0.1", port["pop3s"], context=trust)
            client.user(YOU)
            client.pass_(PASSWORD)
            count = client.stat()[0]
            below = children(program.pid)
            assert len(below) == 2
            program.send_signal(signal.SIGINT)
            with pytest.raises((poplib.error_proto, OSError)):
                for _ in range(1000):
                    client.noop()
            assert program.wait(30) == 0
            eventually(lambda: not any(alive(process) for process in below))  # noqa: B023
        if start == 1:
            before = count
    assert count == before + 1
    assert not (folder / "pillarbox.pid").exists()


def test_a_taken_port_is_one_line(tmp_path: Path) -> None:
    folder = any_ports(tmp_path / "demo")
    (folder / "demo-made").touch()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        file = folder / "pillarbox.toml"
        file.write_text(file.read_text().replace('imap = "127.0.0.1:0"', f'imap = "127.0.0.1:{port}"'))
        done = subprocess.run(
            [*COMMAND, "demo", "--data", str(folder)], capture_output=True, env=ENVIRONMENT, check=False
        )
    assert done.returncode == exits.UNAVAILABLE
    assert done.stderr.decode() == (
        f'pillarbox: imap port 127.0.0.1:{port} is taken by another program; choose another as "imap" under '
        f"[listeners] in {file}\n"
    )
