"""How much an account may hold, and that it does not hold more (RFC 9208 §5)."""

from dataclasses import dataclass
from typing import Final

from pillarbox.core.errors import NotFound, OverQuota
from pillarbox.core.ids import AccountId
from pillarbox.core.limits import MAILBOXES
from pillarbox.store.ledger import Ledger
from pillarbox.store.port import Connection
from pillarbox.store.work import Work

UNLIMITED: Final = -1
"""As a limit of octets: none, whatever the settings say."""


@dataclass(frozen=True, slots=True)
class Amount:
    """How much there is, and how much there may be; None for no limit."""

    used: int
    limit: int | None


@dataclass(frozen=True, slots=True)
class Holdings:
    """What an account holds and may hold: octets of its messages, each once however often it is placed; messages in
    all its mailboxes; mailboxes."""

    octets: Amount
    messages: Amount
    mailboxes: Amount


@dataclass(frozen=True, slots=True)
class Allowance:
    """What an account may hold. None: octets as the settings say, messages and mailboxes without a limit."""

    octets: int | None = None
    messages: int | None = None
    mailboxes: int | None = None


def octets_limit(own: int | None, default: int | None) -> int | None:
    """Octets an account may hold, by what was said for it and by the settings; None for no limit."""
    if own is None:
        return default
    return own if own >= 0 else None


def mailboxes_limit(own: int | None) -> int:
    """Mailboxes an account may have."""
    return MAILBOXES if own is None else min(own, MAILBOXES)


async def lack(work: Work, ledger: Ledger, octets: int, messages: int) -> OverQuota | None:
    """Why the account has no room for so many more octets, and messages in its mailboxes; None when it has."""
    limit = octets_limit(ledger.quota, work.limits.quota)
    if octets and limit is not None and ledger.used + octets > limit:
        return OverQuota(f"account {ledger.account} holds {ledger.used} of {limit} octets, {octets} more do not fit")
    limit = ledger.quota_messages
    if messages > 0 and limit is not None:
        total = sum(box.total for box in await work.boxes(ledger.account))
        if total + messages > limit:
            return OverQuota(f"account {ledger.account} holds {total} of {limit} messages, {messages} do not fit")
    return None


async def check_messages(work: Work, ledger: Ledger, more: int) -> None:
    """OverQuota when so many more messages do not fit into the account's mailboxes."""
    full = await lack(work, ledger, 0, more)
    if full is not None:
        raise full


def check_mailboxes(ledger: Ledger, present: int, more: int) -> None:
    """OverQuota when an account that has `present` mailboxes cannot have `more`."""
    limit = mailboxes_limit(ledger.quota_mailboxes)
    if present + more > limit:
        raise OverQuota(f"account {ledger.account} has {present} of {limit} mailboxes")


async def holdings(connection: Connection, account: AccountId, default: int | None) -> Holdings:
    """See Store.holdings."""
    row = await connection.one(
        "SELECT used, quota, quota_messages, quota_mailboxes FROM account WHERE account_id = $1", account
    )
    sums = await connection.one("SELECT count(*), sum(total) FROM mailbox WHERE account_id = $1", account)
    if row is None or sums is None:
        raise NotFound("no such account")
    return Holdings(
        Amount(row[0], octets_limit(row[1], default)),
        Amount(int(sums[1] or 0), row[2]),
        Amount(sums[0], mailboxes_limit(row[3])),
    )


async def allowance(connection: Connection, account: AccountId) -> Allowance:
    """See Store.allowance."""
    row = await connection.one(
        "SELECT quota, quota_messages, quota_mailboxes FROM account WHERE account_id = $1", account
    )
    if row is None:
        raise NotFound("no such account")
    return Allowance(*row)


async def allow(connection: Connection, account: AccountId, allowance: Allowance) -> None:
    """Change what an account may hold. NotFound."""
    changed = await connection.run(
        "UPDATE account SET quota = $2, quota_messages = $3, quota_mailboxes = $4 WHERE account_id = $1",
        account,
        allowance.octets,
        allowance.messages,
        allowance.mailboxes,
    )
    if not changed:
        raise NotFound("no such account")
