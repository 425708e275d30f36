"""SASL mechanisms as seen by a server: octets of the peer in, a challenge or the credentials out (RFC 4422)."""

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from pillarbox.core import limits
from pillarbox.core.errors import Invalid


@dataclass(frozen=True, slots=True)
class Challenge:
    """What the server sends next; the peer's answer goes to `step`."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who the peer says it is. `authzid` is "" or whom it wants to act as (RFC 4616 §2)."""

    login: str
    password: str
    authzid: str = ""


class Mechanism(Protocol):
    """One exchange. Both methods raise Invalid for what the mechanism's RFC does not allow."""

    def start(self, initial: bytes | None) -> Challenge | Credentials:
        """Begin, with the initial response when the peer sent one."""
        ...

    def step(self, response: bytes) -> Challenge | Credentials:
        """Take the answer to the last challenge."""
        ...


class PlainServer:
    """PLAIN (RFC 4616): [authzid] NUL authcid NUL passwd."""

    __slots__ = ()

    def start(self, initial: bytes | None) -> Challenge | Credentials:
        return Challenge(b"") if initial is None else self.step(initial)

    def step(self, response: bytes) -> Challenge | Credentials:
        parts = response.split(b"\0")
        if len(parts) != 3:
            raise Invalid("PLAIN wants three fields")
        authzid, login, password = (_text(part) for part in parts)
        return _credentials(login, password, authzid)


class LoginServer:
    """LOGIN (draft-murchison-sasl-login): the prompts are spelled as old Outlooks expect them."""

    __slots__ = ("_login",)

    def __init__(self) -> None:
        self._login: str | None = None

    def start(self, initial: bytes | None) -> Challenge | Credentials:
        return Challenge(b"Username:") if initial is None else self.step(initial)

    def step(self, response: bytes) -> Challenge | Credentials:
        if self._login is None:
            self._login = _text(response)
            return Challenge(b"Password:")
        return _credentials(self._login, _text(response), "")


def _text(octets: bytes) -> str:
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Invalid("not UTF-8") from error


def _credentials(login: str, password: str, authzid: str) -> Credentials:
    if not login or not password or "\0" in login + password:
        raise Invalid("empty login or password")
    if len(login) > limits.SMTP_PATH or len(password) > limits.PASSWORD:
        raise Invalid("login or password too long")
    return Credentials(login, password, authzid)


MECHANISMS: dict[str, Callable[[], Mechanism]] = {"PLAIN": PlainServer, "LOGIN": LoginServer}
"""Mechanism name, upper case, to what begins an exchange; in the order they are advertised."""


def decode_response(line: bytes) -> bytes | None:
    """The octets of one base64 line of the peer; None when it cancels with `*` (RFC 4954 §4, RFC 9051 §6.2.2).

    Raises Invalid for what is not base64. A single `=` is an empty initial response (RFC 4954 §4).
    """
    if line == b"*":
        return None
    if line == b"=":
        return b""
    try:
        return base64.b64decode(line, validate=True)
    except binascii.Error as error:
        raise Invalid("not base64") from error


def spell_challenge(challenge: Challenge) -> bytes:
    """The continuation line of POP3 and IMAP: `+ ` and base64 (RFC 5034 §4, RFC 9051 §6.2.2)."""
    return b"+ " + base64.b64encode(challenge.octets) + b"\r\n"
