"""Whatever a client sends, the answer is an error of the RFCs and never one of ours."""

from typing import Any

import msgspec
import pytest

from pillarbox.servers.http.table import METHODS
from tests.servers.http.house import House
from tests.stores import letter

NASTY: list[Any] = [
    None, True, 0, -1, 1.5,
    2**53 - 1, "", "x", "#x", "a/b", "\0", "\U0001f600" * 50, [], [None], ["x"], [["x"]], [{}],
    {}, {"": None}, {"x": None}, {"x": True}, {"x": {}}, {"x": "y"}, {"operator": "AND", "conditions": [None]},
    {"name": "x", "email": None}, [{"email": "x"}], {"x": {"value": "\r\n"}},
]  # fmt: skip
PROPERTIES = {
    "Mailbox/set": ["name", "parentId", "role", "sortOrder", "isSubscribed", "id", "myRights", "name/x", "x"],
    "Identity/set": ["name", "email", "replyTo", "bcc", "textSignature", "mayDelete", "id", "bcc/0"],
    "EmailSubmission/set": ["identityId", "emailId", "envelope", "undoStatus", "id", "envelope/mailFrom"],
    "Email/set": [
        "mailboxIds", "keywords", "receivedAt", "from", "to", "subject", "sentAt", "messageId", "references",
        "textBody", "htmlBody", "attachments", "bodyValues", "bodyStructure",
        "header:X", "header:X:asText", "header:X:asAddresses:all",
        "header:X:asGroupedAddresses", "header:X:asDate", "header:X:asURLs",
        "keywords/x", "mailboxIds/x", "id", "blobId",
    ],
}  # fmt: skip
PART = [
    "partId", "blobId", "type", "name", "charset", "disposition", "cid", "language", "location", "subParts", "header:Y",
]  # fmt: skip


async def no_failure(house: House, calls: list[tuple[str, dict[str, Any]]]) -> None:
    for start in range(0, len(calls), 64):
        some = calls[start : start + 64]
        responses = await house.calls(*some)
        for name, answer, call_id in responses:
            assert answer.get("type") != "serverFail", (some[int(call_id[1:])], answer)
            refused = [answer.get(one) or {} for one in ("notCreated", "notUpdated", "notDestroyed")]
            kinds = {error["type"] for one in refused for error in one.values()}
            assert "serverFail" not in kinds, (name, some[int(call_id[1:])], answer)


@pytest.mark.parametrize("name", sorted(METHODS))
async def test_arguments(house: House, name: str) -> None:
    fields = [field.encode_name for field in msgspec.structs.fields(METHODS[name].arguments)]
    least = {
        field.encode_name: []
        if "ids" in field.encode_name.lower()
        else {}
        if field.name in ("create", "emails")
        else "0"
        for field in msgspec.structs.fields(METHODS[name].arguments)
        if field.required and field.name != "account_id"
    }
    calls = [(name, {**least, field: value}) for field in fields for value in NASTY]
    await no_failure(house, calls)


@pytest.mark.parametrize("name", sorted(PROPERTIES))
async def test_objects(house: House, name: str) -> None:
    email = await house.imported(letter())
    ids = {"Mailbox/set": await house.mailbox("sent"), "Email/set": email}
    identity = (await house.call("Identity/get"))["list"][0]["id"]
    good = {
        "Mailbox/set": {"name": "n"},
        "Identity/set": {"email": "you@demo.test"},
        "EmailSubmission/set": {"identityId": identity, "emailId": email},
        "Email/set": {"mailboxIds": {await house.mailbox("drafts"): True}},
    }[name]
    calls: list[tuple[str, dict[str, Any]]] = []
    for property_name in PROPERTIES[name]:
        for value in NASTY:
            calls.append((name, {"create": {"k": {**good, property_name: value}}}))
            calls.append((name, {"update": {ids.get(name, identity): {property_name: value}}}))
    await no_failure(house, calls)


async def test_body_parts(house: House) -> None:
    drafts = {await house.mailbox("drafts"): True}
    calls: list[tuple[str, dict[str, Any]]] = []
    for name in PART:
        for value in NASTY:
            part = {"partId": "t", "type": "text/plain", name: value}
            email = {"mailboxIds": drafts, "bodyStructure": part, "bodyValues": {"t": {"value": "x"}}}
            calls.append(("Email/set", {"create": {"k": email}}))
    await no_failure(house, calls)


async def test_filters_and_sorts(house: House) -> None:
    await house.imported(letter())
    names = [
        "inMailbox", "inMailboxOtherThan", "before", "after", "minSize", "maxSize", "allInThreadHaveKeyword",
        "hasKeyword", "notKeyword", "hasAttachment", "text", "from", "subject", "body", "header", "operator",
        "conditions", "name", "role", "parentId", "emailIds", "undoStatus",
    ]  # fmt: skip
    calls: list[tuple[str, dict[str, Any]]] = []
    for method in ("Email/query", "Mailbox/query", "EmailSubmission/query"):
        calls += [(method, {"filter": {name: value}}) for name in names for value in NASTY]
        calls += [(method, {"sort": [{"property": "hasKeyword", "keyword": value}]}) for value in NASTY]
    calls += [("SearchSnippet/get", {"filter": {"text": value}, "emailIds": []}) for value in NASTY]
    await no_failure(house, calls)
