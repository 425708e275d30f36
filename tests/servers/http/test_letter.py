"""What RFC 8620 and RFC 8621 say in passing: small MUSTs that no other test of a method would notice."""

from typing import Any

import pytest

from tests.servers.http.house import USING, House, basic
from tests.stores import letter


async def test_keywords_in_any_case(house: House) -> None:
    """RFC 8621 §4.1.1: keywords are compared in any case and returned in lower case."""
    email = await house.imported(letter(), keywords={"$SEEN": True, "Work": True})

    async def now() -> set[str]:
        return set((await house.call("Email/get", ids=[email], properties=["keywords"]))["list"][0]["keywords"])

    assert await now() == {"$seen", "work"}
    for patch, wanted in (
        ({"keywords/$Seen": None}, {"work"}),
        ({"keywords/WORK": True, "keywords/$Flagged": True}, {"work", "$flagged"}),
        ({"keywords/woRK": None}, {"$flagged"}),
        ({"keywords": None}, set()),
    ):
        assert (await house.call("Email/set", update={email: patch}))["updated"] == {email: None}
        assert await now() == wanted


@pytest.mark.parametrize(
    ("patch", "kind"),
    [
        ({"keywords/a": False}, "invalidProperties"),
        ({"keywords/a/b": True}, "invalidPatch"),
        ({"keywords/a": True, "keywords": {}}, "invalidPatch"),
        ({"keywords/(": True}, "invalidProperties"),
        ({"mailboxIds": None}, "invalidProperties"),
        ({"mailboxIds": {}}, "invalidProperties"),
        ({"subject": "x"}, "invalidProperties"),
        ({"nothing": None}, "invalidProperties"),
        ({"": 1}, "invalidProperties"),
        ({"id": "Mother"}, "invalidProperties"),
    ],
)
async def test_patches_that_are_refused(house: House, patch: dict[str, Any], kind: str) -> None:
    email = await house.imported(letter())
    answer = await house.call("Email/set", update={email: patch})
    assert answer["notUpdated"][email]["type"] == kind
    assert answer["oldState"] == answer["newState"]


async def test_a_client_may_send_back_what_it_got(house: House) -> None:
    """RFC 8620 §5.3: server-set and immutable properties are accepted with the value they have."""
    email = await house.imported(letter())
    names = ["id", "blobId", "threadId", "mailboxIds", "keywords", "size", "receivedAt"]
    (found,) = (await house.call("Email/get", ids=[email], properties=names))["list"]
    assert (await house.call("Email/set", update={email: found}))["updated"] == {email: None}
    (box,) = (await house.call("Mailbox/get", ids=[await house.mailbox("sent")]))["list"]
    assert (await house.call("Mailbox/set", update={box["id"]: box}))["updated"] == {box["id"]: None}
    (own, *_) = (await house.call("Identity/get"))["list"]
    assert (await house.call("Identity/set", update={own["id"]: own}))["updated"] == {own["id"]: None}


@pytest.mark.parametrize("name", ["", "a/b", "x" * 300, "a\nb", "a\x00b", "\ud7ff\x7f", 5, None])
async def test_mailbox_names(house: House, name: Any) -> None:
    answer = await house.call("Mailbox/set", create={"k": {"name": name}})
    assert answer["notCreated"]["k"]["type"] == "invalidProperties"
    assert answer["notCreated"]["k"]["properties"] == ["name"]


@pytest.mark.parametrize("name", ["inbox", "Grüße", "Gru\u0308ße"])
async def test_names_of_siblings_differ(house: House, name: str) -> None:
    """RFC 8621 §2; names are compared as they are kept, in NFC, INBOX in any case."""
    await house.call("Mailbox/set", create={"k": {"name": "Grüße"}})
    answer = await house.call("Mailbox/set", create={"k": {"name": name}})
    refused = answer["notCreated"]["k"]
    assert (refused["type"], refused["properties"]) == ("invalidProperties", ["name"])


