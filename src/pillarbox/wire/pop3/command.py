"""A POP3 command: taken as a line from what was received, split into keyword and arguments (RFC 1939 §3)."""

from dataclasses import dataclass

from pillarbox.core import limits


@dataclass(frozen=True, slots=True)
class Command:
    """`verb` in upper case; `rest` is what follows the first space, as received (a password may contain spaces)."""

    verb: str
    rest: bytes

    @property
    def words(self) -> list[bytes]:
        """The arguments as words."""
        return self.rest.split()


class LineTooLong(Exception):
    """The peer sends a longer line than is allowed; what is still to come of it is thrown away."""


class LineDecoder:
    """Takes lines out of what was received. A bare LF ends a line as well: telnet users type it, and no octet of a
    message ever comes this way."""

    __slots__ = ("_skipping",)

    def __init__(self) -> None:
        self._skipping = False

    def next(self, received: bytearray, limit: int = limits.POP3_LINE) -> bytes | None:
        """Remove the first line and give it without its line end; None when there is no whole line yet.

        Raises LineTooLong beyond `limit` octets, once for each such line.
        """
        if self._skipping:
            end = received.find(b"\n")
            self._skipping = end < 0
            del received[: end + 1 if end >= 0 else len(received)]
        end = received.find(b"\n", 0, limit)
        if end < 0:
            if len(received) >= limit:
                self._skipping = True
                raise LineTooLong
            return None
        line = bytes(received[: end - 1 if end and received[end - 1] == 13 else end])
        del received[: end + 1]
        return line


def parse(line: bytes) -> Command:
    """The command in a line. Whatever is not a keyword gets a verb that no table knows."""
    verb, _, rest = line.partition(b" ")
    return Command(verb.decode("ascii", "replace").upper(), rest)


def number(word: bytes) -> int | None:
    """A message number or line count, or None when `word` is not one."""
    return int(word) if word.isdigit() and len(word) <= 10 else None
