"""getmail6: POP3 and IMAP to a program that files each message, keeping or deleting what was fetched.

The program ends a moment late: getmail 6.18 waits a minute for a child that ended before it began to wait, as its own
Maildir delivery often does, which besides refuses to work for root.
"""

import re
from pathlib import Path

import pytest

from tests.clients.letters import dotted, large, letter
from tests.clients.people import Person
from tests.clients.programs import SQLITE, Home
from tests.server import PASSWORD

RETRIEVERS = {"pop3s": "SimplePOP3SSLRetriever", "imaps": "SimpleIMAPSSLRetriever"}
SCRIPT = '#!/bin/sh\ncat > "$(mktemp "$(dirname "$0")/fetched/XXXXXXXX")"\nexec sleep 0.4\n'
_ADDED = re.compile(rb"^(Return-Path: <unknown>|X-getmail-retrieved-from-mailbox: .*)\r\n", re.M)
HOW = pytest.mark.parametrize("listener", RETRIEVERS)


def configured(home: Home, you: Person, listener: str, options: str) -> list[str | Path]:
    """The command that fetches everything once."""
    (home.folder / "fetched").mkdir(exist_ok=True)
    script = home.file("mda.sh", SCRIPT)
    script.chmod(0o700)
    config = home.file(
        "getmailrc",
        f"[retriever]\ntype = {RETRIEVERS[listener]}\nserver = 127.0.0.1\nport = {home.port(listener)}\n"
        f"username = {you.address}\npassword = {PASSWORD}\nca_certs = {home.certificate}\n"
        f"[destination]\ntype = MDA_external\npath = {script}\nallow_root_commands = true\n"
        f"[options]\ndelivered_to = false\nreceived = false\nverbose = 2\n{options}\n",
    )
    return ["getmail", "--getmaildir", home.folder, "--rcfile", config]


def fetched(home: Home) -> list[bytes]:
    """What the program filed, as on the wire and without the fields getmail adds."""
    files = [path.read_bytes().replace(b"\n", b"\r\n") for path in (home.folder / "fetched").iterdir()]
    return sorted(_ADDED.sub(b"", octets, count=2) for octets in files)


@HOW
def test_fetch_keep_then_delete(home: Home, you: Person, listener: str) -> None:
    mail = [letter(1), dotted(), letter(3), letter(4)]
    you.put(*mail)
    fetch = configured(home, you, listener, "read_all = false")
    home.ok(fetch)
    assert fetched(home) == sorted(mail)
    assert you.octets() == mail
    you.put(letter(2))
    assert "1 messages" in home.ok(fetch).text
    assert fetched(home) == sorted([*mail, letter(2)])
    home.ok(configured(home, you, listener, "delete = true"))
    assert you.octets() == []


@SQLITE
@HOW
def test_large(home: Home, you: Person, listener: str) -> None:
    you.put(large())
    home.ok(configured(home, you, listener, "delete = true"))
    assert fetched(home) == [large()]
    assert you.octets() == []


@SQLITE
@HOW
def test_wrong_password(home: Home, you: Person, listener: str) -> None:
    fetch = configured(home, you, listener, "")
    config = home.folder / "getmailrc"
    config.write_text(config.read_text("utf-8").replace(PASSWORD, "wrong"), "utf-8")
    assert home.run(fetch).code != 0
