"""mbsync (isync): two-way synchronisation of a Maildir until nothing changes, and both sides are equal.

mbsync adds a field X-TUID to what it writes, on either side; comparisons are octet by octet without it.
"""

import re
from pathlib import Path
from shutil import rmtree

import pytest

from pillarbox.store.model import ANSWERED, FLAGGED, SEEN
from tests.clients.letters import NAME, awkward, dotted, large, letter
from tests.clients.people import Person
from tests.clients.programs import HOST, SQLITE, Home
from tests.clients.programs import maildir as whole
from tests.server import PASSWORD

HUNDREDS = 300
_TUID = re.compile(rb"^X-TUID: .{12}\r\n", re.M)
FLAGS = {"F": FLAGGED, "R": ANSWERED, "S": SEEN}


def configured(home: Home, you: Person, tls: str = "IMAPS") -> list[str | Path]:
    """The command that synchronises everything both ways."""
    port = home.port("imaps" if tls == "IMAPS" else "imap")
    (home.folder / "mail").mkdir(exist_ok=True)
    config = home.file(
        ".mbsyncrc",
        f"IMAPAccount here\nHost {HOST}\nPort {port}\nUser {you.address}\nPass {PASSWORD}\nSSLType {tls}\n"
        f"CertificateFile {home.certificate}\nSystemCertificates no\n\nIMAPStore far\nAccount here\n\n"
        f"MaildirStore near\nPath {home.folder}/mail/\nInbox {home.folder}/mail/INBOX\nSubFolders Verbatim\n\n"
        "Channel all\nFar :far:\nNear :near:\nPatterns *\nCreate Both\nRemove Both\nExpunge Both\nSync All\n"
        "SyncState *\n",
    )
    return ["mbsync", "-c", config, "all"]


def maildir(folder: Path) -> dict[bytes, str]:
    """A Maildir without what mbsync adds."""
    return {bare(octets): letters for octets, letters in whole(folder).items()}


def bare(octets: bytes) -> bytes:
    """A message without what mbsync adds."""
    return _TUID.sub(b"", octets, count=1)


def server_side(you: Person, mailbox: str = "INBOX") -> dict[bytes, str]:
    """A mailbox as `maildir` would show it."""
    return {
        bare(held.octets): "".join(letter for letter, flag in FLAGS.items() if held.flags & flag)
        for held in you.mail(mailbox)
    }


def flag(folder: Path, subject: str, letters: str) -> None:
    """Give the message with these octets in it these flags, as a mail program at home would."""
    path = find(folder, subject)
    path.rename(folder / "cur" / f"{path.name.partition(':2,')[0]}:2,{letters}")


def find(folder: Path, text: str) -> Path:
    """The file with this text in it."""
    (found,) = [path for path in folder.glob("*/*") if text.encode() in path.read_bytes()]
    return found


@pytest.mark.parametrize("tls", ["IMAPS", "STARTTLS"])
def test_two_way(home: Home, you: Person, tls: str) -> None:
    sync, near = configured(home, you, tls), home.folder / "mail"
    you.put(letter(1), letter(2), letter(3), letter(4), dotted())
    you.put(letter(6), mailbox=NAME, flags=SEEN)
    home.ok(sync)
    inbox = near / "INBOX"
    assert maildir(inbox) == server_side(you) == dict.fromkeys([letter(n) for n in (1, 2, 3, 4)] + [dotted()], "")
    (other,) = [path for path in near.rglob("*") if path.is_dir() and (path / "cur").is_dir() and "Gr" in str(path)
                and maildir(path)]  # fmt: skip
    assert maildir(other) == {letter(6): "S"}

    flag(inbox, "letter1@", "FS")  # at home: flags, a deletion, a new message, a new mailbox
    flag(inbox, "letter2@", "T")
    (inbox / "new" / "1720000000.1_1.home").write_bytes(letter(7).replace(b"\r\n", b"\n"))
    for part in ("cur", "new", "tmp"):
        (near / "Work" / part).mkdir(parents=True)
    (near / "Work" / "new" / "1720000000.1_2.home").write_bytes(letter(8).replace(b"\r\n", b"\n"))
    you.put(letter(9))  # there: a new message
    you.put(letter(10), mailbox="Fresh")
    for _ in range(2):
        home.ok(sync)
    expected = {letter(1): "FS", letter(3): "", letter(4): "", dotted(): "", letter(7): "", letter(9): ""}
    assert maildir(inbox) == server_side(you) == expected
    assert maildir(near / "Work") == server_side(you, "Work") == {letter(8): ""}
    assert maildir(near / "Fresh") == {letter(10): ""}
    before = you.mail()
    home.ok(sync)
    assert you.mail() == before


