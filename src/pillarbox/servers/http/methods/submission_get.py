"""EmailSubmission/get, /changes, /query and /queryChanges (RFC 8621 §7.1 to §7.4)."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from pillarbox.core.limits import JMAP_CHANGES, JMAP_FILTER_DEPTH, JMAP_GET
from pillarbox.servers.http.context import Context
from pillarbox.servers.http.methods.standard import (
    changed_since,
    changes,
    checked_sort,
    chosen,
    page,
    query_changes,
    state,
)
from pillarbox.store.model import Kind, StoredObject
from pillarbox.wire.jmap.arguments import Changes, Comparator, Get, Query, QueryChanges
from pillarbox.wire.jmap.codec import Json
from pillarbox.wire.jmap.dates import parse_utc
from pillarbox.wire.jmap.errors import MethodError, invalid_arguments

PROPERTIES = (
    "id", "identityId", "emailId", "threadId", "envelope", "sendAt", "undoStatus", "deliveryStatus", "dsnBlobIds",
    "mdnBlobIds",
)  # fmt: skip

Matches = Callable[[Json], bool]


def submission(kept: StoredObject) -> Json:
    """The object as it was stored."""
    found: Json = msgspec.json.decode(kept.data)
    return {**found, "id": kept.object_id}


async def submission_get(context: Context, arguments: Get) -> Json:
    """EmailSubmission/get."""
    properties = chosen(arguments.properties, PROPERTIES, PROPERTIES)
    modseq = await context.store.modseq(context.account_id)
    objects = await context.store.objects(context.account_id, Kind.SUBMISSION, arguments.ids)
    if len(objects) > JMAP_GET:
        raise MethodError("requestTooLarge", "too many submissions to get all at once")
    known = {one.object_id: submission(one) for one in objects}
    wanted = list(known) if arguments.ids is None else list(dict.fromkeys(arguments.ids))
    listed = [{name: known[one].get(name) for name in properties} for one in wanted if one in known]
    missing = [one for one in wanted if one not in known]
    return {"accountId": context.spelled, "state": state(modseq), "list": listed, "notFound": missing}


async def submission_changes(context: Context, arguments: Changes) -> Json:
    """EmailSubmission/changes."""
    answer, _ = await changes(context, arguments, Kind.SUBMISSION)
    return answer


async def submission_query(context: Context, arguments: Query) -> Json:
    """EmailSubmission/query."""
    modseq = await context.store.modseq(context.account_id)
    ids = await _results(context, arguments.filter, arguments.sort)
    return {
        "accountId": context.spelled,
        "queryState": state(modseq),
        "canCalculateChanges": True,
        **page(ids, arguments, arguments.anchor, str),
    }


async def submission_query_changes(context: Context, arguments: QueryChanges) -> Json:
    """EmailSubmission/queryChanges."""
    changed = await changed_since(context, Kind.SUBMISSION, arguments.since_query_state, JMAP_CHANGES)
    ids = await _results(context, arguments.filter, arguments.sort)
    if changed.has_more or await context.store.modseq(context.account_id) != changed.modseq:
        raise MethodError("cannotCalculateChanges", "too many changes")
    touched = [*changed.created, *changed.updated, *changed.destroyed]
    return {
        "accountId": context.spelled,
        "oldQueryState": arguments.since_query_state,
        "newQueryState": state(changed.modseq),
        **query_changes(arguments, ids, touched, mutable=True),
    }


_SORTS = {"emailId": "emailId", "threadId": "threadId", "sentAt": "sendAt"}
"""RFC 8621 §7.3 calls the sort sentAt; the property is sendAt."""


async def _results(context: Context, given: Json | None, sort: Sequence[Comparator] | None) -> list[str]:
    matches = _filter(given, 1)
    comparators = checked_sort(sort, _SORTS)
    objects = await context.store.objects(context.account_id, Kind.SUBMISSION)
    found = [one for one in map(submission, objects) if matches(one)]
    for comparator in reversed(comparators):
        name = _SORTS[comparator.property]
        found.sort(key=lambda one, name=name: str(one[name]), reverse=not comparator.is_ascending)  # type: ignore[misc]
    return [str(one["id"]) for one in found]


_OPERATORS: dict[str, Callable[[list[Matches], Json], bool]] = {
    "AND": lambda parts, one: all(part(one) for part in parts),
    "OR": lambda parts, one: any(part(one) for part in parts),
    "NOT": lambda parts, one: not any(part(one) for part in parts),
}


def _filter(given: Any, depth: int) -> Matches:
    if given is None and depth == 1:
        return lambda _: True
    if not isinstance(given, dict) or depth > JMAP_FILTER_DEPTH:
        raise invalid_arguments("a filter is an object")
    if "operator" in given:
        operator, conditions = _OPERATORS.get(str(given["operator"])), given.get("conditions")
        if operator is None or not isinstance(conditions, list) or len(given) != 2:
            raise invalid_arguments("a filter operator has an operator AND, OR or NOT, and conditions")
        parts = [_filter(one, depth + 1) for one in conditions]
        return lambda one: operator(parts, one)
    conditions = [_condition(name, value) for name, value in given.items()]
    return lambda one: all(condition(one) for condition in conditions)


def _among(name: str) -> Callable[[Any], Matches | None]:
    def make(value: Any) -> Matches | None:
        return (lambda one: one[name] in value) if isinstance(value, list) else None

    return make


def _before(value: Any) -> Matches | None:
    at = parse_utc(value) if isinstance(value, str) else None
    return None if at is None else lambda one: (parse_utc(str(one["sendAt"])) or 0) < at


def _after(value: Any) -> Matches | None:
    at = parse_utc(value) if isinstance(value, str) else None
    return None if at is None else lambda one: (parse_utc(str(one["sendAt"])) or 0) >= at


def _undo(value: Any) -> Matches | None:
    return (lambda one: one["undoStatus"] == value) if isinstance(value, str) else None


_CONDITIONS: dict[str, Callable[[Any], Matches | None]] = {
    "identityIds": _among("identityId"),
    "emailIds": _among("emailId"),
    "threadIds": _among("threadId"),
    "undoStatus": _undo,
    "before": _before,
    "after": _after,
}


def _condition(name: str, value: Any) -> Matches:
    make = _CONDITIONS.get(name)
    if make is None:
        raise MethodError("unsupportedFilter", f"there is no condition {name[:100]!r}")
    found = make(value)
    if found is None:
        raise invalid_arguments(f"the value of the condition {name} is not of its type")
    return found
