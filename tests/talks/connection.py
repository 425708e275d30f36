"""A client's end of a talk: a plain blocking socket that sends in pieces and reads lines."""

import socket
import ssl
import time


class TalkError(AssertionError):
    """The server did not say what the talk expects."""


class Connection:
    """One connection of a talk. `piece` is the number of octets sent at a time, 0 for all at once.

    Each talk comes from a loopback `address` of its own, so that one talk's wrong passwords do not slow another.
    """

    def __init__(self, port: int, piece: int, address: str = "127.0.0.1", wait: float = 20.0) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), wait, (address, 0))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._piece = piece
        self._wait = wait
        self._received = bytearray()

    def send(self, octets: bytes) -> None:
        """Send octets, in pieces. A server that has closed already is found out when reading."""
        step = self._piece or len(octets) or 1
        try:
            for start in range(0, len(octets), step):
                self._socket.sendall(octets[start : start + step])
                if self._piece and start < 64:
                    time.sleep(0.0002)
        except (BrokenPipeError, ConnectionResetError):
            return

    def line(self) -> str | None:
        """The next line without its CRLF; None at the end of the stream. What is not UTF-8 becomes surrogates."""
        end = time.monotonic() + self._wait
        while (at := self._received.find(b"\r\n")) < 0:
            if time.monotonic() > end or not self._more():
                if self._received:
                    raise TalkError(f"the stream ended within a line: {bytes(self._received)!r}")
                return None
        line = bytes(self._received[:at])
        del self._received[: at + 2]
        return line.decode("utf-8", "surrogateescape")

    def octets(self, count: int) -> bytes:
        """Exactly so many octets."""
        while len(self._received) < count:
            if not self._more():
                raise TalkError(f"the stream ended after {len(self._received)} of {count} octets")
        taken = bytes(self._received[:count])
        del self._received[:count]
        return taken

    def _more(self) -> bool:
        try:
            octets = self._socket.recv(65536)
        except TimeoutError as error:
            raise TalkError(f"nothing came for {self._wait} seconds; so far {bytes(self._received)!r}") from error
        except ConnectionResetError:
            return False
        self._received += octets
        return bool(octets)

    def start_tls(self) -> None:
        """Begin TLS; any certificate will do here."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        self._socket = context.wrap_socket(self._socket)

    def close(self) -> None:
        """Hang up."""
        self._socket.close()
