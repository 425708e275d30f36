"""What all IMAP sessions of a listener share: the store, the services, and what the settings say."""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field

from pillarbox.net.tls import Context
from pillarbox.servers.imap.decoding import Measures
from pillarbox.servers.imap.recents import Recents
from pillarbox.services.login.service import Logins
from pillarbox.store.store import Store


@dataclass(frozen=True, slots=True)
class ImapSettings:
    """What the settings say about IMAP. `plain_from_loopback`: passwords are taken in clear from this machine.
    `unauthenticate`: UNAUTHENTICATE is offered (RFC 8437 §8). `contact`: the URI of who runs the server (RFC 5464
    §3.2.1.1), if any. `jmap`: the URL of the JMAP session, or "". `message_limit`: messages
    of one command, 0 for any number; COPY and APPEND keep to it, others if `enforce_message_limit` (RFC 9738)."""

    host: str
    plain_from_loopback: bool = False
    unauthenticate: bool = True
    contact: str = ""
    jmap: str = ""
    message_limit: int = 0
    enforce_message_limit: bool = False

    def limits(self) -> dict[str, int]:
        """The limits to advertise: SAVELIMIT says that the other is a wish (RFC 9738 §3, §4.2)."""
        names = ("MESSAGELIMIT",) if self.enforce_message_limit else ("MESSAGELIMIT", "SAVELIMIT")
        return dict.fromkeys(names, self.message_limit) if self.message_limit else {}


@dataclass(frozen=True, slots=True)
class House:
    """`tls` is the context STARTTLS uses, None when there is none to offer. `commands` are the names that are known,
    `values` the numbers that go with capabilities, `measures` what is remembered of large parts."""

    store: Store
    logins: Logins
    recents: Recents
    settings: ImapSettings
    tls: Context | None
    commands: Container[str]
    values: Mapping[str, int]
    measures: Measures = field(default_factory=Measures)
