"""GET /jmap/eventsource/: changes pushed as they happen (RFC 8620 §7.3)."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from pillarbox.core.errors import Conflict
from pillarbox.core.ids import Modseq, spell
from pillarbox.core.limits import HTTP_EVENT_SOURCES, JMAP_CHANGES, PUSH_PING
from pillarbox.servers.http.api import one_more
from pillarbox.servers.http.authentication import authenticate, still_valid
from pillarbox.servers.http.errors import HttpError
from pillarbox.servers.http.exchange import NO_STORE, Exchange
from pillarbox.servers.http.methods.standard import parse_state, state
from pillarbox.servers.http.services import Hall
from pillarbox.store.model import ACCOUNT_PREFIX, Account, Kind
from pillarbox.store.store import Store
from pillarbox.wire.jmap.codec import encode

_DELIVERY = "EmailDelivery"  # RFC 8621 §1.5
_KINDS = (Kind.MAILBOX, Kind.EMAIL, Kind.THREAD, Kind.IDENTITY, Kind.SUBMISSION)
TYPES = frozenset((*_KINDS, _DELIVERY))
_REVISIT = 300  # seconds after which a silent stream looks whether its login still holds


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the address asked for. `ping` in seconds, 0 for none."""

    types: frozenset[str]
    close_after: bool
    ping: int


def wanted(query: dict[str, str]) -> Wanted:
    """The parameters. Raises HttpError 400."""
    types, close, ping = query.get("types", "*"), query.get("closeafter", "no"), query.get("ping", "0")
    if close not in ("state", "no") or not ping.isdecimal() or not ping.isascii() or len(ping) > 9:
        raise HttpError(400, "closeafter is state or no, ping a number of seconds")
    seconds = int(ping)
    least, most = PUSH_PING
    asked = TYPES if types == "*" else frozenset(types.split(",")) & TYPES
    return Wanted(frozenset(asked), close == "state", min(max(seconds, least), most) if seconds else 0)


async def send_events(hall: Hall, exchange: Exchange) -> None:
    """Answer with a stream of state events until the client leaves, the login ends or the server stops."""
    account = await authenticate(hall, exchange)
    asked = wanted(exchange.query())
    with one_more(hall.event_sources, account.account_id, HTTP_EVENT_SOURCES, "maxConcurrentRequests"):
        since = await _begin(hall, exchange, account)
        headers = [(b"content-type", b"text/event-stream"), NO_STORE, (b"x-accel-buffering", b"no")]
        await exchange.start(200, headers)
        if exchange.method == "HEAD":
            await exchange.send(b"", more=False)
            return
        await exchange.send(b": connected\n\n")
        leaving = asyncio.create_task(exchange.left())
        try:
            async with contextlib.aclosing(_events(hall, exchange, account, asked, since, leaving)) as events:
                async for event in events:
                    await exchange.send(event)
            if not leaving.done():
                await exchange.send(b"", more=False)
        finally:
            leaving.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await leaving


async def _begin(hall: Hall, exchange: Exchange, account: Account) -> Modseq:
    """The state the client has seen: that of the last event, or the present one."""
    present = await hall.services.store.modseq(account.account_id)
    last = parse_state(exchange.header(b"last-event-id"))
    return last if last is not None and last <= present else present


async def _events(
    hall: Hall, exchange: Exchange, account: Account, asked: Wanted, since: Modseq, leaving: asyncio.Task[None]
) -> AsyncGenerator[bytes, None]:
    """The events, as they are written."""
    woken = asyncio.Event()
    woken.set()  # something may have happened since the last event the client saw
    watch = hall.services.store.watch(account.account_id, lambda _account, _modseq: woken.set())
    closing = asyncio.create_task(hall.closing.wait())
    try:
        while True:
            waking = asyncio.create_task(woken.wait())
            timeout = asked.ping or _REVISIT
            done, _ = await asyncio.wait((waking, closing, leaving), timeout=timeout, return_when="FIRST_COMPLETED")
            waking.cancel()
            if closing in done or leaving in done:
                return
            states: dict[str, str] = {}
            if done:
                woken.clear()
                states, since = await changed_states(hall.services.store, account, asked.types, since)
            if not await still_valid(hall, exchange, account):  # asked last: nothing is told after a login has ended
                return
            if states:
                change = {spell(ACCOUNT_PREFIX, account.account_id): states}
                data = encode({"@type": "StateChange", "changed": change})
                yield b"event: state\nid: %d\ndata: %s\n\n" % (since, data)
                if asked.close_after:
                    return
            elif not done and asked.ping:
                yield b"event: ping\ndata: %s\n\n" % encode({"interval": asked.ping})
    finally:
        watch.close()
        closing.cancel()


async def changed_states(
    store: Store, account: Account, types: frozenset[str], since: Modseq
) -> tuple[dict[str, str], Modseq]:
    """The new state of every type in `types` of which something changed after `since`, and the modseq looked at."""
    present = await store.modseq(account.account_id)
    if present <= since:
        return {}, since
    states: dict[str, str] = {}
    for kind in _KINDS:
        if kind not in types and not (kind == Kind.EMAIL and _DELIVERY in types):
            continue
        try:
            changed = await store.changes(account.account_id, kind, since, JMAP_CHANGES)
        except Conflict:
            states[kind] = state(present)
            continue
        if changed.created or changed.updated or changed.destroyed or changed.has_more:
            states[kind] = state(present)
        if kind == Kind.EMAIL and changed.created:
            states[_DELIVERY] = state(present)
    return {name: said for name, said in states.items() if name in types}, present
