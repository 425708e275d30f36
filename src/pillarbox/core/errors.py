"""The one family of errors that crosses rooms; each server maps the class to its own protocol's code."""

from typing import ClassVar


class MailError(Exception):
    """An expected refusal. `public` is the fixed text a peer may read; the exception's own text goes to our log only.

    `temporary` says whether the same request may succeed later (SMTP 4yz, IMAP [UNAVAILABLE], POP3 [SYS/TEMP]).
    """

    public: ClassVar[str] = "request failed"
    temporary: ClassVar[bool] = False


class Invalid(MailError):
    """The request or its data are malformed."""

    public = "invalid request"


class TooMany(Invalid):
    """More of something than this server keeps."""

    public = "too many"


class Denied(MailError):
    """The login is wrong, missing, or not allowed to do this."""

    public = "not allowed"


class Expired(Denied):
    """What was shown as a proof was one once."""

    public = "no longer valid"


class NotEntitled(Denied):
    """Who logged in may not act as whom it named."""

    public = "not allowed to act for others"


class NotFound(MailError):
    """What was named does not exist."""

    public = "no such object"


class Exists(MailError):
    """What was to be made exists already."""

    public = "already exists"


class TooBig(MailError):
    """Larger than a limit of this server."""

    public = "too large"


class OverQuota(MailError):
    """The account has no room left."""

    public = "quota exceeded"


class Conflict(MailError):
    """The state named by the request is not the present one."""

    public = "state has changed"


class Busy(MailError):
    """Someone else holds what is needed; try again."""

    public = "resource is in use"
    temporary = True


class Unavailable(MailError):
    """Something we depend on (disk, database, blob store) does not answer."""

    public = "temporarily unavailable"
    temporary = True


class Damaged(Unavailable):
    """What was stored is there but cannot be read as it was written; asking again does not help."""

    public = "stored data is damaged"
    temporary = False
