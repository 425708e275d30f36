"""REPLACE, CATENATE, and that a decoder knows only what is offered."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pillarbox.core import limits
from pillarbox.wire.imap.commands import BASE, Nothing
from pillarbox.wire.imap.decoder import Decoder
from pillarbox.wire.imap.events import (
    AppendChunk,
    AppendEnd,
    AppendStart,
    BadCommand,
    CatenateStart,
    CatenateText,
    CatenateUrl,
    Command,
    Event,
    LiteralWanted,
)
from pillarbox.wire.imap.fetch import Section
from pillarbox.wire.imap.limits import Limits
from pillarbox.wire.imap.sets import STAR
from pillarbox.wire.imap.urls import MessageUrl, parse_url
from tests.wire.imap.reading import EVERYTHING

SMALL = Limits(line=400, literal=100, command=600, message=1000)
NOOP = Command(b"z", "NOOP", Nothing())
ASKING = LiteralWanted | AppendStart | CatenateStart | CatenateUrl | CatenateText


def play(pieces: list[bytes], refuse: int | None = None, limits_: Limits = SMALL) -> list[Event]:
    """All events, chunks joined, as a server sees them that refuses what asks for the `refuse`th time, if anything."""
    decoder = Decoder(limits_, EVERYTHING)
    decoder.utf8 = True
    events: list[Event] = []
    asked = 0
    for piece in pieces:
        decoder.feed(piece)
        while (event := decoder.next()) is not None:
            if isinstance(event, AppendChunk) and isinstance(events[-1], AppendChunk):
                events[-1] = AppendChunk(events[-1].octets + event.octets)
            else:
                events.append(event)
            if isinstance(event, ASKING):
                assert decoder.next() is None
                decoder.refuse() if asked == refuse else decoder.accept()
                asked += 1
    return events


def both(octets: bytes, refuse: int | None = None) -> list[Event]:
    whole = play([octets], refuse)
    assert play([octets[at : at + 1] for at in range(len(octets))], refuse) == whole
    return whole


def test_replace() -> None:
    assert both(b"a REPLACE 4 Drafts (\\Seen) {1+}\r\nx\r\nz NOOP\r\n") == [
        AppendStart(b"a", "Drafts", ("\\Seen",), None, 1, sync=False, name="REPLACE", replaces=4),
        AppendChunk(b"x"),
        AppendEnd(b"a", last=True),
        NOOP,
    ]
    assert both(b"a uid replace * {1}\r\nd ~{2}\r\n\0\xff\r\nz NOOP\r\n") == [
        LiteralWanted(b"a", "UID REPLACE", 1),
        AppendStart(b"a", "d", (), None, 2, sync=True, name="UID REPLACE", replaces=STAR, binary=True),
        AppendChunk(b"\0\xff"),
        AppendEnd(b"a", last=True),
        NOOP,
    ]


@pytest.mark.parametrize(
    "line",
    [
        b"REPLACE x {1+}",
        b"REPLACE 0 x {1+}",
        b"REPLACE 1:2 x {1+}",
        b"REPLACE 4294967296 x {1+}",
        b"REPLACE $ x {1+}",
        b"REPLACE  1 x {1+}",
        b"UID REPLACE 1 {1+}",
        b"UID APPEND x {1+}",
        b"REPLACE 1 x",
    ],
)
def test_replace_wrong(line: bytes) -> None:
    octets = b"a " + line + (b"\r\nx\r\n" if line.endswith(b"}") else b"\r\n") + b"z NOOP\r\n"
    first, *_, last = both(octets)
    assert isinstance(first, BadCommand)
    assert first.tag == b"a"
    assert last == NOOP


def test_one_message_replaces_one() -> None:
    events = both(b"a REPLACE 1 x {1+}\r\ny {1+}\r\ny\r\nz NOOP\r\n")
    assert events[-2:] == [BadCommand(b"a", "more than the command takes"), NOOP]


def test_catenate_as_in_the_rfc() -> None:  # RFC 4469 §3
    command = (
        b"a APPEND Drafts (\\Seen \\Draft $MDNSent) CATENATE "
        b'(URL "/Drafts;UIDVALIDITY=385759045/;UID=20/;section=HEADER" TEXT {3+}\r\none'
        b" URL /Drafts;UID=21 TEXT {2}\r\nt2)\r\nz NOOP\r\n"
    )
    assert both(command) == [
        CatenateStart(b"a", "Drafts", ("\\Seen", "\\Draft", "$MDNSent"), None),
        CatenateUrl(b"a", "/Drafts;UIDVALIDITY=385759045/;UID=20/;section=HEADER"),
        CatenateText(b"a", 3, sync=False),
        AppendChunk(b"one"),
        CatenateUrl(b"a", "/Drafts;UID=21"),
        CatenateText(b"a", 2, sync=True),
        AppendChunk(b"t2"),
        AppendEnd(b"a", last=True),
        NOOP,
    ]


def test_catenate_of_urls_alone_and_as_literals() -> None:
    assert both(b'a APPEND x CATENATE (URL "/a;UID=1" url /b;UID=2)\r\nz NOOP\r\n') == [
        CatenateStart(b"a", "x", (), None),
        CatenateUrl(b"a", "/a;UID=1"),
        CatenateUrl(b"a", "/b;UID=2"),
        AppendEnd(b"a", last=True),
        NOOP,
    ]
    assert both(b"a APPEND {1}\r\nx CATENATE (URL {3}\r\n/1] URL {2+}\r\n/2 TEXT {0+}\r\n URL /3)\r\nz NOOP\r\n") == [
        LiteralWanted(b"a", "APPEND", 1),
        CatenateStart(b"a", "x", (), None),
        LiteralWanted(b"a", "APPEND", 3),
        CatenateUrl(b"a", "/1]"),
        CatenateUrl(b"a", "/2"),
        CatenateText(b"a", 0, sync=False),
        CatenateUrl(b"a", "/3"),
        AppendEnd(b"a", last=True),
        NOOP,
    ]


def test_catenate_among_several_messages_and_utf8_parts() -> None:
    octets = b"a APPEND x CATENATE (UTF8 (~{1+}\r\n1)) (\\Seen) {1+}\r\n2 CATENATE (TEXT {1+}\r\n3)\r\nz NOOP\r\n"
    assert both(octets) == [
        CatenateStart(b"a", "x", (), None),
        CatenateText(b"a", 1, sync=False, binary=True),
        AppendChunk(b"1"),
        AppendEnd(b"a", last=False),
        AppendStart(b"a", "x", ("\\Seen",), None, 1, sync=False, index=1),
        AppendChunk(b"2"),
        AppendEnd(b"a", last=False),
        CatenateStart(b"a", "x", (), None, index=2),
        CatenateText(b"a", 1, sync=False),
        AppendChunk(b"3"),
        AppendEnd(b"a", last=True),
        NOOP,
    ]


def test_replace_with_parts() -> None:
    assert both(b"a UID REPLACE 7 x CATENATE (TEXT {1+}\r\n1)\r\nz NOOP\r\n")[0] == CatenateStart(
        b"a", "x", (), None, name="UID REPLACE", replaces=7
    )


CATENATED = b"a APPEND x CATENATE (URL {2+}\r\n/1 TEXT {2+}\r\n\r\n URL /3 TEXT {2}\r\n"


@pytest.mark.parametrize("refuse", range(4))
def test_catenate_refused_at_any_part(refuse: int) -> None:
    """What comes unasked behind the refusal is dropped; behind a literal that waits nothing does."""
    events = both(CATENATED + b"z NOOP\r\n", refuse)
    kinds: list[type[Event]] = [CatenateStart, CatenateUrl, CatenateText, CatenateUrl]
    assert [type(event) for event in events if not isinstance(event, AppendChunk)] == [*kinds[: refuse + 1], Command]
    assert events[-1] == NOOP


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (b"APPEND x CATENATE", "literal expected"),
        (b"APPEND x CATENATE ()", "name expected"),
        (b"APPEND x CATENATE  (URL /1)", "literal expected"),
        (b"APPEND x CATENATE (FROB /1)", "URL or TEXT expected"),
        (b"APPEND x CATENATE (URL)", "one space expected"),
        (b"APPEND x CATENATE (URL /1  URL /2)", "name expected"),
        (b"APPEND x CATENATE (URL /1", "one space expected"),
        (b"APPEND x CATENATE (URL /1) x", "literal expected"),
        (b"APPEND x CATENATE (URL /1)x", "more than the command takes"),
        (b"APPEND x CATENATE (TEXT x)", "literal expected"),
        (b'APPEND x CATENATE (TEXT "x")', "literal expected"),
        (b"REPLACE 1 x CATENATE (URL /1) CATENATE (URL /1)", "more than the command takes"),
    ],
)
def test_catenate_wrong(line: bytes, text: str) -> None:
    assert both(b"a " + line + b"\r\nz NOOP\r\n")[-2:] == [BadCommand(b"a", text), NOOP]


def test_catenate_stays_bounded() -> None:
    big = BadCommand(b"a", "message too large", "TOOBIG", "NO")
    head = b"a APPEND x CATENATE (TEXT {600+}\r\n" + b"\n" * 600
    assert both(head + b" TEXT {401+}\r\n" + b"\n" * 401 + b")\r\nz NOOP\r\n")[-2:] == [big, NOOP]
    assert both(head + b" TEXT {401}\r\nz NOOP\r\n")[-2:] == [big, NOOP]
    url = b"a APPEND x CATENATE (URL {101}\r\nz NOOP\r\n"
    assert both(url)[-2:] == [BadCommand(b"a", "command too large", "TOOBIG", "NO"), NOOP]
    parts = b"a APPEND x CATENATE (" + b"URL 1 " * limits.IMAP_LITERALS + b"URL 1)\r\nz NOOP\r\n"
    assert play([parts], limits_=Limits())[-2:] == [BadCommand(b"a", "too many parts", "TOOBIG", "NO"), NOOP]
    messages = b"a APPEND x" + b" CATENATE (URL 1)" * (limits.IMAP_LITERALS + 1) + b"\r\nz NOOP\r\n"
    assert play([messages], limits_=Limits())[-2:] == [BadCommand(b"a", "too many messages", "TOOBIG", "NO"), NOOP]


def test_only_what_is_offered_is_known() -> None:
    for name in sorted(EVERYTHING - BASE - {"CATENATE"}):
        decoder = Decoder(SMALL)
        decoder.feed(b"a " + name.encode() + b" x {5}\r\nb " + name.encode() + b"\r\nz NOOP\r\n")
        assert [decoder.next(), decoder.next(), decoder.next()] == [
            BadCommand(b"a", "unknown command"),
            BadCommand(b"b", "unknown command"),
            NOOP,
        ]
    decoder = Decoder(SMALL)
    decoder.feed(b'a APPEND x CATENATE (URL "/1")\r\n')
    assert decoder.next() == BadCommand(b"a", "literal expected")
    decoder.offered = frozenset({"MYRIGHTS"})
    decoder.feed(b"z NOOP\r\nz MYRIGHTS x\r\n")
    assert decoder.next() == BadCommand(b"z", "unknown command")
    assert isinstance(decoder.next(), Command)


@pytest.mark.parametrize(
    ("url", "value"),
    [
        ("/INBOX;UIDVALIDITY=785799047/;UID=11467", MessageUrl("INBOX", 785799047, 11467)),
        ("/inbox/;UID=1", MessageUrl("INBOX", None, 1)),
        (";UID=20/;section=HEADER", MessageUrl(None, None, 20, Section((), "HEADER"))),
        ("/a/b%20%C3%B6;UIDVALIDITY=1/;uid=2/;SECTION=1.5.9", MessageUrl("a/b ö", 1, 2, Section((1, 5, 9)))),
        ("/x/;UID=1/;PARTIAL=0.1024", MessageUrl("x", None, 1, partial=(0, 1024))),
        ("/x/;UID=1/;SECTION=2.MIME/;PARTIAL=9", MessageUrl("x", None, 1, Section((2,), "MIME"), (9, None))),
        (
            "/x/;UID=1/;SECTION=HEADER.FIELDS%20(To%20Cc)",
            MessageUrl("x", None, 1, Section((), "HEADER.FIELDS", ("To", "Cc"))),
        ),
        ("imap://host/INBOX/;UID=1", None),
        ("//host/INBOX/;UID=1", None),
        ("/INBOX", None),
        ("/INBOX;UIDVALIDITY=1", None),
        ("/INBOX/;UID=0", None),
        ("/INBOX/;UID=4294967296", None),
        ("/INBOX/;UID=1/;SECTION=FROB", None),
        ("/INBOX/;UID=1/;SECTION=1]", None),
        ("/INBOX/;UID=1;EXPIRE=1", None),
        ("/INBOX?TEXT", None),
        ("/%FF/;UID=1", None),
        ("/%2/;UID=1", None),
        ("/%00/;UID=1", None),
        ("", None),
    ],
)
def test_urls(url: str, value: MessageUrl | None) -> None:
    assert parse_url(url) == value


FRAGMENTS = st.sampled_from(
    [
        b"a",
        b"z NOOP",
        b" ",
        b"\r\n",
        b"{3}\r\n",
        b"{3+}\r\n",
        b"{0+}\r\n",
        b"{2000+}\r\n",
        b"~{2+}\r\n",
        b"a APPEND x ",
        b"a UID REPLACE 1 x ",
        b"CATENATE (",
        b"URL ",
        b"URL /1",
        b"TEXT ",
        b"TEXT {2+}\r\n",
        b"UTF8 (",
        b"(",
        b")",
        b"x" * 90,
        b"\xff",
        b"\0",
        b"a SETMETADATA x (/private/a ",
        b"a NOTIFY SET (personal ",
        b"a SORT (DATE) UTF-8 ",
        b"a FETCH 1 (BINARY[",
    ]
)


@settings(max_examples=400, deadline=None)
@given(st.lists(FRAGMENTS | st.binary(max_size=6), max_size=25), st.data(), st.none() | st.integers(0, 4))
def test_any_split_gives_the_same_events(fragments: list[bytes], data: st.DataObject, refuse: int | None) -> None:
    octets = b"".join(fragments) + b"\r\n"
    cuts = sorted(data.draw(st.lists(st.integers(0, len(octets)), max_size=6)))
    pieces = [octets[start:end] for start, end in zip([0, *cuts], [*cuts, len(octets)], strict=True)]
    whole = both(octets, refuse)
    assert play(pieces, refuse) == whole
