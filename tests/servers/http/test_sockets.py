"""Real sockets: HTTP and HTTPS, pushed events, bad clients, and stopping."""

import asyncio
import contextlib
import json
import socket
import ssl
from collections.abc import AsyncIterator
from typing import Any

import pytest
import trustme

from pillarbox.net.tls import server_context
from pillarbox.servers.http import bounded
from tests.servers.http.house import USING, House, basic
from tests.stores import letter

Pipes = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def listening() -> socket.socket:
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    sock.listen(100)
    return sock


class Address:
    """A running server."""

    def __init__(self, house: House, plain: int, tls: int, context: ssl.SSLContext) -> None:
        self.house, self.plain, self.tls, self.context = house, plain, tls, context

    async def connect(self, secure: bool = False) -> Pipes:
        if secure:
            return await asyncio.open_connection("127.0.0.1", self.tls, ssl=self.context, server_hostname="mail.test")
        return await asyncio.open_connection("127.0.0.1", self.plain)


@pytest.fixture
async def address(house: House, tmp_path: Any) -> AsyncIterator[Address]:
    authority = trustme.CA()
    certificate = authority.issue_cert("mail.test")
    files = (tmp_path / "c.pem", tmp_path / "k.pem")
    files[0].write_bytes(b"".join(one.bytes() for one in certificate.cert_chain_pems))
    certificate.private_key_pem.write_to_path(str(files[1]))
    context = ssl.create_default_context()
    authority.configure_trust(context)
    plain, tls = listening(), listening()
    ports = (plain.getsockname()[1], tls.getsockname()[1])
    await house.server.start([plain], [tls], server_context(*files))
    yield Address(house, *ports, context)
    await house.server.stop(2)


