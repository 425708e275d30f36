"""POP3 under attack: lines and numbers that are none, states, guessing, and a maildrop that is held."""

import base64

import pytest

from pillarbox.core.limits import POP3_ERRORS
from tests.attacks.house import ATTACKER, VICTIM, House
from tests.server import PASSWORD


@pytest.mark.parametrize(
    "line",
    [
        b"RETR 0", b"RETR -1", b"RETR 99999999999999999999", b"RETR 1 2", b"RETR", b"RETR \xb2", b"RETR 1\0",
        b"RETR ../../x",
        b"TOP 1 -1", b"TOP 1 9999999999", b"TOP 1", b"TOP 1 99999999999", b"TOP 0 0", b"DELE 0", b"DELE 1:5",
        b"LIST 0", b"LIST 1 1",
        b"UIDL 4294967296", b"UIDL *", b"NOOP " + b"x" * 100, b"\xff\xfe\xfd", b"\0", b"", b" ", b"RETR\t1",
        b"STAT STAT", b"XTND",
        b"APOP victim 0123456789abcdef", b"USER victim", b"PASS x", b"STLS", b"AUTH PLAIN", b"RETR 1e1", b"RETR 0x1",
        b"RETR +1",
    ],
)  # fmt: skip
def test_nonsense_is_answered(house: House, line: bytes) -> None:
    house.append(b"Subject: x\r\n\r\ny")
    with house.pop3() as peer:
        peer.say(line, b"QUIT")
        said = peer.rest()
        assert said.startswith((b"-ERR", b"+OK")) and said.endswith(b"+OK goodbye\r\n"), said[:500]


@pytest.mark.parametrize("line", [b"STAT", b"LIST", b"RETR 1", b"DELE 1", b"UIDL", b"TOP 1 1", b"RSET", b"NOOP"])
def test_strangers_get_nothing(house: House, line: bytes) -> None:
    with house.peer("pop3") as peer:
        peer.line()
        assert peer.ask(line).startswith(b"-ERR")


def test_what_comes_behind_stls_in_clear_is_forgotten(house: House) -> None:
    with house.peer("pop3") as peer:
        peer.line()
        peer.say(
            b"USER " + VICTIM.encode(), b"STLS", b"USER " + ATTACKER.encode(), b"PASS " + PASSWORD.encode(), b"STAT"
        )
        assert peer.line().startswith(b"+OK") and peer.line().startswith(b"+OK")
        peer.start_tls()
        assert peer.ask(b"PASS " + PASSWORD.encode()).startswith(b"-ERR")
        assert peer.ask(b"STLS").startswith(b"-ERR")


def test_guessing_tells_nothing(house: House) -> None:
    def guess(login: bytes, password: bytes = b"wrong-guess-3") -> tuple[bytes, bytes]:
        with house.peer("pop3", "127.0.0.14") as peer:
            peer.line()
            return peer.ask(b"USER " + login), peer.ask(b"PASS " + password)

    answers = {
        guess(VICTIM.encode()),
        guess(b"nobody@talk.test"),
        guess(b"\xff\xfe"),
        guess(b"victim@talk.test\0", b"x"),
    }
    assert len(answers) == 1 and answers.pop()[1].startswith(b"-ERR [AUTH]")
    with house.peer("pop3", "127.0.0.14") as peer:
        peer.line()
        both = base64.b64encode(f"{VICTIM}\0{ATTACKER}\0{PASSWORD}".encode())
        assert peer.ask(b"AUTH PLAIN " + both).startswith(b"-ERR [AUTH]")


@pytest.mark.parametrize(
    "response", [b"!!!", b"=", b"*", b"AAAA", b"A" * 12_000, b"", b"\xff", base64.b64encode(b"\0\0"), b"x" * 20_000]
)
def test_exchanges_that_are_none(house: House, response: bytes) -> None:
    with house.peer("pop3", "127.0.0.15") as peer:
        peer.line()
        peer.say(b"AUTH PLAIN", response, b"CAPA", b"QUIT")
        said = peer.rest()
        assert b"-ERR" in said and b"+OK goodbye" in said


def test_nonsense_ends_the_connection(house: House) -> None:
    before = house.rss()
    with house.peer("pop3") as peer:
        peer.send(b"\xff\xfe\r\n" * 500)
        assert peer.rest().count(b"-ERR") <= POP3_ERRORS
    with house.peer("pop3") as peer:
        for _ in range(20):
            peer.send(b"x" * 1_000_000)
        peer.finish()
        assert b"-ERR" in peer.rest()
    assert house.rss() - before < 60 << 20


def test_ten_thousand_commands_at_once(house: House) -> None:
    before = house.rss()
    with house.pop3() as peer:
        peer.send(b"NOOP\r\nUIDL\r\n" * 5000 + b"QUIT\r\n")
        assert peer.rest().endswith(b"+OK goodbye\r\n")
    assert house.rss() - before < 60 << 20


def test_nothing_is_deleted_without_a_goodbye(house: House) -> None:
    house.append(b"Subject: kept\r\n\r\ny")
    with house.pop3() as peer:
        count = int(peer.ask(b"STAT").split()[1])
        peer.say(*(b"DELE %d" % number for number in range(1, count + 1)))
        peer.line()
    with house.imap() as peer:
        assert peer.command(b"UID SEARCH ALL").count(b" ") >= count


def test_dots_of_a_message_do_not_end_it(house: House) -> None:
    for body in (b".\r\n+OK forged\r\n", b"x\n.\n+OK forged\r\n", b"x\r.\r+OK forged\r\n", b"\r\n.\r\n.\r\n"):
        house.append(b"Subject: dots\r\n\r\n" + body)
        with house.pop3() as peer:
            count = int(peer.ask(b"STAT").split()[1])
            peer.say(b"RETR %d" % count, b"TOP %d 9" % count, b"QUIT")
            said = peer.rest()
            assert said.count(b"\n.\r\n") == 2 and said.count(b"\r\n.\r\n") == 2, said
