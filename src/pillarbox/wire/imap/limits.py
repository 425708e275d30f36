"""What a decoder takes of a peer, before and after login."""

import re
from dataclasses import dataclass

from pillarbox.core import limits as bounds
from pillarbox.wire.imap.errors import WireError


@dataclass(frozen=True, slots=True)
class Limits:
    """Octets of a line, of a literal, of a command without messages, and of a message.

    `unasked`: octets of a literal that comes without waiting for `+`, None for no bound but the others (RFC 7888 §5).
    `refused`: octets that are read of what is refused, before the connection is ended.
    """

    line: int = bounds.IMAP_LINE
    literal: int = bounds.IMAP_LITERAL_SMALL
    command: int = bounds.IMAP_COMMAND
    message: int = bounds.MESSAGE_SIZE
    unasked: int | None = None
    refused: int = bounds.IMAP_ENDURANCE * bounds.MESSAGE_SIZE

    def forbid(self, announced: re.Match[bytes] | None) -> bool:
        """Whether a literal, of which size and `+` are given, comes without waiting though it is too large for that."""
        if self.unasked is None or announced is None or not announced[2]:
            return False
        return int(announced[1]) > self.unasked


UNASKED = WireError("literal too large to come without being asked for", code="TOOBIG")
"""What it is refused with."""


BEFORE_LOGIN = Limits(
    bounds.IMAP_BEFORE_LOGIN,
    bounds.IMAP_BEFORE_LOGIN,
    2 * bounds.IMAP_BEFORE_LOGIN,
    unasked=bounds.IMAP_LITERAL_MINUS,
    refused=bounds.IMAP_LITERAL_SMALL,
)
"""For strangers: room for LOGIN and AUTHENTICATE."""
