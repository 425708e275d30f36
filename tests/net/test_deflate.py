"""DEFLATE within a stream, with zlib itself as the other end."""

import asyncio
import base64
import random
import socket
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pillarbox.core import limits
from pillarbox.net.deflate import Deflate
from tests.net.conftest import Door, Tls
from tests.net.test_stream import HOST, until

FENCE = b"UNAUTHENTICATE"


class Peer:
    """The client's half: what it says is flushed, what it hears is inflated."""

    def __init__(self, level: int = 6) -> None:
        self._deflater = zlib.compressobj(level, zlib.DEFLATED, -15)
        self._inflater = zlib.decompressobj(-15)

    def say(self, said: bytes, flush: int = zlib.Z_SYNC_FLUSH) -> bytes:
        return self._deflater.compress(said) + self._deflater.flush(flush)

    def hear(self, octets: bytes) -> bytes:
        assert not self._inflater.eof
        heard = self._inflater.decompress(octets)
        assert not self._inflater.unconsumed_tail
        return heard


def everything(deflate: Deflate) -> bytes:
    heard = bytearray()
    while deflate.waiting:
        deflate.unpack(heard)
    return bytes(heard)


def noise(size: int) -> bytes:
    return random.Random(size).randbytes(size)


WORDS = st.sampled_from([b"a1 NOOP\r\n", b"\0" * 700, b"\0\0\xff\xff", noise(3000), b"a2 FETCH 1 (FLAGS)\r\n", b""])


# -- what is sent


@given(st.lists(st.tuples(st.lists(WORDS, max_size=6).map(b"".join), st.integers(0, 3)), max_size=12))
@settings(max_examples=200, deadline=None)
def test_what_is_packed_can_be_read_at_once(bursts: list[tuple[bytes, int]]) -> None:
    deflate, peer = Deflate(b"", FENCE), Peer()
    for burst, silences in bursts:
        assert peer.hear(deflate.pack(burst)) == burst
        for _ in range(silences):
            deflate.tire()


def test_large_bursts_of_every_kind_follow_each_other() -> None:
    deflate, peer = Deflate(b"", FENCE), Peer()
    text = b"".join(b"* %d FETCH (FLAGS (\\Seen) UID %d)\r\n" % (n, n * 3) for n in range(8000))
    encoded = base64.encodebytes(noise(200_000))
    sent = 0
    for burst in (text, encoded, text, b"* 3 EXISTS\r\n", noise(100_000), text + encoded, encoded + text):
        packed = deflate.pack(burst)
        sent += len(packed)
        assert peer.hear(packed) == burst
    assert sent < 1_600_000  # of 2,6 million; what does not shrink grows by no more than a few octets
    assert len(deflate.pack(noise(limits.CHUNK))) < limits.CHUNK + 50


def test_answers_that_resemble_each_other_become_small() -> None:
    deflate, peer = Deflate(b"", FENCE), Peer()
    packed = [deflate.pack(b"* %d FETCH (FLAGS (\\Seen))\r\na%d OK FETCH completed\r\n" % (n, n)) for n in range(50)]
    assert peer.hear(b"".join(packed)).endswith(b"a49 OK FETCH completed\r\n")
    assert len(packed[-1]) < 30


def test_silence_frees_the_compressor() -> None:
    deflate = Deflate(b"", FENCE)
    deflate.pack(b"* 3 EXISTS\r\n")
    deflate.tire()
    assert deflate._compressor is not None
    deflate.tire()
    assert deflate._compressor is None


# -- what is received


@given(
    st.lists(st.lists(WORDS, max_size=6).map(b"".join), max_size=8),
    st.lists(st.integers(1, 5000), min_size=1, max_size=30),
    st.sampled_from([0, 1, 6, 9]),
)
@settings(max_examples=200, deadline=None)
def test_any_split_gives_the_same_octets(said: list[bytes], sizes: list[int], level: int) -> None:
    peer, deflate = Peer(level), Deflate(b"", FENCE)
    packed = b"".join(map(peer.say, said))
    heard = b""
    place = turn = 0
    while place < len(packed):
        size = sizes[turn % len(sizes)]
        deflate.packed += packed[place : place + size]
        heard += everything(deflate)
        place, turn = place + size, turn + 1
    assert heard == b"".join(said)


