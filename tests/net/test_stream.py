"""Streams over real sockets, in clear and in TLS."""

import asyncio
import socket
import ssl

import pytest

from pillarbox.core import limits
from tests.net.conftest import Door, Tls

HOST = "127.0.0.1"


async def until(condition: object) -> None:
    """Let the loop run until `condition()` holds."""
    assert callable(condition)
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.005)


async def test_echo_and_quit(door: Door) -> None:
    reader, writer = await asyncio.open_connection(HOST, door.port)
    assert await reader.readline() == b"hello\r\n"
    writer.write(b"one\r\ntwo\r\nQUIT\r\n")
    assert await reader.read() == b"one\r\ntwo\r\nbye\r\n"
    await until(lambda: door.sessions[0].ended == 1)
    assert door.listener.connections == 0
    writer.close()


@pytest.mark.parametrize("size", [1, 3])
async def test_octets_in_pieces(door: Door, size: int) -> None:
    reader, writer = await asyncio.open_connection(HOST, door.port)
    writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    said = b"one\r\ntwo\r\nQUIT\r\n"
    for start in range(0, len(said), size):
        writer.write(said[start : start + size])
        await asyncio.sleep(0)
    assert await reader.read() == b"hello\r\none\r\ntwo\r\nbye\r\n"
    writer.close()


async def test_implicit_tls(tls_door: Door, tls: Tls) -> None:
    reader, writer = await asyncio.open_connection(HOST, tls_door.port, ssl=tls.client, server_hostname="localhost")
    assert await reader.readline() == b"hello\r\n"
    facts = tls_door.sessions[0].stream.tls
    assert facts is not None
    assert (facts.version, facts.server_name) == ("TLSv1.3", "localhost")
    big = b"a" * 200_000 + b"\r\n"
    writer.write(big)
    assert await reader.readexactly(len(big)) == big
    writer.write(b"QUIT\r\n")
    assert await reader.read() == b"bye\r\n"
    writer.close()


async def test_nothing_follows_the_handshake_unasked(tls_door: Door, tls: Tls) -> None:
    reader, writer = await asyncio.open_connection(HOST, tls_door.port, ssl=tls.client, server_hostname="localhost")
    assert await reader.readline() == b"hello\r\n"
    assert not writer.get_extra_info("ssl_object").session.has_ticket
    writer.close()


async def test_tls_octets_one_at_a_time(tls_door: Door, tls: Tls) -> None:
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = tls.client.wrap_bio(incoming, outgoing, server_hostname="localhost")
    reader, writer = await asyncio.open_connection(HOST, tls_door.port)

    async def exchange(step: object) -> object:
        assert callable(step)
        while True:
            try:
                return step()
            except ssl.SSLWantReadError:
                await send()
                incoming.write(await reader.read(7))

    async def send() -> None:
        for octet in outgoing.read():
            writer.write(bytes([octet]))
            await writer.drain()

    await exchange(client.do_handshake)
    client.write(b"word\r\n")
    await send()
    heard = b""
    while not heard.endswith(b"word\r\n"):
        got = await exchange(lambda: client.read(100))
        assert isinstance(got, bytes)
        heard += got
    assert heard == b"hello\r\nword\r\n"
    writer.close()


async def test_starttls_throws_away_what_was_injected(door: Door, tls: Tls) -> None:
    reader, writer = await asyncio.open_connection(HOST, door.port)
    assert await reader.readline() == b"hello\r\n"
    writer.write(b"STARTTLS\r\ninjected\r\n")
    assert await reader.readline() == b"go ahead\r\n"
    await writer.start_tls(tls.client, server_hostname="localhost")
    writer.write(b"secret\r\nQUIT\r\n")
    assert await reader.read() == b"secret\r\nbye\r\n"
    assert b"injected\r\n" not in door.sessions[0].seen
    writer.close()


async def test_broken_handshakes_end_the_connection(door: Door, tls_door: Door) -> None:
    reader, writer = await asyncio.open_connection(HOST, tls_door.port)
    writer.write(b"EHLO this is not TLS at all\r\n")
    assert (await reader.read())[:1] in (b"", b"\x15")  # nothing, or an alert
    writer.close()
    reader, writer = await asyncio.open_connection(HOST, tls_door.port)
    writer.write(b"\x16\x03\x01")
    writer.transport.abort()
    await until(lambda: tls_door.listener.connections == 0)
    assert tls_door.sessions == []  # a session begins only after the handshake

    reader, writer = await asyncio.open_connection(HOST, door.port)
    writer.write(b"STARTTLS\r\n")
    await reader.readuntil(b"go ahead\r\n")
    writer.write(b"\x16\x03\x01")
    writer.transport.abort()
    await until(lambda: door.sessions[0].ended == 1)


