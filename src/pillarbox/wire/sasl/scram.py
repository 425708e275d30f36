"""SCRAM: the peer proves that it knows a password without sending it, and so does the server (RFC 5802, RFC 7677)."""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from pillarbox.core import limits
from pillarbox.core.errors import Denied, Invalid
from pillarbox.wire.sasl.keys import Keys
from pillarbox.wire.sasl.mechanism import Challenge, KeysWanted, Outcome, Proven, text
from pillarbox.wire.sasl.preparation import prepare

_NAME = rb"(?:[^\x00,=]|=2C|=3D)+"  # RFC 5802 §7: saslname
_EXTENSIONS = rb"(?:,[A-Za-z]=[^\x00,]+)*"
_FIRST = re.compile(
    rb"(?P<header>(?P<flag>n|y|p=[A-Za-z0-9.-]+),(?:a=(?P<authzid>%(name)s))?,)"
    rb"(?P<bare>n=(?P<name>%(name)s),r=(?P<nonce>[\x21-\x2b\x2d-\x7e]+)%(extensions)s)"
    % {b"name": _NAME, b"extensions": _EXTENSIONS}
)
_FINAL = re.compile(
    rb"(?P<bare>c=(?P<binding>[A-Za-z0-9+/=]+),r=(?P<nonce>[\x21-\x2b\x2d-\x7e]+)%(extensions)s)"
    rb",p=(?P<proof>[A-Za-z0-9+/=]+)" % {b"extensions": _EXTENSIONS}
)


@dataclass(slots=True)
class _Talk:
    """What has been said: the gs2 header, both first messages, and what the keys were asked for."""

    header: bytes
    first: bytes
    login: str
    authzid: str
    nonce: bytes
    keys: Keys | None = None
    challenge: bytes = b""
    proven: bool = False


class ScramServer:
    """One exchange. `bindings` are the channel bindings of the connection by their type (RFC 5929), none where clients
    are not told that they can be used; `plus`: the mechanism that uses one."""

    __slots__ = ("_bindings", "_bound", "_hash", "_nonce", "_plus", "_talk")

    def __init__(self, hash_name: str, bindings: Mapping[str, bytes], plus: bool, nonce: str = "") -> None:
        self._hash = hash_name
        self._bindings = bindings
        self._bound = b""  # what the client's header is to be followed by
        self._plus = plus
        self._nonce = nonce or secrets.token_urlsafe(24)
        self._talk: _Talk | None = None

    def start(self, initial: bytes | None) -> Outcome:
        return Challenge(b"") if initial is None else self.step(initial)

    def step(self, response: bytes) -> Outcome:
        talk = self._talk
        if talk is None:
            return self._first(response)
        if not talk.proven:
            return self._final(talk, response)
        if response:
            raise Invalid("nothing is left to say")
        return Proven(talk.login, talk.authzid)

    def _first(self, message: bytes) -> Outcome:
        match = _FIRST.fullmatch(message)
        if match is None:
            raise Invalid("not a SCRAM client-first-message")
        self._check_flag(match["flag"])
        if len(match["nonce"]) > limits.SCRAM_NONCE or len(match["name"]) > limits.SMTP_PATH:
            raise Invalid("name or nonce too long")
        nonce = match["nonce"] + self._nonce.encode()
        login, authzid = _name(match["name"]), _name(match["authzid"] or b"")
        self._talk = _Talk(match["header"], match["bare"], prepare(login), authzid, nonce)
        return KeysWanted(self._talk.login, self._hash, self._challenge)

    def _check_flag(self, flag: bytes) -> None:
        """RFC 5802 §6. `y` says that the client would have bound the channel, had it seen a mechanism that does: where
        one was listed, somebody between us has taken it out of the list."""
        kind, _, binding = flag.decode("ascii").partition("=")
        if not self._plus:
            if kind == "p":
                raise Invalid("this mechanism binds no channel")
            if kind == "y" and self._bindings:
                raise Denied("the list of mechanisms did not arrive as it was sent")
            return
        if kind != "p" or binding not in self._bindings:
            raise Denied("the channel is to be bound, by a binding it has")
        self._bound = self._bindings[binding]

    def _challenge(self, keys: Keys) -> Challenge:
        talk = self._talk
        assert talk is not None  # only KeysWanted leads here
        salt = base64.b64encode(keys.salt)
        talk.keys, talk.challenge = keys, b"r=%b,s=%b,i=%d" % (talk.nonce, salt, keys.iterations)
        return Challenge(talk.challenge)

    def _final(self, talk: _Talk, message: bytes) -> Outcome:
        match = _FINAL.fullmatch(message)
        if match is None or talk.keys is None:
            raise Invalid("not a SCRAM client-final-message")
        binding, proof = _decode(match["binding"]), _decode(match["proof"])
        bound = talk.header + self._bound
        said = b",".join((talk.first, talk.challenge, match["bare"]))
        right = (
            hmac.compare_digest(match["nonce"], talk.nonce),
            hmac.compare_digest(binding, bound),
            hmac.compare_digest(self._stored_key(talk.keys, said, proof), talk.keys.stored_key),
        )
        if not all(right):
            raise Denied("wrong proof, nonce or channel")
        talk.proven = True
        return Challenge(b"v=" + base64.b64encode(hmac.digest(talk.keys.server_key, said, self._hash)))

    def _stored_key(self, keys: Keys, said: bytes, proof: bytes) -> bytes:
        """What the StoredKey is if the proof is right: H(ClientProof XOR ClientSignature) (RFC 5802 §3)."""
        signature = hmac.digest(keys.stored_key, said, self._hash)
        if len(proof) != len(signature):
            raise Invalid("the proof has the wrong size")
        client_key = bytes(a ^ b for a, b in zip(proof, signature, strict=True))
        return hashlib.new(self._hash, client_key).digest()


def _name(octets: bytes) -> str:
    return text(octets.replace(b"=2C", b",").replace(b"=3D", b"="))


def _decode(octets: bytes) -> bytes:
    try:
        return base64.b64decode(octets, validate=True)
    except binascii.Error as error:
        raise Invalid("not base64") from error
