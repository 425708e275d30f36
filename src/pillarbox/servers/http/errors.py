"""From our errors to HTTP statuses, JMAP method errors and JMAP set errors: one table each."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

from pillarbox.core import errors
from pillarbox.core.errors import MailError
from pillarbox.wire.jmap.errors import MethodError, Problem, SetError

T = TypeVar("T")


class HttpError(Exception):
    """An answer that is no success: status, a text the client may read, more headers."""

    def __init__(self, status: int, detail: str, headers: Sequence[tuple[bytes, bytes]] = ()) -> None:
        super().__init__(status, detail)
        self.status = status
        self.detail = detail
        self.headers = headers


_STATUS: dict[type[MailError], int] = {
    errors.Invalid: 400,
    errors.Denied: 403,
    errors.NotFound: 404,
    errors.Exists: 409,
    errors.Conflict: 409,
    errors.TooBig: 413,
    errors.OverQuota: 413,
    errors.Busy: 429,
    errors.Unavailable: 503,
    errors.Damaged: 500,
}
_METHOD: dict[type[MailError], str] = {
    errors.Invalid: "invalidArguments",
    errors.Denied: "forbidden",
    errors.Busy: "serverUnavailable",
    errors.Unavailable: "serverUnavailable",
    errors.Damaged: "serverFail",
}
_SET: dict[type[MailError], str] = {
    errors.Invalid: "invalidProperties",
    errors.Denied: "forbidden",
    errors.NotFound: "notFound",
    errors.Exists: "alreadyExists",
    errors.TooBig: "tooLarge",
    errors.OverQuota: "overQuota",
    errors.Conflict: "forbidden",
    errors.Busy: "rateLimit",
    errors.Unavailable: "serverUnavailable",
    errors.Damaged: "serverFail",
}


def http_error(error: MailError) -> HttpError:
    """What an error of ours is in HTTP; only its public text is said."""
    return HttpError(_of(_STATUS, error, 500), error.public)


def method_error(error: MailError) -> MethodError:
    """What an error of ours is as the answer to a method call."""
    return MethodError(_of(_METHOD, error, "serverFail"), error.public)


def set_error(error: MailError) -> SetError:
    """What an error of ours is for one object of a /set."""
    return SetError(_of(_SET, error, "serverFail"), error.public)


def _of(table: Mapping[type[MailError], T], error: MailError, otherwise: T) -> T:
    """What the table says of the error's class, or else of what it is a kind of."""
    return next((table[kind] for kind in type(error).__mro__ if kind in table), otherwise)


def problem_body(error: HttpError | Problem) -> tuple[int, dict[str, object], Sequence[tuple[bytes, bytes]]]:
    """Status, problem details (RFC 7807) and more headers of an error."""
    if isinstance(error, Problem):
        return error.status, error.value(), ()
    return error.status, {"type": "about:blank", "status": error.status, "detail": error.detail}, error.headers
