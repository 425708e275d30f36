"""Commands that arrive with the end of the handshake or right behind it, cut anywhere, are all obeyed."""

import random
import socket
import ssl
import time

import pytest

from tests.clients.people import Person
from tests.server import PillarboxServer

ROUNDS = 40
TALKS = {
    "imap": (b"* OK", [(b"a STARTTLS\r\n", b"a OK")], b"b CAPABILITY\r\n", b"b OK"),
    "pop3": (b"+OK", [(b"STLS\r\n", b"+OK")], b"CAPA\r\n", b"\r\n.\r\n"),
    "smtp": (b"220", [(b"EHLO a.test\r\n", b"250 "), (b"STARTTLS\r\n", b"220")], b"EHLO b.test\r\n", b"250 "),
}
"""Greeting, what leads to the handshake with the answers, the command, and how its answer ends."""
VERSIONS = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
PAUSES = (0.0, 0.0, 0.0005, 0.003)


class Cutting:
    """A TLS client that sends in random pieces at random moments."""

    def __init__(self, port: int, context: ssl.SSLContext, dice: random.Random) -> None:
        self._dice = dice
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname="localhost")

    def clear(self, said: bytes, answer: bytes) -> None:
        """Before TLS: say something and read a line that begins so."""
        self._socket.sendall(said)
        heard = b""
        while answer not in heard or not heard.endswith(b"\r\n"):
            heard += self._receive()

    def shake(self, first: bytes, together: bool) -> None:
        """The handshake; `first` is said with its end, or right behind it."""
        while True:
            try:
                self._tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self._send(self._outgoing.read())
                self._incoming.write(self._receive())
        if not together:
            self._send(self._outgoing.read())
        self._tls.write(first)
        self._send(self._outgoing.read())

    def hear(self, mark: bytes, times: int) -> None:
        """Read until the mark has come so often."""
        heard = b""
        while heard.count(mark) < times:
            try:
                heard += self._tls.read(1 << 16)
            except ssl.SSLWantReadError:
                self._incoming.write(self._receive())

    def close(self) -> None:
        self._socket.close()

    def _receive(self) -> bytes:
        octets = self._socket.recv(1 << 16)
        assert octets, "the server has ended the connection"
        return octets

    def _send(self, octets: bytes) -> None:
        cuts = sorted(self._dice.sample(range(len(octets)), min(len(octets), self._dice.choice((0, 0, 1, 4)))))
        for start, end in zip([0, *cuts], [*cuts, len(octets)], strict=True):
            self._socket.sendall(octets[start:end])
            time.sleep(self._dice.choice(PAUSES))


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("protocol", list(TALKS))
def test_commands_at_the_end_of_the_handshake(
    server: PillarboxServer, you: Person, protocol: str, version: ssl.TLSVersion
) -> None:
    greeting, steps, command, end = TALKS[protocol]
    context = ssl.create_default_context(cafile=str(you.server.settings.certificate))
    context.minimum_version = context.maximum_version = version
    for seed in range(ROUNDS):
        dice = random.Random(seed)
        times = dice.randint(1, 3)
        client = Cutting(server.port[protocol], context, dice)
        client.clear(b"", greeting)
        for said, answer in steps:
            client.clear(said, answer)
        client.shake(command * times, together=dice.random() < 0.6)
        client.hear(end, times)
        client.close()
