"""What an SMTP port is for, and what its sessions ask."""

from dataclasses import dataclass

from pillarbox.net.tls import Context
from pillarbox.services.inbound.service import Inbound
from pillarbox.services.login.service import Logins
from pillarbox.services.submission.service import Submissions
from pillarbox.store.store import Store


@dataclass(frozen=True, slots=True)
class Role:
    """One kind of port. `submission`: for our own people, who log in (RFC 6409); otherwise for other servers.

    `tls` is what STARTTLS uses, None on a port that begins with TLS. `clear_login`: passwords without TLS
    are taken from loopback.
    """

    hostname: str
    submission: bool
    tls: Context | None = None
    clear_login: bool = False


@dataclass(frozen=True, slots=True)
class Services:
    """What the sessions of every role share."""

    store: Store
    inbound: Inbound
    submissions: Submissions
    logins: Logins
