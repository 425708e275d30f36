"""A decoder to which everything is offered: pieces of octets change nothing, and no command takes much memory."""

import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pillarbox.core.limits import IMAP_LINE
from pillarbox.wire.imap.commands import Nothing
from pillarbox.wire.imap.decoder import Decoder
from pillarbox.wire.imap.events import (
    AppendChunk,
    AppendStart,
    BadCommand,
    CatenateStart,
    CatenateText,
    CatenateUrl,
    Command,
    Event,
    LiteralWanted,
)
from pillarbox.wire.imap.limits import Limits
from tests.wire.imap.opinion.grammar import damaged
from tests.wire.imap.reading import EVERYTHING
from tests.wire.imap.test_damage import LINES, STRAY

NOOP = Command(b"z", "NOOP", Nothing())
_WAITS = LiteralWanted | AppendStart | CatenateStart | CatenateUrl | CatenateText
_MOST = 16 << 20  # octets that one command may take while it is read


def _play(pieces: list[bytes], accept: bool, small: bool) -> list[Event]:
    """All events, the chunks of one message joined."""
    limits = Limits(line=300, literal=60, command=500, message=90) if small else Limits()
    decoder = Decoder(limits, EVERYTHING)
    events: list[Event] = []
    for piece in pieces:
        decoder.feed(piece)
        while (event := decoder.next()) is not None:
            if isinstance(event, AppendChunk) and events and isinstance(events[-1], AppendChunk):
                events[-1] = AppendChunk(events[-1].octets + event.octets)
            else:
                events.append(event)
            if isinstance(event, _WAITS):
                decoder.accept() if accept else decoder.refuse()
    return events


@st.composite
def _lines(draw: st.DrawFn) -> bytes:
    """A command of an extension, whole or cut and grafted."""
    line = draw(st.sampled_from(LINES))
    keep = draw(st.integers(0, len(line)))
    tail = draw(st.sampled_from(LINES))
    return line[:keep] + draw(st.sampled_from([b"", *STRAY])) + tail[draw(st.integers(0, len(tail))) :]


@settings(max_examples=3 * settings().max_examples)
@given(_lines() | damaged(), st.lists(st.integers(0, 400), max_size=6), st.booleans(), st.booleans())
def test_any_split_gives_the_same_events(line: bytes, cuts: list[int], accept: bool, small: bool) -> None:
    octets = b"t " + line + b"\r\nz NOOP\r\n"
    ends = sorted(min(cut, len(octets)) for cut in cuts)
    pieces = [octets[start:end] for start, end in zip([0, *ends], [*ends, len(octets)], strict=True)]
    whole = _play([octets], accept, small)
    assert _play(pieces, accept, small) == whole
    assert _play([octets[at : at + 1] for at in range(len(octets))], accept, small) == whole


