"""Email/query, Email/queryChanges and Email/changes (RFC 8621 §4.3 to §4.5)."""

from pillarbox.core.ids import MessageId, ThreadId, parse_id, spell
from pillarbox.core.limits import JMAP_CHANGES, JMAP_QUERY
from pillarbox.servers.http.context import Context
from pillarbox.servers.http.methods.filters import (
    Sorting,
    condition_of,
    looks_at_threads,
    mutable,
    searches_text,
    sorting_of,
)
from pillarbox.servers.http.methods.standard import changed_since, changes, page, query_changes, state
from pillarbox.store.model import MESSAGE_PREFIX, THREAD_PREFIX, Kind, Need
from pillarbox.store.query import And, Condition, Not
from pillarbox.wire.jmap.arguments import Changes
from pillarbox.wire.jmap.codec import Json
from pillarbox.wire.jmap.errors import MethodError
from pillarbox.wire.jmap.mail import EmailQuery, EmailQueryChanges

_TRIES = 5  # looks at log and results until nothing changes between the two


async def email_changes(context: Context, arguments: Changes) -> Json:
    """Email/changes."""
    answer, _ = await changes(context, arguments, Kind.EMAIL)
    return answer


async def email_query(context: Context, arguments: EmailQuery) -> Json:
    """Email/query."""
    condition, sorting = condition_of(arguments.filter), sorting_of(arguments.sort)
    # The state is read first: a change between the two only makes a client ask again.
    modseq = await context.store.modseq(context.account_id)
    if sorting.threads or arguments.anchor is not None or arguments.position < 0:
        found = await _results(context, condition, sorting, arguments.collapse_threads)
        anchor = parse_id(MESSAGE_PREFIX, arguments.anchor or "")
        answer = page(found, arguments, None if anchor is None else MessageId(anchor), _spelled)
    else:
        answer = await _first(context, condition, sorting, arguments)
    return {
        "accountId": context.spelled,
        "queryState": state(modseq),
        "canCalculateChanges": not searches_text(condition),
        **answer,
    }


async def _first(context: Context, condition: Condition, sorting: Sorting, arguments: EmailQuery) -> Json:
    """The same as `page`, the store finding no more than is asked for; counting all is left out where it can be."""
    collapse, start = arguments.collapse_threads, arguments.position
    limit = JMAP_QUERY if arguments.limit is None else min(arguments.limit, JMAP_QUERY)
    window = (start, limit + 1)  # one more shows whether there are more
    asked = (context.account_id, condition, sorting.orders, collapse, window)
    total = None
    if arguments.calculate_total:
        found, total = await context.store.counted(*asked)
    else:
        found = await context.store.query(*asked)
    answer: Json = {"position": start, "ids": [spell(MESSAGE_PREFIX, one) for one in found[:limit]]}
    if (arguments.limit is None and len(found) > limit) or (arguments.limit or 0) > JMAP_QUERY:
        answer["limit"] = JMAP_QUERY
    if total is not None:
        answer["total"] = total
    return answer


async def email_query_changes(context: Context, arguments: EmailQueryChanges) -> Json:
    """Email/queryChanges: whatever the log names since, and with threads their other messages, is taken out and put in
    again where it now is."""
    condition, sorting = condition_of(arguments.filter), sorting_of(arguments.sort)
    if searches_text(condition):
        raise MethodError("cannotCalculateChanges", "not for a search in texts")
    for _ in range(_TRIES):
        emails = await changed_since(context, Kind.EMAIL, arguments.since_query_state, JMAP_CHANGES)
        touched = {*emails.created, *emails.updated, *emails.destroyed}
        if emails.has_more or len(touched) > JMAP_CHANGES:
            break
        if touched and (arguments.collapse_threads or looks_at_threads(condition, sorting)):
            touched |= await _companions(context, arguments.since_query_state, touched)
        found = await _results(context, condition, sorting, arguments.collapse_threads)
        if await context.store.modseq(context.account_id) == emails.modseq:
            ids = [spell(MESSAGE_PREFIX, one) for one in found]
            shifting = arguments.collapse_threads or mutable(condition, sorting)
            return {
                "accountId": context.spelled,
                "oldQueryState": arguments.since_query_state,
                "newQueryState": state(emails.modseq),
                **query_changes(arguments, ids, touched, shifting),
            }
    raise MethodError("cannotCalculateChanges", "too many changes")


def _spelled(message_id: MessageId) -> str:
    return spell(MESSAGE_PREFIX, message_id)


async def _results(context: Context, condition: Condition, sorting: Sorting, collapse: bool) -> list[MessageId]:
    """The messages in order. What their threads have divides them; no thread is on both sides, so collapsing each side
    collapses the whole."""
    if not sorting.threads:
        return await context.store.query(context.account_id, condition, sorting.orders, collapse)
    (having, last), *others = sorting.threads
    rest = Sorting(tuple(others), sorting.orders)
    sides = (Not(having), having) if last else (having, Not(having))
    return [one for side in sides for one in await _results(context, And((condition, side)), rest, collapse)]


async def _companions(context: Context, since: str, touched: set[str]) -> set[str]:
    """All messages of the threads that any touched message is or was in."""
    threads = await changed_since(context, Kind.THREAD, since, JMAP_CHANGES)
    if threads.has_more:
        raise MethodError("cannotCalculateChanges", "too many changes")
    numbers = {number for one in (*threads.created, *threads.updated) if (number := parse_id(THREAD_PREFIX, one))}
    messages = [MessageId(number) for one in touched if (number := parse_id(MESSAGE_PREFIX, one))]
    found = await context.store.emails(context.account_id, messages, Need.PLACEMENT)
    numbers.update(email.thread_id for email in found.values())
    members = await context.store.thread(context.account_id, [ThreadId(number) for number in numbers])
    return {spell(MESSAGE_PREFIX, message) for one in members.values() for message in one}
