"""What is kept of a password: an argon2id hash, with OWASP's smallest sound parameters (19 MiB, 2 passes, 1 lane), and
keys for SCRAM."""

import secrets

import argon2

from pillarbox.core.errors import Invalid
from pillarbox.wire.sasl.keys import HASHES, SALT, derive, spell_keys

_HASHER = argon2.PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)

NOBODY = _HASHER.hash("nobody has this password")
"""Verified when a login is unknown, so that its answer takes as long as a wrong password's."""


def hash_password(password: str) -> str:
    """The text to keep for a password."""
    return _HASHER.hash(password)


def scram_keys(password: str) -> str:
    """The keys to keep for SCRAM; takes about 50 ms of CPU. Empty for a password that SCRAM cannot carry (RFC 4013)."""
    salt = secrets.token_bytes(SALT)
    try:
        return spell_keys({family: derive(password, name, salt) for family, name in HASHES.items()})
    except Invalid:
        return ""


def verify_password(stored: str, password: str) -> bool:
    """Whether `password` is the one `stored` was made from; takes about 50 ms of CPU. A damaged hash fits nothing."""
    try:
        return _HASHER.verify(stored, password)
    except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
        return False
