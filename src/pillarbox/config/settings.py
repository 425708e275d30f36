"""Every setting of the machine; people (domains, accounts, aliases) live in the store."""

from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from pillarbox.core import limits

_HTTPS = 443

Processes = Annotated[int, Meta(ge=1, le=limits.WORKERS)]


class Endpoint:
    """Where to listen: a numeric address or host name, and a port."""

    __slots__ = ("host", "port")

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.port = port

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Endpoint) and (self.host, self.port) == (other.host, other.port)

    def __hash__(self) -> int:
        return hash((self.host, self.port))

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def __repr__(self) -> str:
        return f"Endpoint({str(self)!r})"


def _loopback(port: int) -> Endpoint:
    return Endpoint("127.0.0.1", port)


class Server(Struct, frozen=True, forbid_unknown_fields=True):
    """The machine."""

    hostname: str = "localhost"
    """The name this server gives itself in greetings, Received headers and certificates; the MX record names it."""

    data: Path = Path("var")
    """The folder that holds everything: mail, certificates, spool. Relative to this file."""

    workers: Processes | Literal["auto"] = "auto"
    """Processes that serve, or "auto" for one per core. 1 runs in the starting process."""


class Engine(Struct, frozen=True, forbid_unknown_fields=True):
    """Where the mail store keeps its rows."""

    kind: Literal["sqlite", "postgres"] = "sqlite"
    """ "sqlite": one file in the data folder. "postgres": a PostgreSQL server, 15 or later."""

    url: str = ""
    """For postgres: postgresql://user@host/database. Without a password, PGPASSFILE or ~/.pgpass is asked."""


class Listeners(Struct, frozen=True, forbid_unknown_fields=True):
    """Where to listen: "address:port", or "off". For the world: "0.0.0.0:25", or "[::]:25" for IPv4 and IPv6."""

    smtp: Endpoint | None = field(default_factory=lambda: _loopback(2525))
    """Mail from other servers. The world expects port 25."""

    submission: Endpoint | None = field(default_factory=lambda: _loopback(2587))
    """Mail programs sending, with STARTTLS. Usual port: 587."""

    submissions: Endpoint | None = field(default_factory=lambda: _loopback(2465))
    """Mail programs sending, in TLS from the first octet. Usual port: 465."""

    imap: Endpoint | None = field(default_factory=lambda: _loopback(2143))
    """IMAP with STARTTLS. Usual port: 143."""

    imaps: Endpoint | None = field(default_factory=lambda: _loopback(2993))
    """IMAP in TLS from the first octet. Usual port: 993."""

    pop3: Endpoint | None = field(default_factory=lambda: _loopback(2110))
    """POP3 with STLS. Usual port: 110."""

    pop3s: Endpoint | None = field(default_factory=lambda: _loopback(2995))
    """POP3 in TLS from the first octet. Usual port: 995."""

    http: Endpoint | None = field(default_factory=lambda: _loopback(8080))
    """Webmail and JMAP in clear, for loopback or behind a proxy of yours. Usual port: 80."""

    https: Endpoint | None = field(default_factory=lambda: _loopback(8443))
    """Webmail and JMAP. Usual port: 443."""


class Tls(Struct, frozen=True, forbid_unknown_fields=True):
    """The certificate. Replaced files are read again at SIGHUP."""

    certificate: Path | None = None
    """PEM file with the certificate and its chain. Without it a self-signed one is made in the data folder."""

    key: Path | None = None
    """PEM file with the private key of that certificate."""

    client_ca: Path | None = None
    """PEM file with the authorities whose certificates let mail programs in without a password (SASL EXTERNAL): one for
    an address (rfc822Name) opens its account. Revocation lists in it are heeded."""


class Limits(Struct, frozen=True, forbid_unknown_fields=True):
    """Bounds for everybody."""

    message_size: Annotated[int, Meta(ge=65_536)] = limits.MESSAGE_SIZE
    """Octets of the largest message that is taken."""

    quota: Annotated[int, Meta(ge=0)] = 0
    """Octets of mail an account may hold when nothing else was said for it; 0 for no limit."""


class Login(Struct, frozen=True, forbid_unknown_fields=True):
    """Passwords."""

    plain_from_loopback: bool = False
    """Take logins without TLS from programs on this very machine. Loopback is trusted in no other way."""


class Imap(Struct, frozen=True, forbid_unknown_fields=True):
    """IMAP."""

    contact: Annotated[str, Meta(pattern=r"^([A-Za-z][A-Za-z0-9+.-]*:[!-~]+)?$", max_length=1024)] = ""
    """How to reach who runs this server, for mail programs that ask: a URI such as "mailto:postmaster@example.org"."""

    unauthenticate: bool = True
    """Let a connection be used again for another login (RFC 8437). Turn it off behind a proxy that passes on whatever
    follows a login."""

    message_limit: Annotated[int, Meta(ge=0)] = limits.IMAP_MESSAGES
    """Messages that one COPY or APPEND may deal with, and that clients are asked to keep to with other commands
    (MESSAGELIMIT). 1,000 or more; 0 for no limit."""

    enforce_message_limit: bool = False
    """Hold FETCH, SEARCH, STORE, MOVE and UID EXPUNGE to it as well. A program that does not know of the limit then
    takes the newest messages for all there are, and may delete its copies of the others."""


class Http(Struct, frozen=True, forbid_unknown_fields=True):
    """Webmail and JMAP."""

    url: str = ""
    """Where people find it from outside, such as "https://mail.example.org". Without it: https, the host name and the
    port of the listener. IMAP tells it to programs that could use JMAP."""

    session_life: Annotated[int, Meta(ge=60)] = 1_209_600
    """Seconds after the last use until a browser must sign in again."""


class Log(Struct, frozen=True, forbid_unknown_fields=True):
    """What is written to standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """The least important events that are written."""

    json: bool = False
    """One JSON object per line instead of text."""


class Settings(Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    server: Server = Server()
    engine: Engine = Engine()
    listeners: Listeners = field(default_factory=Listeners)
    tls: Tls = Tls()
    limits: Limits = Limits()
    login: Login = Login()
    imap: Imap = Imap()
    http: Http = Http()
    log: Log = Log()

    @property
    def certificate(self) -> Path:
        """The certificate file in use."""
        return self.tls.certificate or self.server.data / "tls" / "certificate.pem"

    @property
    def key(self) -> Path:
        """The file of its private key."""
        return self.tls.key or self.server.data / "tls" / "key.pem"

    @property
    def jmap_session(self) -> str:
        """Where a JMAP client begins (RFC 8620 §2.2); empty when there is nothing to reach from outside."""
        https = self.listeners.https
        if not self.http.url and https is None:
            return ""
        port = "" if https is None or https.port == _HTTPS else f":{https.port}"
        return f"{self.http.url.rstrip('/') or f'https://{self.server.hostname}{port}'}/.well-known/jmap"

    def endpoints(self) -> dict[str, Endpoint]:
        """The listeners that are on, by name, in the order of the file."""
        found = {name: getattr(self.listeners, name) for name in self.listeners.__struct_fields__}
        return {name: endpoint for name, endpoint in found.items() if endpoint is not None}
