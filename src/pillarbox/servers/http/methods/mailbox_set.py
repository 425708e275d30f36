"""Mailbox/set (RFC 8621 §2.5)."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from pillarbox.core.errors import Invalid
from pillarbox.core.ids import AccountId, MailboxId, parse_id
from pillarbox.servers.http.context import Context
from pillarbox.servers.http.methods.mailbox_show import NONE, own_name, rights, show_mailbox, spelled, traits
from pillarbox.servers.http.methods.setting import Outcome, attempt, write_set
from pillarbox.store.model import MAILBOX_PREFIX, ROLES, Kind, Mailbox
from pillarbox.store.naming import full_name, reserved
from pillarbox.store.transaction import Transaction
from pillarbox.wire.jmap.codec import Json
from pillarbox.wire.jmap.errors import SetError, invalid_properties
from pillarbox.wire.jmap.mail import MailboxSet
from pillarbox.wire.jmap.patch import apply_patch

_DEFAULTS: Json = {"parentId": None, "role": None, "sortOrder": 0, "isSubscribed": True}
_SETTABLE = frozenset(("name", *_DEFAULTS))


@dataclass(frozen=True, slots=True)
class _Traits:
    """Checked properties."""

    name: str
    parent: str | None
    role: str | None
    sort_order: int
    subscribed: bool


async def mailbox_set(context: Context, arguments: MailboxSet) -> Json:
    """Mailbox/set: creates, updates, then destroys, children first."""
    account = context.account_id

    async def unit(tx: Transaction, outcome: Outcome) -> None:
        await _create_all(tx, account, outcome, arguments.create or {})
        for key, patch in (arguments.update or {}).items():
            await attempt(outcome.not_updated, key, partial(_update, tx, account, outcome, key, patch))
        for key in await _deepest_first(tx, account, outcome, arguments.destroy or []):
            remove = arguments.on_destroy_remove_emails
            await attempt(outcome.not_destroyed, key, partial(_destroy, tx, account, outcome, key, remove))

    return await write_set(context, Kind.MAILBOX, arguments.if_in_state, unit)


async def _create_all(tx: Transaction, account: AccountId, outcome: Outcome, wanted: dict[str, Json]) -> None:
    """Create in an order in which parents come before the children that refer to them."""
    waiting = dict(wanted)
    while waiting:
        ready = [key for key, given in waiting.items() if str(given.get("parentId") or "")[1:] not in waiting]
        for key in ready or list(waiting):
            given = waiting.pop(key)
            await attempt(outcome.not_created, key, partial(_create, tx, account, outcome, key, given))


async def _create(tx: Transaction, account: AccountId, outcome: Outcome, key: str, given: Json) -> None:
    unknown = [name for name in given if name not in _SETTABLE]
    if unknown:
        raise invalid_properties(*unknown)
    wanted = _checked({**_DEFAULTS, **given}, outcome)
    mailboxes = await tx.mailboxes(account)
    name = _full_name(wanted, mailboxes)
    _check_free(name, wanted.role, None, mailboxes)
    made = await tx.create_mailbox(account, name, wanted.role, wanted.subscribed)
    if wanted.sort_order:
        await tx.update_mailbox(account, made.mailbox_id, sort_order=wanted.sort_order)
    shown = show_mailbox(made, {made.mailbox_id: NONE})
    omitted = {name: value for name, value in shown.items() if name not in given and name != "id"}
    outcome.make(key, str(shown["id"]), omitted)


def _checked(given: Json, outcome: Outcome) -> _Traits:
    """The properties, checked one by one. Raises SetError that names all that are wrong."""
    name, parent, role = given.get("name"), given["parentId"], given["role"]
    order, subscribed = given["sortOrder"], given["isSubscribed"]
    real = outcome.real_id(parent) if isinstance(parent, str) else None
    wrong = {
        "name": not _is_name(name),
        "parentId": parent is not None and real is None,
        "role": role is not None and role not in ROLES,
        "sortOrder": not (type(order) is int and 0 <= order < 1 << 31),
        "isSubscribed": not isinstance(subscribed, bool),
    }
    if any(wrong.values()):
        raise invalid_properties(*(one for one, is_wrong in wrong.items() if is_wrong))
    return _Traits(str(name), real, role if isinstance(role, str) else None, int(str(order)), bool(subscribed))


def _is_name(name: Any) -> bool:
    if not isinstance(name, str) or "/" in name:
        return False
    try:
        return bool(full_name(name))
    except Invalid:
        return False


def _full_name(wanted: _Traits, mailboxes: list[Mailbox]) -> str:
    """Parent's full name and own name as they are kept. Raises SetError when there is no such parent."""
    if wanted.parent is None:
        return full_name(wanted.name)
    parent = _find(wanted.parent, mailboxes)
    if parent is None:
        raise invalid_properties("parentId")
    try:
        return full_name(f"{parent.name}/{wanted.name}")
    except Invalid as error:
        raise invalid_properties("parentId", description="too deep") from error


