"""What the standard methods of all types share: states, properties, pages of a query, changes of a query."""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import TypeVar

from pillarbox.core.errors import Conflict
from pillarbox.core.ids import Modseq
from pillarbox.core.limits import JMAP_CHANGES, JMAP_QUERY, JMAP_SORT
from pillarbox.servers.http.context import Context
from pillarbox.store.model import Changes as Changed
from pillarbox.store.model import Kind
from pillarbox.wire.jmap.arguments import Changes, Comparator, Query, QueryChanges
from pillarbox.wire.jmap.codec import Json
from pillarbox.wire.jmap.errors import MethodError, invalid_arguments
from pillarbox.wire.jmap.session import COLLATIONS

T = TypeVar("T")


def state(modseq: Modseq) -> str:
    """The state string of everything in an account at a modseq."""
    return str(modseq)


def parse_state(text: str) -> Modseq | None:
    """The modseq of a state string; None when it is none of ours."""
    return Modseq(int(text)) if text.isdecimal() and text.isascii() and len(text) < 19 else None


async def changed_since(context: Context, kind: Kind, since: str, limit: int) -> Changed:
    """What the log says after a state. Raises MethodError "cannotCalculateChanges" (RFC 8620 §5.2)."""
    modseq = parse_state(since)
    if modseq is None or str(modseq) != since or modseq > await context.store.modseq(context.account_id):
        raise MethodError("cannotCalculateChanges", "not a state of this account")
    try:
        return await context.store.changes(context.account_id, kind, modseq, limit)
    except Conflict as error:
        raise MethodError("cannotCalculateChanges", "the state is too old") from error


async def changes(context: Context, arguments: Changes, kind: Kind) -> tuple[Json, Changed]:
    """The answer of a standard /changes (RFC 8620 §5.2), and what it was made from."""
    limit = min(arguments.max_changes or JMAP_CHANGES, JMAP_CHANGES)
    changed = await changed_since(context, kind, arguments.since_state, limit)
    if len(changed.created) + len(changed.updated) + len(changed.destroyed) > limit:
        raise MethodError("cannotCalculateChanges", "more changes at once than maxChanges allows")
    answer: Json = {
        "accountId": context.spelled,
        "oldState": arguments.since_state,
        "newState": state(changed.modseq),
        "hasMoreChanges": changed.has_more,
        "created": list(changed.created),
        "updated": list(changed.updated),
        "destroyed": list(changed.destroyed),
    }
    return answer, changed


async def check_state(context: Context, kind: Kind, if_in_state: str | None) -> None:
    """Raise MethodError "stateMismatch" unless nothing of the kind changed since that state (RFC 8620 §5.3)."""
    if if_in_state is None:
        return
    try:
        changed = await changed_since(context, kind, if_in_state, 1)
    except MethodError as error:
        raise MethodError("stateMismatch") from error
    if changed.created or changed.updated or changed.destroyed or changed.has_more:
        raise MethodError("stateMismatch")


def chosen(asked: Sequence[str] | None, known: Collection[str], default: Sequence[str]) -> list[str]:
    """The properties to answer with, id first. Raises MethodError for one that does not exist (RFC 8620 §5.1)."""
    if asked is None:
        return list(default)
    for name in asked:
        if name not in known:
            raise invalid_arguments(f"there is no property {name[:100]!r}")
    return list(dict.fromkeys(["id", *asked]))


def checked_sort(sort: Sequence[Comparator] | None, known: Collection[str]) -> list[Comparator]:
    """The comparators. Raises MethodError "unsupportedSort"."""
    comparators = list(sort or ())
    if len(comparators) > JMAP_SORT:
        raise MethodError("unsupportedSort", "too many comparators")
    for one in comparators:
        if one.property not in known:
            raise MethodError("unsupportedSort", f"cannot sort by {one.property[:100]!r}")
        if isinstance(one.collation, str) and one.collation not in COLLATIONS:
            raise MethodError("unsupportedSort", f"unknown collation {one.collation[:100]!r}")
    return comparators


def page(ids: Sequence[T], arguments: Query, anchor: T | None, spelled: Callable[[T], str]) -> Json:
    """Position, ids, limit and total of a query's answer (RFC 8620 §5.5); only what is answered is spelled.

    `anchor` is the one in `arguments`, None when it cannot be an id.
    """
    if arguments.anchor is not None:
        try:
            start = max(ids.index(anchor) + arguments.anchor_offset, 0) if anchor is not None else -1
        except ValueError:
            start = -1
        if start < 0:
            raise MethodError("anchorNotFound")
    else:
        start = arguments.position if arguments.position >= 0 else max(len(ids) + arguments.position, 0)
    limit = JMAP_QUERY if arguments.limit is None else min(arguments.limit, JMAP_QUERY)
    answer: Json = {"position": start, "ids": [spelled(one) for one in ids[start : start + limit]]}
    lowered = arguments.limit is not None and arguments.limit > JMAP_QUERY
    if lowered or (arguments.limit is None and len(ids) - start > JMAP_QUERY):
        answer["limit"] = JMAP_QUERY
    if arguments.calculate_total:
        answer["total"] = len(ids)
    return answer


def query_changes(arguments: QueryChanges, ids: Sequence[str], touched: Iterable[str], mutable: bool) -> Json:
    """Removed and added of a /queryChanges (RFC 8620 §5.6).

    `ids` are the results now, `touched` all objects whose place in them may have changed; `mutable`: filter or sort
    look at properties that change.
    """
    changed = set(touched)
    added = [{"id": one, "index": index} for index, one in enumerate(ids) if one in changed]
    removed = list(changed)
    if not mutable and arguments.up_to_id is not None and arguments.up_to_id in ids:
        last = ids.index(arguments.up_to_id)
        added = [item for item in added if int(str(item["index"])) <= last]
    if arguments.max_changes is not None and len(removed) + len(added) > arguments.max_changes:
        raise MethodError("tooManyChanges")
    answer: Json = {"removed": removed, "added": added}
    if arguments.calculate_total:
        answer["total"] = len(ids)
    return answer
