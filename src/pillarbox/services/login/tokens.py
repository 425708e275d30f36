"""Signed tokens that say who is logged in, so that every worker knows a session and a restart ends none."""

import base64
import binascii
import hmac
import os
import secrets
import struct
from dataclasses import dataclass
from enum import IntEnum
from hashlib import blake2b
from pathlib import Path

from pillarbox.core.ids import AccountId
from pillarbox.store.model import Account
from pillarbox.wire.sasl.keys import SALT

_KEY_SIZE = 32
_MAC_SIZE = 20
_SESSION_SIZE = 8
_FIELDS = struct.Struct(f">BQQ8s{_SESSION_SIZE}s")  # use, account, expiry, epoch, session


class Use(IntEnum):
    """What a token is for; one kind is not taken as the other."""

    COOKIE = 1
    BEARER = 2


@dataclass(frozen=True, slots=True)
class Claim:
    """What a token says, once its signature was right and it has not expired. `session`: one login, however often its
    token was renewed."""

    account_id: AccountId
    expires: int
    epoch: bytes
    session: str


def load_key(path: Path) -> bytes:
    """The key at `path`, made when it does not exist; two processes that start together get the same one."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_bytes(_KEY_SIZE))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    key = path.read_bytes()
    if len(key) != _KEY_SIZE:
        raise OSError(f"{path} does not hold a key of {_KEY_SIZE} octets")
    return key


class Tokens:
    """Makes and reads tokens with one key."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        self._key = key

    def epoch(self, password: str) -> bytes:
        """What ties a token to the password hash it was issued under: changing the password ends every session."""
        return blake2b(password.encode(), key=self._key, digest_size=8, person=b"epoch").digest()

    def issue(self, use: Use, account: Account, expires: int, session: str = "") -> str:
        """A token for the account until `expires` (seconds since the epoch), of `session` or of a new one."""
        mark = bytes.fromhex(session) if session else secrets.token_bytes(_SESSION_SIZE)
        fields = _FIELDS.pack(use, account.account_id, expires, self.epoch(account.password), mark)
        return base64.urlsafe_b64encode(fields + self._mac(fields)).decode("ascii").rstrip("=")

    def read(self, use: Use, token: str, now: int) -> Claim | None:
        """What the token claims; None when it is not ours, for another use, or too old."""
        try:
            data = base64.b64decode(token.encode("ascii") + b"=" * (-len(token) % 4), b"-_", validate=True)
        except (ValueError, binascii.Error):
            return None
        fields, mac = data[: _FIELDS.size], data[_FIELDS.size :]
        if not hmac.compare_digest(mac, self._mac(fields)) or len(fields) != _FIELDS.size:
            return None
        said, account_id, expires, epoch, session = _FIELDS.unpack(fields)
        return Claim(AccountId(account_id), expires, epoch, session.hex()) if said == use and now < expires else None

    def salt(self, login: str, hash_name: str) -> bytes:
        """What a name that opens nothing is told as its salt for SCRAM: always the same, so that nobody can tell."""
        return blake2b(f"{hash_name} {login}".encode(), key=self._key, digest_size=SALT, person=b"salt").digest()

    def _mac(self, fields: bytes) -> bytes:
        return blake2b(fields, key=self._key, digest_size=_MAC_SIZE, person=b"session").digest()
