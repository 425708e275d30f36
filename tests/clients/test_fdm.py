"""fdm: mail fetched from a mailbox into a Maildir, some of it kept on the server."""

import pytest

from tests.clients.letters import awkward, dotted, large, letter
from tests.clients.people import Person
from tests.clients.programs import HOST, SQLITE, Home, maildir
from tests.server import PASSWORD


@SQLITE
@pytest.mark.parametrize("kind", ["imap", "pop3"])
def test_fetched(home: Home, you: Person, kind: str) -> None:
    mail = [letter(1), dotted(), letter(3), large(), *awkward()]
    you.put(*mail)
    config = home.file(
        ".fdm.conf",
        f'set maximum-size 50M\nset timeout 60\naction "near" maildir "{home.folder}/mail"\naction "stay" keep\n'
        f'account "there" {kind}s server "{HOST}" port {home.port(kind + "s")} user "{you.address}" '
        f'pass "{PASSWORD}" no-verify\n'
        'match "^Message-ID: <letter3@" in headers action "stay"\nmatch all action "near"\n',
    )
    home.ok(["fdm", "-f", config, "-l", "fetch"])
    assert you.octets() == [letter(3)]
    assert len(maildir(home.folder / "mail")) == len({*mail}) - 1
