"""A hostile client: octets over a real socket, from any loopback address, without manners."""

import contextlib
import socket
import ssl
from types import TracebackType

TIMEOUT = 30.0
CRLF = b"\r\n"


def careless() -> ssl.SSLContext:
    """TLS that trusts everybody, as an attacker's does."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class Peer:
    """One connection. `source` is the loopback address it comes from: guessing is slowed for each address."""

    def __init__(self, port: int, source: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> None:
        self._socket: socket.socket = socket.create_connection(("127.0.0.1", port), TIMEOUT, (source, 0))
        self._buffer = b""
        self.ended = False
        if tls is not None:
            self._socket = tls.wrap_socket(self._socket)

    def __enter__(self) -> "Peer":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def close(self) -> None:
        """Leave without a word."""
        self._socket.close()

    def finish(self) -> None:
        """Say that nothing more will be sent."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    def start_tls(self) -> None:
        """Begin TLS on the open connection."""
        self._socket = careless().wrap_socket(self._socket)

    def send(self, octets: bytes) -> None:
        """Send octets; a peer that has hung up is no surprise."""
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            self._socket.sendall(octets)

    def say(self, *lines: bytes) -> None:
        """Send lines in one piece."""
        self.send(b"".join(line + CRLF for line in lines))

    def line(self) -> bytes:
        """The next line without its end; b"" at the end of the connection."""
        while CRLF not in self._buffer:
            if not (octets := self._receive()):
                rest, self._buffer = self._buffer, b""
                return rest
            self._buffer += octets
        line, _, self._buffer = self._buffer.partition(CRLF)
        return line

    def exactly(self, count: int) -> bytes:
        """So many octets, fewer at the end of the connection."""
        while len(self._buffer) < count and (octets := self._receive()):
            self._buffer += octets
        taken, self._buffer = self._buffer[:count], self._buffer[count:]
        return taken

    def rest(self) -> bytes:
        """Everything until the other side hangs up."""
        gathered = [self._buffer]
        self._buffer = b""
        while octets := self._receive():
            gathered.append(octets)
        return b"".join(gathered)

    def until(self, start: bytes) -> bytes:
        """The lines up to the one that begins with `start`, or to the end of the connection."""
        lines = []
        while True:
            line = self.line()
            lines.append(line)
            if line.startswith(start) or self.ended:
                return CRLF.join(lines)

    def reply(self) -> bytes:
        """The last line of an SMTP reply."""
        line = self.line()
        while line[3:4] == b"-":
            line = self.line()
        return line

    def ask(self, line: bytes) -> bytes:
        """Send a line and read an SMTP reply, or a POP3 status line."""
        self.say(line)
        return self.reply()

    def command(self, text: bytes, tag: bytes = b"x") -> bytes:
        """An IMAP command and everything up to its tagged answer."""
        self.say(tag + b" " + text)
        return self.until(tag + b" ")

    def _receive(self) -> bytes:
        try:
            octets = self._socket.recv(65536)
        except (ConnectionError, ssl.SSLError):
            octets = b""
        self.ended = not octets
        return octets
