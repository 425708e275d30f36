"""Identities, and mail that really leaves."""

from typing import Any

import pytest

from pillarbox.core.ids import spell
from pillarbox.store.model import ACCOUNT_PREFIX
from pillarbox.wire.jmap.codec import encode
from tests.servers.http.house import USING, House, basic
from tests.stores import letter


async def own_identity(house: House) -> str:
    return str((await house.call("Identity/get"))["list"][0]["id"])


async def a_draft(house: House, **given: Any) -> str:
    email = {
        "mailboxIds": {await house.mailbox("drafts"): True},
        "keywords": {"$draft": True},
        "from": [{"email": "you@demo.test"}],
        "to": [{"email": "friend@demo.test"}],
        "bcc": [{"email": "far@elsewhere.test"}],
        "subject": "Hello",
        "textBody": [{"partId": "t"}],
        "bodyValues": {"t": {"value": "there"}},
        **given,
    }
    answer = await house.call("Email/set", create={"k": email})
    return str(answer["created"]["k"]["id"])


async def friends_inbox(house: House) -> list[dict[str, Any]]:
    account = spell(ACCOUNT_PREFIX, house.friend.account_id)
    calls = [
        ["Email/query", {"accountId": account}, "0"],
        [
            "Email/get",
            {
                "accountId": account,
                "#ids": {"resultOf": "0", "name": "Email/query", "path": "/ids"},
                "properties": ["subject", "header:Bcc", "from", "keywords", "preview"],
            },
            "1",
        ],
    ]
    headers = {"authorization": basic("friend@demo.test"), "content-type": "application/json"}
    answer = await house.ask("POST", "/jmap/api", encode({"using": USING, "methodCalls": calls}), headers)
    found: list[dict[str, Any]] = answer.json()["methodResponses"][1][1]["list"]
    return found


async def test_identities(house: House) -> None:
    await house.store.directory.add_alias("me@demo.test", ["you@demo.test"])
    answer = await house.call("Identity/get")
    first, alias = answer["list"]
    assert (first["email"], first["name"], first["mayDelete"]) == ("you@demo.test", "You", False)
    assert alias["email"] == "me@demo.test"
    some = await house.call("Identity/get", ids=[first["id"], "Inone"], properties=["email"])
    assert some["list"] == [{"id": first["id"], "email": "you@demo.test"}]
    assert some["notFound"] == ["Inone"]


async def test_identity_set(house: House) -> None:
    own = await own_identity(house)
    start = (await house.call("Identity/get"))["state"]
    answer = await house.call(
        "Identity/set",
        create={
            "a": {"email": "you@demo.test", "name": "Work", "textSignature": "-- \nme"},
            "b": {"email": "friend@demo.test"},
            "c": {"email": 5},
            "d": {"email": "you@demo.test", "replyTo": "x"},
            "e": {"email": "you@demo.test", "mayDelete": True},
        },
        update={own: {"name": "New", "htmlSignature": "<b>x</b>"}, "Inone": {"name": "x"}},
        destroy=[own],
    )
    made = answer["created"]["a"]["id"]
    assert answer["created"]["a"]["mayDelete"] is True
    kinds = {key: one["type"] for key, one in answer["notCreated"].items()}
    assert kinds == {
        "b": "forbiddenFrom", "c": "invalidProperties", "d": "invalidProperties", "e": "invalidProperties",
    }  # fmt: skip
    assert (answer["updated"], answer["notUpdated"]["Inone"]["type"]) == ({own: None}, "notFound")
    assert answer["notDestroyed"][own]["type"] == "forbidden"
    changed = await house.call("Identity/changes", sinceState=start)
    assert (changed["created"], changed["updated"]) == ([made], [own])
    found = {one["id"]: one for one in (await house.call("Identity/get"))["list"]}
    assert (found[own]["name"], found[made]["textSignature"]) == ("New", "-- \nme")
    bad = await house.call("Identity/set", update={own: {"email": "x@y.test"}, made: {"textSignature": 5}})
    assert {one["type"] for one in bad["notUpdated"].values()} == {"invalidProperties"}
    assert (await house.call("Identity/set", destroy=[made]))["destroyed"] == [made]


