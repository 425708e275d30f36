"""Email/query, Email/queryChanges and Email/changes (RFC 8621 §4.3 to §4.5)."""

from pillarbox.core.ids import MessageId, ThreadId, parse_id, spell
from pillarbox.core.limits import JMAP_CHANGES
from pillarbox.servers.http.context import Context
from pillarbox.servers.http.methods.filters import (
    condition_of,
    looks_at_threads,
    mutable,
    orders_of,
    searches_text,
)
from pillarbox.servers.http.methods.standard import changed_since, changes, page, query_changes, state
from pillarbox.store.model import MESSAGE_PREFIX, THREAD_PREFIX, Kind, Need
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
    condition, orders = condition_of(arguments.filter), orders_of(arguments.sort)
    # The state is read first: a change between the two only makes a client ask again.
    modseq = await context.store.modseq(context.account_id)
    found = await context.store.query(context.account_id, condition, orders, arguments.collapse_threads)
    ids = [spell(MESSAGE_PREFIX, one) for one in found]
    return {
        "accountId": context.spelled,
        "queryState": state(modseq),
        "canCalculateChanges": not searches_text(condition),
        **page(ids, arguments),
    }


async def email_query_changes(context: Context, arguments: EmailQueryChanges) -> Json:
    """Email/queryChanges: whatever the log names since, and with threads their other messages, is taken out and put in
    again where it now is."""
    condition, orders = condition_of(arguments.filter), orders_of(arguments.sort)
    if searches_text(condition):
        raise MethodError("cannotCalculateChanges", "not for a search in texts")
    for _ in range(_TRIES):
        emails = await changed_since(context, Kind.EMAIL, arguments.since_query_state, JMAP_CHANGES)
        touched = {*emails.created, *emails.updated, *emails.destroyed}
        if emails.has_more or len(touched) > JMAP_CHANGES:
            break
        if touched and (arguments.collapse_threads or looks_at_threads(condition)):
            touched |= await _companions(context, arguments.since_query_state, touched)
        found = await context.store.query(context.account_id, condition, orders, arguments.collapse_threads)
        if await context.store.modseq(context.account_id) == emails.modseq:
            ids = [spell(MESSAGE_PREFIX, one) for one in found]
            shifting = arguments.collapse_threads or mutable(condition, orders)
            return {
                "accountId": context.spelled,
                "oldQueryState": arguments.since_query_state,
                "newQueryState": state(emails.modseq),
                **query_changes(arguments, ids, touched, shifting),
            }
    raise MethodError("cannotCalculateChanges", "too many changes")


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
