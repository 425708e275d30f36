"""SASL mechanisms as seen by a server: octets of the peer in, a challenge or a claim to be judged out (RFC 4422)."""

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from pillarbox.core import limits
from pillarbox.core.errors import Invalid
from pillarbox.wire.sasl.keys import Keys


@dataclass(frozen=True, slots=True)
class Channel:
    """What TLS says of a connection. `bindings`: its channel bindings by type (RFC 5929). `addresses`: whose the peer's
    certificate is, once it was verified."""

    bindings: Mapping[str, bytes] = field(default_factory=dict)
    addresses: tuple[str, ...] = ()


CLEAR = Channel()
"""No TLS."""


@dataclass(frozen=True, slots=True)
class Challenge:
    """What the server sends next; the peer's answer goes to `step`."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who the peer says it is, with its password. `authzid` is "" or whom it wants to act as (RFC 4616 §2)."""

    login: str
    password: str
    authzid: str = ""


@dataclass(frozen=True, slots=True)
class KeysWanted:
    """The mechanism needs the keys kept for a login under a hash function; `answer` takes them (RFC 5802 §5)."""

    login: str
    hash_name: str
    answer: Callable[[Keys], Challenge]


@dataclass(frozen=True, slots=True)
class Proven:
    """The peer has shown that it knows the secret behind the keys it was given."""

    login: str
    authzid: str = ""


@dataclass(frozen=True, slots=True)
class Bearer:
    """A token, and whose it is said to be ("": whoever it was issued to). When it opens nothing, `refusal` is the
    challenge to send; whatever answers it ends the exchange (RFC 7628 §3.2.3)."""

    token: str
    login: str
    refusal: Challenge


@dataclass(frozen=True, slots=True)
class Certified:
    """The peer has shown a certificate for these addresses; `authzid` is "" or whom it wants to act as."""

    addresses: tuple[str, ...]
    authzid: str = ""


Outcome = Challenge | Credentials | KeysWanted | Proven | Bearer | Certified


class Mechanism(Protocol):
    """One exchange. Both methods raise Invalid for what the mechanism's RFC does not allow, Denied for a proof that is
    wrong and for a peer whose channel is not ours."""

    def start(self, initial: bytes | None) -> Outcome:
        """Begin, with the initial response when the peer sent one."""
        ...

    def step(self, response: bytes) -> Outcome:
        """Take the answer to the last challenge."""
        ...


class PlainServer:
    """PLAIN (RFC 4616): [authzid] NUL authcid NUL passwd."""

    __slots__ = ()

    def start(self, initial: bytes | None) -> Outcome:
        return Challenge(b"") if initial is None else self.step(initial)

    def step(self, response: bytes) -> Outcome:
        parts = response.split(b"\0")
        if len(parts) != 3:
            raise Invalid("PLAIN wants three fields")
        authzid, login, password = (text(part) for part in parts)
        return _credentials(login, password, authzid)


class LoginServer:
    """LOGIN (draft-murchison-sasl-login): the prompts are spelled as old Outlooks expect them."""

    __slots__ = ("_login",)

    def __init__(self) -> None:
        self._login: str | None = None

    def start(self, initial: bytes | None) -> Outcome:
        return Challenge(b"Username:") if initial is None else self.step(initial)

    def step(self, response: bytes) -> Outcome:
        if self._login is None:
            self._login = text(response)
            return Challenge(b"Password:")
        return _credentials(self._login, text(response), "")


class ExternalServer:
    """EXTERNAL (RFC 4422 appendix A): the only message is the authorization identity, or empty."""

    __slots__ = ("_addresses",)

    def __init__(self, addresses: tuple[str, ...]) -> None:
        self._addresses = addresses

    def start(self, initial: bytes | None) -> Outcome:
        return Challenge(b"") if initial is None else self.step(initial)

    def step(self, response: bytes) -> Outcome:
        authzid = text(response)
        if len(authzid) > limits.SMTP_PATH or "\0" in authzid:
            raise Invalid("not an authorization identity")
        return Certified(self._addresses, authzid)


def text(octets: bytes) -> str:
    """Octets of the peer as text. Raises Invalid."""
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


def decode_initial(word: bytes) -> bytes | None:
    """The same of an initial response, in the command itself, where `=` is an empty one (RFC 4954 §4, RFC 5034 §4)."""
    return b"" if word == b"=" else decode_response(word)


def decode_response(line: bytes) -> bytes | None:
    """The octets of one base64 line of the peer; None when it cancels with `*` (RFC 4954 §4, RFC 9051 §6.2.2).

    Raises Invalid for what is not base64.
    """
    if line == b"*":
        return None
    try:
        return base64.b64decode(line, validate=True)
    except binascii.Error as error:
        raise Invalid("not base64") from error


def spell_challenge(challenge: Challenge) -> bytes:
    """The continuation line of POP3 and IMAP: `+ ` and base64 (RFC 5034 §4, RFC 9051 §6.2.2)."""
    return b"+ " + base64.b64encode(challenge.octets) + b"\r\n"
