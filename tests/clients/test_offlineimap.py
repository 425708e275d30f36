"""offlineimap3: two-way synchronisation of a Maildir.

It reads every message with Python's parser and writes it again, and so changes some (nested or broken ones); those it
is given here it keeps. After STARTTLS version 8 does not verify the certificate.
"""

from pathlib import Path

from pillarbox.store.model import ANSWERED, FLAGGED, SEEN
from tests.clients.letters import dotted, letter
from tests.clients.people import Person
from tests.clients.programs import HOST, SQLITE, Home, maildir
from tests.server import PASSWORD

SECURED = "remoteport = {imaps}\nssl = yes\nsslcacertfile = {certificate}\n"
STARTTLS = "remoteport = {imap}\nssl = no\nstarttls = yes\n"


def configured(home: Home, you: Person, way: str = SECURED) -> list[str | Path]:
    """The command that synchronises everything both ways, once."""
    where = way.format(imap=home.port("imap"), imaps=home.port("imaps"), certificate=home.certificate)
    config = home.file(
        ".offlineimaprc",
        f"[general]\naccounts = here\nmetadata = {home.folder}/meta\nmaxsyncaccounts = 1\nsocktimeout = 60\n"
        f"[Account here]\nlocalrepository = near\nremoterepository = far\n"
        f"[Repository near]\ntype = Maildir\nlocalfolders = {home.folder}/mail\nsync_deletes = yes\n"
        f"[Repository far]\ntype = IMAP\nremotehost = {HOST}\n{where}"
        f"remoteuser = {you.address}\nremotepass = {PASSWORD}\n"
        "maxconnections = 2\n",
    )
    return ["offlineimap", "-c", config, "-o", "-u", "basic"]


def find(folder: Path, text: str) -> Path:
    """The file with this text in it."""
    (found,) = [path for path in folder.glob("*/*") if text.encode() in path.read_bytes()]
    return found


def flag(folder: Path, text: str, letters: str) -> None:
    """Give the message with this text these flags, as a mail program at home would."""
    found = find(folder, text)
    found.rename(folder / "cur" / f"{found.name.partition(':2,')[0]}:2,{letters}")


def test_two_way(home: Home, you: Person) -> None:
    sync, inbox = configured(home, you), home.folder / "mail" / "INBOX"
    you.put(letter(1), letter(2), dotted())
    you.put(letter(3), mailbox="Work", flags=SEEN | FLAGGED)
    home.ok(sync)
    assert maildir(inbox) == {letter(1): "", letter(2): "", dotted(): ""}
    assert maildir(home.folder / "mail" / "Work") == {letter(3): "FS"}

    flag(inbox, "letter1@", "RS")  # at home: flags, a deletion, a new message
    find(inbox, "letter2@").unlink()
    (inbox / "cur" / "1720000000.1_1.home:2,F").write_bytes(letter(7).replace(b"\r\n", b"\n"))
    you.put(letter(9))  # there: a new message, a new mailbox
    you.put(letter(10), mailbox="Fresh/Child")
    home.ok(sync)
    home.ok(sync)
    expected = {letter(1): SEEN | ANSWERED, dotted(): 0, letter(7): FLAGGED, letter(9): 0}
    assert {held.octets: held.flags for held in you.mail()} == expected
    assert maildir(inbox) == {letter(1): "RS", dotted(): "", letter(7): "F", letter(9): ""}
    assert maildir(home.folder / "mail" / "Fresh.Child") == {letter(10): ""}
    before = you.mail()
    home.ok(sync)
    assert you.mail() == before


@SQLITE
def test_starttls(home: Home, you: Person) -> None:
    """With TLS tickets it said nothing more after the handshake in one of twenty runs."""
    mail = [*map(letter, range(5)), dotted()]
    you.put(*mail)
    home.ok(configured(home, you, STARTTLS))
    assert maildir(home.folder / "mail" / "INBOX") == dict.fromkeys(mail, "")


@SQLITE
def test_many_messages(home: Home, you: Person) -> None:
    mail = [*map(letter, range(100)), dotted()]
    you.put(*mail)
    home.ok(configured(home, you))
    assert maildir(home.folder / "mail" / "INBOX") == dict.fromkeys(mail, "")


@SQLITE
def test_a_stranger_certificate_is_refused(home: Home, you: Person) -> None:
    sync = configured(home, you)
    config = home.folder / ".offlineimaprc"
    trust = "/etc/ssl/certs/ca-certificates.crt"
    config.write_text(config.read_text("utf-8").replace(str(home.certificate), trust), "utf-8")
    done = home.run(sync)
    assert done.code != 0
    assert "certificate" in done.text
