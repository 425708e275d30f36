"""The envelope: Request and Response objects with their method calls (RFC 8620 §3.2 to §3.4)."""

from collections.abc import Collection
from typing import Any

import msgspec

from pillarbox.core.limits import JMAP_CALLS
from pillarbox.wire.jmap.codec import Json, decode
from pillarbox.wire.jmap.errors import REQUEST_ERROR, Problem, not_request, over_limit

Invocation = tuple[str, Json, str]
"""Method or response name, arguments, method call id."""


class Request(msgspec.Struct, frozen=True):
    """A Request object. Properties it does not know are ignored (RFC 8620 §3.3)."""

    using: list[str]
    methodCalls: list[tuple[str, dict[str, Any], str]]  # noqa: N815
    createdIds: dict[str, str] | None = None  # noqa: N815


class Response(msgspec.Struct, frozen=True, omit_defaults=True):
    """A Response object; `createdIds` only when the request had it."""

    methodResponses: list[Invocation]  # noqa: N815
    sessionState: str  # noqa: N815
    createdIds: dict[str, str] | None = None  # noqa: N815


def decode_request(data: bytes, capabilities: Collection[str]) -> Request:
    """The Request in `data`. Raises Problem: notJSON, notRequest, unknownCapability, limit maxCallsInRequest."""
    try:
        request = msgspec.convert(decode(data), Request)
    except msgspec.ValidationError as error:
        raise not_request(str(error)) from error
    for capability in request.using:
        if capability not in capabilities:
            detail = f"the capability {capability[:200]!r} is not supported by this server"
            raise Problem(400, REQUEST_ERROR + "unknownCapability", detail)
    if len(request.methodCalls) > JMAP_CALLS:
        raise over_limit("maxCallsInRequest", f"more than {JMAP_CALLS} method calls")
    return request
