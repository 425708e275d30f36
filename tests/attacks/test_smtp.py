"""SMTP under attack: smuggling, injection, relaying, spoofing, and everything too large or too slow."""

import base64
import re

import pytest

from pillarbox.core.limits import SMTP_ERRORS, SMTP_RECIPIENTS
from tests.attacks.house import ATTACKER, MESSAGE_SIZE, VICTIM, House
from tests.attacks.peer import Peer
from tests.server import DOMAIN, PASSWORD

_TO = f"RCPT TO:<{VICTIM}>".encode()
_ENDS = (
    b"\n.\n", b"\r\n.\n", b"\n.\r\n", b"\r.\r", b"\r.\r\n", b"\r\n.\r", b"\n.\r", b"\r.\n", b"\r\n\0.\r\n",
    b"\r\n.\0\r\n", b"\0\r\n.\n", b"\r\r\n.\r\r\n", b"\n\n.\n\n", b"\r\n.\r\r\n", b"\r\n \r.\r\n",
)  # fmt: skip


def _begin(peer: Peer, sender: bytes = b"s@attacker.example", to: bytes = _TO) -> None:
    assert peer.ask(b"MAIL FROM:<" + sender + b">").startswith(b"250")
    assert peer.ask(to).startswith(b"250")


def _deliver(peer: Peer, octets: bytes, sender: bytes = b"s@attacker.example", to: bytes = _TO) -> bytes:
    _begin(peer, sender, to)
    assert peer.ask(b"DATA").startswith(b"354")
    peer.send(octets + b"\r\n.\r\n")
    return peer.reply()


def _last(house: House, who: str = VICTIM) -> bytes:
    """The message that came last."""
    with house.imap(who) as peer:
        return peer.command(b"UID FETCH * BODY.PEEK[]")


@pytest.mark.parametrize("end", _ENDS)
def test_data_ends_nowhere_but_at_its_end(house: House, end: bytes) -> None:
    inner = b"MAIL FROM:<boss@talk.test>\r\n" + _TO + b"\r\nDATA\r\nSubject: smuggled\r\n\r\nx"
    with house.smtp() as peer:
        said = _deliver(peer, b"Subject: outer\r\n\r\nbody" + end + inner)
        assert said.startswith(b"5"), said
        assert peer.ask(b"RSET").startswith(b"250 2.0.0 Ok")
        peer.say(b"QUIT")
        assert peer.rest().startswith(b"221")
    assert b"smuggled" not in house.inbox()


def test_dots_are_content(house: House) -> None:
    with house.smtp() as peer:
        assert _deliver(peer, b"Subject: dots\r\n\r\n..\r\n..MAIL FROM:<x@y>\r\n...").startswith(b"250")
    assert b"\r\n\r\n.\r\n.MAIL FROM:<x@y>\r\n..\r\n" in _last(house)


def test_chunks_hold_any_end_of_data(house: House) -> None:
    octets = b"Subject: chunk\r\n\r\nx\r\n.\r\nMAIL FROM:<a@b.test>\r\n" + _TO + b"\r\n.\r\n"
    with house.smtp() as peer:
        _begin(peer)
        peer.send(b"BDAT %d LAST\r\n" % len(octets) + octets)
        assert peer.reply().startswith(b"250")
        assert peer.ask(b"RSET") == b"250 2.0.0 Ok"
    assert octets in _last(house)
    with house.pop3(VICTIM) as peer:
        count = int(peer.ask(b"STAT").split()[1])
        peer.say(b"RETR %d" % count, b"STAT", b"QUIT")
        said = peer.rest()
        assert b"\r\nx\r\n..\r\nMAIL FROM:<a@b.test>\r\n" in said and said.count(b"\r\n.\r\n+OK") == 1


@pytest.mark.parametrize("broken", [b"a\nb", b"a\rb", b"\n.\n", b"a\0b", b"\r", b"x\r\n.\n"])
def test_chunks_with_broken_lines_are_refused(house: House, broken: bytes) -> None:
    octets = b"Subject: chunk\r\n\r\n" + broken
    with house.smtp() as peer:
        _begin(peer)
        peer.send(b"BDAT %d\r\n" % len(octets) + octets + b"BDAT 0 LAST\r\n")
        assert peer.reply().startswith(b"250")
        assert peer.reply().startswith(b"55")


