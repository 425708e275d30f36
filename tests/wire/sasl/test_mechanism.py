"""PLAIN and LOGIN exchanges, as tables."""

import pytest

from pillarbox.core.errors import Invalid
from pillarbox.wire.sasl.mechanism import (
    CLEAR,
    Certified,
    Challenge,
    Channel,
    Credentials,
    decode_initial,
    decode_response,
)
from pillarbox.wire.sasl.table import MECHANISMS, listed, taken


@pytest.mark.parametrize(
    ("octets", "credentials"),
    [
        (b"\0tim\0tanstaaftanstaaf", Credentials("tim", "tanstaaftanstaaf")),  # RFC 4616 §4
        (b"Ursel\0Kurt\0xipj3plmq", Credentials("Kurt", "xipj3plmq", "Ursel")),
        ("\0jürgen\0паро́ль".encode(), Credentials("jürgen", "паро́ль")),
    ],
)
def test_plain(octets: bytes, credentials: Credentials) -> None:
    assert MECHANISMS["PLAIN"](CLEAR, False).start(octets) == credentials
    exchange = MECHANISMS["PLAIN"](CLEAR, False)
    assert exchange.start(None) == Challenge(b"")
    assert exchange.step(octets) == credentials


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"tim",
        b"\0tim",
        b"\0tim\0",
        b"\0\0secret",
        b"\0a\0b\0c",
        b"\0\xff\0b",
        b"\0a\0" + b"x" * 1025,
        b"\0" + b"a" * 257 + b"\0b",
    ],
)
def test_plain_refused(octets: bytes) -> None:
    with pytest.raises(Invalid):
        MECHANISMS["PLAIN"](CLEAR, False).start(octets)


def test_login() -> None:
    exchange = MECHANISMS["LOGIN"](CLEAR, False)
    assert exchange.start(None) == Challenge(b"Username:")
    assert exchange.step(b"tim") == Challenge(b"Password:")
    assert exchange.step(b"secret") == Credentials("tim", "secret")


def test_login_with_initial_response() -> None:
    exchange = MECHANISMS["LOGIN"](CLEAR, False)
    assert exchange.start(b"tim") == Challenge(b"Password:")
    with pytest.raises(Invalid):
        exchange.step(b"")


@pytest.mark.parametrize(("line", "octets"), [(b"*", None), (b"", b""), (b"AGEAYg==", b"\0a\0b")])
def test_decode_response(line: bytes, octets: bytes | None) -> None:
    assert decode_response(line) == decode_initial(line) == octets
    assert decode_initial(b"=") == b""


@pytest.mark.parametrize(
    ("octets", "authzid"), [(b"", ""), (b"you@demo.test", "you@demo.test"), ("jürgen@x".encode(), "jürgen@x")]
)
def test_external(octets: bytes, authzid: str) -> None:
    channel = Channel(addresses=("you@demo.test",))
    assert MECHANISMS["EXTERNAL"](channel, False).start(octets) == Certified(channel.addresses, authzid)
    exchange = MECHANISMS["EXTERNAL"](channel, False)
    assert exchange.start(None) == Challenge(b"")
    assert exchange.step(octets) == Certified(channel.addresses, authzid)


@pytest.mark.parametrize("octets", [b"a\0b", b"\xff", b"a" * 257])
def test_external_refused(octets: bytes) -> None:
    with pytest.raises(Invalid):
        MECHANISMS["EXTERNAL"](Channel(addresses=("you@demo.test",)), False).start(octets)


CERTIFIED = Channel({"tls-server-end-point": b"x"}, ("you@demo.test",))
BOUND = Channel({"tls-server-end-point": b"x"})


@pytest.mark.parametrize(
    ("channel", "bound", "more"),
    [
        (CLEAR, False, ()),
        (CLEAR, True, ()),
        (BOUND, False, ()),
        (BOUND, True, ("SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS")),
        (CERTIFIED, False, ("EXTERNAL",)),
        (CERTIFIED, True, ("EXTERNAL", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS")),
    ],
)
def test_what_is_listed(channel: Channel, bound: bool, more: tuple[str, ...]) -> None:
    usual = ("SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", "LOGIN", "OAUTHBEARER", "XOAUTH2")
    assert listed(channel, bound) == more + usual
    assert all(taken(name, channel) for name in listed(channel, bound))
    assert taken("EXTERNAL", channel) is bool(channel.addresses)
    assert taken("SCRAM-SHA-256-PLUS", channel) is bool(channel.bindings)
    assert not taken("NTLM", channel)


@pytest.mark.parametrize("line", [b"A", b"=", b"AGEAYg", b"!!!!", b"AG EAYg=="])
def test_decode_response_refused(line: bytes) -> None:
    with pytest.raises(Invalid):
        decode_response(line)
