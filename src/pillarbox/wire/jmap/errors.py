"""How JMAP says no: to a whole request, to one method call, to one object of a /set."""

from collections.abc import Mapping

REQUEST_ERROR = "urn:ietf:params:jmap:error:"


class Problem(Exception):
    """A request-level error (RFC 8620 §3.6.1), sent as problem details (RFC 7807); `limit` names the limit, if any."""

    def __init__(self, status: int, kind: str, detail: str, limit: str | None = None) -> None:
        super().__init__(kind, detail)
        self.status = status
        self.kind = kind
        self.detail = detail
        self.limit = limit

    def value(self) -> dict[str, object]:
        """The problem details object."""
        details: dict[str, object] = {"type": self.kind, "status": self.status, "detail": self.detail}
        return details if self.limit is None else {**details, "limit": self.limit}


class MethodError(Exception):
    """A method-level error (RFC 8620 §3.6.2): `kind` and what else the error's object holds."""

    def __init__(self, kind: str, description: str | None = None, more: Mapping[str, object] | None = None) -> None:
        super().__init__(kind, description)
        self.kind = kind
        self.description = description
        self.more = more or {}

    def value(self) -> dict[str, object]:
        """The arguments of the "error" response."""
        return _spelled(self.kind, self.description, self.more)


class SetError(Exception):
    """Why one object was not created, updated or destroyed (RFC 8620 §5.3)."""

    def __init__(self, kind: str, description: str | None = None, more: Mapping[str, object] | None = None) -> None:
        super().__init__(kind, description)
        self.kind = kind
        self.description = description
        self.more = more or {}

    def value(self) -> dict[str, object]:
        """The SetError object."""
        return _spelled(self.kind, self.description, self.more)


def _spelled(kind: str, description: str | None, more: Mapping[str, object]) -> dict[str, object]:
    said: dict[str, object] = {"type": kind}
    if description is not None:
        said["description"] = description
    return {**said, **more}


def invalid_arguments(description: str) -> MethodError:
    """One of the arguments has the wrong type or value."""
    return MethodError("invalidArguments", description)


def invalid_properties(*names: str, description: str | None = None) -> SetError:
    """The properties named are invalid."""
    return SetError("invalidProperties", description, {"properties": list(names)})


def not_json(detail: str) -> Problem:
    """The body is not I-JSON, or not said to be JSON."""
    return Problem(400, REQUEST_ERROR + "notJSON", detail)


def not_request(detail: str) -> Problem:
    """The body is JSON but no Request object."""
    return Problem(400, REQUEST_ERROR + "notRequest", detail)


def over_limit(limit: str, detail: str, status: int = 400) -> Problem:
    """The request goes beyond the limit of that name in the core capability (RFC 8620 §2)."""
    return Problem(status, REQUEST_ERROR + "limit", detail, limit)
