"""Mailbox/get, /changes, /query and /queryChanges (RFC 8621 §2.1 to §2.4)."""

from collections.abc import Callable, Sequence
from typing import Any

from pillarbox.core.limits import JMAP_CHANGES, JMAP_FILTER_DEPTH, JMAP_GET
from pillarbox.servers.http.context import Context
from pillarbox.servers.http.methods.mailbox_show import COUNTS, PROPERTIES, own_name, show_mailbox, spelled
from pillarbox.servers.http.methods.standard import (
    changed_since,
    changes,
    checked_sort,
    chosen,
    page,
    query_changes,
    state,
)
from pillarbox.store.model import Kind, Mailbox
from pillarbox.wire.jmap.arguments import Changes, Comparator, Get
from pillarbox.wire.jmap.codec import Json
from pillarbox.wire.jmap.errors import MethodError, invalid_arguments
from pillarbox.wire.jmap.mail import MailboxQuery, MailboxQueryChanges

Matches = Callable[[Mailbox], bool]


async def mailbox_get(context: Context, arguments: Get) -> Json:
    """Mailbox/get."""
    properties = chosen(arguments.properties, PROPERTIES, PROPERTIES)
    modseq = await context.store.modseq(context.account_id)
    mailboxes = await context.store.mailboxes(context.account_id)
    counting = any(name in COUNTS for name in properties)
    counts = await context.store.counts(context.account_id) if counting else {}
    by_id = {str(spelled(one.mailbox_id)): one for one in mailboxes}
    wanted = list(by_id) if arguments.ids is None else list(dict.fromkeys(arguments.ids))
    if arguments.ids is None and len(wanted) > JMAP_GET:
        raise MethodError("requestTooLarge", "too many mailboxes to get all at once")
    listed: list[Json] = []
    for one in wanted:
        if one in by_id:
            whole = show_mailbox(by_id[one], counts)
            listed.append({name: whole[name] for name in properties})
    missing = [one for one in wanted if one not in by_id]
    return {"accountId": context.spelled, "state": state(modseq), "list": listed, "notFound": missing}


async def mailbox_changes(context: Context, arguments: Changes) -> Json:
    """Mailbox/changes; `updatedProperties` when only counters changed."""
    answer, changed = await changes(context, arguments, Kind.MAILBOX)
    answer["updatedProperties"] = list(COUNTS) if changed.counts_only else None
    return answer


async def mailbox_query(context: Context, arguments: MailboxQuery) -> Json:
    """Mailbox/query."""
    modseq = await context.store.modseq(context.account_id)
    ids = await _results(context, arguments)
    return {
        "accountId": context.spelled,
        "queryState": state(modseq),
        "canCalculateChanges": True,
        **page(ids, arguments, arguments.anchor, str),
    }


async def mailbox_query_changes(context: Context, arguments: MailboxQueryChanges) -> Json:
    """Mailbox/queryChanges: when more than counters changed, every mailbox is taken out and put in again."""
    changed = await changed_since(context, Kind.MAILBOX, arguments.since_query_state, JMAP_CHANGES)
    if changed.has_more:
        raise MethodError("cannotCalculateChanges", "too many changes")
    ids = await _results(context, arguments)
    quiet = not changed.created and not changed.destroyed and (changed.counts_only or not changed.updated)
    everyone = [str(spelled(one.mailbox_id)) for one in await context.store.mailboxes(context.account_id)]
    touched = [] if quiet else [*everyone, *changed.updated, *changed.destroyed]
    return {
        "accountId": context.spelled,
        "oldQueryState": arguments.since_query_state,
        "newQueryState": state(changed.modseq),
        **query_changes(arguments, ids, touched, mutable=True),
    }


