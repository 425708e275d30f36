"""Our errors as IMAP response codes."""

import pytest

from pillarbox.core import errors
from pillarbox.servers.imap.errors import CHILDREN, LOGIN, TRYCREATE, refusal


@pytest.mark.parametrize(
    ("error", "special", "code"),
    [
        (errors.OverQuota(), None, "OVERQUOTA"),
        (errors.NotFound(), None, "NONEXISTENT"),
        (errors.NotFound(), TRYCREATE, "TRYCREATE"),
        (errors.Exists(), TRYCREATE, "ALREADYEXISTS"),
        (errors.Unavailable(), None, "UNAVAILABLE"),
        (errors.Busy(), None, "INUSE"),
        (errors.Busy(), LOGIN, "UNAVAILABLE"),
        (errors.Denied(), LOGIN, "AUTHENTICATIONFAILED"),
        (errors.Denied(), None, "NOPERM"),
        (errors.Invalid(), None, "CANNOT"),
        (errors.TooBig(), None, "TOOBIG"),
        (errors.Conflict(), CHILDREN, "HASCHILDREN"),
        (errors.Conflict(), None, "EXPUNGEISSUED"),
        (errors.MailError(), None, "CANNOT"),
    ],
)
def test_codes(error: errors.MailError, special: dict[type[errors.MailError], str] | None, code: str) -> None:
    refused = refusal(error, special)
    assert (refused.status, refused.code, refused.text) == ("NO", code, error.public)


def test_the_detail_stays_inside() -> None:
    assert "secret" not in refusal(errors.Unavailable("disk secret")).text
