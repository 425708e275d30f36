"""Thread/get and Thread/changes (RFC 8621 §3)."""

from pillarbox.core.ids import ThreadId, parse_id, spell
from pillarbox.servers.http.context import Context
from pillarbox.servers.http.methods.standard import changes, chosen, state
from pillarbox.store.model import MESSAGE_PREFIX, THREAD_PREFIX, Kind
from pillarbox.wire.jmap.arguments import Changes, Get
from pillarbox.wire.jmap.codec import Json
from pillarbox.wire.jmap.errors import MethodError

_PROPERTIES = ("id", "emailIds")


async def thread_get(context: Context, arguments: Get) -> Json:
    """Thread/get. All threads at once are too many to be asked for."""
    if arguments.ids is None:
        raise MethodError("requestTooLarge", "name the threads")
    properties = chosen(arguments.properties, _PROPERTIES, _PROPERTIES)
    modseq = await context.store.modseq(context.account_id)
    numbers = {one: number for one in arguments.ids if (number := parse_id(THREAD_PREFIX, one)) is not None}
    found = await context.store.thread(context.account_id, [ThreadId(number) for number in numbers.values()])
    listed: list[Json] = []
    for one, number in numbers.items():
        if emails := found.get(ThreadId(number)):
            whole: Json = {"id": one, "emailIds": [spell(MESSAGE_PREFIX, message) for message in emails]}
            listed.append({name: whole[name] for name in properties})
    present = {str(one["id"]) for one in listed}
    missing = [one for one in dict.fromkeys(arguments.ids) if one not in present]
    return {"accountId": context.spelled, "state": state(modseq), "list": listed, "notFound": missing}


async def thread_changes(context: Context, arguments: Changes) -> Json:
    """Thread/changes."""
    answer, _ = await changes(context, arguments, Kind.THREAD)
    return answer