async def test_a_role_goes_from_one_mailbox_to_another(house: House) -> None:
    """RFC 8621 §2: no two mailboxes have one role, at any time between two requests."""
    archive = await house.mailbox("archive")
    made = (await house.call("Mailbox/set", create={"k": {"name": "Old"}}))["created"]["k"]["id"]
    refused = await house.call("Mailbox/set", update={made: {"role": "archive"}})
    assert refused["notUpdated"][made]["properties"] == ["role"]
    both = await house.call("Mailbox/set", update={archive: {"role": None}, made: {"role": "archive"}})
    assert set(both["updated"]) == {archive, made}
    assert await house.mailbox("archive") == made


async def test_mailbox_filters(house: House) -> None:
    top = (await house.call("Mailbox/set", create={"k": {"name": "Top", "isSubscribed": False}}))["created"]["k"]["id"]
    low = (await house.call("Mailbox/set", create={"k": {"name": "Low", "parentId": top}}))["created"]["k"]["id"]
    for given, wanted in (
        ({"hasAnyRole": False}, [low, top]),
        ({"parentId": top}, [low]),
        ({"parentId": None, "hasAnyRole": False}, [top]),
        ({"role": None}, [low, top]),
        ({"isSubscribed": False}, [top]),
        ({"name": "o"}, None),
        ({"operator": "NOT", "conditions": [{"hasAnyRole": True}, {"parentId": None}]}, [low]),
    ):
        ids = (await house.call("Mailbox/query", filter=given, sort=[{"property": "name"}]))["ids"]
        assert wanted is None or ids == wanted, given
    assert (await house.call("Mailbox/query", sortAsTree=True, filter={"hasAnyRole": False}))["ids"] == [top, low]
    tree = await house.call("Mailbox/query", filterAsTree=True, filter={"name": "low"})
    assert tree["ids"] == []


async def test_a_mailbox_inside_itself(house: House) -> None:
    top = (await house.call("Mailbox/set", create={"k": {"name": "Top"}}))["created"]["k"]["id"]
    low = (await house.call("Mailbox/set", create={"k": {"name": "Low", "parentId": top}}))["created"]["k"]["id"]
    answer = await house.call("Mailbox/set", update={top: {"parentId": low}})
    assert answer["notUpdated"][top]["properties"] == ["parentId"]
    gone = await house.call("Mailbox/set", destroy=[top, low])
    assert sorted(gone["destroyed"]) == sorted([top, low])


async def test_each_id_is_answered_once(house: House) -> None:
    """RFC 8620 §5.1."""
    email = await house.imported(letter())
    (thread,) = {one["threadId"] for one in (await house.call("Email/get", ids=[email]))["list"]}
    box = await house.mailbox("inbox")
    for name, one in (("Email", email), ("Thread", thread), ("Mailbox", box)):
        answer = await house.call(f"{name}/get", ids=[one, "Xnone", one, "Xnone"])
        assert [found["id"] for found in answer["list"]] == [one]
        assert answer["notFound"] == ["Xnone"]