def request(method: str, path: str, body: bytes = b"", /, **headers: str) -> bytes:
    lines = [
        f"{method} {path} HTTP/1.1",
        "Host: mail.test",
        f"Authorization: {basic()}",
        f"Content-Length: {len(body)}",
    ]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def answered(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return int(head[0].split()[1]), headers, body


@pytest.mark.parametrize("secure", [False, True])
async def test_a_request(address: Address, secure: bool) -> None:
    reader, writer = await address.connect(secure)
    for _ in range(2):  # the connection is kept
        writer.write(request("GET", "/.well-known/jmap"))
        status, headers, body = await answered(reader)
        assert status == 200
        assert json.loads(body)["username"] == "you@demo.test"
        assert "server" not in headers
    writer.close()


async def test_pipelined_requests(address: Address) -> None:
    reader, writer = await address.connect()
    call = {"using": USING, "methodCalls": [["Core/echo", {"n": 1}, "c"]]}
    body = json.dumps(call).encode()
    writer.write(request("POST", "/jmap/api", body, Content_Type="application/json") * 3)
    for _ in range(3):
        status, _, answer = await answered(reader)
        assert (status, json.loads(answer)["methodResponses"]) == (200, call["methodCalls"])
    writer.close()


async def event(reader: asyncio.StreamReader) -> dict[str, str]:
    """The next event of a stream, comments left out."""
    fields: dict[str, str] = {}
    while True:
        line = (await asyncio.wait_for(reader.readline(), 10)).decode().strip()
        if not line and fields:
            return fields
        name, colon, value = line.partition(": ")
        if colon and name in ("event", "id", "data"):
            fields[name] = value


async def streaming(address: Address, query: str, secure: bool = False, **headers: str) -> Pipes:
    reader, writer = await address.connect(secure)
    writer.write(request("GET", f"/jmap/eventsource/?{query}", b"", **headers))
    head = await reader.readuntil(b"\r\n\r\n")
    assert b"200 OK" in head
    assert b"text/event-stream" in head
    return reader, writer


@pytest.mark.parametrize("secure", [False, True])
async def test_events(address: Address, secure: bool) -> None:
    house = address.house
    reader, writer = await streaming(address, "types=*&closeafter=no&ping=0", secure)
    await house.imported(letter())
    pushed = await event(reader)
    assert pushed["event"] == "state"
    states = json.loads(pushed["data"])["changed"][house.account]
    assert set(states) == {"Email", "EmailDelivery", "Mailbox", "Thread"}
    assert states["Email"] == (await house.call("Email/get", ids=[]))["state"]
    writer.close()


async def test_events_of_some_types(address: Address) -> None:
    house = address.house
    reader, writer = await streaming(address, "types=Mailbox,Nothing&closeafter=state&ping=0")
    await house.call("Identity/set", create={"i": {"email": "you@demo.test"}})
    await house.call("Mailbox/set", create={"k": {"name": "New"}})
    pushed = await event(reader)
    assert set(json.loads(pushed["data"])["changed"][house.account]) == {"Mailbox"}
    rest = await asyncio.wait_for(reader.readuntil(b"0\r\n\r\n"), 10)
    assert b"event" not in rest  # ended after the state
    writer.close()


async def test_missed_events_come_at_once(address: Address) -> None:
    house = address.house
    last = (await house.call("Email/get", ids=[]))["state"]
    await house.imported(letter())
    reader, writer = await streaming(address, "types=Email&closeafter=no&ping=0", Last_Event_ID=last)
    assert (await event(reader))["event"] == "state"
    writer.close()


async def test_ping(address: Address, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pillarbox.servers.http.eventsource.PUSH_PING", (1, 2))
    reader, writer = await streaming(address, "types=*&closeafter=no&ping=1")
    pushed = await event(reader)
    assert (pushed["event"], json.loads(pushed["data"])) == ("ping", {"interval": 1})
    assert "id" not in pushed
    writer.close()


async def test_bad_event_addresses(house: House) -> None:
    for query in ("closeafter=never", "ping=x", "ping=-1"):
        answer = await house.ask("GET", f"/jmap/eventsource/?{query}", headers={"authorization": basic()})
        assert answer.status == 400


async def test_event_sources_are_bounded(address: Address, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pillarbox.servers.http.eventsource.HTTP_EVENT_SOURCES", 1)
    _, first = await streaming(address, "types=*&closeafter=no&ping=0")
    reader, second = await address.connect()
    second.write(request("GET", "/jmap/eventsource/"))
    assert (await answered(reader))[0] == 429
    first.close()
    second.close()


async def test_a_stream_ends_with_the_login(address: Address) -> None:
    house = address.house
    reader, writer = await streaming(address, "types=*&closeafter=no&ping=0")
    await house.store.directory.set_password(house.you.account_id, "other")
    await house.store.directory.add_alias("me@demo.test", ["you@demo.test"])
    account = house.you.account_id
    await house.store.write([account], lambda tx: tx.create_mailbox(account, "Any"))
    rest = await asyncio.wait_for(reader.readuntil(b"0\r\n\r\n"), 10)
    assert b"event: state" not in rest
    writer.close()


async def test_stopping_ends_streams(address: Address) -> None:
    reader, writer = await streaming(address, "types=*&closeafter=no&ping=0")
    await address.house.server.stop(2)
    assert (await asyncio.wait_for(reader.read(), 10)).endswith(b"0\r\n\r\n")
    writer.close()
    with contextlib.suppress(OSError):
        await address.connect()
        raise AssertionError("the port is still open")


@pytest.mark.parametrize(
    "octets",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\nBad Header: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"x" * 40_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 10_000,
        b"POST /jmap/api HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"\x16\x03\x01\x00\xa5\x01",
    ],
)
async def test_bad_http(address: Address, octets: bytes) -> None:
    reader, writer = await address.connect()
    writer.write(octets)
    with contextlib.suppress(ConnectionResetError):
        answer = await asyncio.wait_for(reader.read(), 10)
        assert answer == b"" or b" 400 " in answer.partition(b"\r\n")[0]
    writer.close()


async def test_slow_headers(address: Address, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "HTTP_HEADER_WAIT", 0.1)
    for octets in (b"", b"GET / HTTP/1.1\r\nHost: x\r\n"):
        reader, writer = await address.connect()
        writer.write(octets)
        assert await asyncio.wait_for(reader.read(), 10) == b""
        writer.close()


async def test_slow_body(address: Address, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pillarbox.servers.http.exchange.HTTP_BODY_WAIT", 0.1)
    reader, writer = await address.connect()
    head = request("POST", f"/jmap/upload/{address.house.account}/").replace(b"Content-Length: 0", b"Content-Length: 9")
    writer.write(head + b"abc")
    assert (await answered(reader))[0] == 408
    assert await asyncio.wait_for(reader.read(), 10) == b""
    writer.close()


async def test_too_many_connections(address: Address, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "HTTP_CONNECTIONS", 1)
    _, first = await address.connect()
    await asyncio.sleep(0.05)
    reader, second = await address.connect()
    with contextlib.suppress(ConnectionResetError):
        assert await asyncio.wait_for(reader.read(), 10) == b""
    first.close()
    second.close()
