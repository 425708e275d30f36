"""OAUTHBEARER and XOAUTH2 messages, as tables."""

import pytest

from pillarbox.core.errors import Denied, Invalid
from pillarbox.wire.sasl.bearer import OAUTHBEARER_REFUSAL, XOAUTH2_REFUSAL
from pillarbox.wire.sasl.mechanism import CLEAR, Bearer, Challenge
from pillarbox.wire.sasl.table import MECHANISMS

TOKEN = "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg=="
YOU = "user@example.com"


@pytest.mark.parametrize(
    ("octets", "token", "login"),
    [
        (f"n,a={YOU},\1host=server.example.com\1port=143\1auth=Bearer {TOKEN}\1\1", TOKEN, YOU),  # RFC 7628 §4.1
        (f"n,,\1auth=Bearer {TOKEN}\1\1", TOKEN, ""),
        (f"y,a=a=2Cb=3D,\1auth=bearer  {TOKEN}\1\1", TOKEN, "a,b="),
        ("n,,\1auth=\1\1", "", ""),  # §4.3: what is wanted?
        ("n,,\1\1", "", ""),
        ("n,,\1auth=MAC id=1\1\1", "", ""),
    ],
)
def test_oauthbearer(octets: str, token: str, login: str) -> None:
    exchange = MECHANISMS["OAUTHBEARER"](CLEAR, False)
    assert exchange.start(None) == Challenge(b"")
    assert exchange.step(octets.encode()) == Bearer(token, login, OAUTHBEARER_REFUSAL)
    with pytest.raises(Denied):
        exchange.step(b"\1")


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"n,,",
        b"n,,\1",
        b"n,,auth=Bearer x\1\1",
        b"n,,\1auth=Bearer x\1",
        b"n,,\1auth=Bearer x\1\1\1",
        b"n,,\1auth=Bearer x\1auth=Bearer y\1\1",
        b"n,,\1" + b"1=x\1\1",
        b"p=tls-unique,,\1auth=Bearer x\1\1",
        b"n,a=\xff,\1auth=Bearer x\1\1",
        b"n,a=" + b"a" * 257 + b",\1auth=Bearer x\1\1",
    ],
)
def test_oauthbearer_refused(octets: bytes) -> None:
    with pytest.raises(Invalid):
        MECHANISMS["OAUTHBEARER"](CLEAR, False).start(octets)


def test_xoauth2() -> None:
    exchange = MECHANISMS["XOAUTH2"](CLEAR, False)
    outcome = exchange.start(f"user={YOU}\1auth=Bearer {TOKEN}\1\1".encode())
    assert outcome == Bearer(TOKEN, YOU, XOAUTH2_REFUSAL)
    with pytest.raises(Denied):
        exchange.step(b"")


@pytest.mark.parametrize("octets", [b"", b"\1", b"user=\1auth=Bearer x\1\1", b"auth=Bearer x\1\1", b"user=a\1auth=b"])
def test_xoauth2_refused(octets: bytes) -> None:
    with pytest.raises(Invalid):
        MECHANISMS["XOAUTH2"](CLEAR, False).start(octets)