async def test_sending(house: House) -> None:
    email, own = await a_draft(house), await own_identity(house)
    drafts, sent = await house.mailbox("drafts"), await house.mailbox("sent")
    responses = await house.calls(
        (
            "EmailSubmission/set",
            {
                "create": {"s": {"identityId": own, "emailId": email}},
                "onSuccessUpdateEmail": {
                    "#s": {f"mailboxIds/{drafts}": None, f"mailboxIds/{sent}": True, "keywords/$draft": None}
                },
            },
        )
    )
    assert [one[0] for one in responses] == ["EmailSubmission/set", "Email/set"]
    assert [one[2] for one in responses] == ["c0", "c0"]
    made = responses[0][1]["created"]["s"]
    assert made["undoStatus"] == "final"
    assert {to: one["delivered"] for to, one in made["deliveryStatus"].items()} == {
        "friend@demo.test": "yes", "far@elsewhere.test": "queued",
    }  # fmt: skip
    assert responses[1][1]["updated"] == {email: None}
    mine = (await house.call("Email/get", ids=[email], properties=["mailboxIds", "keywords", "bcc"]))["list"][0]
    assert (mine["mailboxIds"], mine["keywords"]) == ({sent: True}, {})
    assert mine["bcc"]
    (theirs,) = await friends_inbox(house)
    assert (theirs["subject"], theirs["header:Bcc"], theirs["preview"]) == ("Hello", None, "there")
    (row,) = await house.store.queued()
    assert (row.recipient, row.sender) == ("far@elsewhere.test", "you@demo.test")


async def test_sending_and_destroying(house: House) -> None:
    email, own = await a_draft(house), await own_identity(house)
    responses = await house.calls(
        ("Email/get", {"ids": [email], "properties": ["id"]}),
        (
            "EmailSubmission/set",
            {"create": {"s": {"identityId": own, "emailId": email}}, "onSuccessDestroyEmail": ["#s"]},
        ),
    )
    assert responses[2][1]["destroyed"] == [email]
    assert len(await friends_inbox(house)) == 1


async def test_a_draft_made_and_sent_in_one_request(house: House) -> None:
    own = await own_identity(house)
    email = {
        "mailboxIds": {await house.mailbox("sent"): True}, "from": [{"email": "you@demo.test"}], "subject": "Quick",
        "textBody": [{"partId": "t"}], "bodyValues": {"t": {"value": "x"}},
    }  # fmt: skip
    envelope = {"mailFrom": {"email": "you@demo.test"}, "rcptTo": [{"email": "friend@demo.test", "parameters": None}]}
    responses = await house.calls(
        ("Email/set", {"create": {"m": email}}),
        ("EmailSubmission/set", {"create": {"s": {"identityId": own, "emailId": "#m", "envelope": envelope}}}),
    )
    assert responses[1][1]["created"]["s"]["envelope"] == envelope
    assert [one["subject"] for one in await friends_inbox(house)] == ["Quick"]


PARAMETERS = {"email": "you@demo.test", "parameters": {"X": "1"}}


