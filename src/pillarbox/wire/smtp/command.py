"""Commands: the values they are read into (RFC 5321 §4.1.1, RFC 1870, 3030, 3461, 4954, 6152, 6531)."""

from dataclasses import dataclass

from pillarbox.wire.smtp.path import Path


@dataclass(frozen=True, slots=True)
class Plain:
    """A command whose argument is free text or absent: RSET, NOOP, QUIT, HELP, VRFY, DATA, STARTTLS, unknown ones."""

    verb: str
    argument: bytes = b""


@dataclass(frozen=True, slots=True)
class Hello:
    """EHLO or HELO. `name` is what the client calls itself; nothing more is known of it."""

    verb: str
    name: str


@dataclass(frozen=True, slots=True)
class Mail:
    """MAIL FROM. `path` is None for <>; `size` what the client says; `body` "7BIT", "8BITMIME" or "BINARYMIME".

    `ret`, `envid` are RFC 3461's, `auth` RFC 4954's, decoded; None when absent.
    """

    path: Path | None
    size: int | None = None
    body: str = "7BIT"
    utf8: bool = False
    auth: str | None = None
    ret: str | None = None
    envid: str | None = None
    verb: str = "MAIL"


@dataclass(frozen=True, slots=True)
class Rcpt:
    """RCPT TO. `notify` (a set of NEVER or SUCCESS, FAILURE, DELAY) and `orcpt` (type, address) are RFC 3461's."""

    path: Path
    notify: frozenset[str] | None = None
    orcpt: tuple[str, str] | None = None
    verb: str = "RCPT"


@dataclass(frozen=True, slots=True)
class Bdat:
    """BDAT: `size` octets follow the line, whatever the reply will be."""

    size: int
    last: bool
    verb: str = "BDAT"


@dataclass(frozen=True, slots=True)
class Auth:
    """AUTH. `mechanism` in upper case; `initial` is the base64 of the initial response, None when absent."""

    mechanism: str
    initial: bytes | None = None
    verb: str = "AUTH"


Command = Plain | Hello | Mail | Rcpt | Bdat | Auth
