"""What is remembered of recent logins: passwords that were right, and how often a network address was wrong."""

import hashlib
import hmac
import ipaddress
import secrets
from collections import OrderedDict
from functools import lru_cache

from pillarbox.core import limits


class Remembered:
    """Credentials verified minutes ago, as an HMAC under a key of this process only; never the password itself.

    An entry holds for `life` seconds and only while the account's stored hash is the one it was verified against.
    """

    def __init__(self, life: float = 300.0, size: int = 10_000) -> None:
        self._key = secrets.token_bytes(32)
        self._life = life
        self._size = size
        self._until: OrderedDict[bytes, float] = OrderedDict()

    def _digest(self, stored: str, password: str) -> bytes:
        return hmac.digest(self._key, f"{stored}\0{password}".encode(), hashlib.sha256)

    def knows(self, stored: str, password: str, now: float) -> bool:
        """Whether this password was found right for this stored hash a short while ago."""
        return self._until.get(self._digest(stored, password), 0.0) > now

    def add(self, stored: str, password: str, now: float) -> None:
        """Remember a password that was right."""
        self._until[self._digest(stored, password)] = now + self._life
        if len(self._until) > self._size:
            self._until.popitem(last=False)


class Failures:
    """Failed logins per network address in the running minute; bounded, oldest addresses are forgotten first."""

    def __init__(self, size: int = 10_000) -> None:
        self._size = size
        self._counts: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def count(self, peer: str, now: float) -> int:
        """Failures of `peer` within the last minute."""
        began, count = self._counts.get(peer, (now, 0))
        return count if now - began < 60 else 0

    def add(self, peer: str, now: float) -> None:
        """One more failure."""
        count = self.count(peer, now)
        began = self._counts[peer][0] if count else now
        self._counts[peer] = (began, count + 1)
        self._counts.move_to_end(peer)
        if len(self._counts) > self._size:
            self._counts.popitem(last=False)

    def throttled(self, peer: str, now: float) -> bool:
        """Whether this address has been wrong so often that its wrong answers are slowed (RFC 9051 §11.3)."""
        return self.count(peer, now) >= limits.LOGIN_FAILURES


@lru_cache(maxsize=4096)
def network(peer: str) -> str:
    """What guesses are counted by: an IPv4 address, or the 64 bits of an IPv6 address that one customer has."""
    try:
        address = ipaddress.ip_address(peer.partition("%")[0])
    except ValueError:
        return peer
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((int(address) >> 64 << 64, 64)))
