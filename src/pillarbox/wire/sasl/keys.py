"""What a server keeps of a password for SCRAM: never the password, nor what a client needs to log in (RFC 5802 §3)."""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass

from pillarbox.wire.sasl.preparation import prepare

HASHES: dict[str, str] = {"SCRAM-SHA-256": "sha256", "SCRAM-SHA-1": "sha1"}
"""The families of mechanisms whose keys are kept, and their hash functions."""

ITERATIONS = 50_000
"""The least is 4096 (RFC 7677 §4); keys that leak are guessed that much more slowly. Some clients take no more than
65,536."""

SALT = 16
"""Octets of a salt."""


@dataclass(frozen=True, slots=True)
class Keys:
    """Salt, iteration count, StoredKey and ServerKey of RFC 5802 §3."""

    salt: bytes
    iterations: int
    stored_key: bytes
    server_key: bytes


def derive(password: str, hash_name: str, salt: bytes, iterations: int = ITERATIONS) -> Keys:
    """The keys of a password; takes some 20 ms of CPU. Raises Invalid for a password that SASLprep does not allow."""
    salted = hashlib.pbkdf2_hmac(hash_name, prepare(password).encode(), salt, iterations)
    client_key = hmac.digest(salted, b"Client Key", hash_name)
    stored_key = hashlib.new(hash_name, client_key).digest()
    return Keys(salt, iterations, stored_key, hmac.digest(salted, b"Server Key", hash_name))


def spell_keys(keys: dict[str, Keys]) -> str:
    """Keys by family as one text: of each `family$iterations:salt$StoredKey:ServerKey` (RFC 5803 §2), in base64,
    with spaces in between."""
    return " ".join(
        f"{family}${one.iterations}:{_spell(one.salt)}${_spell(one.stored_key)}:{_spell(one.server_key)}"
        for family, one in keys.items()
    )


def read_keys(text: str, hash_name: str) -> Keys | None:
    """The keys of the family with that hash function, from what `spell_keys` made; None when there are none."""
    for one in text.split(" "):
        family, _, rest = one.partition("$")
        if HASHES.get(family) == hash_name:
            setting, _, keys = rest.partition("$")
            iterations, _, salt = setting.partition(":")
            stored_key, _, server_key = keys.partition(":")
            try:
                return Keys(_octets(salt), int(iterations), _octets(stored_key), _octets(server_key))
            except (ValueError, binascii.Error):
                return None
    return None


def _spell(octets: bytes) -> str:
    return base64.b64encode(octets).decode("ascii")


def _octets(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