def _wide(before: bytes, repeated: bytes, after: bytes = b"") -> bytes:
    """A command almost as long as a line may be."""
    return before + repeated * ((IMAP_LINE - len(before) - len(after) - 50) // len(repeated)) + after


HOSTILE = (
    _wide(b"SEARCH ", b"1:*,", b"1"),
    _wide(b"UID FETCH ", b"*:1,", b"1 FLAGS"),
    _wide(b"SEARCH ", b"9,", b"1"),
    _wide(b"SEARCH ", b"("),
    _wide(b"SEARCH ", b"NOT ", b"ALL"),
    _wide(b"SEARCH ", b"OR ALL ", b"ALL"),
    _wide(b"SEARCH ", b"FUZZY ", b"ALL"),
    _wide(b"SEARCH RETURN (", b"MIN ", b"MAX) ALL"),
    _wide(b"SEARCH ", b"KEYWORD x ", b"ALL"),
    _wide(b"SORT (", b"REVERSE DATE ", b"DATE) UTF-8 ALL"),
    _wide(b"SORT (DATE) UTF-8 ", b"NOT ", b"ALL"),
    _wide(b"THREAD REFS UTF-8 ", b"OR (ALL) ", b"ALL"),
    _wide(b"ESEARCH IN (mailboxes (", b"a ", b"b)) ALL"),
    _wide(b"ESEARCH IN (", b"subtree x ", b"personal) ALL"),
    _wide(b"ESEARCH IN (", b"(", b"personal) ALL"),
    _wide(b"NOTIFY SET ", b"(mailboxes x (MessageNew MessageExpunge)) ", b"(personal NONE)"),
    _wide(b"NOTIFY SET ", b"("),
    _wide(b"NOTIFY SET (selected (MessageNew (", b"FLAGS ", b"UID) MessageExpunge))"),
    _wide(b"GETMETADATA x (", b"/private/a ", b"/private/b)"),
    _wide(b"SETMETADATA x (", b"/private/a NIL ", b"/private/b NIL)"),
    _wide(b'GETMETADATA x "', b"/a", b'"'),
    _wide(b'LIST () "" (', b"*% ", b"%)"),
    _wide(b'LIST "" ', b"*%"),
    _wide(b'LIST "" ', b"%"),
    _wide(b'LIST "" * RETURN (METADATA (', b"/private/a ", b"/shared/b))"),
    _wide(b"LIST (", b"SUBSCRIBED ", b'REMOTE) "" *'),
    _wide(b'LIST "" * RETURN (STATUS (', b"MESSAGES ", b"SIZE))"),
    _wide(b"SELECT x (QRESYNC (1 1 ", b"1:9,", b"9))"),
    _wide(b"SELECT x (QRESYNC (1 1 1:9 (", b"1,", b"1 1,2)))"),
    _wide(b"SELECT x (", b"CONDSTORE ", b"CONDSTORE)"),
    _wide(b"FETCH 1 (", b"BINARY[1.1.1] ", b"UID)"),
    _wide(b"FETCH 1 BODY[", b"1.", b"1]"),
    _wide(b"FETCH 1 BINARY[", b"1.", b"1]"),
    _wide(b"FETCH 1 BODY[HEADER.FIELDS (", b"a ", b"b)]"),
    _wide(b"FETCH 1 (", b"PREVIEW (LAZY) ", b"UID)"),
    _wide(b"UID FETCH 1 FLAGS (", b"VANISHED ", b"CHANGEDSINCE 1)"),
    _wide(b"STORE 1 FLAGS (", b"k ", b"k)"),
    _wide(b"CREATE x (USE (", b"\\Sent ", b"\\Junk))"),
    _wide(b"APPEND x CATENATE (", b"URL /1 ", b"URL /2)"),
    _wide(b"REPLACE 1 x CATENATE (", b"URL /1 ", b"URL /2)"),
    _wide(b"APPEND x (", b"k ", b"k) {1+}\r\nx"),
    _wide(b"CANCELUPDATE ", b'"a" ', b'"b"'),
    _wide(b"SETACL x y ", b"l"),
    _wide(b"SETACL x ", b"y"),
    _wide(b'SETQUOTA "" (', b"STORAGE 1 ", b"MESSAGE 1)"),
    _wide(b"ID (", b'"a" "b" ', b'"c" NIL)'),
    _wide(b"ENABLE ", b"X ", b"Y"),
    _wide(b"COMPRESS ", b"X"),
    _wide(b"UIDBATCHES 1 ", b"1"),
    _wide(b"CREATE ", b"a/", b"a"),
    _wide(b"CREATE ", b"&AOk-"),
    _wide(b"CREATE &", b"AAAA", b"-"),
    _wide(b"AUTHENTICATE PLAIN ", b"AAAA"),
    _wide(b"LOGIN ", b"x", b" y"),
    b"SEARCH" + b" SUBJECT {9+}\r\nxxxxxxxxx" * 1500,
    b"ID (" + b"{1+}\r\nx NIL " * 1500 + b")",
    b"APPEND x CATENATE (" + b"TEXT {1+}\r\nx " * 1500 + b")",
    b"APPEND x" + b" {1+}\r\ny" * 1500,
    b"SETMETADATA x (" + b"/private/a ~{3+}\r\nx\0y " * 1500 + b")",
    b"LOGIN {1000000+}\r\n" + b"x" * 1_000_000 + b" y",
)


@pytest.mark.parametrize("line", HOSTILE, ids=lambda line: f"{line[:24]!r}-{len(line)}")
def test_no_command_takes_much_memory(line: bytes) -> None:
    octets = b"t " + line + b"\r\nz NOOP\r\n"
    decoder = Decoder(Limits(), EVERYTHING)
    last: Event | None = None
    tracemalloc.start()
    try:
        for start in range(0, len(octets), 16_384):
            decoder.feed(octets[start : start + 16_384])
            while (event := decoder.next()) is not None:
                last = event
                if isinstance(event, _WAITS):
                    decoder.accept()
        assert tracemalloc.get_traced_memory()[1] < _MOST
    finally:
        tracemalloc.stop()
    assert last == NOOP


@pytest.mark.parametrize(
    "start",
    [
        b"",
        b"t ",
        b't LOGIN "',
        b"t SEARCH ",
        b"t SEARCH " + b"(" * 40,
        b"t FROB {99999999+}\r\n",
        b"t APPEND x {99999999+}\r\n",
        b"t APPEND x CATENATE (",
        b"t APPEND x CATENATE (TEXT {3+}\r\nabc",
        b"t SETMETADATA x (/private/a ~{99999999+}\r\n",
        b"t APPEND x {3+}\r\nabc",
        b"t LOGIN {5+}\r\nabcde",
        b"t NOTIFY SET (",
        b"t ESEARCH IN (",
    ],
)
def test_what_never_ends_is_not_kept(start: bytes) -> None:
    decoder = Decoder(Limits(), EVERYTHING)
    decoder.feed(start)
    piece = b"x" * 32_768
    for _ in range(100):
        decoder.feed(piece)
        while (event := decoder.next()) is not None:
            if isinstance(event, _WAITS):
                decoder.accept()
            if isinstance(event, BadCommand) and event.fatal:
                return
        assert decoder.pending <= IMAP_LINE + len(piece)
