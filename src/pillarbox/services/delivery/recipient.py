"""Recipients: what an address of an envelope leads to, and whether there is room."""

from pillarbox.core.errors import Invalid, NotFound, OverQuota
from pillarbox.store.model import Local, Remote, Resolution, Unknown
from pillarbox.store.quotas import Amount
from pillarbox.store.store import Store


async def find_recipient(store: Store, address: str, size: int) -> Local | Remote:
    """Where `address` leads, for a message of about `size` octets (0 when not known).

    A bare "postmaster" is the postmaster of this host or of one of its domains (RFC 5321 §4.5.1).
    Raises NotFound for nobody at a domain of ours, OverQuota when an account it leads to is full.
    """
    found = await _resolve(store, address)
    if isinstance(found, Unknown):
        raise NotFound("nobody there")
    if isinstance(found, Local):
        await _check_room(store, found, size)
    return found


async def _resolve(store: Store, address: str) -> Resolution:
    if "@" not in address:
        return await find_postmaster(store, address)
    if address.endswith("]"):  # an address literal (RFC 5321 §4.1.3) is never a domain of ours
        return Remote(address)
    try:
        return await store.directory.resolve(address)
    except Invalid:  # a spelling nobody's address has, such as an empty quoted local part
        return Unknown(address)


async def find_postmaster(store: Store, local: str = "postmaster") -> Local | Unknown:
    """Who looks after this host: the postmaster of the first of its domains that has one."""
    for domain in await store.directory.domains():
        found = await store.directory.resolve(f"{local}@{domain}")
        if isinstance(found, Local):
            return found
    return Unknown(local)


async def _check_room(store: Store, local: Local, size: int) -> None:
    for account_id in local.accounts:
        account = await store.directory.account(account_id)
        if (account.quota, account.quota_messages, store.settings.quota) != (None, None, None):
            holds = await store.holdings(account_id)
            if not (_fits(holds.octets, max(size, 1)) and _fits(holds.messages, 1)):
                raise OverQuota("mailbox is full")


def _fits(amount: Amount, more: int) -> bool:
    return amount.limit is None or amount.used + more <= amount.limit
