"""A decoder to which everything is offered, one line at a time."""

from pillarbox.wire.imap.commands import PARSERS, STREAMED
from pillarbox.wire.imap.decoder import Decoder
from pillarbox.wire.imap.events import BadCommand, Command
from pillarbox.wire.imap.limits import Limits

EVERYTHING = frozenset({"CATENATE", *STREAMED, *(verb.decode() for verb in PARSERS)})


def read(line: bytes, utf8: bool = False) -> Command | BadCommand:
    """What one whole command comes to; its literals do not wait."""
    decoder = Decoder(Limits(), EVERYTHING)
    decoder.utf8 = utf8
    decoder.feed(b"t " + line + b"\r\n")
    event = decoder.next()
    assert isinstance(event, Command | BadCommand)
    assert event.tag == b"t"
    assert decoder.next() is None
    assert decoder.pending == 0
    return event
