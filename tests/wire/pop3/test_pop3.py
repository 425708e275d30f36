"""POP3 lines, commands and dot-stuffing, as tables and for any split of the octets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pillarbox.wire.pop3.command import Command, LineDecoder, LineTooLong, number, parse
from pillarbox.wire.pop3.reply import Stuffing, err, listing, ok


def test_lines_are_taken_whole() -> None:
    received = bytearray(b"STAT\r\nNOOP\nRET")
    lines = LineDecoder()
    assert [lines.next(received), lines.next(received), lines.next(received)] == [b"STAT", b"NOOP", None]
    assert received == b"RET"


@pytest.mark.parametrize("size", [1, 3, 511, 512, 5000])
def test_a_line_too_long_is_one_fault_in_any_pieces(size: int) -> None:
    """What follows in it is no command."""
    octets = b"USER " + b"x" * 1500 + b" QUIT\r\n" + b"STAT\r\n"
    lines, received, events = LineDecoder(), bytearray(), []
    for start in range(0, len(octets), size):
        received += octets[start : start + size]
        while True:
            try:
                line = lines.next(received)
            except LineTooLong:
                events.append(b"too long")
                continue
            if line is None:
                break
            events.append(line)
        assert len(received) < 512
    assert events == [b"too long", b"STAT"]


@pytest.mark.parametrize(
    ("line", "command"),
    [
        (b"stat", Command("STAT", b"")),
        (b"PASS two words ", Command("PASS", b"two words ")),
        (b"TOP 1 10", Command("TOP", b"1 10")),
        (b"", Command("", b"")),
        (b"\xff\xfe 1", Command("\ufffd\ufffd", b"1")),
    ],
)
def test_parse(line: bytes, command: Command) -> None:
    assert parse(line) == command


@pytest.mark.parametrize(
    ("word", "value"), [(b"1", 1), (b"007", 7), (b"-1", None), (b"1x", None), (b"", None), (b"9" * 11, None)]
)
def test_number(word: bytes, value: int | None) -> None:
    assert number(word) == value


def test_replies() -> None:
    assert ok() == b"+OK\r\n"
    assert ok("2 320") == b"+OK 2 320\r\n"
    assert err("no", "IN-USE") == b"-ERR [IN-USE] no\r\n"
    assert listing([(1, 120), (2, "whqtswO00WBw418f9t5JxYwZ")]) == b"1 120\r\n2 whqtswO00WBw418f9t5JxYwZ\r\n"


@pytest.mark.parametrize(
    ("message", "sent"),
    [
        (b"a\r\n.b\r\n", b"a\r\n..b\r\n.\r\n"),
        (b".\r\n", b"..\r\n.\r\n"),
        (b"", b".\r\n"),
        (b"no end", b"no end\r\n.\r\n"),
        (b"bare\n.\nlf\r\n", b"bare\n..\nlf\r\n.\r\n"),
    ],
)
def test_stuffing(message: bytes, sent: bytes) -> None:
    stuffing = Stuffing()
    assert stuffing.chunk(message) + stuffing.end() == sent


@given(st.lists(st.sampled_from([b".", b"\r\n", b"\n", b"a", b"\r"]), max_size=30), st.integers(1, 4))
def test_stuffing_is_undone_whatever_the_chunks(pieces: list[bytes], size: int) -> None:
    message = b"".join(pieces)
    stuffing = Stuffing()
    sent = b"".join(stuffing.chunk(message[n : n + size]) for n in range(0, len(message), size)) + stuffing.end()
    body, end = sent[:-3], sent[-3:]
    assert end == b".\r\n"
    lines = body.split(b"\n")
    assert b"." not in [line.rstrip(b"\r") for line in lines[:-1]]
    unstuffed = b"\n".join(line[1:] if line.startswith(b".") else line for line in lines)
    assert unstuffed in (message, message + b"\r\n")
