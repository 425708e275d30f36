"""The message of a transaction: from the first octet to the reply that says it is safe."""

import structlog

from pillarbox.core.errors import MailError
from pillarbox.servers.smtp import errors
from pillarbox.servers.smtp.session import Session
from pillarbox.servers.smtp.transaction import Receipt, Sink, Transaction
from pillarbox.services.inbound.verdict import Action
from pillarbox.services.submission.manuscript import Manuscript
from pillarbox.store.model import Local
from pillarbox.wire.smtp.reply import Reply

log = structlog.get_logger("smtp")

_REJECTED = {"loop": errors.LOOP}


def open_receipt(session: Session, transaction: Transaction) -> Receipt:
    """Where the octets of the message go, our trace before them. All recipients are known now."""
    services, transport = session.services, session.transport()
    sink: Sink
    if session.role.submission:
        sink = services.submissions.begin(
            transport, transaction.sender, transaction.recipients, transaction.delivery_id
        )
    else:
        sink = services.store.spool()
        addresses = [recipient.address for recipient in transaction.recipients]
        sink.write(services.inbound.trace(transport, transaction.sender, addresses, transaction.delivery_id))
    transaction.receipt = Receipt(sink)
    return transaction.receipt


async def finish(session: Session) -> Reply:
    """After the last octet: deliver or refuse. The transaction is over either way."""
    transaction = session.transaction
    if transaction is None or transaction.receipt is None:
        return errors.MAIL_FIRST
    receipt = transaction.receipt
    fault = receipt.lines.fault()
    if fault is not None:
        session.reset()
        return errors.DATA_FAULTS[fault]
    try:
        if receipt.error is not None:
            raise receipt.error
        refused = await _deliver(session, transaction, receipt)
    except MailError as error:
        log.info("smtp.refused", session=session.stream.id, id=transaction.delivery_id, reason=str(error))
        return errors.data_refusal(error)
    finally:
        session.reset()
    if refused is None:
        session.errors = 0
        log.info("smtp.accepted", session=session.stream.id, id=transaction.delivery_id, size=receipt.size,
                 recipients=len(transaction.recipients))  # fmt: skip
    return refused or Reply(250, "2.0.0", f"Accepted, id {transaction.delivery_id}")


async def _deliver(session: Session, transaction: Transaction, receipt: Receipt) -> Reply | None:
    """None once the message is safe, or why it is refused."""
    services, sender, mark = session.services, transaction.sender, transaction.delivery_id
    if isinstance(receipt.sink, Manuscript) and session.account is not None:
        account_id = session.account.account_id
        await services.submissions.submit(account_id, receipt.sink, sender, transaction.recipients, mark)
        return None
    arrived = await receipt.sink.finish()
    local = [one.target for one in transaction.recipients if isinstance(one.target, Local)]
    verdict = await services.inbound.accept(arrived, sender, local, mark)
    return None if verdict.action is Action.ACCEPT else _REJECTED[verdict.reason]