async def _results(context: Context, arguments: MailboxQuery | MailboxQueryChanges) -> list[str]:
    matches = _filter(arguments.filter, 1)
    comparators = checked_sort(arguments.sort, ("sortOrder", "name", "parentId"))
    mailboxes = await context.store.mailboxes(context.account_id)
    by_name = {one.name: one for one in mailboxes}
    if arguments.sort_as_tree:
        mailboxes = _tree_sorted(mailboxes, comparators)
    else:
        for one in reversed(comparators):
            mailboxes.sort(key=_key(one), reverse=not one.is_ascending)
    if arguments.filter_as_tree:
        kept = [one for one in mailboxes if all(matches(above) for above in _path(one, by_name))]
    else:
        kept = [one for one in mailboxes if matches(one)]
    return [str(spelled(one.mailbox_id)) for one in kept]


def _path(mailbox: Mailbox, by_name: dict[str, Mailbox]) -> list[Mailbox]:
    """The mailbox and all above it."""
    names = mailbox.name.split("/")
    paths = ("/".join(names[:length]) for length in range(1, len(names) + 1))
    return [by_name[path] for path in paths if path in by_name]


def _key(comparator: Comparator) -> Callable[[Mailbox], Any]:
    if comparator.property == "sortOrder":
        return lambda mailbox: mailbox.sort_order
    if comparator.property == "parentId":
        return lambda mailbox: spelled(mailbox.parent_id) or ""
    return lambda mailbox: own_name(mailbox).casefold()


def _tree_sorted(mailboxes: Sequence[Mailbox], comparators: Sequence[Comparator]) -> list[Mailbox]:
    """Parents before their children, siblings by the comparators (RFC 8621 §2.3)."""
    children: dict[int | None, list[Mailbox]] = {}
    for one in mailboxes:
        children.setdefault(one.parent_id, []).append(one)
    for siblings in children.values():
        for comparator in reversed(comparators):
            siblings.sort(key=_key(comparator), reverse=not comparator.is_ascending)
    found: list[Mailbox] = []
    pending = children.get(None, [])[::-1]
    while pending:
        one = pending.pop()
        found.append(one)
        pending.extend(children.get(one.mailbox_id, [])[::-1])
    return found


_OPERATORS: dict[str, Callable[[list[Matches], Mailbox], bool]] = {
    "AND": lambda parts, mailbox: all(part(mailbox) for part in parts),
    "OR": lambda parts, mailbox: any(part(mailbox) for part in parts),
    "NOT": lambda parts, mailbox: not any(part(mailbox) for part in parts),
}


def _filter(given: Any, depth: int) -> Matches:
    if given is None:
        return lambda _: True
    if not isinstance(given, dict) or depth > JMAP_FILTER_DEPTH:
        raise invalid_arguments("a filter is an object")
    if "operator" in given:
        operator, conditions = _OPERATORS.get(str(given["operator"])), given.get("conditions")
        if operator is None or not isinstance(conditions, list) or len(given) != 2 or None in conditions:
            raise invalid_arguments("a filter operator has an operator AND, OR or NOT, and conditions")
        parts = [_filter(one, depth + 1) for one in conditions]
        return lambda mailbox: operator(parts, mailbox)
    return _all([_condition(name, value) for name, value in given.items()])


def _all(parts: list[Matches]) -> Matches:
    return lambda mailbox: all(part(mailbox) for part in parts)


def _condition(name: str, value: Any) -> Matches:
    kinds, make = _CONDITIONS.get(name, ((), None))
    if make is None:
        raise MethodError("unsupportedFilter", f"there is no condition {name[:100]!r}")
    if not isinstance(value, kinds):
        raise invalid_arguments(f"the value of the condition {name} is not of its type")
    return make(value)


_NULL = type(None)
_CONDITIONS: dict[str, tuple[tuple[type, ...], Callable[[Any], Matches]]] = {
    "parentId": ((str, _NULL), lambda value: lambda mailbox: spelled(mailbox.parent_id) == value),
    "name": ((str,), lambda value: lambda mailbox: value.casefold() in own_name(mailbox).casefold()),
    "role": ((str, _NULL), lambda value: lambda mailbox: mailbox.role == value),
    "hasAnyRole": ((bool,), lambda value: lambda mailbox: (mailbox.role is not None) is value),
    "isSubscribed": ((bool,), lambda value: lambda mailbox: mailbox.subscribed is value),
}
