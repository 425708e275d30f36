"""Python's imaplib: long sessions through every command a mail program uses, and two sessions watching each other."""

import imaplib
import re
import ssl
from typing import Any

import pytest

from pillarbox.store.model import ANSWERED, FLAGGED, SEEN
from tests.clients.letters import NAME, dotted, large, letter
from tests.clients.people import Person
from tests.clients.programs import HOST, SQLITE, Home
from tests.server import PASSWORD

UTF7 = '"Gr&APwA3w-e/Ablage &IB4-2024&IBw- &- mehr"'  # NAME as RFC 3501 §5.1.3 spells it


def entered(home: Home, person: Person, how: str = "imaps") -> imaplib.IMAP4:
    """A session after the login."""
    context = ssl.create_default_context(cafile=str(home.certificate))
    if how == "imaps":
        session: imaplib.IMAP4 = imaplib.IMAP4_SSL(HOST, home.port("imaps"), ssl_context=context, timeout=30)
    else:
        session = imaplib.IMAP4(HOST, home.port("imap"), timeout=30)
    if how == "starttls":
        session.starttls(context)
    session.login(person.address, PASSWORD)
    return session


def ok(answer: tuple[str, list[Any]]) -> list[Any]:
    """The untagged data of a command that must succeed."""
    assert answer[0] == "OK", answer
    return answer[1]


def bodies(answer: tuple[str, list[Any]]) -> list[bytes]:
    """The literals of a FETCH."""
    return [part[1] for part in ok(answer) if isinstance(part, tuple)]


@pytest.mark.parametrize("how", ["clear", "starttls", "imaps"])
def test_long_session(home: Home, you: Person, how: str) -> None:
    mail = [letter(1), letter(2, "a rare needle"), dotted(), letter(4)]
    you.put(*mail)
    session = entered(home, you, how)
    assert ok(session.select()) == [b"4"]
    _reads(session, mail)
    _searches(session)
    _flags(session)
    _copies_and_moves(session)
    ok(session.close())
    assert session.logout()[0] == "BYE"
    assert [held.octets for held in you.mail()] == [mail[1], mail[3]]
    assert you.octets("Archive") == [mail[1], mail[3], mail[2]]


def _reads(session: imaplib.IMAP4, mail: list[bytes]) -> None:
    assert bodies(session.fetch("1:*", "(BODY.PEEK[])")) == mail
    assert bodies(session.uid("FETCH", "2:3", "(RFC822.SIZE BODY.PEEK[TEXT])")) == [
        octets.partition(b"\r\n\r\n")[2] for octets in mail[1:3]
    ]
    assert bodies(session.fetch("1", "BODY.PEEK[]<10.20>")) == [mail[0][10:30]]
    assert bodies(session.fetch("4", "BODY.PEEK[HEADER.FIELDS (Message-ID)]")) == [
        b"Message-ID: <letter4@example.org>\r\n\r\n"
    ]
    (envelope,) = ok(session.fetch("1", "(ENVELOPE)"))
    assert b'"=?utf-8?q?Gr=C3=BC=C3=9Fe?= number 1"' in envelope
    assert b'(("Sender 1" NIL "s1" "example.org"))' in envelope
    (structure,) = ok(session.fetch("1", "BODYSTRUCTURE"))
    assert structure.startswith(b'1 (BODYSTRUCTURE ("text" "plain" ("charset" "utf-8") NIL NIL "8bit" ')
    for macro in ("ALL", "FAST", "FULL"):
        assert len(ok(session.fetch("1:*", macro))) == 4
    assert b"INTERNALDATE" in ok(session.fetch("*", "FAST"))[0]


def _searches(session: imaplib.IMAP4) -> None:
    assert ok(session.search(None, "ALL")) == [b"1 2 3 4"]
    assert ok(session.search(None, "TEXT", '"rare needle"')) == [b"2"]
    assert ok(session.search(None, "NOT", "SEEN", "SMALLER", "10000", "FROM", "sender")) == [b"1 2 3 4"]
    assert ok(session.search(None, "SENTSINCE", "2-Jul-2024", "SENTBEFORE", "4-Jul-2024")) == [b"1 2"]
    session.literal = "schöne GRÜSSE".replace("GRÜSSE", "GRÜßE").encode()  # type: ignore[assignment]
    assert ok(session.uid("SEARCH", "CHARSET", "UTF-8", "BODY")) == [b"1 4"]
    session.literal = "Grüße".encode()  # type: ignore[assignment]
    assert ok(session.search("UTF-8", "SUBJECT")) == [b"1 2 3 4"]


