"""Commands that are right but for a cut, a graft or a stray token: an event for each, and never anything worse."""

from hypothesis import given, settings
from hypothesis import strategies as st

from pillarbox.wire.imap.decoder import Decoder
from pillarbox.wire.imap.events import AppendStart, CatenateStart, CatenateText, CatenateUrl, LiteralWanted
from pillarbox.wire.imap.limits import Limits
from tests.wire.imap import test_commands, test_extensions, test_sharing
from tests.wire.imap.reading import EVERYTHING

LINES = [
    *(row[0] for row in test_commands.RIGHT),
    *(row[0] for row in test_extensions.RIGHT),
    *(row[0] for row in test_sharing.RIGHT),
    b"APPEND x CATENATE (URL /1 TEXT {1+}\r\nx)",
    b"UID REPLACE 1 x {1+}\r\ny",
]
STRAY = [
    b"(",
    b")",
    b" ",
    b'"',
    b"\\",
    b"$",
    b"*",
    b"{1+}\r\nx",
    b"~{1+}\r\n\0",
    b"NIL",
    b"-1:-2",
    b"\xff",
    b"[",
    b"{3}",
]


@settings(max_examples=600, deadline=None)
@given(st.sampled_from(LINES), st.sampled_from(LINES), st.sampled_from([b"", *STRAY]), st.data(), st.booleans())
def test_damaged_commands_are_events(line: bytes, other: bytes, stray: bytes, data: st.DataObject, utf8: bool) -> None:
    keep = data.draw(st.integers(0, len(line)))
    graft = data.draw(st.sampled_from([line, other]))
    octets = b"t " + line[:keep] + stray + graft[data.draw(st.integers(0, len(graft))) :] + b"\r\n"
    decoder = Decoder(Limits(), EVERYTHING)
    decoder.utf8 = utf8
    decoder.feed(octets)
    while (event := decoder.next()) is not None:
        if isinstance(event, LiteralWanted | AppendStart | CatenateStart | CatenateUrl | CatenateText):
            decoder.accept()
