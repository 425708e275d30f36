"""getmail6: POP3 and IMAP to a Maildir, keeping or deleting what was fetched."""

from pathlib import Path

import pytest

from tests.clients.letters import awkward, dotted, large, letter
from tests.clients.people import Person
from tests.clients.programs import SQLITE, Home, maildir
from tests.server import PASSWORD

RETRIEVERS = {"pop3s": "SimplePOP3SSLRetriever", "imaps": "SimpleIMAPSSLRetriever"}
HOW = pytest.mark.parametrize("listener", RETRIEVERS)


def configured(home: Home, you: Person, listener: str, options: str) -> list[str | Path]:
    """The command that fetches everything once."""
    for part in ("cur", "new", "tmp"):
        (home.folder / "Mail" / part).mkdir(parents=True, exist_ok=True)
    config = home.file(
        "getmailrc",
        f"[retriever]\ntype = {RETRIEVERS[listener]}\nserver = 127.0.0.1\nport = {home.port(listener)}\n"
        f"username = {you.address}\npassword = {PASSWORD}\nca_certs = {home.certificate}\n"
        f"[destination]\ntype = Maildir\npath = {home.folder}/Mail/\n"
        f"[options]\ndelivered_to = false\nreceived = false\nverbose = 2\n{options}\n",
    )
    return ["getmail", "--getmaildir", home.folder, "--rcfile", config]


@HOW
def test_fetch_keep_then_delete(home: Home, you: Person, listener: str) -> None:
    mail = [letter(1), dotted(), *awkward()]
    you.put(*mail)
    fetch = configured(home, you, listener, "read_all = false")
    home.ok(fetch)
    assert set(maildir(home.folder / "Mail")) == set(mail)
    assert you.octets() == mail
    you.put(letter(2))
    assert "1 messages" in home.ok(fetch).text
    assert set(maildir(home.folder / "Mail")) == {*mail, letter(2)}
    home.ok(configured(home, you, listener, "delete = true"))
    assert you.octets() == []


@SQLITE
@HOW
def test_large(home: Home, you: Person, listener: str) -> None:
    you.put(large())
    home.ok(configured(home, you, listener, "delete = true"))
    assert set(maildir(home.folder / "Mail")) == {large()}
    assert you.octets() == []


@SQLITE
@HOW
def test_wrong_password(home: Home, you: Person, listener: str) -> None:
    fetch = configured(home, you, listener, "")
    config = home.folder / "getmailrc"
    config.write_text(config.read_text("utf-8").replace(PASSWORD, "wrong"), "utf-8")
    assert home.run(fetch).code != 0
