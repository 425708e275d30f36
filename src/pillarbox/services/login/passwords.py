"""Password hashes: argon2id, with OWASP's smallest sound parameters (19 MiB, 2 passes, 1 lane)."""

import argon2

_HASHER = argon2.PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)

NOBODY = _HASHER.hash("nobody has this password")
"""Verified when a login is unknown, so that its answer takes as long as a wrong password's."""


def hash_password(password: str) -> str:
    """The text to keep for a password."""
    return _HASHER.hash(password)


def verify_password(stored: str, password: str) -> bool:
    """Whether `password` is the one `stored` was made from; takes about 50 ms of CPU. A damaged hash fits nothing."""
    try:
        return _HASHER.verify(stored, password)
    except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
        return False