@pytest.mark.parametrize(
    "size", [b"-1 LAST", b"+5 LAST", b"0x5 LAST", b"5LAST", b"5 LAST X", b"5,5", b"", b"9" * 30, b"1e3", b"5 LASTLAST"]
)
def test_no_octet_of_a_chunk_is_a_command(house: House, size: bytes) -> None:
    with house.smtp() as peer:
        _begin(peer)
        peer.send(b"BDAT " + size + b"\r\nNOOP\r\nNOOP\r\nNOOP\r\n")
        said = peer.rest()
    assert said[:1] == b"5" and said.count(b"\r\n") == 1, said


def test_a_chunk_larger_than_anything_ends_the_connection(house: House) -> None:
    with house.smtp() as peer:
        _begin(peer)
        peer.send(b"BDAT 999999999999999999 LAST\r\nNOOP\r\n")
        assert peer.rest().startswith(b"552")


def test_many_chunks_are_no_way_around_the_size(house: House) -> None:
    piece = b"x" * 998 + b"\r\n"
    chunk = piece * 500
    with house.smtp() as peer:
        _begin(peer)
        replies = []
        for _ in range(MESSAGE_SIZE // len(chunk) + 2):
            peer.send(b"BDAT %d\r\n" % len(chunk) + chunk)
            replies.append(peer.reply()[:3])
        assert b"552" in replies and replies[-1] != b"250"


def test_what_comes_behind_starttls_in_clear_is_forgotten(house: House) -> None:
    with house.smtp() as peer:
        peer.say(b"STARTTLS", b"MAIL FROM:<injected@example.org>", b"NOOP", b"NOOP")
        assert peer.reply().startswith(b"220")
        peer.start_tls()
        peer.say(b"VRFY x")
        assert peer.reply().startswith(b"252")
        assert peer.ask(b"MAIL FROM:<s@example.org>").startswith(b"503")  # the EHLO of before does not count
        assert peer.ask(b"STARTTLS").startswith(b"503")


def test_data_without_waiting_is_refused(house: House) -> None:
    with house.smtp() as peer:
        _begin(peer)
        peer.send(b"DATA\r\nSubject: early\r\n\r\nx\r\n.\r\n" + b"MAIL FROM:<a@b.test>\r\n")
        assert peer.rest().startswith(b"554")
    assert b"Subject: early" not in house.inbox()


@pytest.mark.parametrize(
    "verb", [b"GET / HTTP/1.1", b"POST /x HTTP/1.0", b"\x16\x03\x01\x02\x00\x01", b"PRI * HTTP/2.0"]
)
def test_other_protocols_are_hung_up_on(house: House, verb: bytes) -> None:
    with house.peer("smtp") as peer:
        peer.reply()
        peer.say(verb, b"EHLO x", b"NOOP", b"NOOP")
        assert peer.rest().count(b"\r\n") == 1


_BAD_PATHS = (
    b'"a\rX: y"@attacker.example', b'"a\nX: y"@attacker.example', b'"a\0"@attacker.example', b"a\tb@attacker.example",
    b"a b@attacker.example", b"a>b@attacker.example", b"a@attacker.example>\tX", b"\x1b[2J@attacker.example",
    b"a@b\xff.example", b"a@" + b"x" * 300, b"a" * 65 + b"@x.example", b'"\\\r"@x.example', b"a@b@c", b"@", b"a@",
    b"a@-x.example", b"a@x..example", b".a@x.example", b"a.@x.example", b"<a@x.example", b"\xc3\xa9@x.example",
)  # fmt: skip


@pytest.mark.parametrize("path", _BAD_PATHS)
def test_addresses_inject_nothing(house: House, path: bytes) -> None:
    with house.smtp() as peer:
        peer.send(b"MAIL FROM:<" + path + b"> SIZE=10\r\nRSET\r\n")
        said = peer.until(b"250 2.0.0 Ok")
        assert b"Sender ok" not in said, said


def test_trace_fields_say_what_happened(house: House) -> None:
    hellos = (b"(evil", b"x)(by", b"a;b", b"mail.talk.test\xff", b"<script>", b"[127.0.0.1]", b"x" * 255, b"a\tb")
    for hello in hellos:
        with house.peer("smtp") as peer:
            peer.reply()
            if not peer.ask(b"EHLO " + hello).startswith(b"250"):
                continue
            octets = b"Return-Path: <boss@talk.test>\r\nReceived: from bank by us\r\nSubject: trace\r\n\r\nx"
            assert _deliver(peer, octets, b"real@attacker.example").startswith(b"250")
        head = _last(house).partition(b"\r\n")[2]
        assert head.startswith(b"Return-Path: <real@attacker.example>\r\nReceived: from "), head
        received = head.split(b"\r\n", 1)[1].partition(b"\r\nReturn-Path")[0]
        shape = rb"Received: from (\S+) \(\[127\.0\.0\.1\]\)\r\n\tby mail\.talk\.test with ESMTP id [0-9a-f]+\r\n"
        shape += rb"\tfor <" + VICTIM.encode() + rb">;\r\n\t[A-Za-z0-9:+, -]+"
        found = re.fullmatch(shape, received)
        assert found is not None, received
        assert not set(found[1]) & set(b'()<>;\\"'), received


@pytest.mark.parametrize("start", [b" by trusted.example; x", b"\tfor <boss@talk.test>", b" "])
def test_a_message_does_not_go_on_with_our_trace(house: House, start: bytes) -> None:
    with house.smtp() as peer:
        assert _deliver(peer, start + b"\r\nSubject: folded\r\n\r\nx").startswith(b"554 5.6.0")


_RELAYS = (
    b"user@other.test", b"user%other.test@talk.test", b"@talk.test:user@other.test", b'"user@other.test"@talk.test',
    b"user@other.test@talk.test", b"other.test!user@talk.test", b"user@[127.0.0.1]", b"user@[IPv6:::1]",
    b"user%other.test@[127.0.0.1]", b"user@localhost", b"@other.test", b"victim@talk.test@other.test",
    b"victim@sub.talk.test", b"victim@talk.test.other.test", b"victim@xtalk.test", b'"victim@talk.test"@other.test',
    b"victim@talk.test,user@other.test", b"user@mail.talk.test", b"victim%talk.test@other.test", b"", b" ",
    b"|/bin/sh@talk.test", b"/etc/passwd@talk.test", b":include:/etc/passwd@talk.test", b"`id`@talk.test",
    b"$(id)@talk.test", b"../../etc/passwd@talk.test", b"victim@talk.test.",
)  # fmt: skip


@pytest.mark.parametrize("sender", [b"", b"victim@talk.test", b"postmaster@talk.test"])
def test_nothing_is_relayed(house: House, sender: bytes) -> None:
    for path in _RELAYS:
        with house.smtp() as peer:
            assert peer.ask(b"MAIL FROM:<" + sender + b">").startswith(b"250")
            said = peer.ask(b"RCPT TO:<" + path + b">")
            assert said.startswith(b"5"), (path, said)
            assert peer.ask(b"DATA").startswith(b"554")


def test_submission_wants_a_login(house: House) -> None:
    with house.smtp("submission") as peer:
        assert peer.ask(b"MAIL FROM:<" + ATTACKER.encode() + b">").startswith(b"530")
        assert peer.ask(_TO).startswith(b"5")
        assert peer.ask(b"DATA").startswith(b"5")
        octets = b"Subject: x\r\n\r\n"
        peer.send(b"BDAT %d LAST\r\n" % len(octets) + octets)
        assert peer.reply().startswith(b"530")


_SPOOFS = (
    b"From: victim@talk.test", b"From: attacker@talk.test, victim@talk.test", b"from: victim@talk.test",
    b"From: attacker@talk.test <victim@talk.test>", b'From: "attacker@talk.test" <victim@talk.test>',
    b"From: attacker@talk.test\r\nFrom: victim@talk.test", b"From : victim@talk.test",
    b"From: attacker@talk.test\r\nFrom : victim@talk.test", b"From: attacker@talk.test\r\nFROM:victim@talk.test",
    b"From: g: attacker@talk.test, victim@talk.test;", b"From: <attacker@talk.test> <victim@talk.test>",
    b"From:\r\n victim@talk.test", b"From: victim@talk.test (attacker@talk.test)", b"X: y", b"From:", b"From: nobody",
    b" From: victim@talk.test\r\nFrom: attacker@talk.test", b"From: attacker@talk.test\r\nFrom\t: victim@talk.test",
    b"From: =?utf-8?q?attacker=40talk.test?= <victim@talk.test>", b"\r\nFrom: attacker@talk.test",
    b"From: victim@talk.test\0 <attacker@talk.test>", b"From: <@attacker.example:victim@talk.test>",
    b"From: attacker@talk.test;victim@talk.test", b"Fro\rm: x\r\nFrom: attacker@talk.test",
    b"From: attacker@talk.test\r\n" + b"X: y\r\n" * 10_001 + b"From: victim@talk.test",
)  # fmt: skip


@pytest.mark.parametrize("head", _SPOOFS)
def test_nobody_writes_as_somebody_else(house: House, head: bytes) -> None:
    with house.submission() as peer:
        said = _deliver(peer, head + b"\r\nSubject: spoofed\r\n\r\nx", ATTACKER.encode(), _TO)
        assert said.startswith(b"5"), said
        assert peer.ask(b"MAIL FROM:<victim@talk.test>").startswith(b"550")
        assert peer.ask(b"MAIL FROM:<VICTIM@TALK.TEST>").startswith(b"550")
    assert b"Subject: spoofed" not in house.inbox()


def test_bcc_is_told_to_nobody(house: House) -> None:
    octets = (b"From: attacker@talk.test\r\nBcc: a@secret.test,\r\n b@secret.test\r\nbcC : c@secret.test\r\n"
              b"Resent-Bcc: d@secret.test\r\nReturn-Path: <e@secret.test>\r\nSubject: hidden\r\n\r\nx")  # fmt: skip
    with house.submission() as peer:
        assert _deliver(peer, octets, ATTACKER.encode()).startswith(b"250")
    said = _last(house)
    assert b"Subject: hidden" in said and b"secret.test" not in said
    assert b"127.0.0.1" not in said.partition(b"Subject")[0]  # where our people are is nobody's business


def test_what_is_too_large_is_refused(house: House) -> None:
    with house.smtp() as peer:
        peer.send(b"NOOP " + b"x" * 500_000 + b"\r\nNOOP\r\n")
        assert peer.reply().startswith(b"500") and peer.reply().startswith(b"250")
        assert peer.ask(b"MAIL FROM:<a@b.example> SIZE=%d" % (MESSAGE_SIZE + 1)).startswith(b"552")
        assert peer.ask(b"MAIL FROM:<a@b.example> SIZE=99999999999999999999").startswith(b"552")
        assert peer.ask(b"MAIL FROM:<a@b.example> SIZE=-1").startswith(b"501")
        said = _deliver(peer, b"Subject: huge\r\n\r\n" + (b"x" * 998 + b"\r\n") * (MESSAGE_SIZE // 1000 + 10))
        assert said.startswith(b"552")
        said = _deliver(peer, b"Subject: long line\r\n\r\n" + b"x" * 1_100_000)
        assert said.startswith(b"500"), said
        assert _deliver(peer, b"Received: by x\r\n" * 101 + b"\r\nloop").startswith(b"554 5.4.6")


def test_many_unfinished_messages_do_not_fill_the_memory(house: House) -> None:
    before = house.rss()
    peers = [house.smtp() for _ in range(150)]
    for peer in peers:
        _begin(peer)
        assert peer.ask(b"DATA").startswith(b"354")
        peer.send(b"Subject: torso\r\n\r\n" + (b"x" * 998 + b"\r\n") * 1000)
    with house.smtp() as peer:
        assert _deliver(peer, b"Subject: in between\r\n\r\nx").startswith(b"250")
    assert b"Subject: in between" in _last(house)
    assert house.rss() - before < 110 << 20, (house.rss() - before) >> 20
    for peer in peers:
        peer.close()


def test_recipients_are_counted(house: House) -> None:
    with house.smtp() as peer:
        assert peer.ask(b"MAIL FROM:<a@b.example>").startswith(b"250")
        peer.send((_TO + b"\r\n") * (SMTP_RECIPIENTS + 50))
        replies = [peer.reply()[:3] for _ in range(SMTP_RECIPIENTS + 50)]
        assert replies.count(b"250") == SMTP_RECIPIENTS and set(replies[SMTP_RECIPIENTS:]) == {b"452"}
        assert peer.ask(b"DATA").startswith(b"354")
        peer.send(b"Subject: many\r\n\r\nx\r\n.\r\n")
        assert peer.reply().startswith(b"250")
    assert house.inbox().count(b"Subject: many") == 1


def test_nonsense_ends_the_connection(house: House) -> None:
    with house.peer("smtp") as peer:
        peer.send(b"\xff\xfe\r\n" * 200)
        said = peer.rest()
    assert said.count(b"\r\n") <= SMTP_ERRORS + 4 and b"421 4.7.0" in said


def test_guessing_tells_nothing(house: House) -> None:
    def guess(login: str, password: str, source: str) -> bytes:
        with house.peer("submission", source) as peer:
            peer.reply()
            peer.ask(b"EHLO x")
            return peer.ask(b"AUTH PLAIN " + base64.b64encode(f"\0{login}\0{password}".encode())).partition(b" [")[0]

    answers = {
        guess(VICTIM, "wrong-guess-1", "127.0.0.11"),
        guess(f"nobody@{DOMAIN}", "wrong-guess-1", "127.0.0.11"),
        guess("x" * 200 + f"@{DOMAIN}", PASSWORD, "127.0.0.11"),
        guess("\x1b[2J\n\r" + VICTIM, PASSWORD, "127.0.0.11"),
        guess("' OR 1=1 --", PASSWORD, "127.0.0.11"),
    }
    assert len(answers) == 1 and answers.pop().startswith(b"535")
    with house.peer("submission", "127.0.0.11") as peer:
        peer.reply()
        peer.ask(b"EHLO x")
        both = base64.b64encode(f"{VICTIM}\0{ATTACKER}\0{PASSWORD}".encode())
        assert peer.ask(b"AUTH PLAIN " + both).startswith(b"535")  # acting as the victim
        assert peer.ask(b"VRFY " + VICTIM.encode()) == peer.ask(b"VRFY nobody@talk.test")
        assert peer.ask(b"EXPN all").startswith(b"502")


@pytest.mark.parametrize(
    "detail",
    [b"../../x", b"INBOX/Trash", b"Trash", b"Sent", b"Drafts", b"/etc/passwd", b"%2e%2e", b"*", b"%", b"x" * 50,
     b"+++", b"", b"INBOX", b"inbox/INBOX", b"\xf0\x9f\x92\xa3"],
)  # fmt: skip
def test_a_detail_makes_no_mailbox(house: House, detail: bytes) -> None:
    def mailboxes() -> list[bytes]:
        with house.imap(VICTIM) as peer:
            return sorted(peer.command(b'LIST "" *').split(b"\r\n"))

    before = mailboxes()
    path = b"victim+" + detail + b"@talk.test"
    with house.smtp() as peer:
        assert peer.ask(b"MAIL FROM:<a@b.example> SMTPUTF8").startswith(b"250")
        said = peer.ask(b"RCPT TO:<" + path + b">")
        quoted = said.startswith(b"501") and peer.ask(b'RCPT TO:<"victim+' + detail + b'"@talk.test>').startswith(
            b"250"
        )
        if said.startswith(b"250") or quoted:
            mark = b"detail-" + detail.hex().encode()
            assert peer.ask(b"DATA").startswith(b"354")
            peer.send(b"Subject: " + mark + b"\r\n\r\nx\r\n.\r\n")
            assert peer.reply().startswith(b"250")
            assert mark in _last(house)
    assert mailboxes() == before
