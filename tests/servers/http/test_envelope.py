"""Sessions, requests as a whole, and the loop of method calls."""

import re
from typing import Any

import pytest

from tests.servers.http.house import USING, House, basic

CORE = "urn:ietf:params:jmap:core"


async def test_session(house: House) -> None:
    answer = await house.ask("GET", "/.well-known/jmap", headers={"authorization": basic()})
    assert answer.status == 200
    session = answer.json()
    assert list(session["accounts"]) == [house.account]
    assert session["username"] == "you@demo.test"
    assert session["apiUrl"] == "http://mail.test/jmap/api"
    assert set(session["capabilities"]) == set(USING)
    assert session["accounts"][house.account]["accountCapabilities"][USING[1]]["mayCreateTopLevelMailbox"]
    assert "no-store" in answer.headers["cache-control"]


async def test_echo_and_state(house: House) -> None:
    answer = await house.post({"using": [CORE], "methodCalls": [["Core/echo", {"hello": True, "high": 5}, "b3ff"]]})
    session = (await house.ask("GET", "/.well-known/jmap", headers={"authorization": basic()})).json()
    assert answer.json() == {
        "methodResponses": [["Core/echo", {"hello": True, "high": 5}, "b3ff"]],
        "sessionState": session["state"],
    }


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ([], "notRequest"),
        ({"using": ["urn:nothing"], "methodCalls": []}, "unknownCapability"),
        ({"using": [CORE], "methodCalls": [["Core/echo", {}, "c"]] * 65}, "limit"),
    ],
)
async def test_request_errors(house: House, value: object, kind: str) -> None:
    answer = await house.post(value)
    assert answer.status == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == f"urn:ietf:params:jmap:error:{kind}"


async def test_not_json(house: House) -> None:
    headers = {"authorization": basic(), "content-type": "application/json"}
    assert (await house.ask("POST", "/jmap/api", b"{", headers)).json()["type"].endswith("notJSON")
    headers["content-type"] = "text/plain"
    assert (await house.ask("POST", "/jmap/api", b"{}", headers)).json()["type"].endswith("notJSON")


async def test_too_large(house: House) -> None:
    headers = {"authorization": basic(), "content-type": "application/json", "content-length": "10000001"}
    answer = await house.ask("POST", "/jmap/api", b"{}", headers)
    assert (answer.status, answer.json()["limit"]) == (400, "maxSizeRequest")


@pytest.mark.parametrize(
    ("call", "kind"),
    [
        (["Nothing/get", {}, "c"], "unknownMethod"),
        (["Mailbox/get", {}, "c"], "invalidArguments"),
        (["Mailbox/get", {"accountId": "A99"}, "c"], "accountNotFound"),
        (["Mailbox/get", {"accountId": "A99", "more": 1}, "c"], "invalidArguments"),
        (["Mailbox/get", {"#accountId": {"resultOf": "x", "name": "y", "path": "/"}}, "c"], "invalidResultReference"),
    ],
)
async def test_method_errors(house: House, call: list[Any], kind: str) -> None:
    answer = (await house.post({"using": USING, "methodCalls": [call, ["Core/echo", {"on": 1}, "d"]]})).json()
    assert answer["methodResponses"][0][0] == "error"
    assert answer["methodResponses"][0][1]["type"] == kind
    assert answer["methodResponses"][1] == ["Core/echo", {"on": 1}, "d"]


async def test_a_method_of_a_capability_that_is_not_used(house: House) -> None:
    responses = await house.calls(("Mailbox/get", {}), using=[CORE])
    assert responses[0][1]["type"] == "unknownMethod"


async def test_created_ids_come_back_when_they_were_sent(house: House) -> None:
    make = ["Mailbox/set", {"accountId": house.account, "create": {"k": {"name": "Work"}}}, "c"]
    answer = (await house.post({"using": USING, "methodCalls": [make], "createdIds": {"old": "X"}})).json()
    made = answer["methodResponses"][0][1]["created"]["k"]["id"]
    assert answer["createdIds"] == {"old": "X", "k": made}


async def test_references_between_calls(house: House) -> None:
    responses = await house.calls(
        ("Mailbox/query", {"filter": {"role": "inbox"}}),
        ("Mailbox/get", {"#ids": {"resultOf": "c0", "name": "Mailbox/query", "path": "/ids"}, "properties": ["name"]}),
    )
    assert [one["name"] for one in responses[1][1]["list"]] == ["Inbox"]


async def test_unknown_addresses_and_methods(house: House) -> None:
    assert (await house.ask("GET", "/jmap/api")).status == 405
    assert (await house.ask("GET", "/jmap/nothing")).status == 404
    assert (await house.ask("POST", "/")).status == 405


@pytest.mark.parametrize(
    ("headers", "scheme", "root"),
    [
        ({}, "http", "http://mail.test"),
        ({}, "https", "https://mail.test"),
        ({"host": "[::1]:8443"}, "https", "https://[::1]:8443"),
        ({"x-forwarded-proto": "https"}, "http", "https://mail.test"),
        ({"host": "evil.test/x?"}, "https", ""),
        ({"host": 'a"b'}, "https", ""),
        ({"x-pillarbox": "1"}, "https", ""),
    ],
)
async def test_addresses(house: House, headers: dict[str, str], scheme: str, root: str) -> None:
    """Programs get whole addresses, our own pages such as work behind any proxy; all see one state."""
    given = {"authorization": basic(), **headers}
    session = (await house.ask("GET", "/.well-known/jmap", headers=given, scheme=scheme)).json()
    assert session["apiUrl"] == f"{root}/jmap/api"
    assert session["uploadUrl"] == f"{root}/jmap/upload/{{accountId}}/"
    assert {"{accountId}", "{blobId}", "{name}", "{type}"} <= set(re.findall(r"{\w+}", session["downloadUrl"]))
    assert set(re.findall(r"{\w+}", session["eventSourceUrl"])) == {"{types}", "{closeafter}", "{ping}"}
    answer = await house.post({"using": USING, "methodCalls": []})
    assert answer.json()["sessionState"] == session["state"]


async def test_what_the_session_says_of_limits(house: House) -> None:
    answer = await house.ask("GET", "/.well-known/jmap", headers={"authorization": basic()})
    assert answer.headers["cache-control"] == "no-cache, no-store, must-revalidate"
    session = answer.json()
    core = session["capabilities"][USING[0]]
    assert {name: type(value) for name, value in core.items()} == {
        "maxSizeUpload": int, "maxConcurrentUpload": int, "maxSizeRequest": int, "maxConcurrentRequests": int,
        "maxCallsInRequest": int, "maxObjectsInGet": int, "maxObjectsInSet": int, "collationAlgorithms": list,
    }  # fmt: skip
    assert session["capabilities"][USING[1]] == session["capabilities"][USING[2]] == {}
    account = session["accounts"][house.account]
    assert (account["isPersonal"], account["isReadOnly"]) == (True, False)
    mail, submission = account["accountCapabilities"][USING[1]], account["accountCapabilities"][USING[2]]
    assert mail["maxMailboxesPerEmail"] is None
    assert mail["maxSizeMailboxName"] >= 100
    assert {"receivedAt", "sentAt", "hasKeyword"} <= set(mail["emailQuerySortOptions"])
    assert submission == {"maxDelayedSend": 0, "submissionExtensions": {"SIZE": [str(core["maxSizeUpload"])]}}
    assert session["primaryAccounts"] == {USING[1]: house.account, USING[2]: house.account}
