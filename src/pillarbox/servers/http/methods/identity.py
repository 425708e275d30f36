"""Identities: one for each address of the account from the start, and what the user makes of them (RFC 8621 §6)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from typing import Any

import msgspec

from pillarbox.core.ids import AccountId, random_id, spell
from pillarbox.core.limits import JMAP_IDENTITIES
from pillarbox.servers.http.context import Context
from pillarbox.servers.http.methods.setting import Outcome, attempt, write_set
from pillarbox.servers.http.methods.standard import changes, chosen, state
from pillarbox.store.model import Kind
from pillarbox.store.transaction import Transaction
from pillarbox.wire.jmap.arguments import Changes, Get, Set
from pillarbox.wire.jmap.codec import Json, encode
from pillarbox.wire.jmap.errors import SetError, invalid_properties
from pillarbox.wire.jmap.patch import apply_patch

_DEFAULTS: Json = {"name": "", "replyTo": None, "bcc": None, "textSignature": "", "htmlSignature": ""}
_PROPERTIES = ("id", "name", "email", "replyTo", "bcc", "textSignature", "htmlSignature", "mayDelete")
_ADDRESS = re.compile(r"[^@\s\0]{1,255}@[^@\s\0]{1,255}")
_LONGEST = 64 << 10  # characters of a signature


def _default_id(address: str) -> str:
    """The id of the identity an address of the account has without anybody making it."""
    return f"I{blake2b(address.lower().encode(), digest_size=10).hexdigest()}"


async def identities(context: Context) -> dict[str, Json]:
    """Every identity of the account by id: the addresses' own first."""
    addresses = await context.store.directory.addresses_of(context.account_id)
    found: dict[str, Json] = {}
    for address in addresses:
        if not address.startswith("@"):
            own = _default_id(address)
            found[own] = {"id": own, **_DEFAULTS, "name": context.account.name, "email": address, "mayDelete": False}
    for kept in await context.store.objects(context.account_id, Kind.IDENTITY):
        stored: Json = msgspec.json.decode(kept.data)
        may_delete = kept.object_id not in found
        found[kept.object_id] = {**_DEFAULTS, **stored, "id": kept.object_id, "mayDelete": may_delete}
    return found


async def identity_get(context: Context, arguments: Get) -> Json:
    """Identity/get."""
    properties = chosen(arguments.properties, _PROPERTIES, _PROPERTIES)
    modseq = await context.store.modseq(context.account_id)
    known = await identities(context)
    wanted = list(known) if arguments.ids is None else list(dict.fromkeys(arguments.ids))
    listed = [{name: known[one][name] for name in properties} for one in wanted if one in known]
    missing = [one for one in wanted if one not in known]
    return {"accountId": context.spelled, "state": state(modseq), "list": listed, "notFound": missing}


async def identity_changes(context: Context, arguments: Changes) -> Json:
    """Identity/changes. An address's own identity was always there: when it is first stored it was updated."""
    answer, changed = await changes(context, arguments, Kind.IDENTITY)
    own = {_default_id(one) for one in await context.store.directory.addresses_of(context.account_id)}
    answer["created"] = [one for one in changed.created if one not in own]
    answer["updated"] = [*changed.updated, *(one for one in changed.created if one in own)]
    return answer


async def identity_set(context: Context, arguments: Set) -> Json:
    """Identity/set."""
    account = context.account_id
    known = await identities(context)
    allowed = {
        str(given.get("email")): await context.store.directory.may_send_as(account, str(given.get("email")))
        for given in (arguments.create or {}).values()
    }

    async def unit(tx: Transaction, outcome: Outcome) -> None:
        book = _Book(tx, context.account_id, outcome, dict(known), allowed)
        for key, given in (arguments.create or {}).items():
            await attempt(outcome.not_created, key, partial(_create, book, key, given))
        for key, patch in (arguments.update or {}).items():
            await attempt(outcome.not_updated, key, partial(_update, book, key, patch))
        for key in dict.fromkeys(arguments.destroy or ()):
            await attempt(outcome.not_destroyed, key, partial(_destroy, book, key))

    return await write_set(context, Kind.IDENTITY, arguments.if_in_state, unit)


@dataclass(frozen=True, slots=True)
class _Book:
    """The identities while they are being changed; `allowed` says which addresses the account may send from."""

    tx: Transaction
    account: AccountId
    outcome: Outcome
    present: dict[str, Json]
    allowed: Mapping[str, bool]

    def find(self, key: str) -> Json:
        """The identity of an id or `#creation-id`. Raises SetError "notFound"."""
        found = self.present.get(self.outcome.real_id(key) or "")
        if found is None:
            raise SetError("notFound")
        return found


async def _create(book: _Book, key: str, given: Json) -> None:
    if len(book.present) >= JMAP_IDENTITIES:
        raise SetError("overQuota", "too many identities")
    wrong = [name for name in given if name not in _DEFAULTS and name != "email"]
    email = given.get("email")
    if not isinstance(email, str) or not _ADDRESS.fullmatch(email):
        raise invalid_properties(*wrong, "email")
    if wrong:
        raise invalid_properties(*wrong)
    stored = {**_DEFAULTS, **given}
    _check(stored)
    if not book.allowed[email]:
        raise SetError("forbiddenFrom")
    made = spell("I", random_id())
    await book.tx.put_object(book.account, Kind.IDENTITY, made, encode(stored))
    book.present[made] = {**stored, "id": made, "mayDelete": True}
    omitted = {name: value for name, value in _DEFAULTS.items() if name not in given}
    book.outcome.make(key, made, {**omitted, "mayDelete": True})


def _check(stored: Json) -> None:
    """Raise SetError for properties of the wrong type."""
    strings = ("name", "textSignature", "htmlSignature")
    wrong = [name for name in strings if not isinstance(stored[name], str) or len(str(stored[name])) > _LONGEST]
    wrong += [name for name in ("replyTo", "bcc") if stored[name] is not None and not _are_addresses(stored[name])]
    if wrong:
        raise invalid_properties(*wrong)


def _are_addresses(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(one, dict)
        and set(one) <= {"name", "email"}
        and isinstance(one.get("email"), str)
        and isinstance(one.get("name"), str | None)
        for one in value
    )


async def _update(book: _Book, key: str, patch: Json) -> None:
    before = book.find(key)
    after = apply_patch(before, patch)
    after.update((name, value) for name, value in _DEFAULTS.items() if after.get(name) is None)
    fixed = [name for name in after if name not in _DEFAULTS and after[name] != before.get(name)]
    if fixed:
        raise invalid_properties(*fixed)
    _check(after)
    stored = {name: after[name] for name in (*_DEFAULTS, "email")}
    own = str(before["id"])
    await book.tx.put_object(book.account, Kind.IDENTITY, own, encode(stored))
    book.present[own] = after
    book.outcome.updated[own] = None


async def _destroy(book: _Book, key: str) -> None:
    found = book.find(key)
    if not found["mayDelete"]:
        raise SetError("forbidden", "the identity of an address of yours stays")
    own = str(found["id"])
    await book.tx.delete_object(book.account, Kind.IDENTITY, own)
    del book.present[own]
    book.outcome.destroyed.append(own)
