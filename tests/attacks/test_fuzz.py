"""Valid dialogues with some octets changed, against each live port: no bug in the log, no memory lost, still alive."""

import base64
import json
import os
import random
from collections.abc import Callable

import pytest

from pillarbox.wire.jmap.session import CORE, MAIL
from tests.attacks.house import ATTACKER, VICTIM, House, basic
from tests.server import PASSWORD

_WELL = {
    "smtp": b"250 2.0.0 Accepted",
    "submission": b"250 2.0.0 Accepted",
    "imap": b"o OK LOGOUT",
    "pop3": b"+OK goodbye",
    "http": b"HTTP/1.1 200 OK",
}
"""What the unchanged dialogue ends with."""
_ROUNDS = int(os.environ.get("ATTACK_ROUNDS", "60"))
_BUGS = (b"SERVERBUG", b"451 4.3.0 Local error", b"serverFail", b"HTTP/1.1 5")
_SPICE = (
    b"\r\n", b"\n", b"\r", b"\0", b"\xff", b"{5}", b"{99999+}\r\n", b"(", b")", b'"', b"\\", b"*", b"%", b"$", b"<",
    b">", b"=?", b"&-", b".",
    b"\r\n.\r\n", b" ", b"\t", b"99999999999999999999", b"-1", b"\xf0\x9f\x92\xa3", b"\xed\xa0\x80", b"A" * 3000,
    b"{", b"}", b"[", b"]", b",", b":", b"\x16\x03",
)  # fmt: skip
_LOGIN = base64.b64encode(f"\0{ATTACKER}\0{PASSWORD}".encode())
_MESSAGE = (
    b"From: attacker@talk.test\r\nTo: victim@talk.test\r\nSubject: =?utf-8?Q?fuzz?=\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>x</p>\r\n--b--\r\n"
)


def _lines(*lines: bytes) -> bytes:
    return b"".join(line + b"\r\n" for line in lines)


def _smtp() -> bytes:
    begin = _lines(b"EHLO a.example", b"MAIL FROM:<s@a.example> SIZE=100 BODY=8BITMIME", b"RCPT TO:<victim@talk.test>")
    message = b"BDAT %d LAST\r\n" % len(_MESSAGE) + _MESSAGE
    return begin + message + _lines(b"RSET", b"VRFY x", b"HELP", b"QUIT")


def _submission() -> bytes:
    begin = _lines(b"EHLO x", b"AUTH PLAIN " + _LOGIN, b"MAIL FROM:<attacker@talk.test> SMTPUTF8")
    to = _lines(b"RCPT TO:<friend@elsewhere.test>", b"RCPT TO:<victim@talk.test>")
    return begin + to + b"BDAT %d\r\n" % len(_MESSAGE) + _MESSAGE + _lines(b"BDAT 0 LAST", b"QUIT")


def _imap() -> bytes:
    return _lines(
        f"a LOGIN {ATTACKER} {PASSWORD}".encode(),
        b"b SELECT INBOX (CONDSTORE)",
        b"c FETCH 1:3 (UID FLAGS ENVELOPE BODYSTRUCTURE BODY.PEEK[HEADER.FIELDS (FROM TO)]<0.10>)",
        b"d SEARCH CHARSET UTF-8 OR SUBJECT {4+}",
        b"fuzz NOT (SEEN SINCE 1-Jan-2020 UID 1:*)",
        b"e STORE 1 (UNCHANGEDSINCE 5) +FLAGS.SILENT (\\Seen $x)",
        b'f LIST "" (INBOX "%" "*") RETURN (STATUS (MESSAGES UIDNEXT) SUBSCRIBED)',
        b"g CREATE fuzz/&AOk-",
        b"h COPY 1 fuzz/&AOk-",
        b"i DELETE fuzz/&AOk-",
        b'j APPEND INBOX (\\Seen) " 1-Jan-2020 00:00:00 +0000" {%d+}' % len(_MESSAGE),
        _MESSAGE,
        b"k IDLE",
        b"DONE",
        b"l ENABLE CONDSTORE",
        b'm ID ("name" "x")',
        b"n STATUS INBOX (UIDVALIDITY)",
        b"o LOGOUT",
    )


def _pop3() -> bytes:
    login = b"USER %b\r\nPASS %b\r\n" % (ATTACKER.encode(), PASSWORD.encode())
    return login + b"CAPA\r\nSTAT\r\nLIST\r\nUIDL 1\r\nTOP 1 5\r\nRETR 1\r\nDELE 1\r\nRSET\r\nNOOP\r\nQUIT\r\n"


def _http(house: House) -> bytes:
    own = {"accountId": house.account()}
    query = {"filter": {"text": "fuzz", "minSize": 1}, "sort": [{"property": "receivedAt"}], "limit": 3}
    ids = {"resultOf": "a", "name": "Email/query", "path": "/ids"}
    calls = [
        ["Email/query", {**own, **query}, "a"],
        ["Email/get", {**own, "#ids": ids, "properties": ["subject", "bodyValues"], "fetchAllBodyValues": True}, "b"],
        ["Email/set", {**own, "update": {"M1": {"keywords/$seen": True}}}, "c"],
        ["Mailbox/changes", {**own, "sinceState": "0"}, "d"],
    ]
    return json.dumps({"using": [CORE, MAIL], "methodCalls": calls}).encode()


def _posted(body: bytes) -> bytes:
    """A whole request: a wrong length would only make both sides wait."""
    head = (
        b"POST /jmap/api HTTP/1.1",
        b"Host: localhost",
        f"Authorization: {basic(ATTACKER)}".encode(),
        b"Content-Type: application/json",
        b"Connection: close",
        b"Content-Length: %d" % len(body),
        b"",
    )
    return _lines(*head) + body


def _mutated(octets: bytes, chance: random.Random) -> bytes:
    changed = bytearray(octets)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(changed))
        match chance.randrange(4):
            case 0:
                changed[at] = chance.randrange(256)
            case 1:
                del changed[at : at + chance.randint(1, 40)]
            case 2:
                changed[at:at] = chance.choice(_SPICE)
            case _:
                other = chance.randrange(len(changed))
                changed[at:at] = changed[other : other + chance.randint(1, 60)]
    return bytes(changed)


@pytest.mark.parametrize("listener", ["smtp", "submission", "imap", "pop3", "http"])
def test_mutations_find_no_bug(house: House, listener: str) -> None:
    dialogues: dict[str, Callable[[], bytes]] = {
        "smtp": _smtp,
        "submission": _submission,
        "imap": _imap,
        "pop3": _pop3,
        "http": lambda: _http(house),
    }
    dialogue = dialogues[listener]()
    chance = random.Random(f"{listener} 1")
    before = house.rss()
    for number in range(_ROUNDS):
        with house.peer(listener, f"127.0.1.{number % 200 + 1}") as peer:
            octets = _mutated(dialogue, chance) if number else dialogue
            if listener == "http":
                octets = _posted(octets)
            pieces = chance.choice((1, 1, 2, 5))
            for start in range(0, len(octets), len(octets) // pieces + 1):
                peer.send(octets[start : start + len(octets) // pieces + 1])
            if listener != "http":
                peer.finish()
            said = peer.rest()
            assert number or _WELL[listener] in said, said
            assert not any(bug in said for bug in _BUGS), (octets, said)
    assert house.rss() - before < 60 << 20
    assert VICTIM.encode() in house.inbox() or listener != "smtp"