def _flags(session: imaplib.IMAP4) -> None:
    assert b"(\\Flagged $Work" in ok(session.store("2", "FLAGS", r"(\Flagged $Work)"))[0]
    assert ok(session.store("2", "-FLAGS.SILENT", "($Work)")) == [None]
    assert b"\\Answered" in ok(session.uid("STORE", "2:3", "+FLAGS", r"\Answered"))[0]
    assert ok(session.search(None, "ANSWERED", "FLAGGED")) == [b"2"]
    assert ok(session.search(None, "KEYWORD", "$Work")) == [b""]
    assert b"\\Seen" in ok(session.fetch("1", "(BODY[] FLAGS)"))[0][0]
    assert ok(session.search(None, "UNSEEN")) == [b"2 3 4"]


def _copies_and_moves(session: imaplib.IMAP4) -> None:
    ok(session.copy("2,4", "Archive"))
    assert session.response("COPYUID")[1][0].endswith(b" 2,4 1:2")
    ok(session.uid("MOVE", "3", "Archive"))
    assert session.response("EXPUNGE")[1] == [b"3"]
    ok(session.store("1", "+FLAGS", r"\Deleted"))
    assert ok(session.expunge()) == [b"1"]
    assert ok(session.status("Archive", "(MESSAGES UIDNEXT UNSEEN)")) == [b'"Archive" (MESSAGES 3 UIDNEXT 4 UNSEEN 3)']


def test_append(home: Home, you: Person) -> None:
    session = entered(home, you)
    ok(session.create(UTF7))
    date = '"17-Jul-1996 02:44:25 -0700"'
    answer = ok(session.append(UTF7, r"(\Seen \Flagged $Label)", date, dotted()))
    assert re.match(rb"\[APPENDUID \d+ 1\]", answer[0])
    session.append(UTF7, "", "", large())
    refused = session.append("Missing", "", "", letter(1))
    assert refused[0] == "NO" and refused[1][0].startswith(b"[TRYCREATE]")
    assert ok(session.select(UTF7)) == [b"2"]
    assert b"17-Jul-1996 " in ok(session.fetch("1", "INTERNALDATE"))[0]
    assert bodies(session.fetch("2", "BODY[]")) == [large()]
    session.logout()
    assert you.octets(NAME) == [dotted(), large()]
    assert you.mail(NAME)[0].flags == SEEN | FLAGGED
    assert you.mail(NAME)[0].keywords == {"$Label"}


@SQLITE
def test_mailboxes(home: Home, you: Person) -> None:
    session = entered(home, you)
    ok(session.create(UTF7))
    listed = b"\n".join(ok(session.list()))
    assert b'(\\HasNoChildren) "/" ' + UTF7.encode() in listed
    assert b'(\\HasNoChildren \\Sent) "/" "Sent"' in listed
    ok(session.unsubscribe(UTF7))
    assert UTF7.encode() not in b"\n".join(ok(session.lsub()))
    ok(session.subscribe(UTF7))
    assert UTF7.encode() in b"\n".join(ok(session.lsub()))
    ok(session.rename(UTF7, '"New name/Child"'))
    assert {"New name", "New name/Child"} <= you.mailboxes()
    assert ok(session.namespace()) == [b'(("" "/")) (("Other Users/" "/")) (("Shared/" "/"))']
    ok(session.delete('"New name/Child"'))
    assert session.delete("INBOX")[0] == "NO"
    assert session.select("Missing")[0] == "NO"
    session.logout()


def test_two_sessions_and_idle(home: Home, you: Person) -> None:
    you.put(letter(1), letter(2), letter(3))
    watching, acting = entered(home, you), entered(home, you)
    ok(watching.select())
    ok(acting.select())
    watching.send(b"w1 IDLE\r\n")
    assert watching.readline().startswith(b"+ ")
    ok(acting.append("INBOX", "", "", letter(4)))
    assert _until(watching, b"* 4 EXISTS\r\n")
    ok(acting.store("2", "+FLAGS", r"(\Answered \Deleted)"))
    assert _until(watching, rb"* 2 FETCH (")
    ok(acting.expunge())
    assert _until(watching, b"* 2 EXPUNGE\r\n")
    watching.send(b"DONE\r\n")
    assert _until(watching, b"w1 OK ")
    assert ok(watching.search(None, "ALL")) == [b"1 2 3"]
    ok(watching.store("1", "+FLAGS", r"\Answered"))
    assert [held.flags for held in you.mail()] == [ANSWERED, 0, 0]
    watching.logout()
    acting.logout()


def _until(session: imaplib.IMAP4, start: bytes) -> bytes:
    """The first line that begins so."""
    while not (line := session.readline()).startswith(start):
        assert line, f"the connection ended before {start!r}"
    return line


@SQLITE
def test_read_only_and_wrong_password(home: Home, you: Person) -> None:
    you.put(letter(1))
    session = entered(home, you)
    ok(session.select(readonly=True))
    assert bodies(session.fetch("1", "BODY[]")) == [letter(1)]
    assert session.store("1", "+FLAGS", r"\Seen")[0] == "NO"
    assert you.mail()[0].flags == 0
    session.logout()
    other = imaplib.IMAP4(HOST, home.port("imap"), timeout=30)
    with pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"):
        other.login(you.address, "wrong")
    other.logout()
