"""Literals, streams of messages, modes and limits; and that the pieces in which octets come change nothing."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pillarbox.core import limits
from pillarbox.wire.imap.commands import Login, Nothing, Select
from pillarbox.wire.imap.decoder import Decoder
from pillarbox.wire.imap.events import (
    AppendChunk,
    AppendEnd,
    AppendStart,
    BadCommand,
    Command,
    Event,
    Line,
    LiteralWanted,
)
from pillarbox.wire.imap.limits import BEFORE_LOGIN, Limits

SMALL = Limits(line=400, literal=100, command=600, message=1000)
NOOP = Command(b"z", "NOOP", Nothing())


def play(pieces: list[bytes], limits_: Limits = SMALL, accept: bool = True, lines: bool = False) -> list[Event]:
    """All events, chunks of one message joined, as a server that takes (or refuses) everything sees them."""
    decoder = Decoder(limits_)
    decoder.utf8 = True
    events: list[Event] = []
    for piece in pieces:
        decoder.feed(piece)
        while (event := decoder.next()) is not None:
            if isinstance(event, AppendChunk) and isinstance(events[-1], AppendChunk):
                events[-1] = AppendChunk(events[-1].octets + event.octets)
            else:
                events.append(event)
            if isinstance(event, LiteralWanted | AppendStart):
                assert decoder.next() is None
                decoder.accept() if accept else decoder.refuse()
            elif lines and isinstance(event, Command) and event.name == "IDLE":
                decoder.expect_line(50)
    return events


def one_by_one(octets: bytes) -> list[bytes]:
    return [octets[at : at + 1] for at in range(len(octets))]


def both(octets: bytes, accept: bool = True, lines: bool = False) -> list[Event]:
    whole = play([octets], accept=accept, lines=lines)
    assert play(one_by_one(octets), accept=accept, lines=lines) == whole
    return whole


def test_synchronising_literals() -> None:
    assert both(b"a LOGIN {1}\r\nx {2}\r\nyy\r\nz NOOP\r\n") == [
        LiteralWanted(b"a", "LOGIN", 1),
        LiteralWanted(b"a", "LOGIN", 2),
        Command(b"a", "LOGIN", Login("x", "yy")),
        NOOP,
    ]


def test_refused_literal_leaves_nothing_behind() -> None:
    assert both(b"a LOGIN {1}\r\nz NOOP\r\n", accept=False) == [LiteralWanted(b"a", "LOGIN", 1), NOOP]


def test_bad_syntax_before_a_literal_is_answered_at_once() -> None:
    assert both(b"a LOGIN x  {9}\r\nz NOOP\r\n") == [BadCommand(b"a", "string expected"), NOOP]
    assert both(b"a FROB {9}\r\nz NOOP\r\n") == [BadCommand(b"a", "unknown command"), NOOP]
    assert both(b"a NOOP {9}\r\nz NOOP\r\n") == [BadCommand(b"a", "more than the command takes"), NOOP]
    assert both(b"a NOOP {10+}\r\nb LOGOUT\r\n\r\nz NOOP\r\n")[1:] == [NOOP]


def test_too_big_literals() -> None:
    big = BadCommand(b"a", "command too large", "TOOBIG", "NO")
    assert both(b"a LOGIN {101}\r\nz NOOP\r\n") == [big, NOOP]
    assert both(b"a LOGIN {101+}\r\n" + b"x" * 101 + b" y\r\nz NOOP\r\n") == [big, NOOP]
    assert both(b"a LOGIN {101+}\r\n" + b"\n" * 101 + b" {3+}\r\n\r\n\r\r\nz NOOP\r\n") == [big, NOOP]
    many = b"a SEARCH" + b" FROM {90+}\r\n" + b" FROM {90+}\r\n".join([b"x" * 90] * 9) + b"\r\nz NOOP\r\n"
    assert both(many) == [big, NOOP]


def test_dropped_literals_are_not_kept() -> None:
    decoder = Decoder(SMALL)
    decoder.feed(b"a LOGIN {1000000+}\r\n")
    for _ in range(100):
        decoder.feed(b"x" * 10_000)
        assert decoder.next() is None
        assert decoder.pending == 0


@pytest.mark.parametrize("literal", [b"{99999999999+}\r\n", b"{600+}\r\n" + b"x" * 600 + b" {600+}\r\n"])
def test_too_much_of_what_is_refused_ends_the_connection(literal: bytes) -> None:  # RFC 7888 §4
    endless = replace(SMALL, refused=1000)
    last = BadCommand(b"a", "command too large", "TOOBIG", "NO", fatal=True)
    octets = b"a LOGIN " + literal + b"z NOOP\r\nz NOOP\r\n"
    assert play([octets], endless) == play(one_by_one(octets), endless) == [last]


def test_literals_that_come_unasked_for_are_small_before_login() -> None:  # RFC 7888 §5
    size = limits.IMAP_LITERAL_MINUS
    for verb in (b"LOGIN", b"APPEND x", b"NOSUCH"):
        first, *rest = play([b"a %b {%d+}\r\n%b y\r\nz NOOP\r\n" % (verb, size + 1, b"x" * (size + 1))], BEFORE_LOGIN)
        assert isinstance(first, BadCommand)
        assert (first.tag, first.status, first.code) == (b"a", "BAD", "TOOBIG")
        assert rest == [NOOP]
    taken = play([b"a LOGIN {%d+}\r\n%b y\r\n" % (size, b"x" * size)], BEFORE_LOGIN)
    assert taken == [Command(b"a", "LOGIN", Login("x" * size, "y"))]
    asked = play([b"a LOGIN {%d}\r\n%b y\r\n" % (size + 1, b"x" * (size + 1))], BEFORE_LOGIN)
    assert asked[0] == LiteralWanted(b"a", "LOGIN", size + 1)


def test_too_long_lines() -> None:
    long = BadCommand(b"a", "line too long", "LIMIT")
    assert both(b"a LOGIN " + b"x" * 1000 + b"\r\nz NOOP\r\n") == [long, NOOP]
    assert both(b"a LOGIN " + b"x" * 1000 + b" {5+}\r\n12345\r\nz NOOP\r\n") == [long, NOOP]
    assert both(b"a LOGIN " + b"x" * 1000 + b" {5}\r\nz NOOP\r\n") == [long, NOOP]
    assert both(b"x" * 1000 + b"\r\nz NOOP\r\n") == [BadCommand(None, "line too long", "LIMIT"), NOOP]
    exact = b"a LOGIN x ".ljust(400, b"y")
    assert isinstance(both(exact + b"\r\n")[0], Command)
    assert isinstance(both(exact + b"y\r\n")[0], BadCommand)
    assert isinstance(both(exact + b"y\n")[0], BadCommand)
    decoder = Decoder(SMALL)
    for _ in range(100):
        decoder.feed(b"x" * 1000)
        assert decoder.next() is None
        assert decoder.pending < 401


def test_lines_without_a_command() -> None:
    assert both(b"\r\n") == [BadCommand(None, "tag expected")]
    assert both(b"a\r\n") == [BadCommand(b"a", "command expected")]
    assert both(b"+ NOOP\r\n") == [BadCommand(None, "tag expected")]
    assert both(b"a* NOOP\r\n") == [BadCommand(None, "tag expected")]
    assert both(b"\x16\x03\x01\0\n") == [BadCommand(None, "tag expected")]
    assert both(b"z NOOP\n") == [NOOP]


def test_append() -> None:
    moment = datetime(2020, 2, 1, 10, 11, 12, tzinfo=timezone(timedelta(hours=-7)))
    message = b"Subject: x\r\n\r\na1 NOOP\r\n\0\xff"
    head = b'a APPEND {2}\r\nbo (\\seen $X) " 1-Feb-2020 10:11:12 -0700" {%d}\r\n' % len(message)
    assert both(head + message + b"\r\nz NOOP\r\n") == [
        LiteralWanted(b"a", "APPEND", 2),
        AppendStart(b"a", "bo", ("\\Seen", "$X"), moment, len(message), sync=True),
        AppendChunk(message),
        AppendEnd(b"a", last=True),
        NOOP,
    ]


def test_append_of_nothing_and_literal8() -> None:
    assert both(b"a APPEND x {0+}\r\n\r\nz NOOP\r\n") == [
        AppendStart(b"a", "x", (), None, 0, sync=False),
        AppendEnd(b"a", last=True),
        NOOP,
    ]
    assert both(b"a APPEND x UTF8 (~{1+}\r\ny)\r\nz NOOP\r\n") == [
        AppendStart(b"a", "x", (), None, 1, sync=False, binary=True),
        AppendChunk(b"y"),
        AppendEnd(b"a", last=True),
        NOOP,
    ]
    assert both(b"a APPEND x UTF8 (~{1+}\r\ny\r\n")[-1] == BadCommand(b"a", "closing parenthesis expected")
    assert both(b"a APPEND x UTF8 ({1+}\r\ny)\r\n")[-1] == BadCommand(b"a", "literal8 expected")


def test_append_of_several() -> None:
    assert both(b"a APPEND x {1+}\r\n1 (\\Seen) {1+}\r\n2\r\nz NOOP\r\n") == [
        AppendStart(b"a", "x", (), None, 1, sync=False),
        AppendChunk(b"1"),
        AppendEnd(b"a", last=False),
        AppendStart(b"a", "x", ("\\Seen",), None, 1, sync=False, index=1),
        AppendChunk(b"2"),
        AppendEnd(b"a", last=True),
        NOOP,
    ]


def test_append_refused() -> None:
    start = AppendStart(b"a", "x", (), None, 5, sync=True)
    assert both(b"a APPEND x {5}\r\nz NOOP\r\n", accept=False) == [start, NOOP]
    start = AppendStart(b"a", "x", (), None, 5, sync=False)
    assert both(b"a APPEND x {5+}\r\n\r\n\r\n\r {2+}\r\n\r\n\r\nz NOOP\r\n", accept=False) == [start, NOOP]


def test_append_too_big() -> None:
    big = BadCommand(b"a", "message too large", "TOOBIG", "NO")
    assert both(b"a APPEND x {1001}\r\nz NOOP\r\n") == [big, NOOP]
    assert both(b"a APPEND x {1001+}\r\n" + b"\n" * 1001 + b"\r\nz NOOP\r\n") == [big, NOOP]


@pytest.mark.parametrize(
    "head",
    [
        b"APPEND {1}",
        b"APPEND x  {1}",
        b"APPEND x (\\Frob) {1}",
        b"APPEND x () (){1}",
        b'APPEND x "32-Feb-2020 10:11:12 -0700" {1}',
        b'APPEND x " 1-Jan-0001 00:00:00 +2300" {1}',
        b'APPEND x " 1-Jan-2020 10:11:12 +9900" {1}',
        b"APPEND x x {1}",
        b"APPEND x{1}",
        b"APPEND x ~{1",
    ],
)
def test_append_wrong(head: bytes) -> None:
    events = both(b"a " + head + b"\r\nz NOOP\r\n", accept=False)
    assert events[-1] == NOOP
    assert isinstance(events[0], BadCommand) or head == b"APPEND {1}"


def test_append_with_more_behind_is_void() -> None:
    assert both(b"a APPEND x {1+}\r\n1x\r\nz NOOP\r\n")[-2:] == [BadCommand(b"a", "more than the command takes"), NOOP]
    assert both(b"a APPEND x {1+}\r\n1 x {2+}\r\n\r\n\r\nz NOOP\r\n")[-2:] == [
        BadCommand(b"a", "literal expected"),
        NOOP,
    ]


def test_lines_asked_for() -> None:
    idle = Command(b"a", "IDLE", Nothing())
    assert both(b"a IDLE\r\nDONE\r\nz NOOP\r\n", lines=True) == [idle, Line(b"DONE"), NOOP]
    assert both(b"a IDLE\r\n{5+}\r\nz NOOP\r\n", lines=True) == [idle, Line(b"{5+}"), NOOP]
    assert both(b"a IDLE\r\n" + b"x" * 60 + b"\r\nz NOOP\r\n", lines=True) == [
        idle,
        BadCommand(None, "line too long", "LIMIT"),
        NOOP,
    ]


def test_starttls_forgets_what_came_in_clear() -> None:
    decoder = Decoder()
    decoder.feed(b"a STARTTLS\r\nb LOGIN x y\r\nc LOG")
    assert decoder.next() == Command(b"a", "STARTTLS", Nothing())
    decoder.discard()
    decoder.feed(b"z NOOP\r\n")
    assert decoder.next() == NOOP


def test_names_change_their_spelling_when_enabled() -> None:
    decoder = Decoder()
    decoder.feed(b'a SELECT "&AOk-"\r\nb SELECT "&AOk-"\r\n')
    assert decoder.next() == Command(b"a", "SELECT", Select("é"))
    decoder.utf8 = True
    assert decoder.next() == Command(b"b", "SELECT", Select("&AOk-"))


def test_strangers_get_less() -> None:
    decoder = Decoder(BEFORE_LOGIN)
    decoder.feed(b"a LOGIN x {%d}\r\n" % (limits.IMAP_BEFORE_LOGIN + 1))
    assert decoder.next() == BadCommand(b"a", "command too large", "TOOBIG", "NO")


def test_strangers_may_say_who_they_are_at_length() -> None:
    fields = {f"{number:02}".ljust(30, "x"): "y" * 1024 for number in range(30)}  # RFC 2971 §3.3
    line = "a ID (" + " ".join(f'"{name}" "{value}"' for name, value in fields.items()) + ")\r\n"
    decoder = Decoder(BEFORE_LOGIN)
    decoder.feed(line.encode())
    assert isinstance(decoder.next(), Command)


def test_many_literals_and_parts_stay_bounded() -> None:
    literals = b"a SEARCH" + b" FROM {1+}\r\nx" * (limits.IMAP_LITERALS + 1) + b"\r\nz NOOP\r\n"
    assert play([literals], Limits()) == [BadCommand(b"a", "command too large", "TOOBIG", "NO"), NOOP]
    within = b"a SEARCH" + b" FROM {1+}\r\nx" * (limits.IMAP_LITERALS - 1) + b"\r\n"
    assert isinstance(play([within], Limits())[0], Command)
    parts = b"a FETCH " + b"1," * limits.IMAP_SET_PARTS + b"1 FLAGS\r\nz NOOP\r\n"
    assert play([parts], Limits()) == [BadCommand(b"a", "too many parts in the sequence set", "LIMIT", "NO"), NOOP]
    half = b"1," * (limits.IMAP_SET_PARTS // 2 - 1) + b"1"
    assert isinstance(play([b"a SEARCH " + half + b" UID " + half + b"\r\n"], Limits())[0], Command)
    assert isinstance(play([b"a SEARCH $ NOT $ UID $ OR $ ALL\r\n"])[0], Command)
    for more in (b"a SEARCH " + half + b" UID " + half + b" 1", b"a UID SEARCH $ NOT $ UID $ OR $ UID 1"):
        together = BadCommand(b"a", "too many parts in the sequence sets", "LIMIT", "NO")
        assert play([more + b"\r\nz NOOP\r\n"], Limits()) == [together, NOOP]


def test_dates_keep_their_instant() -> None:
    event = play([b'a APPEND x "17-Jul-1996 02:44:25 -0700" {1+}\r\nx\r\n'])[0]
    assert isinstance(event, AppendStart)
    assert event.date is not None
    assert event.date.astimezone(UTC) == datetime(1996, 7, 17, 9, 44, 25, tzinfo=UTC)


FRAGMENTS = st.sampled_from(
    [
        b"a",
        b"z NOOP",
        b" ",
        b"\r\n",
        b"\n",
        b"\r",
        b"{3}\r\n",
        b"{3+}\r\n",
        b"{0}\r\n",
        b"{150+}\r\n",
        b"{2000+}\r\n",
        b"~{2+}\r\n",
        b"a APPEND x ",
        b"a LOGIN ",
        b"a IDLE\r\n",
        b"a SEARCH ",
        b"a UID FETCH 1:* (",
        b"BODY[HEADER.FIELDS (",
        b"FROM ",
        b"OR ",
        b"NOT ",
        b"(",
        b")",
        b'"',
        b"\\",
        b"UTF8 (",
        b"DONE",
        b"x" * 90,
        b"\xff",
        b"\0",
        b'" 1-Feb-2020 10:11:12 -0700"',
    ]
)


@settings(max_examples=400, deadline=None)
@given(st.lists(FRAGMENTS | st.binary(max_size=8), max_size=25), st.data(), st.booleans())
def test_any_split_gives_the_same_events(fragments: list[bytes], data: st.DataObject, accept: bool) -> None:
    octets = b"".join(fragments) + b"\r\n"
    cuts = sorted(data.draw(st.lists(st.integers(0, len(octets)), max_size=6)))
    pieces = [octets[start:end] for start, end in zip([0, *cuts], [*cuts, len(octets)], strict=True)]
    whole = play([octets], accept=accept, lines=True)
    assert play(pieces, accept=accept, lines=True) == whole
    assert play(one_by_one(octets), accept=accept, lines=True) == whole


def test_utf8_is_for_those_who_have_enabled_it() -> None:
    decoder = Decoder()
    decoder.feed(b"a APPEND x UTF8 (~{1+}\r\ny)\r\nz NOOP\r\n")
    refused = BadCommand(b"a", "UTF8 needs ENABLE UTF8=ACCEPT", "CANNOT", "NO")
    assert [decoder.next(), decoder.next()] == [refused, NOOP]
