"""PLAIN and LOGIN exchanges, as tables."""

import pytest

from pillarbox.core.errors import Invalid
from pillarbox.wire.sasl.mechanism import Challenge, Credentials, decode_response
from pillarbox.wire.sasl.table import MECHANISMS


@pytest.mark.parametrize(
    ("octets", "credentials"),
    [
        (b"\0tim\0tanstaaftanstaaf", Credentials("tim", "tanstaaftanstaaf")),  # RFC 4616 §4
        (b"Ursel\0Kurt\0xipj3plmq", Credentials("Kurt", "xipj3plmq", "Ursel")),
        ("\0jürgen\0паро́ль".encode(), Credentials("jürgen", "паро́ль")),
    ],
)
def test_plain(octets: bytes, credentials: Credentials) -> None:
    assert MECHANISMS["PLAIN"](b"").start(octets) == credentials
    exchange = MECHANISMS["PLAIN"](b"")
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
        MECHANISMS["PLAIN"](b"").start(octets)


def test_login() -> None:
    exchange = MECHANISMS["LOGIN"](b"")
    assert exchange.start(None) == Challenge(b"Username:")
    assert exchange.step(b"tim") == Challenge(b"Password:")
    assert exchange.step(b"secret") == Credentials("tim", "secret")


def test_login_with_initial_response() -> None:
    exchange = MECHANISMS["LOGIN"](b"")
    assert exchange.start(b"tim") == Challenge(b"Password:")
    with pytest.raises(Invalid):
        exchange.step(b"")


@pytest.mark.parametrize(("line", "octets"), [(b"*", None), (b"=", b""), (b"", b""), (b"AGEAYg==", b"\0a\0b")])
def test_decode_response(line: bytes, octets: bytes | None) -> None:
    assert decode_response(line) == octets


@pytest.mark.parametrize("line", [b"A", b"AGEAYg", b"!!!!", b"AG EAYg=="])
def test_decode_response_refused(line: bytes) -> None:
    with pytest.raises(Invalid):
        decode_response(line)
