"""curl: sending, listing, fetching, searching, deleting, uploading by SMTP, IMAP and POP3, by STARTTLS and in TLS."""

from urllib.parse import quote

import pytest

from pillarbox.store.model import DELETED, SEEN
from tests.clients.letters import NAME, dotted, large, letter
from tests.clients.people import Person
from tests.clients.programs import HOST, SQLITE, Home
from tests.server import PASSWORD

UTF7 = "Gr&APwA3w-e/Ablage &IB4-2024&IBw- &- mehr"  # NAME as RFC 3501 §5.1.3 spells it
SCHEMES = {
    "smtp": "submission",
    "smtps": "submissions",
    "imap": "imap",
    "imaps": "imaps",
    "pop3": "pop3",
    "pop3s": "pop3s",
}
IMAP = pytest.mark.parametrize("scheme", ["imap", "imaps"])
POP3 = pytest.mark.parametrize("scheme", ["pop3", "pop3s"])


def curl(home: Home, person: Person, scheme: str, path: str, *options: str) -> bytes:
    """What one request answers. TLS is demanded and verified."""
    trust = ["--silent", "--show-error", "--ssl-reqd", "--cacert", str(home.certificate)]
    login = ["--user", f"{person.address}:{PASSWORD}"]
    return home.ok(["curl", *trust, *login, f"{scheme}://{HOST}:{home.port(SCHEMES[scheme])}/{path}", *options]).out


def custom(home: Home, person: Person, mailbox: str, command: str) -> bytes:
    """What an IMAP command in a mailbox answers."""
    return curl(home, person, "imaps", quote(mailbox), "--request", command)


def upload(home: Home, octets: bytes) -> tuple[str, str]:
    """The options that send this file."""
    (home.folder / "upload.eml").write_bytes(octets)
    return "--upload-file", "upload.eml"


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_send(home: Home, you: Person, friend: Person, scheme: str) -> None:
    sent = dotted(you.address)
    envelope = ["--mail-from", you.address, "--mail-rcpt", friend.address, "--mail-rcpt", you.address]
    curl(home, you, scheme, "client.example", *envelope, *upload(home, sent))
    for person in (you, friend):
        (got,) = person.octets()
        assert got.endswith(b"\r\n" + sent)


@IMAP
def test_list_and_fetch(home: Home, you: Person, scheme: str) -> None:
    you.put(letter(1), dotted())
    you.put(letter(3), mailbox=NAME)
    listed = curl(home, you, scheme, "").decode()
    assert f'"/" "{UTF7}"' in listed
    assert '"/" "INBOX"' in listed
    assert curl(home, you, scheme, "INBOX;UID=2") == dotted()
    assert curl(home, you, scheme, "INBOX;MAILINDEX=1") == letter(1)
    assert curl(home, you, scheme, f"{quote(UTF7)};UID=1") == letter(3)
    header, _, body = letter(1).partition(b"\r\n\r\n")
    assert curl(home, you, scheme, "INBOX;UID=1;SECTION=TEXT") == body
    assert curl(home, you, scheme, "INBOX;UID=1;SECTION=HEADER") == header + b"\r\n\r\n"
    assert [held.flags & SEEN for held in you.mail()] == [SEEN, SEEN]


@IMAP
def test_upload(home: Home, you: Person, scheme: str) -> None:
    sent = dotted() + "é 你好 \x7f".encode() + b"no end of line"
    curl(home, you, scheme, "INBOX", *upload(home, sent))
    assert you.octets() == [sent]


@SQLITE
def test_search_flag_expunge(home: Home, you: Person) -> None:
    you.put(letter(1), letter(2, "rare needle"), dotted())
    assert curl(home, you, "imaps", "INBOX?SUBJECT%20%22number%202%22").strip() == b"* SEARCH 2"
    assert custom(home, you, "INBOX", "SEARCH TEXT needle OR 1 3").strip() == b"* SEARCH"
    assert custom(home, you, "INBOX", "SEARCH OR TEXT needle FROM s900").strip() == b"* SEARCH 2 3"
    assert b"* 2 FETCH (FLAGS (\\Deleted))" in custom(home, you, "INBOX", "STORE 2 +FLAGS \\Deleted")
    assert [held.flags for held in you.mail()] == [0, DELETED, 0]
    assert custom(home, you, "INBOX", "EXPUNGE").startswith(b"* 2 EXPUNGE")
    assert you.octets() == [letter(1), dotted()]


@SQLITE
def test_mailboxes(home: Home, you: Person) -> None:
    custom(home, you, "", f'CREATE "{UTF7}"')
    assert NAME in you.mailboxes()
    custom(home, you, "", f'RENAME "{UTF7}" Plain')
    assert {"Plain", NAME.partition("/")[0]} <= you.mailboxes()
    assert NAME not in you.mailboxes()
    assert b"(MESSAGES 0 UIDNEXT 1)" in custom(home, you, "", "STATUS Plain (MESSAGES UIDNEXT)")
    custom(home, you, "", "DELETE Plain")
    assert "Plain" not in you.mailboxes()


@POP3
def test_pop3(home: Home, you: Person, scheme: str) -> None:
    you.put(letter(1), dotted(), letter(3))
    sizes = [len(letter(1)), len(dotted()), len(letter(3))]
    listed = curl(home, you, scheme, "").decode()
    assert listed.splitlines() == [f"{number} {size}" for number, size in enumerate(sizes, 1)]
    assert curl(home, you, scheme, "1") == letter(1)
    assert curl(home, you, scheme, "2") == dotted()
    uidl = curl(home, you, scheme, "", "--request", "UIDL").decode().splitlines()
    assert len({line.split()[1] for line in uidl}) == 3
    header = letter(3).partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    assert curl(home, you, scheme, "", "--request", "TOP 3 0") == header
    curl(home, you, scheme, "2", "--request", "DELE", "--head")
    assert you.octets() == [letter(1), letter(3)]


def test_large(home: Home, you: Person, friend: Person) -> None:
    sent = large(you.address)
    envelope = ["--mail-from", you.address, "--mail-rcpt", friend.address]
    curl(home, you, "smtps", "client.example", *envelope, *upload(home, sent))
    by_imap = curl(home, friend, "imaps", "INBOX;UID=1")
    by_pop3 = curl(home, friend, "pop3s", "1")
    assert by_imap.endswith(b"\r\n" + sent)
    assert by_pop3 == by_imap
    curl(home, friend, "imap", "Archive", *upload(home, by_pop3))
    assert curl(home, friend, "imap", "Archive;UID=1") == by_imap


@SQLITE
@pytest.mark.parametrize("scheme", SCHEMES)
def test_wrong_password(home: Home, you: Person, scheme: str) -> None:
    where = f"{scheme}://{HOST}:{home.port(SCHEMES[scheme])}/"
    options = ["--ssl-reqd", "--cacert", str(home.certificate), "--user", f"{you.address}:wrong"]
    send = ["--mail-from", you.address, "--mail-rcpt", you.address, *upload(home, letter(1))]
    done = home.run(["curl", *options, where, *(send if "smtp" in scheme else [])])
    assert done.code == 67, done.text  # "Login denied"