def test_little_that_means_much_comes_in_portions() -> None:
    peer, heard = Peer(9), bytearray()
    deflate = Deflate(peer.say(b"\0" * (20 << 20)), FENCE)
    while deflate.waiting:
        before = len(heard)
        deflate.unpack(heard)
        assert len(heard) - before <= limits.CHUNK
    assert len(heard) == 20 << 20


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
@pytest.mark.parametrize("flush", [zlib.Z_SYNC_FLUSH, zlib.Z_FULL_FLUSH, zlib.Z_FINISH, "both"])
@pytest.mark.parametrize("before", [b"", b"\0\0\xff\xff" * 9, noise(5000) + b"\r\n"])
@pytest.mark.parametrize("level", [0, 6])
def test_behind_the_end_octets_are_left_as_they_are(size: int, flush: int | str, before: bytes, level: int) -> None:
    peer, last, next_line = Peer(level), b"a1 unauthenticate\r\n", b"a2 NOOP\r\n"
    if flush == "both":
        packed = peer.say(before + last) + peer.say(b"", zlib.Z_FINISH) + next_line
    else:
        packed = peer.say(before + last, int(flush)) + next_line
    deflate, heard, later = Deflate(b"", FENCE), bytearray(), bytearray()
    for start in range(0, len(packed), size):
        deflate.packed += packed[start : start + size]
        while deflate.packed and not heard.endswith(last):
            deflate.unpack(heard)
        if heard.endswith(last):
            if not deflate.ended:
                deflate.end()
            deflate.leave(later)
    assert heard == before + last
    assert later == next_line
    assert deflate.over
    assert deflate.pack(b"a2 OK\r\n") == b"a2 OK\r\n"


def test_who_flushes_in_another_way_may_go_on_after_the_answer() -> None:
    peer = Peer()
    deflate, heard, later = (
        Deflate(peer.say(b"a1 unauthenticate\r\n", zlib.Z_PARTIAL_FLUSH), FENCE),
        bytearray(),
        bytearray(),
    )
    deflate.unpack(heard)
    assert heard == b"a1 unauthenticate\r\n"
    deflate.end()
    for octet in b"a2 NOOP\r\n":
        deflate.packed.append(octet)
        deflate.leave(later)
    assert later == b"a2 NOOP\r\n"


def test_the_fence_is_only_a_halt_when_compression_goes_on() -> None:
    peer, heard = Peer(), bytearray()
    deflate = Deflate(peer.say(b"a1 SEARCH TEXT Unauthenticate\r\n") + peer.say(b"a2 NOOP\r\n"), FENCE)
    deflate.unpack(heard)
    assert heard == b"a1 SEARCH TEXT Unauthenticate\r\n"
    deflate.unpack(heard)
    assert heard.endswith(b"a2 NOOP\r\n")


def test_octets_behind_the_end_are_an_error() -> None:
    deflate, heard = Deflate(Peer().say(b"last words\r\n", zlib.Z_FINISH) + b"more", FENCE), bytearray()
    deflate.unpack(heard)
    assert heard == b"last words\r\n"
    with pytest.raises(zlib.error):
        deflate.unpack(heard)


@given(st.binary(max_size=3000), st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=5))
@settings(max_examples=300, deadline=None)
def test_nothing_but_zlib_error_escapes(octets: bytes, changes: list[tuple[int, int]]) -> None:
    packed = bytearray(Peer().say(noise(100) + b"a1 NOOP\r\n" * 50) + octets)
    for place, octet in changes:
        packed[place % len(packed)] = octet
    for hostile in (bytes(packed), octets):
        deflate, heard = Deflate(hostile, FENCE), bytearray()
        try:
            for _ in range(2000):
                if deflate.waiting:
                    deflate.unpack(heard)
        except zlib.error:
            continue
        assert not deflate.waiting


# -- over sockets


async def lines(reader: asyncio.StreamReader, peer: Peer, end: bytes) -> bytes:
    """What is heard up to `end`."""
    heard = b""
    while not heard.endswith(end):
        octets = await reader.read(65536)
        assert octets, heard
        heard += peer.hear(octets)
    return heard


@pytest.mark.parametrize("size", [1, 3, 100_000])
async def test_both_directions_and_back(door: Door, size: int) -> None:
    reader, writer = await asyncio.open_connection(HOST, door.port)
    writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    peer = Peer()

    async def send(octets: bytes) -> None:
        for start in range(0, len(octets), size):
            writer.write(octets[start : start + size])
            await asyncio.sleep(0)

    await send(b"COMPRESS\r\n")
    await reader.readuntil(b"squeeze\r\n")
    await send(peer.say(b"one\r\n") + peer.say(b"two\r\nthree\r\n"))
    assert await lines(reader, peer, b"three\r\n") == b"one\r\ntwo\r\nthree\r\n"
    await send(peer.say(b"EXPAND\r\n") + b"four\r\n")  # no longer compressed, in the same packet
    assert peer.hear(await reader.readuntil(b"\0\0\xff\xff")) == b"breathe\r\n"
    assert await reader.readline() == b"four\r\n"
    await send(b"COMPRESS\r\n")
    assert await reader.readline() == b"squeeze\r\n"
    peer = Peer()
    await send(peer.say(b"five\r\n"))
    assert await lines(reader, peer, b"five\r\n") == b"five\r\n"
    writer.close()


async def test_what_follows_the_request_in_its_packet_is_compressed(door: Door) -> None:
    reader, writer = await asyncio.open_connection(HOST, door.port)
    peer = Peer()
    writer.write(b"one\r\nCOMPRESS\r\n" + peer.say(b"two\r\n"))
    assert await reader.readuntil(b"squeeze\r\n") == b"hello\r\none\r\nsqueeze\r\n"
    assert await lines(reader, peer, b"two\r\n") == b"two\r\n"
    writer.close()