def envelope(*to: str, sender: str = "you@demo.test") -> dict[str, Any]:
    return {"mailFrom": {"email": sender}, "rcptTo": [{"email": one} for one in to]}


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({"identityId": "Inone"}, "invalidProperties"),
        ({"emailId": "Mdead"}, "invalidProperties"),
        ({"colour": 1}, "invalidProperties"),
        ({"envelope": []}, "invalidProperties"),
        ({"envelope": {"mailFrom": None, "rcptTo": []}}, "invalidProperties"),
        ({"envelope": {**envelope("friend@demo.test"), "mailFrom": PARAMETERS}}, "invalidProperties"),
        ({"envelope": envelope()}, "noRecipients"),
        ({"envelope": envelope("no address")}, "invalidRecipients"),
        ({"envelope": envelope("nobody@demo.test", "friend@demo.test")}, "invalidRecipients"),
        ({"envelope": envelope(*(f"u{n}@far.test" for n in range(1001)))}, "tooManyRecipients"),
        ({"envelope": envelope("friend@demo.test", sender="friend@demo.test")}, "forbiddenMailFrom"),
    ],
)  # fmt: skip
async def test_refused(house: House, given: Any, kind: str) -> None:
    email, own = await a_draft(house), await own_identity(house)
    create = {"s": {"identityId": own, "emailId": email, **given}}
    responses = await house.calls(("EmailSubmission/set", {"create": create, "onSuccessDestroyEmail": ["#s"]}))
    assert len(responses) == 1
    assert responses[0][1]["notCreated"]["s"]["type"] == kind
    if kind == "invalidRecipients":
        assert len(responses[0][1]["notCreated"]["s"]["invalidRecipients"]) == 1
    assert await friends_inbox(house) == []
    assert await house.store.queued() == []


async def test_not_yours_to_send(house: House) -> None:
    own = await own_identity(house)
    forged = await a_draft(house, **{"from": [{"email": "friend@demo.test"}]})
    unsigned = await house.imported(b"To: friend@demo.test\r\nSubject: x\r\n\r\ny")
    for email, kind in ((forged, "forbiddenFrom"), (unsigned, "invalidEmail")):
        create = {"s": {"identityId": own, "emailId": email, "envelope": envelope("friend@demo.test")}}
        answer = await house.call("EmailSubmission/set", create=create)
        assert answer["notCreated"]["s"]["type"] == kind
    assert await friends_inbox(house) == []


async def test_submissions_are_kept(house: House) -> None:
    email, own = await a_draft(house), await own_identity(house)
    start = (await house.call("EmailSubmission/get"))["state"]
    query = await house.call("EmailSubmission/query")
    made = (await house.call("EmailSubmission/set", create={"s": {"identityId": own, "emailId": email}}))["created"][
        "s"
    ]
    kept = await house.call("EmailSubmission/get", ids=[made["id"], "Snone"])
    assert kept["notFound"] == ["Snone"]
    assert (kept["list"][0]["emailId"], kept["list"][0]["identityId"]) == (email, own)
    assert (await house.call("EmailSubmission/changes", sinceState=start))["created"] == [made["id"]]
    for given, count in (
        ({"emailIds": [email]}, 1),
        ({"identityIds": ["x"]}, 0),
        ({"undoStatus": "final"}, 1),
        ({"before": "2020-01-01T00:00:00Z"}, 0),
        ({"operator": "NOT", "conditions": [{"threadIds": []}]}, 1),
    ):
        found = await house.call("EmailSubmission/query", filter=given, sort=[{"property": "sentAt"}])
        assert len(found["ids"]) == count
    assert (await house.error("EmailSubmission/query", filter={"x": 1}))["type"] == "unsupportedFilter"
    assert (await house.error("EmailSubmission/query", sort=[{"property": "x"}]))["type"] == "unsupportedSort"
    changed = await house.call("EmailSubmission/queryChanges", sinceQueryState=query["queryState"])
    assert changed["added"] == [{"id": made["id"], "index": 0}]
    answer = await house.call(
        "EmailSubmission/set", update={made["id"]: {"undoStatus": "canceled"}, "Snone": {}}, destroy=[made["id"], "Sx"]
    )
    assert answer["notUpdated"][made["id"]]["type"] == "cannotUnsend"
    assert answer["notUpdated"]["Snone"]["type"] == "notFound"
    assert (answer["destroyed"], list(answer["notDestroyed"])) == ([made["id"]], ["Sx"])
    same = await house.call("EmailSubmission/get", ids=None)
    assert same["list"] == []


async def test_redirecting_a_received_message(house: House) -> None:
    own = await own_identity(house)
    email = await house.imported(letter().replace(b"ann@", b"you@"))
    create = {"s": {"identityId": own, "emailId": email, "envelope": envelope("friend@demo.test")}}
    assert (await house.call("EmailSubmission/set", create=create))["created"]
