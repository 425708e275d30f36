"""Our errors as IMAP response codes."""

from dataclasses import replace

import pytest

from pillarbox.core import errors
from pillarbox.servers.imap.errors import CHILDREN, LOGIN, TRYCREATE, refusal
from pillarbox.servers.imap.session import Answer
from pillarbox.servers.imap.table import VERBS
from tests.servers.imap.house import House
from tests.servers.imap.wire import connect


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
        (errors.NotEntitled(), LOGIN, "AUTHORIZATIONFAILED"),
        (errors.NotEntitled(), None, "NOPERM"),
        (errors.Expired(), LOGIN, "EXPIRED"),
        (errors.Unavailable(), LOGIN, "UNAVAILABLE"),
        (errors.Damaged(), None, "CORRUPTION"),
        (errors.TooMany(), None, "LIMIT"),
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


async def test_a_bug_ends_one_command(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object) -> Answer:
        raise RuntimeError("as if by a bug: secret")

    monkeypatch.setitem(VERBS, "NOOP", replace(VERBS["NOOP"], obey=broken))
    client = await connect(house.port["imap"])
    _, tagged = await client.command("NOOP")
    assert tagged.startswith(b"NO [SERVERBUG] ")
    assert b"secret" not in tagged
    await client.ok("CAPABILITY")
    client.close()
