"""Command lines and their values; what is refused and why."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pillarbox.core.errors import Invalid
from pillarbox.wire.smtp.command import Auth, Bdat, Command, Hello, Mail, Plain, Rcpt
from pillarbox.wire.smtp.parameter import Unsupported
from pillarbox.wire.smtp.parser import Address, NotAscii, Syntax, parse_command, verb_of
from pillarbox.wire.smtp.path import Path
from pillarbox.wire.smtp.reply import Reply

YOU = Path("you", "demo.test")


@pytest.mark.parametrize(
    ("line", "command"),
    [
        (b"NOOP", Plain("NOOP")),
        (b"noop anything at all", Plain("NOOP", b"anything at all")),
        (b"QUIT  ", Plain("QUIT")),
        (b"XYZZY", Plain("XYZZY")),
        (b"", Plain("")),
        (b"<html>", Plain("")),
        (b"EHLO mail.example", Hello("EHLO", "mail.example")),
        (b"helo [192.0.2.1]", Hello("HELO", "[192.0.2.1]")),
        (b"EHLO under_score", Hello("EHLO", "under_score")),
        (b"MAIL FROM:<>", Mail(None)),
        (b"MAIL FROM:<you@demo.test>", Mail(YOU)),
        (b"mail from: <you@demo.test> ", Mail(YOU)),
        (b"MAIL FROM:<@a.test,@b.test:you@demo.test>", Mail(YOU)),
        (b'MAIL FROM:<"you"@demo.test>', Mail(YOU)),
        (b'MAIL FROM:<"a b\\"c"@demo.test>', Mail(Path('a b"c', "demo.test"))),
        (b"MAIL FROM:<you@[192.0.2.1]>", Mail(Path("you", "[192.0.2.1]"))),
        (b"MAIL FROM:<you@[IPv6:2001:db8::1]>", Mail(Path("you", "[IPv6:2001:db8::1]"))),
        (b"MAIL FROM:<you@demo.test> SIZE=100 BODY=8BITMIME", Mail(YOU, size=100, body="8BITMIME")),
        (b"MAIL FROM:<you@demo.test> size=0 smtputf8", Mail(YOU, size=0, utf8=True)),
        ("MAIL FROM:<jörg@exämple.test> SMTPUTF8".encode(), Mail(Path("jörg", "exämple.test"), utf8=True)),
        (b"MAIL FROM:<you@demo.test> RET=HDRS ENVID=a+2Bb AUTH=<>", Mail(YOU, ret="HDRS", envid="a+b", auth="")),
        (b"MAIL FROM:<you@demo.test> AUTH=e+3Dmc2@example.com", Mail(YOU, auth="e=mc2@example.com")),
        (b"RCPT TO:<you@demo.test>", Rcpt(YOU)),
        (b"RCPT TO:<PostMaster>", Rcpt(Path("PostMaster", ""))),
        (
            b"RCPT TO:<you@demo.test> NOTIFY=SUCCESS,delay ORCPT=rfc822;you+2B1@x.test",
            Rcpt(YOU, frozenset({"SUCCESS", "DELAY"}), ("rfc822", "you+1@x.test")),
        ),
        (b"RCPT TO:<you@demo.test> NOTIFY=NEVER", Rcpt(YOU, frozenset({"NEVER"}))),
        (b"BDAT 0 LAST", Bdat(0, True)),
        (b"bdat 86", Bdat(86, False)),
        (b"AUTH plain AGEAYg==", Auth("PLAIN", b"AGEAYg==")),
        (b"AUTH LOGIN", Auth("LOGIN")),
        (b"AUTH PLAIN =", Auth("PLAIN", b"=")),
    ],
)
def test_command(line: bytes, command: Command) -> None:
    assert parse_command(line) == command


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (b"EHLO", Syntax),
        (b"EHLO a b", Syntax),
        ("EHLO jörg".encode(), Syntax),
        (b"HELO " + b"a" * 256, Syntax),
        (b"MAIL", Address),
        (b"MAIL you@demo.test", Address),
        (b"MAIL FROM:you@demo.test", Address),
        (b"MAIL FROM:<you>", Address),
        (b"MAIL FROM:<postmaster>", Address),
        (b"MAIL FROM:<you@demo.test", Address),
        (b"MAIL FROM:<you@>", Address),
        (b"MAIL FROM:<@demo.test>", Address),
        (b"MAIL FROM:<you@demo.test.>", Address),
        (b"MAIL FROM:<you@-demo.test>", Address),
        (b"MAIL FROM:<you@de_mo.test>", Address),
        (b"MAIL FROM:<you@demo..test>", Address),
        (b"MAIL FROM:<.you@demo.test>", Address),
        (b"MAIL FROM:<you.@demo.test>", Address),
        (b"MAIL FROM:<a b@demo.test>", Address),
        (b"MAIL FROM:<you@demo.test@other.test>", Address),
        (b"MAIL FROM:<<you@demo.test>>", Address),
        (b"MAIL FROM:<you@[300.0.2.1]>", Address),
        (b"MAIL FROM:<you@[IPv6:zz]>", Address),
        (b"MAIL FROM:<you@[x-tag:y]>", Address),
        (b"MAIL FROM:<" + b"a" * 65 + b"@demo.test>", Address),
        (b"MAIL FROM:<a@" + b"a." * 127 + b"test>", Address),
        (b"MAIL FROM:<j\xf6rg@demo.test> SMTPUTF8", Address),
        ("MAIL FROM:<jörg@demo.test>".encode(), NotAscii),
        ("RCPT TO:<jörg@demo.test>".encode(), NotAscii),
        (b"MAIL FROM:<you@demo.test>SIZE=1", Address),
        (b"MAIL FROM:<you@demo.test> SIZE", Invalid),
        (b"MAIL FROM:<you@demo.test> SIZE=x", Invalid),
        (b"MAIL FROM:<you@demo.test> SIZE=1 SIZE=2", Invalid),
        (b"MAIL FROM:<you@demo.test> BODY=9BIT", Invalid),
        (b"MAIL FROM:<you@demo.test> SMTPUTF8=YES", Invalid),
        (b"MAIL FROM:<you@demo.test> =x", Invalid),
        (b"MAIL FROM:<you@demo.test> X-MAGIC=1", Unsupported),
        (b"MAIL FROM:<you@demo.test> NOTIFY=NEVER", Unsupported),
        (b"MAIL FROM:<you@demo.test> AUTH=you", Invalid),
        (b"RCPT TO:<>", Address),
        (b"RCPT TO:<you>", Address),
        (b"RCPT TO:<you@demo.test> NOTIFY=NEVER,DELAY", Invalid),
        (b"RCPT TO:<you@demo.test> ORCPT=you@demo.test", Invalid),
        (b"RCPT TO:<you@demo.test> SIZE=1", Unsupported),
        (b"BDAT", Syntax),
        (b"BDAT x", Syntax),
        (b"BDAT -1", Syntax),
        (b"BDAT 1 FIRST", Syntax),
        (b"AUTH", Syntax),
        (b"AUTH PLAIN a b", Syntax),
    ],
)
def test_refused(line: bytes, error: type[Invalid]) -> None:
    with pytest.raises(error):
        parse_command(line)


def test_recipient_of_a_utf8_transaction() -> None:
    assert parse_command("RCPT TO:<jörg@demo.test>".encode(), utf8=True) == Rcpt(Path("jörg", "demo.test"))


@pytest.mark.parametrize(
    ("path", "address"),
    [
        (YOU, "you@demo.test"),
        (Path("a b", "demo.test"), '"a b"@demo.test'),
        (Path('a"\\b', "demo.test"), '"a\\"\\\\b"@demo.test'),
        (Path("x@elsewhere.test", "demo.test"), '"x@elsewhere.test"@demo.test'),
        (Path("", "demo.test"), '""@demo.test'),
        (Path("Postmaster", ""), "Postmaster"),
    ],
)
def test_address(path: Path, address: str) -> None:
    assert path.address == address


@given(st.binary(max_size=300))
def test_only_its_own_error_escapes(line: bytes) -> None:
    with contextlib.suppress(Invalid):
        parse_command(line)


@given(st.sampled_from([b"MAIL FROM:", b"RCPT TO:"]), st.text('<>@."\\[]:, aA1-_+=;', max_size=60))
def test_addresses_keep_one_spelling(verb: bytes, text: str) -> None:
    try:
        command = parse_command(verb + text.encode())
    except Invalid:
        return
    assert isinstance(command, Mail | Rcpt)
    if command.path is not None and command.path.domain:
        again = parse_command(f"RCPT TO:<{command.path.address}>".encode())
        assert isinstance(again, Rcpt)
        assert again.path == command.path


@pytest.mark.parametrize(
    ("line", "verb"), [(b"mail FROM:<x", "MAIL"), (b"BDAT", "BDAT"), (b"\xff\xff x", ""), (b"", ""), (b"a" * 30, "")]
)
def test_verb(line: bytes, verb: str) -> None:
    assert verb_of(line) == verb


def test_reply() -> None:
    assert Reply(250, "2.1.0", "ok").octets == b"250 2.1.0 ok\r\n"
    assert Reply(250, "", "a", "b").octets == b"250-a\r\n250 b\r\n"
    assert Reply(214, "2.0.0", "a", "b").octets == b"214-2.0.0 a\r\n214 2.0.0 b\r\n"
    assert Reply(334, "").octets == b"334 \r\n"
    assert Reply(550, "5.1.1", "no such user").marked("k3") == b"550 5.1.1 no such user [k3]\r\n"
