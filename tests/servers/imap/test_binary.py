"""FETCH BINARY of large messages, which are decoded while they are sent (RFC 3516 §4.2)."""

import base64
import random
import re

import pytest

from pillarbox.core.limits import BLOB_INLINE, IMAP_FETCH_BATCH
from tests.servers.imap.house import House
from tests.servers.imap.wire import Client, connect
from tests.stores import deliver

PLAIN = bytes(random.Random(1).choices(range(1, 256), k=IMAP_FETCH_BATCH + 12_345))
WITH_NUL = PLAIN[:300_000] + b"\0" + PLAIN[300_000:]
LINES = b"".join(b"%d. Stra\xc3\x9fe =\r\n" % number for number in range(20_000))


def message(*parts: tuple[bytes, bytes]) -> bytes:
    """A multipart of (encoding, encoded octets)."""
    octets = b'Subject: large\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
    for encoding, body in parts:
        octets += b"--b\r\nContent-Type: application/x\r\nContent-Transfer-Encoding: %b\r\n\r\n%b\r\n" % (
            encoding,
            body,
        )
    return octets + b"--b--\r\n"


def quoted(octets: bytes) -> bytes:
    return re.sub(rb"[^\n\r -<>-~]", lambda one: b"=%02X" % ord(one[0]), octets)


LARGE = message(
    (b"base64", base64.encodebytes(PLAIN)),
    (b"base64", base64.encodebytes(WITH_NUL)),
    (b"quoted-printable", quoted(LINES)),
    (b"8bit", b"x" * BLOB_INLINE),
    (b"x-strange", b"abc"),
    (b"base64", b"*" * BLOB_INLINE + b"QUJ"),
)
PARTS = {1: PLAIN, 2: WITH_NUL, 3: LINES, 4: b"x" * BLOB_INLINE, 6: b"AB"}


@pytest.fixture
async def client(house: House) -> Client:
    account = await house.account()
    client = await connect(house.port["imap"])
    await client.ok(f"LOGIN {account.login} secret")
    await client.ok(b"APPEND INBOX {%d+}\r\n%b" % (len(LARGE), LARGE))
    await client.ok("SELECT INBOX")
    return client


async def fetch(client: Client, item: str) -> bytes:
    """The one response, without what names its message."""
    [response] = [line for line in await client.ok(f"FETCH 1 ({item})") if b" FETCH " in line]
    return response.removeprefix(b"1 FETCH (").removesuffix(b")")


def spelled(label: str, octets: bytes) -> bytes:
    mark = b"~" if b"\0" in octets else b""
    return b"%b %b{%d}\r\n%b" % (label.encode(), mark, len(octets), octets)


@pytest.mark.parametrize("number", PARTS)
async def test_a_part_and_its_size(client: Client, number: int) -> None:
    octets = PARTS[number]
    size = b"BINARY.SIZE[%d] %d" % (number, len(octets))
    assert await fetch(client, f"BINARY.PEEK[{number}]") == spelled(f"BINARY[{number}]", octets)
    assert await fetch(client, f"BINARY.SIZE[{number}]") == size
    both = await fetch(client, f"BINARY.SIZE[{number}] BINARY.PEEK[{number}] BINARY.SIZE[99] BINARY.PEEK[99]")
    absent = b"BINARY.SIZE[99] 0 BINARY[99] NIL"
    assert both == b" ".join((size, spelled(f"BINARY[{number}]", octets), absent))


@pytest.mark.parametrize("number", [1, 2, 3])
async def test_pieces_in_order_make_the_part(client: Client, number: int) -> None:
    octets = PARTS[number]
    step = 70_001
    for at in range(0, len(octets) + step, step):
        piece = octets[at : at + step]
        answer = await fetch(client, f"BINARY.PEEK[{number}]<{at}.{step}>")
        assert answer == spelled(f"BINARY[{number}]<{at}>", piece)


async def test_pieces_out_of_order(client: Client) -> None:
    for number, at, size in [(1, 900_000, 10), (1, 5, 10), (2, 299_999, 3), (3, 100, 5), (1, 0, 1), (2, 10, 1_200_000)]:
        piece = PARTS[number][at : at + size]
        answer = await fetch(client, f"BINARY.PEEK[{number}]<{at}.{size}>")
        if b"\0" not in piece or size < IMAP_FETCH_BATCH:
            assert answer == spelled(f"BINARY[{number}]<{at}>", piece)
        assert answer.endswith(b"{%d}\r\n%b" % (len(piece), piece))


async def test_what_cannot_be_decoded(client: Client) -> None:
    untagged, tagged = await client.command("FETCH 1 (UID BINARY.PEEK[5] BINARY.PEEK[6])")
    assert untagged == [b"1 FETCH (UID 1 BINARY[6] {2}\r\nAB)"]
    assert tagged.startswith(b"NO [UNKNOWN-CTE]")
    untagged, tagged = await client.command("FETCH 1 BINARY.SIZE[5]")
    assert untagged == []
    assert tagged.startswith(b"NO [UNKNOWN-CTE]")


async def test_the_whole_message(client: Client) -> None:
    assert await fetch(client, "BINARY.PEEK[]") == spelled("BINARY[]", LARGE)
    assert await fetch(client, "BINARY.SIZE[]") == b"BINARY.SIZE[] %d" % len(LARGE)
    [response] = [line for line in await client.ok("FETCH 1 BINARY[4]<0.3>") if b"BINARY" in line]
    assert response == b"1 FETCH (FLAGS (\\Seen \\Recent) BINARY[4]<0> {3}\r\nxxx)"


@pytest.mark.parametrize("filler", [b"", b"x" * BLOB_INLINE])
async def test_nul_that_came_by_another_way(house: House, filler: bytes) -> None:
    """It may not stand in a plain literal (RFC 3501 §4.3.1)."""
    account = await house.account()
    octets = b"Subject: a\0b\r\n\r\nc\0d\r\n" + filler
    await deliver(house.store, account.account_id, octets)
    client = await connect(house.port["imap"])
    await client.ok(f"LOGIN {account.login} secret")
    await client.ok("SELECT INBOX")
    textual = octets.replace(b"\0", b"\x80")
    assert await fetch(client, "BODY.PEEK[]") == b"BODY[] {%d}\r\n%b" % (len(octets), textual)
    fields = await fetch(client, "BODY.PEEK[HEADER.FIELDS (SUBJECT)]")
    assert fields == b"BODY[HEADER.FIELDS (SUBJECT)] {16}\r\nSubject: a\x80b\r\n\r\n"
    assert await fetch(client, "BINARY.PEEK[]") == spelled("BINARY[]", octets)
    assert await fetch(client, "BINARY.PEEK[1]<0.4>") == spelled("BINARY[1]<0>", b"c\0d\r")


async def test_pieces_are_read_forward(client: Client) -> None:
    """Asked for backwards, they need the part decoded once, not once for each."""
    starts = range(1_000_000, 0, -10_000)
    answer = await fetch(client, " ".join(f"BINARY.PEEK[1]<{at}.3>" for at in starts))
    assert answer == b" ".join(spelled(f"BINARY[1]<{at}>", PLAIN[at : at + 3]) for at in reversed(starts))