@pytest.mark.parametrize(
    ("name", "given", "kind"),
    [
        ("Email/get", {"ids": ["M1"], "properties": ["nothing"]}, "invalidArguments"),
        ("Email/get", {"ids": ["M1"], "properties": ["header:Subject:asDate"]}, "invalidArguments"),
        ("Email/get", {"ids": ["M1"], "bodyProperties": ["nothing"]}, "invalidArguments"),
        ("Email/get", {"ids": ["M1"], "maxBodyValueBytes": -1}, "invalidArguments"),
        ("Email/get", {"ids": [f"M{n}" for n in range(1001)]}, "requestTooLarge"),
        ("Email/get", {"ids": [""]}, "invalidArguments"),
        ("Email/get", {"ids": ["a b"]}, "invalidArguments"),
        ("Email/query", {"limit": -1}, "invalidArguments"),
        ("Email/query", {"anchor": "Mnone"}, "anchorNotFound"),
        ("Email/query", {"filter": {"colour": 1}}, "unsupportedFilter"),
        ("Email/query", {"filter": {"operator": "XOR", "conditions": []}}, "invalidArguments"),
        ("Email/query", {"sort": [{"property": "colour"}]}, "unsupportedSort"),
        ("Email/query", {"sort": [{"property": "subject", "collation": "x"}]}, "unsupportedSort"),
        ("Email/query", {"sort": [{"property": "hasKeyword"}]}, "invalidArguments"),
        ("Email/changes", {"sinceState": "none"}, "cannotCalculateChanges"),
        ("Email/changes", {"sinceState": "1", "maxChanges": 0}, "invalidArguments"),
        ("Email/queryChanges", {"sinceQueryState": "none"}, "cannotCalculateChanges"),
        ("Email/set", {"ifInState": "none"}, "stateMismatch"),
        ("Email/set", {"colour": 1}, "invalidArguments"),
        ("Mailbox/get", {"ids": 5}, "invalidArguments"),
        ("Email/get", {"accountId": "Anone", "ids": []}, "accountNotFound"),
        ("Email/copy", {"fromAccountId": "Anone", "create": {}}, "fromAccountNotFound"),
        ("Blob/copy", {"fromAccountId": "Anone", "blobIds": []}, "fromAccountNotFound"),
        ("Email/nothing", {}, "unknownMethod"),
        ("EmailSubmission/query", {"filter": {"colour": 1}}, "unsupportedFilter"),
    ],
)
async def test_errors_of_methods(house: House, name: str, given: dict[str, Any], kind: str) -> None:
    assert (await house.error(name, **given))["type"] == kind


async def test_calls_go_on_after_an_error(house: House) -> None:
    """RFC 8620 §3.6.2."""
    responses = await house.calls(("Email/nothing", {}), ("Mailbox/get", {"ids": []}))
    assert [(one[0], one[2]) for one in responses] == [("error", "c0"), ("Mailbox/get", "c1")]


async def test_body_values(house: House) -> None:
    """RFC 8621 §4.1.4 and §4.2: line ends, octets that are no UTF-8, names of charsets nobody knows, and where text
    is cut."""
    base = b"From: a@x\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset="
    for octets, most, wanted in (
        (b"utf-8\r\n\r\na\r\nb\r\n", 0, ("a\nb\n", False, False)),
        (b"utf-8\r\n\r\n\xc3\xa4\xc3\xb6", 3, ("ä", False, True)),
        (b"utf-8\r\n\r\n\xf0\x9f\x98\x80x", 3, ("", False, True)),
        (b"utf-8\r\n\r\n\xc3\xa4\xc3\xb6", 4, ("äö", False, False)),
        (b"utf-8\r\n\r\na\xffb", 0, ("a\ufffdb", True, False)),
        (b"klingon\r\n\r\nabc", 0, ("abc", True, False)),
        (b"iso-8859-1\r\nContent-Transfer-Encoding: strange\r\n\r\nabc", 0, ("abc", True, False)),
    ):
        email = await house.imported(base + octets)
        given = {"fetchAllBodyValues": True, "maxBodyValueBytes": most}
        (found,) = (await house.call("Email/get", ids=[email], properties=["bodyValues"], **given))["list"]
        (value,) = found["bodyValues"].values()
        assert (value["value"], value["isEncodingProblem"], value["isTruncated"]) == wanted, octets


async def test_threads_are_in_order_of_arrival(house: House) -> None:
    """RFC 8621 §3: by receivedAt, oldest first."""
    days = {}
    for day in (3, 1, 2):
        octets = letter("Re: x" if day > 1 else "x", extra="References: <t@x>\r\n" if day > 1 else "", name=f"{day}t@x")
        octets = octets.replace(b"<1t@x>", b"<t@x>")
        days[day] = await house.imported(octets, receivedAt=f"2026-11-0{day}T00:00:00Z")
    (thread,) = {one["threadId"] for one in (await house.call("Email/get", ids=list(days.values())))["list"]}
    (found,) = (await house.call("Thread/get", ids=[thread]))["list"]
    assert found["emailIds"] == [days[1], days[2], days[3]]


