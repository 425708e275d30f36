"""What each SMTP command does."""

from functools import lru_cache

from pillarbox.core.errors import Denied
from pillarbox.core.limits import SMTP_RECIPIENTS
from pillarbox.servers.smtp import errors
from pillarbox.servers.smtp.message import open_receipt
from pillarbox.servers.smtp.session import Needs, Session
from pillarbox.services.login.exchange import offered
from pillarbox.services.submission.service import Recipient
from pillarbox.wire.smtp.command import Bdat, Hello, Mail, Plain, Rcpt
from pillarbox.wire.smtp.data import ChunkDecoder, DataDecoder
from pillarbox.wire.smtp.reply import Reply

_GO_AHEAD = Reply(354, "", "End the message with <CRLF>.<CRLF>")
_SENDER_OK = Reply(250, "2.1.0", "Sender ok")
_RECIPIENT_OK = Reply(250, "2.1.5", "Recipient ok")
_OK = Reply(250, "2.0.0", "Ok")
_TLS_READY = Reply(220, "2.0.0", "Ready to start TLS")
_CANNOT_VERIFY = Reply(252, "2.0.0", "Send some mail, it will be tried")
_GOODBYE = Reply(221, "2.0.0", "Goodbye")
_HELP = Reply(214, "2.0.0", "See RFC 5321", "EHLO HELO MAIL RCPT DATA BDAT RSET NOOP VRFY QUIT HELP STARTTLS AUTH")


async def ehlo(session: Session, command: Hello) -> Reply:
    """RFC 5321 §4.1.1.1."""
    session.greeted(command)
    mechanisms = offered(session.stream.tls) if session.may_log_in else ()
    return _extensions(
        session.role.hostname,
        session.services.store.settings.message_size,
        session.role.tls is not None and session.stream.tls is None,
        mechanisms if session.role.submission else (),
    )


@lru_cache(maxsize=64)
def _extensions(hostname: str, size: int, starttls: bool, mechanisms: tuple[str, ...]) -> Reply:
    lines = [hostname, "PIPELINING", f"SIZE {size}", "8BITMIME", "SMTPUTF8", "CHUNKING", "ENHANCEDSTATUSCODES"]
    if starttls:
        lines.append("STARTTLS")
    if mechanisms:
        lines.append(f"AUTH {' '.join(mechanisms)}")
    return Reply(250, "", *lines)


async def helo(session: Session, command: Hello) -> Reply:
    """RFC 5321 §4.1.1.1."""
    session.greeted(command)
    return Reply(250, "", session.role.hostname)


async def mail(session: Session, command: Mail) -> Reply:
    """RFC 5321 §4.1.1.2, RFC 1870 §6.1."""
    if command.body == "BINARYMIME" or command.ret is not None or command.envid is not None:
        return errors.PARAMETER_NOT_OFFERED
    if command.size is not None and command.size > session.services.store.settings.message_size:
        return errors.TOO_BIG
    if session.account is not None and command.path is not None:
        try:
            await session.services.submissions.check_sender(session.account.account_id, command.path.address)
        except Denied:
            return errors.NOT_YOURS
    session.begin(command)
    return _SENDER_OK


async def rcpt(session: Session, command: Rcpt) -> Reply:
    """RFC 5321 §4.1.1.3: a recipient is known to be good, or refused now."""
    transaction = session.transaction
    if transaction is None:
        return errors.MAIL_FIRST
    if command.notify is not None or command.orcpt is not None:
        return errors.PARAMETER_NOT_OFFERED
    if len(transaction.recipients) >= SMTP_RECIPIENTS:
        return errors.TOO_MANY_RECIPIENTS
    address = command.path.address
    if session.role.submission:
        recipient = await session.services.submissions.recipient(address, transaction.size)
    else:
        try:
            recipient = Recipient(address, await session.services.inbound.recipient(address, transaction.size))
        except Denied:
            return errors.RELAYING
    transaction.recipients.append(recipient)
    return _RECIPIENT_OK


async def data(session: Session, _command: Plain) -> Reply | None:
    """RFC 5321 §4.1.1.4. A client that does not wait for the 354 is no mail server (RFC 2920 §3.1)."""
    transaction = session.transaction
    if transaction is None or not transaction.recipients:
        return errors.NO_RECIPIENTS
    if session.stream.input:
        session.close(errors.UNASKED_DATA)
        return None
    open_receipt(session, transaction)
    session.data = DataDecoder()
    return _GO_AHEAD


async def bdat(session: Session, command: Bdat) -> None:
    """RFC 3030 §2: the chunk is on its way whatever we say, so it is read first and answered at its end."""
    if command.size > session.endurance:
        session.close(errors.TOO_BIG)
        return
    transaction = session.transaction
    session.chunk = ChunkDecoder(command.size, last=command.last)
    session.refused = session.lacks(Needs.HELLO | Needs.LOGIN | Needs.MAIL)
    if session.refused is not None or transaction is None:
        return
    if not transaction.recipients:
        session.refused = errors.NO_RECIPIENTS
    elif transaction.receipt is None:
        open_receipt(session, transaction)


async def rset(session: Session, _command: Plain) -> Reply:
    """RFC 5321 §4.1.1.5."""
    session.reset()
    return _OK


async def noop(_session: Session, _command: Plain) -> Reply:
    """RFC 5321 §4.1.1.9."""
    return _OK


async def vrfy(_session: Session, command: Plain) -> Reply:
    """RFC 5321 §4.1.1.6, §7.3: nobody is told who exists."""
    return _CANNOT_VERIFY if command.argument else errors.WANTS_ARGUMENT


async def help_(_session: Session, _command: Plain) -> Reply:
    """RFC 5321 §4.1.1.8."""
    return _HELP


async def quit_(session: Session, _command: Plain) -> None:
    """RFC 5321 §4.1.1.10."""
    session.close(_GOODBYE)


async def unimplemented(_session: Session, _command: Plain) -> Reply:
    """Commands of RFC 5321 (and its forebears) that are known and not offered."""
    return errors.NOT_IMPLEMENTED


async def starttls(session: Session, _command: Plain) -> Reply | None:
    """RFC 3207 §4."""
    if session.stream.tls is not None:
        return errors.TLS_ALREADY
    if session.role.tls is None:
        return errors.NO_TLS
    session.stream.write(_TLS_READY.octets)
    await session.stream.start_tls(session.role.tls)
    session.forget()
    return None
