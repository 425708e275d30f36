"""Delivery: one message into the mailboxes of its recipients and into the queue, in one transaction."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pillarbox.core.ids import AccountId, MailboxId
from pillarbox.services.delivery.trace import return_path
from pillarbox.store.model import Added, Arrived, Local, Place
from pillarbox.store.queueing import Schedule
from pillarbox.store.spool import discard
from pillarbox.store.store import Store
from pillarbox.store.transaction import Transaction

_NOT_BY_DETAIL = frozenset({"drafts", "sent", "trash"})  # what is in there the owner put there


@dataclass(frozen=True, slots=True)
class Envelope:
    """Whom a message is from and for. `sender` is "" for the null reverse-path; `remote` are addresses elsewhere.

    `owner` is the account that submitted it, whose queue rows the remote ones become; None for mail from outside.
    `delivery_id` is the name of this delivery: one that the store has seen before changes nothing.
    """

    sender: str
    local: tuple[Local, ...]
    delivery_id: str
    remote: tuple[str, ...] = ()
    owner: AccountId | None = None


@dataclass(frozen=True, slots=True)
class Delivered:
    """What was done: one entry for each account, and the queue ids of the remote recipients."""

    added: tuple[tuple[AccountId, Added], ...]
    queued: tuple[int, ...]


def new_delivery_id() -> str:
    """A name for a delivery that nobody else makes; safe in header fields and replies."""
    return secrets.token_hex(8)


def plan(recipients: Sequence[Local]) -> dict[AccountId, str | None]:
    """Each account once, in order, with the detail of the first address that leads to it."""
    details: dict[AccountId, str | None] = {}
    for local in recipients:
        for account_id in local.accounts:
            details.setdefault(account_id, local.detail)
    return details


def elsewhere(envelope: Envelope) -> list[str]:
    """Every address elsewhere the message goes to, those of aliases too, each once."""
    return list(dict.fromkeys([*envelope.remote, *(to for local in envelope.local for to in local.remote)]))


def accounts_of(envelope: Envelope) -> list[AccountId]:
    """The accounts whose rows a delivery touches: what its transaction is begun with."""
    owner = [envelope.owner] if envelope.owner is not None and elsewhere(envelope) else []
    return list(dict.fromkeys([*plan(envelope.local), *owner]))


async def place(tx: Transaction, arrived: Arrived, envelope: Envelope) -> Delivered:
    """Add the message to every account and queue it for every remote recipient, as part of a transaction on
    `accounts_of`; see `deliver`."""
    arrived = replace(arrived, local=len(return_path(envelope.sender)))
    added = []
    for account_id, detail in plan(envelope.local).items():
        where = Place(await _mailbox(tx, account_id, detail))
        added.append((account_id, await tx.add(account_id, arrived, [where], delivery_id=envelope.delivery_id)))
    remote = elsewhere(envelope)
    schedule = Schedule(submission_id=envelope.delivery_id)
    queued = await tx.enqueue(envelope.owner, arrived, envelope.sender, remote, schedule) if remote else []
    return Delivered(tuple(added), tuple(queued))


async def deliver(store: Store, arrived: Arrived, envelope: Envelope) -> Delivered:
    """Add the message to every account and queue it for every remote recipient; durable when this returns.

    The octets begin with the Return-Path field of the envelope's sender; it does not go to remote recipients.
    Raises OverQuota when an account is full, Unavailable; then nothing was done at all. The temporary file of the
    octets is gone afterwards.
    """
    try:
        return await store.write(accounts_of(envelope), lambda tx: place(tx, arrived, envelope))
    finally:
        discard(arrived)


async def _mailbox(tx: Transaction, account_id: AccountId, detail: str | None) -> MailboxId:
    """The mailbox named by the detail of a sub-address (RFC 5233 §4) if there is one, else INBOX."""
    if detail is not None:
        wanted = detail.casefold()
        for mailbox in await tx.mailboxes(account_id):
            if mailbox.selectable and mailbox.name.casefold() == wanted and mailbox.role not in _NOT_BY_DETAIL:
                return mailbox.mailbox_id
    return (await tx.mailbox_named(account_id, "INBOX")).mailbox_id
