"""One SMTP connection: who is talking and in which state; the only place where the state changes (RFC 5321 §4.1.4)."""

from enum import Flag, auto

from pillarbox.core.limits import SMTP_ENDURANCE, SMTP_ERRORS
from pillarbox.net.stream import Stream
from pillarbox.servers.smtp import errors
from pillarbox.servers.smtp.role import Role, Services
from pillarbox.servers.smtp.transaction import Transaction
from pillarbox.services.delivery.service import new_delivery_id
from pillarbox.services.delivery.trace import Transport
from pillarbox.services.login.exchange import Exchange
from pillarbox.store.model import Account
from pillarbox.wire.smtp.command import Hello, Mail
from pillarbox.wire.smtp.data import ChunkDecoder, DataDecoder
from pillarbox.wire.smtp.reply import Reply


class Needs(Flag):
    """What must be so before a command may be obeyed."""

    NOTHING = 0
    HELLO = auto()  # EHLO or HELO was given
    LOGIN = auto()  # someone has logged in, where the role asks for it
    FREE = auto()  # no transaction is under way
    MAIL = auto()  # a transaction is under way
    WHOLE = auto()  # no chunk of its message has come yet


class Session:
    """What one connection has come to. `data` or `chunk` is set while message octets are expected instead of a command,
    `exchange` while the answer to a challenge is; `refused` is what will be said at the end of the chunk."""

    __slots__ = (
        "account",
        "chunk",
        "data",
        "errors",
        "esmtp",
        "exchange",
        "hello",
        "refused",
        "role",
        "services",
        "stream",
        "transaction",
    )

    def __init__(self, stream: Stream, role: Role, services: Services) -> None:
        self.stream = stream
        self.role = role
        self.services = services
        self.errors = 0
        self.transaction: Transaction | None = None
        self.data: DataDecoder | None = None
        self.chunk: ChunkDecoder | None = None
        self.refused: Reply | None = None
        self.exchange: Exchange | None = None
        self.forget()

    # -- who

    def forget(self) -> None:
        """As at the beginning: after STARTTLS nothing the client said before counts (RFC 3207 §4.2)."""
        self.reset()
        self.hello = ""
        self.esmtp = False
        self.account: Account | None = None

    def greeted(self, hello: Hello) -> None:
        """EHLO or HELO; also ends a transaction (RFC 5321 §4.1.4)."""
        self.reset()
        self.hello = hello.name
        self.esmtp = hello.verb == "EHLO"

    def entered(self, account: Account) -> None:
        """Logged in."""
        self.account = account

    @property
    def may_log_in(self) -> bool:
        """Whether a password may be sent now: under TLS, or in clear from loopback where the settings allow it."""
        return self.stream.tls is not None or (self.role.clear_login and self.stream.peer.is_loopback)

    @property
    def endurance(self) -> int:
        """Octets of a message that are read although it is refused."""
        return SMTP_ENDURANCE * self.services.store.settings.message_size

    # -- the transaction

    def begin(self, mail: Mail) -> None:
        """MAIL was accepted."""
        self.transaction = Transaction(mail, new_delivery_id())

    def reset(self) -> None:
        """No transaction is under way; octets of an unfinished message are thrown away."""
        transaction, self.transaction = self.transaction, None
        self.data = self.chunk = self.refused = None
        if transaction is not None and transaction.receipt is not None:
            transaction.receipt.sink.discard()

    def transport(self) -> Transport:
        """The facts for the Received field. What somebody submits does not tell where they are."""
        tls = self.stream.tls
        facts = f"{tls.version} {tls.cipher}" if tls is not None else ""
        protocol = "SMTP"
        if self.esmtp:
            name = "UTF8SMTP" if self.transaction is not None and self.transaction.utf8 else "ESMTP"
            protocol = f"{name}{'S' if tls is not None else ''}{'A' if self.account is not None else ''}"
        if self.role.submission:
            return Transport(self.role.hostname, protocol, tls=facts)
        return Transport(self.role.hostname, protocol, self.hello, self.stream.peer.host, facts)

    # -- what may be said

    def lacks(self, needs: Needs) -> Reply | None:
        """The refusal when something the command needs is not so."""
        if Needs.HELLO in needs and not self.hello:
            return errors.HELLO_FIRST
        if Needs.LOGIN in needs and self.role.submission and self.account is None:
            return errors.LOGIN_FIRST if self.may_log_in else errors.TLS_FIRST
        if Needs.FREE in needs and self.transaction is not None:
            return errors.NESTED_MAIL
        if Needs.MAIL in needs and self.transaction is None:
            return errors.MAIL_FIRST
        if Needs.WHOLE in needs and self.transaction is not None and self.transaction.receipt is not None:
            return errors.CHUNKS_BEGAN
        return None

    def answer(self, reply: Reply) -> None:
        """Send a reply; a refusal carries the session's id, and too many of them end the connection."""
        if reply.code < 400:
            self.stream.write(reply.octets)
            return
        self.stream.write(reply.marked(self.stream.id))
        self.errors += reply.code >= 500
        if self.errors > SMTP_ERRORS:
            self.close(errors.TOO_MANY_ERRORS)

    def close(self, reply: Reply) -> None:
        """Send the last reply and end the connection."""
        if not self.stream.closing:
            self.stream.write(reply.octets if reply.code < 400 else reply.marked(self.stream.id))
            self.stream.close()
