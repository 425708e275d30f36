"""Tokens instead of passwords: OAUTHBEARER (RFC 7628) and its elder, XOAUTH2."""

import re
from collections.abc import Callable

from pillarbox.core import limits
from pillarbox.core.errors import Denied, Invalid
from pillarbox.wire.sasl.mechanism import Bearer, Challenge, Outcome, text

_GS2 = re.compile(rb"[ny],(?:a=(?P<name>(?:[^\x00\x01,=]|=2C|=3D)+))?,\x01(?P<pairs>.*)", re.DOTALL)
_PAIR = re.compile(rb"(?P<key>[A-Za-z]+)=(?P<value>[\x20-\x7e\r\n\t\x80-\xff]*)\x01")
_SCHEME = re.compile(rb"bearer +(?P<token>[A-Za-z0-9._~+/=-]+)", re.IGNORECASE)  # RFC 6750 §2.1

OAUTHBEARER_REFUSAL = Challenge(b'{"status":"invalid_token"}')  # RFC 7628 §3.2.2
XOAUTH2_REFUSAL = Challenge(b'{"status":"401","schemes":"bearer"}')


class BearerServer:
    """One exchange: the client's only message, then what it answers to being refused."""

    __slots__ = ("_read", "_refusal", "_refused")

    def __init__(self, read: Callable[[bytes], tuple[str, bytes]], refusal: Challenge) -> None:
        self._read = read
        self._refusal = refusal
        self._refused = False

    def start(self, initial: bytes | None) -> Outcome:
        return Challenge(b"") if initial is None else self.step(initial)

    def step(self, response: bytes) -> Outcome:
        if self._refused:
            raise Denied("the token was refused")
        login, authorization = self._read(response)
        self._refused = True  # who comes back has been told so
        match = _SCHEME.fullmatch(authorization.strip())
        if len(login) > limits.SMTP_PATH:
            raise Invalid("login too long")
        return Bearer(match["token"].decode() if match else "", login, self._refusal)


def read_oauthbearer(message: bytes) -> tuple[str, bytes]:
    """The name and the auth value of RFC 7628 §3.1: a gs2 header, then pairs of key and value. Raises Invalid."""
    match = _GS2.fullmatch(message)
    if match is None:
        raise Invalid("not an OAUTHBEARER message")
    name = text((match["name"] or b"").replace(b"=2C", b",").replace(b"=3D", b"="))
    return name, _pairs(match["pairs"]).get(b"auth", b"")


def read_xoauth2(message: bytes) -> tuple[str, bytes]:
    """The name and the auth value of `user=…^Aauth=Bearer …^A^A`. Raises Invalid."""
    pairs = _pairs(message)
    if not pairs.get(b"user"):
        raise Invalid("XOAUTH2 without a name")
    return text(pairs[b"user"]), pairs.get(b"auth", b"")


def _pairs(octets: bytes) -> dict[bytes, bytes]:
    """Each ends with %x01, and one more ends them all."""
    pairs: dict[bytes, bytes] = {}
    place = 0
    while match := _PAIR.match(octets, place):
        if match["key"] in pairs:
            raise Invalid("a key is given twice")
        pairs[match["key"]] = match["value"]
        place = match.end()
    if octets[place:] != b"\x01":
        raise Invalid("not pairs of key and value")
    return pairs
