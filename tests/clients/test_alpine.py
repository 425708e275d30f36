"""alpine: reading, flagging, saving to another mailbox and expunging, with keys on a terminal."""

from pathlib import Path

from pillarbox.store.model import SEEN
from tests.clients.letters import letter
from tests.clients.people import Person
from tests.clients.programs import HOST, SQLITE, Home
from tests.clients.terminal import on_terminal
from tests.server import PASSWORD


def configured(home: Home, you: Person) -> list[str | Path]:
    """The command; it trusts the machine's store only, which is another one here."""
    there = f"{{{HOST}:{home.port('imaps')}/ssl/user={you.address}}}"
    config = home.file(
        ".pinerc",
        f"personal-name=Jörg\nuser-domain=talk.test\ninbox-path={there}INBOX\nfolder-collections=Mail {there}[]\n"
        f"smtp-server={HOST}:{home.port('submission')}/tls/user={you.address}\ndefault-fcc=Sent\nlast-version-used=9\n"
        "feature-list=expunge-without-confirm,expunge-without-confirm-everywhere,"
        "save-will-not-delete,enable-flag-cmd,enable-bounce-cmd,no-disable-password-file-saving\n",
    )
    return ["env", f"SSL_CERT_FILE={home.certificate}", "alpine", "-p", config, "-i"]


@SQLITE
def test_read_flag_save_expunge(home: Home, you: Person) -> None:
    you.put(*map(letter, range(1, 6)))
    steps = [
        ("PASSWORD", PASSWORD + "\r"),
        ("Preserve password", "n"),
        ("opened with 5 messages", "\r"),  # reads the first
        ("Nummer 1", "<"),
        ("MESSAGE INDEX", "nd"),
        ("marked for deletion", "SKept\r"),
        ("Create[?]", "y"),
        ("DONE|copied", "x"),
        ("DONE|expunged", "qy"),
    ]
    on_terminal(home, configured(home, you), steps)
    held = you.mail()
    assert [one.octets for one in held] == [letter(1), letter(3), letter(4), letter(5)]
    assert [one.flags for one in held] == [SEEN, 0, 0, 0]
    assert len(you.mail("Kept")) == 1