async def test_inside_tls(tls_door: Door, tls: Tls) -> None:
    reader, writer = await asyncio.open_connection(HOST, tls_door.port, ssl=tls.client, server_hostname="localhost")
    peer = Peer()
    writer.write(b"COMPRESS\r\n")
    await reader.readuntil(b"squeeze\r\n")
    big = noise(200_000).hex().encode() + b"\r\n"
    writer.write(peer.say(big))
    assert await lines(reader, peer, b"\r\n") == big
    writer.write(peer.say(b"QUIT\r\n"))
    assert peer.hear(await reader.read()) == b"bye\r\n"
    writer.close()


async def test_one_burst_is_flushed_once(door: Door) -> None:
    reader, writer = await asyncio.open_connection(HOST, door.port)
    peer = Peer()
    writer.write(b"COMPRESS\r\n")
    await reader.readuntil(b"squeeze\r\n")
    said = b"".join(b"a%d NOOP\r\n" % n for n in range(200))
    writer.write(peer.say(said))
    heard, packed = b"", b""
    while not heard.endswith(b"a199 NOOP\r\n"):
        octets = await reader.read(65536)
        packed += octets
        heard += peer.hear(octets)
    assert heard == said
    assert packed.count(b"\0\0\xff\xff") == 1
    writer.close()


async def test_waiting_for_more_of_a_word(door: Door) -> None:
    reader, writer = await asyncio.open_connection(HOST, door.port)
    peer = Peer()
    writer.write(b"COMPRESS\r\n")
    await reader.readuntil(b"squeeze\r\n")
    writer.write(peer.say(b"WAIT\r\n"))
    assert await lines(reader, peer, b"+\r\n") == b"+\r\n"
    octets = peer.say(b"x")
    for octet in octets:  # most of them say nothing yet
        writer.write(bytes([octet]))
        await writer.drain()
        await asyncio.sleep(0.001)
    assert await lines(reader, peer, b"grew\r\n") == b"grew\r\n"
    writer.write(peer.say(b"\r\nWAIT\r\n"))
    await lines(reader, peer, b"+\r\n")
    writer.write_eof()
    assert peer.hear(await reader.read()) == b"end\r\n"
    writer.close()


async def test_what_is_not_deflate_ends_the_connection(door: Door) -> None:
    reader, writer = await asyncio.open_connection(HOST, door.port)
    writer.write(b"COMPRESS\r\n")
    await reader.readuntil(b"squeeze\r\n")
    writer.write(b"NOOP in clear\r\n")
    assert await reader.read() == b""
    await until(lambda: door.sessions[0].ended == 1)
    writer.close()


async def test_a_bomb_is_bounded_and_lets_others_run(door: Door) -> None:
    loop = asyncio.get_running_loop()
    client = socket.create_connection((HOST, door.port))
    client.sendall(b"COMPRESS\r\n")
    client.setblocking(False)
    await until(lambda: door.sessions and door.sessions[0].stream.compressed)
    bomb = Peer(9).say(b"\0" * (300 << 20))
    sending = asyncio.create_task(loop.sock_sendall(client, bomb))
    stream = door.sessions[0].stream
    await until(lambda: stream._reading_paused or (len(stream.input) > limits.READ_AHEAD and sending.done()))
    await asyncio.sleep(0.05)
    assert len(stream.input) <= limits.READ_AHEAD + limits.CHUNK
    reader, writer = await asyncio.open_connection(HOST, door.port)
    writer.write(b"still here\r\nQUIT\r\n")
    assert await reader.read() == b"hello\r\nstill here\r\nbye\r\n"
    writer.close()
    sending.cancel()
    client.close()


async def test_much_that_is_compressed_lets_others_run(door: Door) -> None:
    """One write of a megabyte is worked through in pieces, in order."""
    reader, writer = await asyncio.open_connection(HOST, door.port)
    peer = Peer()
    writer.write(b"COMPRESS\r\n")
    await reader.readuntil(b"squeeze\r\n")
    stream = door.sessions[0].stream
    letters = b"".join(b"%d bottles of beer\r\n" % n for n in range(60_000))
    turns = 0

    def count() -> None:
        nonlocal turns
        turns += 1
        if stream._out is not None:
            asyncio.get_running_loop().call_soon(count)

    async def work() -> None:
        stream.input.clear()
        stream.write(letters)
        asyncio.get_running_loop().call_soon(count)
        await stream.drain()
        stream.write(b"end\r\n")

    door.sessions[0].work = work  # type: ignore[method-assign]
    writer.write(peer.say(b"go\r\n"))
    assert await lines(reader, peer, b"end\r\n") == letters + b"end\r\n"
    assert turns >= len(letters) // limits.WRITE_BURST
    writer.close()