def test_hundreds(home: Home, you: Person) -> None:
    mail = [*(letter(number, "x" * (number * 37 % 5000)) for number in range(HUNDREDS)), *awkward()]
    you.put(*mail)
    sync, inbox = configured(home, you), home.folder / "mail" / "INBOX"
    home.ok(sync)
    assert maildir(inbox) == server_side(you) == dict.fromkeys(mail, "")
    for number in range(0, HUNDREDS, 3):
        flag(inbox, f"<letter{number}@", "RS" if number % 2 else "T")
    for number in range(HUNDREDS, HUNDREDS + 100):
        octets = letter(number).replace(b"\r\n", b"\n")
        (inbox / "cur" / f"1720000000.2_{number}.home:2,S").write_bytes(octets)
    home.ok(sync)
    home.ok(sync)
    assert maildir(inbox) == server_side(you)
    assert len(you.mail()) == len(set(mail)) - HUNDREDS // 6 + 100
    assert [held.octets for held in you.mail() if held.flags & ANSWERED] == mail[3:HUNDREDS:6]


@SQLITE
def test_large(home: Home, you: Person) -> None:
    you.put(large())
    sync, near = configured(home, you), home.folder / "mail"
    home.ok(sync)
    assert maildir(near / "INBOX") == {large(): ""}
    (near / "INBOX" / "new" / "1720000000.1_1.home").write_bytes(large("other@example.org").replace(b"\r\n", b"\n"))
    home.ok(sync)
    assert [bare(octets) for octets in you.octets()] == [large(), large("other@example.org")]


@SQLITE
def test_a_stranger_certificate_is_refused(home: Home, you: Person) -> None:
    sync = configured(home, you)
    config = home.folder / ".mbsyncrc"
    config.write_text(config.read_text("utf-8").replace(f"CertificateFile {home.certificate}\n", ""), "utf-8")
    done = home.run(sync)
    assert done.code != 0
    assert "certificate" in done.text


def test_a_mailbox_deleted_at_home_goes_here_and_leaves_those_below(home: Home, you: Person) -> None:
    sync, near = configured(home, you), home.folder / "mail"
    you.put(letter(1), mailbox="Work")
    you.put(letter(2), mailbox="Work/Below")
    home.ok(sync)
    for part in ("cur", "new"):
        for path in (near / "Work" / part).iterdir():
            path.unlink()
    home.ok(sync)
    for part in ("cur", "new", "tmp"):
        rmtree(near / "Work" / part)
    home.run(sync)  # it warns
    home.ok(sync)
    (work,) = [box for box in you.boxes() if box.name == "Work"]
    assert not work.selectable
    assert server_side(you, "Work/Below") == maildir(near / "Work" / "Below") == {letter(2): ""}


@SQLITE
def test_a_mailbox_that_goes_by_another_name_here_makes_no_double(home: Home, you: Person) -> None:
    """mbsync warns then: what is in it at home is here and at home in Sent, and stays."""
    sync, near = configured(home, you), home.folder / "mail"
    you.put(letter(1), mailbox="Sent")
    for part in ("cur", "new", "tmp"):
        (near / "Sent Items" / part).mkdir(parents=True)
    (near / "Sent Items" / "new" / "1720000000.1_2.home").write_bytes(letter(8).replace(b"\r\n", b"\n"))
    for _ in range(2):
        home.ok(sync)
    assert maildir(near / "Sent") == server_side(you, "Sent") == {letter(1): "", letter(8): ""}
    assert letter(8) in maildir(near / "Sent Items")
    assert "Sent Items" not in you.mailboxes()
