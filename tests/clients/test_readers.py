"""s-nail and GNU mailutils: mailboxes read, saved from and emptied without a screen."""

import pytest

from pillarbox.store.model import FLAGGED, SEEN
from tests.clients.letters import dotted, letter
from tests.clients.people import Person
from tests.clients.programs import HOST, SQLITE, Home
from tests.server import PASSWORD


@SQLITE
def test_s_nail(home: Home, you: Person) -> None:
    you.put(letter(1), letter(2), dotted(), letter(4))
    url = f"imaps://{you.login}:{PASSWORD}@{HOST}:{home.port('imaps')}/INBOX"
    settings = [f"-Stls-ca-file={home.certificate}", "-Stls-verify=strict", "-Sv15-compat=yes", "-Sfolder=.", "-n"]
    saved = home.folder / "saved"
    keys = f"headers\nflag 1\ncopy 2 3 {saved}\ndelete 4\ntype 1\nquit\n"
    done = home.ok(["s-nail", *settings, "-f", url], keys.encode())
    assert "Schöne Grüße, Nummer 1." in done.text
    held = you.mail()
    assert [one.octets for one in held] == [letter(1), letter(2), dotted()]
    assert held[0].flags & FLAGGED and held[0].flags & SEEN
    assert saved.read_bytes().count(b"Message-ID: <letter") == 2


@SQLITE
@pytest.mark.parametrize("listener", ["imaps", "imap"])
def test_movemail(home: Home, you: Person, listener: str) -> None:
    mail = [*map(letter, range(20)), dotted()]
    you.put(*mail)
    url = f"{listener}://{you.login}:{PASSWORD}@{HOST}:{home.port(listener)}/INBOX"
    target = home.folder / "mbox"
    home.ok(["movemail", "--preserve", url, f"mbox:{target}"])
    assert target.read_bytes().count(b"Message-ID: <letter") == 21
    assert len(you.mail()) == 21
    home.ok(["movemail", url, f"mbox:{target}"])
    assert target.read_bytes().count(b"Message-ID: <letter") == 42
    assert you.mail() == []
