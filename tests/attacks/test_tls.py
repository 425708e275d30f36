"""TLS under attack: old versions, weak ciphers, handshakes that stall or never were one."""

import socket
import ssl
import subprocess
import warnings

import pytest

from tests.attacks.house import House
from tests.attacks.peer import Peer, careless

_LISTENERS = ("submissions", "imaps", "pop3s", "https")


@pytest.mark.parametrize("listener", _LISTENERS)
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_old_versions_are_refused(house: House, listener: str, version: ssl.TLSVersion) -> None:
    context = careless()
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = version
    with pytest.raises((ssl.SSLError, ConnectionError)):
        Peer(house.server.port[listener], tls=context)


@pytest.mark.parametrize(
    "ciphers", ["AES128-SHA", "AES256-GCM-SHA384", "DHE-RSA-AES128-SHA", "ECDHE-RSA-AES128-SHA", "NULL", "aNULL", "PSK"]
)
def test_weak_ciphers_are_refused(house: House, ciphers: str) -> None:
    context = careless()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(f"{ciphers}:@SECLEVEL=0")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        Peer(house.server.port["imaps"], tls=context)


def test_nobody_renegotiates(house: House) -> None:
    address = f"127.0.0.1:{house.server.port['imaps']}"
    said = subprocess.run(
        ["openssl", "s_client", "-connect", address, "-tls1_2", "-legacy_renegotiation"],
        input=b"R\n", capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert b"RENEGOTIATING" in said.stdout + said.stderr
    assert said.returncode and b"error:" in said.stderr, said  # an alert, or our greeting instead of a handshake
    assert b"Compression: NONE" in said.stdout


@pytest.mark.parametrize(
    "octets",
    [b"\0" * 5000, b"\x16\x03\x01\xff\xff" + b"\1" * 70_000, b"\x16\x03\x03\0\4\1\xff\xff\xff", b"\x17\x03\x03\0\1x",
    b"GET / HTTP/1.1\r\n\r\n",
     b"\x15\x03\x03\0\2\2\x28", b"\x80\x2e\1\0\2" + b"\0" * 50, b"\x16\x03\x01\0\0" * 2000],
)  # fmt: skip
@pytest.mark.parametrize("listener", _LISTENERS)
def test_handshakes_that_are_none(house: House, listener: str, octets: bytes) -> None:
    with house.peer(listener) as peer:
        peer.send(octets)
        peer.finish()
        assert b"* OK" not in peer.rest()
    Peer(house.server.port[listener], tls=careless()).close()


@pytest.mark.parametrize("listener", ["imap", "smtp", "pop3"])
def test_a_handshake_that_fails_after_the_promise_ends_the_connection(house: House, listener: str) -> None:
    with house.peer(listener) as peer:
        peer.line()
        if listener == "smtp":
            peer.ask(b"EHLO x")
        peer.say({"imap": b"x STARTTLS", "smtp": b"STARTTLS", "pop3": b"STLS"}[listener])
        assert peer.line()
        peer.say(b"x CAPABILITY", b"NOOP", b"CAPA")
        assert b"OK" not in peer.rest()


def test_stalled_handshakes_hold_up_nobody(house: House) -> None:
    before = house.rss()
    hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
    peers = []
    for number in range(400):
        peer = house.peer(_LISTENERS[number % 4])
        peer.send(hello[: number % len(hello)])
        peers.append(peer)
    for listener in _LISTENERS:
        Peer(house.server.port[listener], tls=careless()).close()
    assert house.rss() - before < 60 << 20
    for peer in peers:
        peer.close()


def test_passwords_in_clear_are_for_this_machine_only(house: House) -> None:
    """What the demo allows is bound to the peer's address, not to a name or a header."""
    said = house.request(
        "GET", "/auth/session", X_Forwarded_For="127.0.0.1", Forwarded="for=127.0.0.1", Host="localhost"
    )
    assert said.status == 401
    assert socket.gethostbyname("localhost").startswith("127.")
