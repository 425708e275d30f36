"""Any octets, in any pieces: the same replies, and the server stays up."""

import asyncio
import random
import re

import pytest

from tests.servers.smtp.house import House

# DATA is not among them: whether octets follow it in the same segment decides (RFC 2920 §3.1).
_TOKENS = [
    b"EHLO c.test\r\n",
    b"HELO c.test\r\n",
    b"MAIL FROM:<a@b.test>\r\n",
    b"MAIL FROM:<> SIZE=10 SMTPUTF8\r\n",
    b"RCPT TO:<you@demo.test>\r\n",
    b"RCPT TO:<no@demo.test>\r\n",
    b"RCPT TO:<x@elsewhere.test>\r\n",
    b"BDAT 7\r\nabc\r\nde",
    b"BDAT 6 LAST\r\n\r\n.\r\n\n",
    b"BDAT 4 LAST\r\n.\r\n.",
    b"BDAT 0 LAST\r\n",
    b"RSET\r\n",
    b"NOOP \xff\r\n",
    b"VRFY\r\n",
    b"AUTH PLAIN AGEAYg==\r\n",
    b"NOOP\n",
    b"\r",
    b"\0\r\n",
    b"x" * 3000,
    b"\r\n",
]


async def _talk(port: int, pieces: list[bytes]) -> str:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for piece in pieces:
        writer.write(piece)
        await asyncio.sleep(0)
    writer.write(b"\r\nQUIT\r\n")
    said = await asyncio.wait_for(reader.read(), 20)
    writer.close()
    return re.sub(r"\[\w{10}\]|id \w{16}", "", said.decode())


@pytest.mark.parametrize("name", ["mx", "clear"])
async def test_any_split_gets_the_same_replies(house: House, name: str) -> None:
    source = random.Random(name)
    for _ in range(40):
        octets = b"".join(source.choices(_TOKENS, k=source.randint(1, 14)))
        cuts = sorted(source.randint(0, len(octets)) for _ in range(source.randint(1, 20)))
        pieces = [octets[start:end] for start, end in zip([0, *cuts], [*cuts, len(octets)], strict=True)]
        whole = await _talk(house.port(name), [octets])
        assert await _talk(house.port(name), pieces) == whole, octets
        assert "451" not in whole
