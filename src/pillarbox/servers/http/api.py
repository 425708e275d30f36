"""POST /jmap/api: the method calls of a request, one after the other (RFC 8620 §3)."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Iterator

import structlog

from pillarbox.core.errors import MailError
from pillarbox.core.ids import AccountId
from pillarbox.core.limits import JMAP_BODY_VALUES, JMAP_REQUEST, JMAP_REQUEST_CONCURRENT
from pillarbox.servers.http.authentication import authenticate
from pillarbox.servers.http.context import Context
from pillarbox.servers.http.errors import method_error
from pillarbox.servers.http.exchange import JSON, NO_STORE, Exchange
from pillarbox.servers.http.login import renewal
from pillarbox.servers.http.services import Hall
from pillarbox.servers.http.session import session_of
from pillarbox.servers.http.table import METHODS
from pillarbox.wire.jmap.arguments import typed
from pillarbox.wire.jmap.codec import Json, encode
from pillarbox.wire.jmap.errors import MethodError, not_json, over_limit
from pillarbox.wire.jmap.reference import Allowance, resolve_arguments
from pillarbox.wire.jmap.request import Invocation, Request, Response, decode_request
from pillarbox.wire.jmap.session import CAPABILITIES, CORE

log = structlog.get_logger("http")

_LARGE = 256 << 10  # octets of JSON that are read or written beside the loop


@contextlib.contextmanager
def one_more(counter: Counter[AccountId], account_id: AccountId, most: int, limit: str) -> Iterator[None]:
    """Count a request while it lasts. Raises Problem when the account has `most` under way."""
    if counter[account_id] >= most:
        raise over_limit(limit, f"more than {most} at once", status=429)
    counter[account_id] += 1
    try:
        yield
    finally:
        counter[account_id] -= 1
        if not counter[account_id]:
            del counter[account_id]


async def answer_request(hall: Hall, exchange: Exchange) -> None:
    """Answer a Request object with a Response object."""
    account = await authenticate(hall, exchange)
    with one_more(hall.requests, account.account_id, JMAP_REQUEST_CONCURRENT, "maxConcurrentRequests"):
        if exchange.header(b"content-type").partition(";")[0].strip().lower() != "application/json":
            raise not_json("the content type is not application/json")
        data = await exchange.body(JMAP_REQUEST, over_limit("maxSizeRequest", f"more than {JMAP_REQUEST} octets"))
        if len(data) > _LARGE:
            request = await asyncio.to_thread(decode_request, data, CAPABILITIES)
        else:
            request = decode_request(data, CAPABILITIES)
        context = Context(hall, account, dict(request.createdIds or {}))
        responses = await call_methods(context, request)
        created = None if request.createdIds is None else context.created
        response = Response(responses, str(session_of(hall, account)["state"]), created)
        body = (
            await asyncio.to_thread(encode, response) if JMAP_BODY_VALUES - context.room > _LARGE else encode(response)
        )
        await exchange.answer(200, body, JSON, [NO_STORE, *renewal(hall, exchange, account)])


async def call_methods(context: Context, request: Request) -> list[Invocation]:
    """The responses to all method calls, in order (RFC 8620 §3.4)."""
    responses: list[Invocation] = []
    using, allowance = frozenset(request.using), Allowance()
    for name, given, call_id in request.methodCalls:
        try:
            arguments = resolve_arguments(given, responses, allowance)
            if name == "Core/echo" and CORE in using:
                answer = arguments
            else:
                answer = await _call(context, using, name, arguments)
            responses.append((name, answer, call_id))
            responses.extend((implied, more, call_id) for implied, more in context.implied)
        except MethodError as error:
            responses.append(("error", error.value(), call_id))
        finally:
            context.implied.clear()
    return responses


async def _call(context: Context, using: frozenset[str], name: str, arguments: Json) -> Json:
    """The answer of one method. Raises MethodError."""
    method = METHODS.get(name)
    if method is None or method.capability not in using:
        raise MethodError("unknownMethod")
    record = typed(method.arguments, arguments)
    if record.account_id != context.spelled:
        raise MethodError("accountNotFound")
    try:
        return await method.run(context, record)
    except MailError as error:
        log.info("http.method_refused", method=name, error=repr(error)[:500])
        raise method_error(error) from error
    except MethodError:
        raise
    except Exception as error:
        log.exception("http.method_bug", method=name)
        raise MethodError("serverFail", "an error of this server; the log says more") from error
