"""POP3 replies: status lines, listings, and message octets with their dots doubled (RFC 1939 §3)."""

from collections.abc import Iterable

END = b".\r\n"


def ok(text: str = "") -> bytes:
    """A positive status line."""
    return f"+OK {text}\r\n".encode() if text else b"+OK\r\n"


def err(text: str, code: str = "") -> bytes:
    """A negative status line, with a response code such as IN-USE (RFC 2449 §8) when there is one."""
    return f"-ERR [{code}] {text}\r\n".encode() if code else f"-ERR {text}\r\n".encode()


def listing(pairs: Iterable[tuple[int, object]]) -> bytes:
    """Lines of a number and a value, as LIST and UIDL give them."""
    return b"".join([b"%d %s\r\n" % (n, str(value).encode()) for n, value in pairs])


class Stuffing:
    """Doubles the dot at the start of each line of a message that passes in chunks.

    A line also starts behind a bare LF: clients that split at LF would otherwise see such a line "." as the end.
    """

    __slots__ = ("_last",)

    def __init__(self) -> None:
        self._last = b"\n"

    def chunk(self, octets: bytes) -> bytes:
        """The octets to send for the next octets of the message."""
        if not octets:
            return octets
        stuffed = octets.replace(b"\n.", b"\n..")
        if self._last == b"\n" and octets[0] == 46:
            stuffed = b"." + stuffed
        self._last = octets[-1:]
        return stuffed

    def end(self) -> bytes:
        """What ends the message: the line with a dot alone, after a line end of ours where the message has none."""
        return END if self._last == b"\n" else b"\r\n" + END
