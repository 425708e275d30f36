"""A client that says exactly the octets it is told to."""

import asyncio
from types import TracebackType
from typing import Self


class Client:
    """One connection; `async with` connects, and reads the greeting."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        await self.reply()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.close()

    async def say(self, *lines: str | bytes) -> list[str]:
        """Send lines in one segment; a reply for each."""
        self.send(b"".join((line.encode() if isinstance(line, str) else line) + b"\r\n" for line in lines))
        return [await self.reply() for _ in lines]

    def send(self, octets: bytes) -> None:
        """Send octets."""
        self._writer.write(octets)

    async def reply(self) -> str:
        """The last line of the next reply, "" at the end of the stream."""
        while True:
            line = (await asyncio.wait_for(self._reader.readline(), 20)).decode()
            if line[3:4] != "-":
                return line.rstrip("\r\n")

    async def burst(self) -> bytes:
        """What comes in one read."""
        return await asyncio.wait_for(self._reader.read(65536), 20)

    async def deliver(self, octets: bytes, *recipients: str, sender: str = "friend@elsewhere.test") -> str:
        """One transaction; `octets` are stuffed and ended here. The reply to the message."""
        await self.say(f"MAIL FROM:<{sender}>", *(f"RCPT TO:<{one}>" for one in recipients), "DATA")
        self.send((b"\r\n" + octets).replace(b"\r\n.", b"\r\n..")[2:] + b".\r\n")
        return await self.reply()
