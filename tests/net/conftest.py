"""A listener with a small line protocol on it, in clear and in TLS."""

import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import trustme

from pillarbox.net.listener import Listener, listen
from pillarbox.net.stream import Stream
from pillarbox.net.tls import Context, server_context


@dataclass
class Tls:
    """Both ends of TLS for localhost."""

    server: Context
    client: ssl.SSLContext


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Tls:
    folder: Path = tmp_path_factory.mktemp("tls")
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost", "127.0.0.1")
    certificate.private_key_pem.write_to_path(folder / "key.pem")
    for number, pem in enumerate(certificate.cert_chain_pems):
        pem.write_to_path(folder / "cert.pem", append=number > 0)
    client = ssl.create_default_context()
    authority.configure_trust(client)
    return Tls(server_context(folder / "cert.pem", folder / "key.pem"), client)


@dataclass
class Lines:
    """ECHO: answers each line; knows BIG n, WAIT, STARTTLS, COMPRESS, EXPAND, FAIL and QUIT."""

    stream: Stream
    tls: Context | None
    seen: list[bytes] = field(default_factory=list)
    works: int = 0
    ended: int = 0

    def greet(self) -> None:
        self.stream.write(b"hello\r\n")

    async def work(self) -> None:
        self.works += 1
        while (end := self.stream.input.find(b"\n")) >= 0:
            line = bytes(self.stream.input[: end + 1])
            del self.stream.input[: end + 1]
            self.seen.append(line)
            await self.answer(line)

    async def answer(self, line: bytes) -> None:
        match line.split():
            case [b"BIG", number]:
                for _ in range(int(number)):
                    self.stream.write(b"x" * 10_000)
                    await self.stream.drain()
            case [b"WAIT"]:
                self.stream.write(b"+\r\n")
                grew = await self.stream.more(timeout=10)
                self.stream.write(b"grew\r\n" if grew else b"end\r\n")
            case [b"SOON"]:
                await self.stream.more(timeout=0.05)
            case [b"STARTTLS"]:
                assert self.tls is not None
                self.stream.write(b"go ahead\r\n")
                await self.stream.start_tls(self.tls)
            case [b"COMPRESS"]:
                self.stream.write(b"squeeze\r\n")
                self.stream.compress(b"", b"EXPAND")
            case [b"EXPAND"]:
                self.stream.write(b"breathe\r\n")
                self.stream.expand()
            case [b"FAIL"]:
                raise RuntimeError("as asked")
            case [b"QUIT"]:
                self.stream.write(b"bye\r\n")
                self.stream.close()
            case _:
                self.stream.write(line)

    def lost(self) -> None:
        self.ended += 1

    def timed_out(self) -> None:
        self.stream.write(b"goodbye\r\n")


@dataclass
class Door:
    """A listener and the sessions it made."""

    listener: Listener
    sessions: list[Lines]

    @property
    def port(self) -> int:
        return self.listener.port


@pytest.fixture
async def door(tls: Tls) -> AsyncIterator[Door]:
    """In clear, STARTTLS offered."""
    opened = await _open(tls, implicit=False)
    yield opened
    opened.listener.close()


@pytest.fixture
async def tls_door(tls: Tls) -> AsyncIterator[Door]:
    """Implicit TLS."""
    opened = await _open(tls, implicit=True)
    yield opened
    opened.listener.close()


async def _open(tls: Tls, *, implicit: bool) -> Door:
    sessions: list[Lines] = []

    def make(stream: Stream) -> Lines:
        sessions.append(Lines(stream, tls.server))
        return sessions[-1]

    return Door(await listen("127.0.0.1", 0, make, tls=tls.server if implicit else None), sessions)