def _find(text: str | None, mailboxes: list[Mailbox]) -> Mailbox | None:
    number = parse_id(MAILBOX_PREFIX, text) if text is not None else None
    return next((one for one in mailboxes if one.mailbox_id == number), None)


def _check_free(name: str, role: str | None, own: MailboxId | None, mailboxes: list[Mailbox]) -> None:
    """Raise SetError when another mailbox has the name or the role, or the name is not for one's own mailboxes, before
    anything is changed."""
    if reserved(name) and not any(other.mailbox_id == own and other.name == name for other in mailboxes):
        raise invalid_properties("name")
    for other in mailboxes:
        if other.mailbox_id == own:
            continue
        if other.name == name:
            existing = {"properties": ["name"], "existingId": spelled(other.mailbox_id)}
            raise SetError("invalidProperties", "a sibling has this name", existing)
        if role is not None and other.role == role:
            raise invalid_properties("role", description="another mailbox has this role")


async def _update(tx: Transaction, account: AccountId, outcome: Outcome, key: str, patch: Json) -> None:
    mailboxes = await tx.mailboxes(account)
    mailbox = _find(outcome.real_id(key), mailboxes)
    if mailbox is None:
        raise SetError("notFound")
    before = show_mailbox(mailbox, {})
    after = apply_patch(before, {name: value for name, value in patch.items() if name not in _counted(patch)})
    fixed = [name for name, value in after.items() if name not in _SETTABLE and value != before.get(name)]
    if fixed:
        raise invalid_properties(*fixed)
    for name in ("sortOrder", "isSubscribed"):
        after[name] = _DEFAULTS[name] if after[name] is None else after[name]
    wanted = _checked({name: after[name] for name in _SETTABLE}, outcome)
    await _apply(tx, account, mailbox, wanted, mailboxes)
    outcome.updated[str(spelled(mailbox.mailbox_id))] = None


def _counted(patch: Json) -> frozenset[str]:
    """The counters in a patch: they change by themselves, so what a client knew of them is not held against it."""
    return frozenset(name for name in patch if name.startswith(("total", "unread")) and type(patch[name]) is int)


async def _apply(
    tx: Transaction, account: AccountId, mailbox: Mailbox, wanted: _Traits, mailboxes: list[Mailbox]
) -> None:
    now = traits(mailbox)
    moving = wanted.name != now["name"] or wanted.parent != now["parentId"]
    name = mailbox.name
    if moving:
        if not rights(mailbox)["mayRename"]:
            raise SetError("forbidden", "this mailbox keeps its name and place")
        name = _full_name(wanted, mailboxes)
        if name == mailbox.name or name.startswith(f"{mailbox.name}/"):
            raise invalid_properties("parentId", description="a mailbox cannot be inside itself")
    _check_free(name, wanted.role, mailbox.mailbox_id, mailboxes)
    if moving:
        await tx.rename_mailbox(account, mailbox.mailbox_id, name)
    await tx.update_mailbox(
        account,
        mailbox.mailbox_id,
        subscribed=wanted.subscribed,
        sort_order=wanted.sort_order,
        role=wanted.role,
    )


async def _deepest_first(tx: Transaction, account: AccountId, outcome: Outcome, keys: list[str]) -> list[str]:
    """The ids to destroy, children before their parents."""
    if len(keys) < 2:
        return list(dict.fromkeys(keys))
    mailboxes = await tx.mailboxes(account)

    def depth(key: str) -> int:
        mailbox = _find(outcome.real_id(key), mailboxes)
        return 0 if mailbox is None else -mailbox.name.count("/")

    return sorted(dict.fromkeys(keys), key=depth)


async def _destroy(tx: Transaction, account: AccountId, outcome: Outcome, key: str, remove: bool) -> None:
    mailboxes = await tx.mailboxes(account)
    mailbox = _find(outcome.real_id(key), mailboxes)
    if mailbox is None:
        raise SetError("notFound")
    if not rights(mailbox)["mayDelete"]:
        raise SetError("forbidden", f"{own_name(mailbox)} stays")
    if any(other.parent_id == mailbox.mailbox_id for other in mailboxes):
        raise SetError("mailboxHasChild")
    if not remove and mailbox.total > mailbox.deleted:
        raise SetError("mailboxHasEmail")
    await tx.delete_mailbox(account, mailbox.mailbox_id)
    outcome.destroyed.append(str(spelled(mailbox.mailbox_id)))