async def test_a_slow_reader_makes_the_session_wait(door: Door) -> None:
    client = socket.create_connection((HOST, door.port))
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.sendall(b"BIG 5000\r\n")  # 50 MB
    await until(lambda: door.sessions and door.sessions[0].stream._writing_paused)
    stream = door.sessions[0].stream
    assert stream._transport is not None
    assert stream._transport.get_write_buffer_size() < limits.WRITE_BUFFER + 2 * limits.WRITE_BURST
    stream.sweep(asyncio.get_running_loop().time() + limits.WRITE_STALL + 1)
    await until(lambda: door.sessions[0].ended == 1)
    client.close()


async def test_reading_pauses_while_the_session_is_busy(door: Door) -> None:
    client = socket.create_connection((HOST, door.port))
    client.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(client, b"BIG 1000\r\n")
    await until(lambda: door.sessions and door.sessions[0].stream._writing_paused)
    sending = asyncio.create_task(loop.sock_sendall(client, b"z" * (20 << 20) + b"\n"))
    await until(lambda: door.sessions[0].stream._reading_paused)
    assert len(door.sessions[0].stream.input) < limits.READ_AHEAD + (512 << 10)
    sending.cancel()
    client.close()


async def test_half_close_is_answered(door: Door) -> None:
    reader, writer = await asyncio.open_connection(HOST, door.port)
    writer.write(b"last words\r\n")
    writer.write_eof()
    assert await reader.read() == b"hello\r\nlast words\r\n"
    await until(lambda: door.sessions[0].ended == 1)
    writer.close()


async def test_more_tells_growth_and_end(door: Door) -> None:
    reader, writer = await asyncio.open_connection(HOST, door.port)
    writer.write(b"WAIT\r\n")
    await reader.readuntil(b"+\r\n")
    writer.write(b"QU")
    assert await reader.readline() == b"grew\r\n"
    writer.write(b"x\r\nWAIT\r\n")
    await reader.readuntil(b"+\r\n")
    writer.write_eof()
    assert await reader.read() == b"end\r\n"
    writer.close()


async def test_time_out_while_working_and_while_idle(door: Door) -> None:
    reader, writer = await asyncio.open_connection(HOST, door.port)
    writer.write(b"SOON\r\n")
    assert await reader.read() == b"hello\r\ngoodbye\r\n"
    writer.close()
    reader, writer = await asyncio.open_connection(HOST, door.port)
    assert await reader.readline() == b"hello\r\n"
    door.sessions[1].stream.sweep(asyncio.get_running_loop().time() + limits.FIRST_IDLE + 1)
    assert await reader.read() == b"goodbye\r\n"
    await until(lambda: door.sessions[1].ended == 1)
    writer.close()


async def test_a_failing_session_ends_its_connection_only(door: Door) -> None:
    reader, writer = await asyncio.open_connection(HOST, door.port)
    writer.write(b"FAIL\r\n")
    assert await reader.read() == b"hello\r\n"
    writer.close()
    reader, writer = await asyncio.open_connection(HOST, door.port)
    writer.write(b"still here\r\nQUIT\r\n")
    assert await reader.read() == b"hello\r\nstill here\r\nbye\r\n"
    writer.close()


async def test_wake_ups_come_together(door: Door) -> None:
    reader, writer = await asyncio.open_connection(HOST, door.port)
    await reader.readline()
    session = door.sessions[0]
    for _ in range(100):
        session.stream.work()
    await until(lambda: session.works)
    await asyncio.sleep(0.05)
    assert session.works == 1
    writer.close()


async def test_drain_says_goodbye(door: Door) -> None:
    reader, writer = await asyncio.open_connection(HOST, door.port)
    await reader.readline()
    await door.listener.drain(5)
    assert await reader.read() == b"goodbye\r\n"
    with pytest.raises(OSError):
        await asyncio.open_connection(HOST, door.port)
    writer.close()


async def test_a_failed_handshake_of_a_peer_that_reads_nothing_ends(door: Door) -> None:
    """What it has not taken yet must not keep the connection for ever."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(client, (HOST, door.port))
    await until(lambda: door.sessions)
    stream = door.sessions[0].stream
    transport = stream._transport
    assert transport is not None
    seen = door.sessions[0].seen
    while not transport.get_write_buffer_size():
        before = len(seen)
        await loop.sock_sendall(client, b"BIG 1\r\n")
        await until(lambda before=before: len(seen) > before)
    await loop.sock_sendall(client, b"STARTTLS\r\n")
    await until(lambda: seen[-1] == b"STARTTLS\r\n")
    await loop.sock_sendall(client, b"no TLS at all\r\n\r\n")
    await until(lambda: stream.closing)
    assert door.listener.connections == 1
    stream.sweep(loop.time() + limits.CLOSE_WAIT + 1)
    await until(lambda: door.sessions[0].ended)
    assert door.listener.connections == 0
    client.close()