async def test_pages_of_a_query(house: House) -> None:
    """RFC 8620 §5.5: where a page begins, and totals only for who asks."""
    ids = [await house.imported(letter(str(n)), receivedAt=f"2026-11-{n:02}T00:00:00Z") for n in range(1, 6)]
    sort = [{"property": "receivedAt"}]
    for given, position, wanted in (
        ({"position": 2}, 2, ids[2:]),
        ({"position": -2}, 3, ids[3:]),
        ({"position": -9}, 0, ids),
        ({"position": 9}, 9, []),
        ({"anchor": ids[2], "anchorOffset": -1, "limit": 2}, 1, ids[1:3]),
        ({"anchor": ids[2], "anchorOffset": -9}, 0, ids),
        ({"anchor": ids[2], "anchorOffset": 9}, 11, []),
        ({"anchor": ids[4], "position": 1}, 4, ids[4:]),
        ({"limit": 0}, 0, []),
    ):
        for collapse in (False, True):
            answer = await house.call("Email/query", sort=sort, collapseThreads=collapse, **given)
            assert (answer["position"], answer["ids"]) == (position, wanted), given
            assert "total" not in answer
    answer = await house.call("Email/query", sort=sort, limit=2, calculateTotal=True)
    assert (answer["total"], "limit" in answer) == (5, False)


async def test_a_submission_is_found_by_each_of_its_sorts(house: House) -> None:
    for name in ("emailId", "threadId", "sentAt"):
        assert (await house.call("EmailSubmission/query", sort=[{"property": name, "isAscending": False}]))["ids"] == []


async def test_uploads_and_downloads_say_what_they_are(house: House) -> None:
    """RFC 8620 §6.1, §6.2."""
    headers = {"authorization": basic(), "content-type": "text/plain"}
    answer = await house.ask("POST", f"/jmap/upload/{house.account}/", b"abc", headers)
    said = answer.json()
    assert (answer.status, set(said)) == (201, {"accountId", "blobId", "type", "size"})
    assert (said["accountId"], said["type"], said["size"]) == (house.account, "text/plain", 3)
    path = f"/jmap/download/{house.account}/{said['blobId']}/a%20b.txt?type=text/plain"
    found = await house.ask("GET", path, headers=headers)
    assert (found.body, found.headers["content-type"], found.headers["content-length"]) == (b"abc", "text/plain", "3")
    assert found.headers["cache-control"] == "private, immutable, max-age=31536000"
    assert 'filename="a b.txt"' in found.headers["content-disposition"]
    missing = await house.ask("GET", f"/jmap/download/{house.account}/Unone/x?type=text/plain", headers=headers)
    assert missing.status == 404


async def test_parsing_what_is_there_and_what_is_not(house: House) -> None:
    """RFC 8621 §4.9."""
    good, bad = await house.uploaded(letter()), await house.uploaded(b"\0\0\0")
    answer = await house.call("Email/parse", blobIds=[good, bad, "Unone"])
    assert (list(answer["parsed"]), answer["notParsable"], answer["notFound"]) == ([good], [bad], ["Unone"])
    assert answer["parsed"][good]["messageId"] is None
    shown = await house.call("Email/parse", blobIds=[good], properties=["id", "mailboxIds", "receivedAt", "blobId"])
    assert shown["parsed"][good] == {"id": None, "mailboxIds": None, "receivedAt": None, "blobId": good}


async def test_what_using_allows(house: House) -> None:
    """RFC 8620 §3.3."""
    body = {"using": [USING[0]], "methodCalls": [["Email/get", {"accountId": house.account, "ids": []}, "0"]]}
    assert (await house.post(body)).json()["methodResponses"][0][1]["type"] == "unknownMethod"
    unknown = await house.post({"using": ["urn:x"], "methodCalls": []})
    assert (unknown.status, unknown.json()["type"]) == (400, "urn:ietf:params:jmap:error:unknownCapability")
    assert unknown.headers["content-type"] == "application/problem+json"
