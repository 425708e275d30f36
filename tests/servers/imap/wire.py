"""A small IMAP client for tests: sends commands, collects responses whole, literals included."""

import asyncio
import re
import ssl

_LITERAL = re.compile(rb"\{(\d+)\}\r\n\Z")


class Client:
    """One connection. `command` gives the untagged responses (without `* ` and line end) and the tagged line."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.patience = 20.0
        self._tag = 0

    async def response(self) -> bytes:
        """One whole response without its line end."""
        response = b""
        while True:
            line = await asyncio.wait_for(self.reader.readline(), self.patience)
            if not line:
                raise ConnectionError("the server closed the connection")
            response += line
            literal = _LITERAL.search(line)
            if literal is None:
                return response[:-2]
            response += await self.reader.readexactly(int(literal[1]))

    async def send(self, octets: bytes) -> None:
        self.writer.write(octets)
        await self.writer.drain()

    async def command(self, text: bytes | str, *literals: bytes) -> tuple[list[bytes], bytes]:
        """Send a command; each of `literals` goes where the server asks for it with `+`."""
        self._tag += 1
        tag = f"t{self._tag}".encode()
        await self.send(tag + b" " + (text.encode() if isinstance(text, str) else text) + b"\r\n")
        waiting = list(literals)
        untagged: list[bytes] = []
        while True:
            response = await self.response()
            if response.startswith(tag + b" "):
                return untagged, response[len(tag) + 1 :]
            if response.startswith(b"+"):
                literal = waiting.pop(0)
                await self.send(literal if waiting else literal + b"\r\n")
            else:
                untagged.append(response[2:])

    async def ok(self, text: bytes | str, *literals: bytes) -> list[bytes]:
        """As `command`, which must succeed."""
        untagged, tagged = await self.command(text, *literals)
        assert tagged.startswith(b"OK"), (text, tagged)
        return untagged

    def close(self) -> None:
        self.writer.close()


async def connect(port: int, tls: bool = False) -> Client:
    """A connection after its greeting."""
    context = None
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, limit=1 << 22)
    client = Client(reader, writer)
    await client.response()
    return client
