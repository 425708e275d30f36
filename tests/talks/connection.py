"""A client's end of a talk: a plain blocking socket that sends in pieces and reads lines."""

import socket
import ssl
import time
import zlib

_FLUSHED = b"\0\0\xff\xff"


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
        self._packed = bytearray()  # received and not inflated yet
        self._deflater: zlib._Compress | None = None
        self._inflater: zlib._Decompress | None = None

    def send(self, octets: bytes) -> None:
        """Send octets, in pieces. A server that has closed already is found out when reading."""
        if self._deflater is not None:
            octets = self._deflater.compress(octets) + self._deflater.flush(zlib.Z_SYNC_FLUSH)
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
        if self._inflater is not None and _FLUSHED in self._packed:
            burst, _, rest = bytes(self._packed).partition(_FLUSHED)  # what follows may not be compressed
            self._packed[:] = rest
            self._received += self._inflater.decompress(burst + _FLUSHED)
            return True
        try:
            octets = self._socket.recv(65536)
        except TimeoutError as error:
            raise TalkError(f"nothing came for {self._wait} seconds; so far {bytes(self._received)!r}") from error
        except ConnectionResetError:
            return False
        (self._received if self._inflater is None else self._packed).extend(octets)
        return bool(octets)

    def start_tls(self) -> None:
        """Begin TLS; any certificate will do here."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        self._socket = context.wrap_socket(self._socket)

    def start_deflate(self) -> None:
        """Begin DEFLATE in both directions."""
        self._deflater = zlib.compressobj(6, zlib.DEFLATED, -15)
        self._inflater = zlib.decompressobj(-15)
        self._packed += self._received
        self._received.clear()

    def end_deflate(self) -> None:
        """End it in both directions."""
        self._deflater = self._inflater = None
        self._received += self._packed
        self._packed.clear()

    def close(self) -> None:
        """Hang up."""
        self._socket.close()
