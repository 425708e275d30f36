"""COMPRESS=DEFLATE over real connections, with zlib as the other end, and connections used for several logins."""

import asyncio
import random
import zlib

import pytest

from pillarbox.core import limits
from pillarbox.net.listener import listen
from pillarbox.servers.imap.door import factory
from pillarbox.servers.imap.house import ImapSettings
from pillarbox.servers.imap.recents import Recents
from tests.logins import open_logins
from tests.server import PASSWORD
from tests.servers.imap.house import HOST, House
from tests.servers.imap.wire import Client, connect


class Packed:
    """A connection that is compressed."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
        self._inflater = zlib.decompressobj(-15)
        self.received = 0
        self.heard = b""

    async def send(self, octets: bytes) -> None:
        await self._client.send(self._deflater.compress(octets) + self._deflater.flush(zlib.Z_SYNC_FLUSH))

    async def until(self, end: bytes) -> bytes:
        """What is said up to the line that begins with `end`."""
        while end not in self.heard.rpartition(b"\r\n")[0].rpartition(b"\r\n")[2]:
            octets = await asyncio.wait_for(self._client.reader.read(65536), 20)
            if not octets:
                raise ConnectionError("the server closed the connection")
            self.received += len(octets)
            self.heard += self._inflater.decompress(octets)
        heard, self.heard = self.heard, b""
        return heard


async def packed(house: House, listener: str = "imap") -> tuple[Client, Packed]:
    """A compressed connection of a new account."""
    account = await house.account()
    client = await connect(house.port[listener], tls=listener == "imaps")
    await client.ok(f"LOGIN {account.login} {PASSWORD}")
    await client.ok("COMPRESS DEFLATE")
    return client, Packed(client)


@pytest.mark.parametrize("listener", ["imap", "imaps"])
async def test_octets_come_back_as_they_were(house: House, listener: str) -> None:
    client, peer = await packed(house, listener)
    letter = b"Subject: large\r\n\r\n" + b"".join(b"line %d of many that look alike\r\n" % n for n in range(30_000))
    await peer.send(b"a APPEND INBOX {%d+}\r\n%b\r\n" % (len(letter), letter))
    await peer.until(b"a OK")
    await peer.send(b"b EXAMINE INBOX\r\n")
    await peer.until(b"b OK")
    before = peer.received
    await peer.send(b"c FETCH 1 BODY.PEEK[]\r\n")
    heard = await peer.until(b"c OK")
    assert letter in heard
    assert peer.received - before < len(letter) / 4
    client.close()


async def test_many_pipelined_commands_are_one_burst_each_way(house: House) -> None:
    client, peer = await packed(house)
    await peer.send(b"".join(b"a%d NOOP\r\n" % n for n in range(2000)))
    heard = await peer.until(b"a1999 OK")
    assert heard.count(b" OK NOOP completed\r\n") == 2000
    assert peer.received < len(heard) / 4
    client.close()


async def test_what_is_not_deflate_ends_the_connection(house: House) -> None:
    client, _ = await packed(house)
    await client.send(b"a NOOP\r\n")
    assert await asyncio.wait_for(client.reader.read(), 20) == b""
    other, peer = await packed(house)
    await peer.send(b"a NOOP\r\n")
    await peer.until(b"a OK")
    other.close()


async def test_damaged_streams_end_their_connection_only(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    """Octets changed, cut out and doubled in a dialogue that was right: an answer, an end or silence, and no bug."""
    chance = random.Random(4978)
    commands = [b"a NOOP\r\n", b"b SELECT INBOX\r\n", b"c SEARCH TEXT {3+}\r\nabc\r\n", b"d IDLE\r\nDONE\r\n"]
    for _ in range(60):
        client, _peer = await packed(house)
        deflater = zlib.compressobj(chance.choice([0, 1, 9]), zlib.DEFLATED, -15)
        octets = bytearray()
        for command in chance.choices(commands, k=6):
            octets += deflater.compress(command) + deflater.flush(zlib.Z_SYNC_FLUSH)
        for _ in range(chance.randint(1, 3)):
            place = chance.randrange(len(octets))
            match chance.randrange(3):
                case 0:
                    octets[place] = chance.randrange(256)
                case 1:
                    del octets[place : place + chance.randint(1, 5)]
                case _:
                    octets[place:place] = octets[:place]
        await client.send(bytes(octets))
        client.writer.write_eof()
        heard = await asyncio.wait_for(client.reader.read(), 20)
        assert b"SERVERBUG" not in zlib.decompressobj(-15).decompress(heard)
        client.close()
    said = capsys.readouterr()
    assert "session_failed" not in said.out + said.err


async def test_a_literal_that_inflates_without_end_is_refused(house: House) -> None:
    client, peer = await packed(house)
    await peer.send(b"a SEARCH TEXT {%d+}\r\n" % (300 << 20))
    bomb = zlib.compressobj(9, zlib.DEFLATED, -15)
    sending = asyncio.create_task(client.send(bomb.compress(b"x" * (64 << 20)) + bomb.flush(zlib.Z_SYNC_FLUSH)))
    other = await connect(house.port["imap"])
    account = await house.account()
    await other.ok(f"LOGIN {account.login} {PASSWORD}")  # meanwhile
    other.close()
    await sending
    client.close()


async def test_the_line_limit_holds_for_what_is_inflated(house: House) -> None:
    client, peer = await packed(house)
    await peer.send(b"a SEARCH TEXT " + b"x" * (8 << 20) + b"\r\nb NOOP\r\n")
    heard = await peer.until(b"b OK")
    assert heard.startswith(b"a BAD [LIMIT]")
    client.close()


async def test_nothing_of_a_login_is_left_to_the_next(house: House) -> None:
    first, second = await house.account(), await house.account()
    client = await connect(house.port["imap"])
    await client.ok(f"LOGIN {first.login} {PASSWORD}")
    await client.ok("CREATE Mine")
    await client.ok("ENABLE CONDSTORE QRESYNC")
    await client.ok("SELECT INBOX")
    assert await client.ok("UNAUTHENTICATE") == []
    await client.ok(f"LOGIN {second.login} {PASSWORD}")
    assert not [line for line in await client.ok('LIST "" *') if b"Mine" in line]
    untagged, tagged = await client.command("SELECT INBOX")
    assert tagged.startswith(b"OK [READ-WRITE]")
    assert not [line for line in untagged if b"CLOSED" in line]
    # who is not logged in may send no more than a stranger
    await client.ok("UNAUTHENTICATE")
    _, tagged = await client.command(b"LOGIN " + b"x" * (limits.IMAP_BEFORE_LOGIN + 1))
    assert tagged.startswith(b"BAD [LIMIT]")
    client.close()


async def test_unauthenticate_can_be_switched_off(house: House) -> None:
    logins = open_logins(house.store)
    settings = ImapSettings(HOST, True, unauthenticate=False)
    listener = await listen("127.0.0.1", 0, factory(house.store, logins, Recents(house.store), settings, None))
    account = await house.account()
    client = await connect(listener.port)
    _, tagged = await client.command(f"LOGIN {account.login} {PASSWORD}")
    assert b"UNAUTHENTICATE" not in tagged
    _, tagged = await client.command("UNAUTHENTICATE")
    assert tagged.startswith(b"BAD")
    client.close()
    listener.close()
    logins.close()
