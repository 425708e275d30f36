"""aerc: a mailbox read, flagged, moved out of and deleted in, with commands on a terminal (go-imap)."""

from pathlib import Path

from pillarbox.store.model import FLAGGED, SEEN
from tests.clients.letters import letter
from tests.clients.people import Person
from tests.clients.programs import HOST, SQLITE, Home
from tests.clients.terminal import on_terminal
from tests.server import PASSWORD


def configured(home: Home, you: Person) -> list[str | Path]:
    """The command."""
    home.file(
        ".config/aerc/accounts.conf",
        f"[here]\nsource = imaps://{you.login}:{PASSWORD}@{HOST}:{home.port('imaps')}\ndefault = INBOX\n"
        f"from = You <{you.address}>\nidle-timeout = 1s\ncache-headers = true\n"
        f"outgoing = smtps://{you.login}:{PASSWORD}@{HOST}:{home.port('submissions')}\ncopy-to = Sent\n",
    )
    return ["env", f"SSL_CERT_FILE={home.certificate}", "aerc"]


@SQLITE
def test_read_flag_move_delete(home: Home, you: Person) -> None:
    you.put(*map(letter, range(1, 6)))
    you.put(mailbox="Kept")
    steps = [
        ("number 1", ":copy Archive\r"),
        ("copied", ":flag\r"),
        (".", ":move Kept\r"),
        ("moved", ":delete\r"),
        ("Messages dele", ":view\r"),
        ("END", "q"),
        ("number 1", ":quit\r"),
    ]
    on_terminal(home, configured(home, you), steps)
    assert you.octets() == [letter(1), letter(2), letter(3)]
    assert [one.flags for one in you.mail()] == [0, 0, SEEN]
    assert you.octets("Archive") == [letter(5)]
    (kept,) = you.mail("Kept")
    assert (kept.octets, kept.flags) == (letter(5), FLAGGED)
