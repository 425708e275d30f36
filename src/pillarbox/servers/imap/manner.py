"""How the same news are spelled to different clients, by what ENABLE has switched on (RFC 5161, 7162, 9051, 9586)."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from pillarbox.wire.imap import encoder

CONDSTORE, QRESYNC, REV2, UTF8, UID_ONLY = "CONDSTORE", "QRESYNC", "IMAP4REV2", "UTF8=ACCEPT", "UIDONLY"
METADATA = "METADATA"
"""Word of notes that others change; how answers are spelled is no other for it (RFC 5464 §4.1)."""

IMPLIED: Final = {QRESYNC: (CONDSTORE,)}
"""What comes with another (RFC 7162 §3.2.3)."""


@dataclass(frozen=True, slots=True)
class Manner:
    """`condstore`: mod-sequences are told. `qresync`: VANISHED takes the place of EXPUNGE. `rev2`: no RECENT, and
    ESEARCH for SEARCH. `utf8`: names are UTF-8. `uid_only`: messages have no numbers."""

    condstore: bool = False
    qresync: bool = False
    rev2: bool = False
    utf8: bool = False
    uid_only: bool = False

    @property
    def opening(self) -> bytes:
        """The start of a FETCH response, to which the number (`numbered`) is given with `%`."""
        return b"* %d UIDFETCH (" if self.uid_only else b"* %d FETCH ("

    @property
    def names_uid(self) -> bool:
        """Whether FETCH responses that tell of changes carry the UID (RFC 7162 §3.2.4, RFC 9051 §7.5.2)."""
        return (self.condstore or self.rev2) and not self.uid_only

    def numbered(self, position: int, uid: int) -> int:
        """What names the message at a position in a FETCH response (RFC 9586 §3.3)."""
        return uid if self.uid_only else position + 1

    @property
    def names_vanished(self) -> bool:
        """Whether messages that are gone are named by VANISHED instead of EXPUNGE (RFC 7162 §3.2.10, RFC 9586 §3.3)."""
        return self.qresync or self.uid_only

    def counts(self, exists: int, recent: int) -> list[bytes]:
        """How many messages there are, and to rev1 how many are \\Recent (RFC 9051 appendix E)."""
        return [encoder.exists(exists), *(() if self.rev2 else (encoder.recent(recent),))]


@lru_cache(maxsize=64)
def manner(enabled: frozenset[str]) -> Manner:
    """The manner for what is enabled: one value for all sessions alike."""
    return Manner(
        condstore=CONDSTORE in enabled,
        qresync=QRESYNC in enabled,
        rev2=REV2 in enabled,
        utf8=REV2 in enabled or UTF8 in enabled,
        uid_only=UID_ONLY in enabled,
    )


def closure(names: Iterable[str]) -> frozenset[str]:
    """What is switched on by switching on `names`."""
    return frozenset(one for name in names for one in (name, *IMPLIED.get(name, ())))
