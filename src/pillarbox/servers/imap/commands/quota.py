"""GETQUOTA, GETQUOTAROOT and SETQUOTA: what an account holds and may hold (RFC 9208).

Each account is one quota root, named after its login; all its mailboxes are under it, whoever looks at them.
"""

from collections.abc import Iterator
from typing import Final

from pillarbox.core.errors import NotFound
from pillarbox.core.ids import AccountId
from pillarbox.servers.imap.errors import Refused
from pillarbox.servers.imap.session import Answer, Session
from pillarbox.store.naming import split_foreign
from pillarbox.store.quotas import UNLIMITED, Allowance, Amount, Holdings
from pillarbox.wire.imap.events import Command
from pillarbox.wire.imap.quota import GetQuota, GetQuotaRoot, Resource, SetQuota, quota, quota_root

_ROOT: Final = "#user/"
_UNIT: Final = 1024  # octets, RFC 9208 §5.1
_MOST: Final = (1 << 63) - 1


async def get(session: Session, command: Command, arguments: GetQuota) -> Answer:
    """What a quota root holds: one's own, to an admin anybody's."""
    account = await _account(session, arguments.root)
    session.stream.write(quota(arguments.root, _resources(await session.store.holdings(account))))
    return Answer("GETQUOTA completed")


async def get_root(session: Session, command: Command, arguments: GetQuotaRoot) -> Answer:
    """The quota root of a mailbox, which need not exist. What is counted of messages is for those who may read them
    (RFC 9208 §6)."""
    account, reads = session.owner, True
    try:
        found = await session.find(arguments.mailbox, "")
        account, reads = found.account, "r" in found.rights
    except NotFound:
        if split_foreign(arguments.mailbox) is not None:
            raise
    root = _ROOT + (await session.store.directory.account(account)).login
    session.stream.write(quota_root(arguments.mailbox, (root,), session.decoder.utf8))
    session.stream.write(quota(root, _resources(await session.store.holdings(account), messages=reads)))
    return Answer("GETQUOTAROOT completed")


async def set_(session: Session, command: Command, arguments: SetQuota) -> Answer:
    """Limit a quota root to just what is given, which only an admin may."""
    if not await _is_admin(session):
        raise Refused("NO", "only an admin may set quotas", "NOPERM")
    account = await _account(session, arguments.root)
    limits = dict(arguments.resources)
    octets = min(limits["STORAGE"], _MOST // _UNIT) * _UNIT if "STORAGE" in limits else UNLIMITED
    await session.store.directory.allow(account, Allowance(octets, limits.get("MESSAGE"), limits.get("MAILBOX")))
    session.stream.write(quota(arguments.root, _resources(await session.store.holdings(account))))
    return Answer("SETQUOTA completed")


async def _is_admin(session: Session) -> bool:
    return (await session.store.directory.account(session.owner)).admin


async def _account(session: Session, root: str) -> AccountId:
    """Whose quota root it is. To others it is not said whether there is one (RFC 9208 §8)."""
    own = await session.store.directory.account(session.owner)
    if root == _ROOT + own.login:
        return own.account_id
    if not own.admin:
        raise Refused("NO", "that is no quota root of yours", "NOPERM")
    login = root.removeprefix(_ROOT)
    account = await session.store.directory.known(login) if login != root else None
    if account is None or account.login != login:
        raise Refused("NO", "no such quota root", "NONEXISTENT")
    return account.account_id


def _resources(holds: Holdings, *, messages: bool = True) -> list[Resource]:
    """What is limited, in the units of RFC 9208 §5."""
    return [*(_limited(holds) if messages else ()), *_resource("MAILBOX", holds.mailboxes)]


def _limited(holds: Holdings) -> Iterator[Resource]:
    yield from _resource("STORAGE", holds.octets, _UNIT)
    yield from _resource("MESSAGE", holds.messages)


def _resource(name: str, amount: Amount, unit: int = 1) -> Iterator[Resource]:
    if amount.limit is not None:
        yield Resource(name, -(-amount.used // unit), -(-amount.limit // unit))
