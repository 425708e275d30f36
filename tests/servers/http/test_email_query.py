"""Email/query, /queryChanges, /changes and SearchSnippet/get."""

import random
from typing import Any

import pytest

from tests.servers.http.house import House
from tests.stores import letter

WORK = "2026-11-23T12:00:00Z"


async def filled(house: House) -> dict[str, str]:
    """A few messages by name."""
    made = {}
    messages: list[tuple[str, bytes, dict[str, Any]]] = [
        ("old", letter("Ancient history", body="dust and bones\r\n"), {}),
        ("seen", letter("Lunch", name="l@x"), {"keywords": {"$seen": True, "work": True}}),
        ("reply", letter("Re: Lunch", extra="In-Reply-To: <l@x>\r\nX-Own: mark\r\n"), {}),
        ("big", letter("Accounts", body="figures " * 500), {"keywords": {"$flagged": True}}),
    ]
    for day, (name, octets, more) in enumerate(messages, 1):
        made[name] = await house.imported(octets, receivedAt=f"2026-11-{day:02}T12:00:00Z", **more)
    made["sent"] = await house.imported(letter("Sent"), "sent", receivedAt="2026-11-09T12:00:00Z")
    return made


async def names(house: House, made: dict[str, str], **given: Any) -> list[str]:
    back = {email: name for name, email in made.items()}
    return [back[one] for one in (await house.call("Email/query", **given))["ids"]]


async def test_filters(house: House) -> None:
    made = await filled(house)
    inbox, sent = await house.mailbox("inbox"), await house.mailbox("sent")
    for given, wanted in (
        (None, {"old", "seen", "reply", "big", "sent"}),
        ({}, {"old", "seen", "reply", "big", "sent"}),
        ({"inMailbox": inbox}, {"old", "seen", "reply", "big"}),
        ({"inMailbox": "Bdead"}, set()),
        ({"inMailboxOtherThan": [inbox]}, {"sent"}),
        ({"inMailboxOtherThan": [inbox, sent]}, set()),
        ({"before": "2026-11-02T12:00:00Z"}, {"old"}),
        ({"after": "2026-11-04T12:00:00Z"}, {"big", "sent"}),
        ({"minSize": 1000}, {"big"}),
        ({"maxSize": 1000}, {"old", "seen", "reply", "sent"}),
        ({"hasKeyword": "$SEEN"}, {"seen"}),
        ({"hasKeyword": "Work"}, {"seen"}),
        ({"notKeyword": "$flagged"}, {"old", "seen", "reply", "sent"}),
        ({"someInThreadHaveKeyword": "$seen"}, {"seen", "reply"}),
        ({"allInThreadHaveKeyword": "$seen"}, set()),
        ({"noneInThreadHaveKeyword": "$seen"}, {"old", "big", "sent"}),
        ({"hasAttachment": True}, set()),
        ({"subject": "lunch"}, {"seen", "reply"}),
        ({"from": "ann"}, {"old", "seen", "reply", "big", "sent"}),
        ({"body": "dust"}, {"old"}),
        ({"text": "figures"}, {"big"}),
        ({"header": ["X-Own"]}, {"reply"}),
        ({"header": ["x-own", "MARK"]}, {"reply"}),
        ({"header": ["x-own", "other"]}, set()),
        ({"subject": "lunch", "notKeyword": "$seen"}, {"reply"}),
        ({"operator": "OR", "conditions": [{"hasKeyword": "work"}, {"minSize": 1000}]}, {"seen", "big"}),
        ({"operator": "NOT", "conditions": [{"hasKeyword": "work"}, {"minSize": 1000}]}, {"old", "reply", "sent"}),
        ({"operator": "AND", "conditions": []}, {"old", "seen", "reply", "big", "sent"}),
    ):
        assert set(await names(house, made, filter=given)) == wanted, given


async def test_sorts(house: House) -> None:
    made = await filled(house)
    for sort, wanted in (
        ([{"property": "receivedAt", "isAscending": False}], ["sent", "big", "reply", "seen", "old"]),
        ([{"property": "receivedAt"}], ["old", "seen", "reply", "big", "sent"]),
        ([{"property": "subject"}, {"property": "receivedAt"}], ["big", "old", "seen", "reply", "sent"]),
        (
            [{"property": "hasKeyword", "keyword": "$flagged", "isAscending": False}, {"property": "receivedAt"}],
            ["big", "old", "seen", "reply", "sent"],
        ),
        (
            [{"property": "someInThreadHaveKeyword", "keyword": "$seen", "isAscending": False}, {"property": "size"}],
            ["seen", "reply", "sent", "old", "big"],
        ),
        (
            [{"property": "allInThreadHaveKeyword", "keyword": "$flagged"}, {"property": "receivedAt"}],
            ["old", "seen", "reply", "sent", "big"],
        ),
    ):
        assert await names(house, made, sort=sort) == wanted


async def test_threads_are_collapsed(house: House) -> None:
    made = await filled(house)
    newest = [{"property": "receivedAt", "isAscending": False}]
    answer = await house.call("Email/query", sort=newest, collapseThreads=True, calculateTotal=True, limit=2)
    assert (answer["total"], answer["ids"]) == (4, [made["sent"], made["big"]])
    assert await names(house, made, sort=newest, collapseThreads=True) == ["sent", "big", "reply", "old"]


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({"filter": {"colour": "red"}}, "unsupportedFilter"),
        ({"filter": {"before": "yesterday"}}, "invalidArguments"),
        ({"filter": {"minSize": -1}}, "invalidArguments"),
        ({"filter": {"minSize": True}}, "invalidArguments"),
        ({"filter": {"header": []}}, "invalidArguments"),
        ({"filter": {"hasKeyword": "a b"}}, "invalidArguments"),
        ({"filter": {"operator": "AND"}}, "invalidArguments"),
        ({"filter": {"operator": "AND", "conditions": [{}] * 600}}, "unsupportedFilter"),
        ({"sort": [{"property": "mood"}]}, "unsupportedSort"),
        ({"sort": [{"property": "hasKeyword"}]}, "invalidArguments"),
        (
            {"sort": [{"property": "size"}, {"property": "someInThreadHaveKeyword", "keyword": "a"}]},
            "unsupportedSort",
        ),
        ({"anchor": "Mdead"}, "anchorNotFound"),
        ({"position": 1.5}, "invalidArguments"),
    ],
)
async def test_errors(house: House, given: Any, kind: str) -> None:
    assert (await house.error("Email/query", **given))["type"] == kind


async def test_list_of_a_mailbox_in_one_request(house: House) -> None:
    await filled(house)
    responses = await house.calls(
        ("Email/query", {"filter": {"inMailbox": await house.mailbox("inbox")}, "collapseThreads": True, "limit": 50}),
        (
            "Email/get",
            {
                "#ids": {"resultOf": "c0", "name": "Email/query", "path": "/ids"},
                "properties": ["threadId", "subject", "from", "preview", "receivedAt", "keywords"],
            },
        ),
        ("Thread/get", {"#ids": {"resultOf": "c1", "name": "Email/get", "path": "/list/*/threadId"}}),
        (
            "Email/get",
            {
                "#ids": {"resultOf": "c2", "name": "Thread/get", "path": "/list/*/emailIds"},
                "properties": ["subject"],
            },
        ),
    )
    assert [one[0] for one in responses] == ["Email/query", "Email/get", "Thread/get", "Email/get"]
    assert sorted(one["subject"] for one in responses[3][1]["list"]) == [
        "Accounts", "Ancient history", "Lunch", "Re: Lunch",
    ]  # fmt: skip


async def test_changes(house: House) -> None:
    start = (await house.call("Email/get", ids=[]))["state"]
    one, two = await house.imported(letter("1")), await house.imported(letter("2"))
    middle = (await house.call("Email/get", ids=[]))["state"]
    await house.call("Email/set", update={one: {"keywords/$seen": True}}, destroy=[two])
    since_start = await house.call("Email/changes", sinceState=start)
    assert (since_start["created"], since_start["updated"], since_start["destroyed"]) == ([one], [], [])
    since_middle = await house.call("Email/changes", sinceState=middle)
    assert (since_middle["updated"], since_middle["destroyed"]) == ([one], [two])
    threads = await house.call("Thread/changes", sinceState=start)
    assert len(threads["created"]) == 1
    assert (await house.error("Email/changes", sinceState=start, maxChanges=0))["type"] == "invalidArguments"


QUERIES: list[dict[str, Any]] = [
    {"sort": [{"property": "receivedAt", "isAscending": False}], "collapseThreads": True},
    {"sort": [{"property": "receivedAt", "isAscending": False}], "filter": {"hasKeyword": "$seen"}},
    {"sort": [{"property": "hasKeyword", "keyword": "$flagged"}, {"property": "receivedAt"}]},
    {"filter": {"noneInThreadHaveKeyword": "$seen"}, "collapseThreads": True},
    {"filter": {"minSize": 1}},
    {
        "sort": [{"property": "someInThreadHaveKeyword", "keyword": "$flagged"}, {"property": "receivedAt"}],
        "collapseThreads": True,
    },
]


async def test_following_only_query_changes(house: House) -> None:
    """A client that applies queryChanges has what a fresh query gives, whatever happened."""
    chance = random.Random(7)
    emails: list[str] = []
    cached = [await house.call("Email/query", **query) for query in QUERIES]
    for step in range(12):
        for _ in range(chance.randint(1, 3)):
            if len(emails) < 3 or chance.random() < 0.4:
                extra = f"In-Reply-To: <{chance.randint(0, step)}@x>\r\n"
                octets = letter("Re: Same", name=f"{step}@x", extra=extra)
                emails.append(await house.imported(octets, receivedAt=f"2026-11-{chance.randint(10, 28)}T00:00:00Z"))
            elif chance.random() < 0.7:
                patch = {f"keywords/{chance.choice(['$seen', '$flagged'])}": chance.choice([True, None])}
                await house.call("Email/set", update={chance.choice(emails): patch})
            else:
                await house.call("Email/set", destroy=[emails.pop(chance.randrange(len(emails)))])
        for query, known in zip(QUERIES, cached, strict=True):
            changed = await house.call("Email/queryChanges", sinceQueryState=known["queryState"], **query)
            ids = [one for one in known["ids"] if one not in changed["removed"]]
            for item in changed["added"]:
                ids.insert(item["index"], item["id"])
            fresh = await house.call("Email/query", **query)
            assert ids == fresh["ids"], (step, query)
            known.update(ids=ids, queryState=changed["newQueryState"])


async def test_query_changes_up_to_id(house: House) -> None:
    query: dict[str, Any] = {"sort": [{"property": "receivedAt", "isAscending": False}]}
    newest = await house.imported(letter("new"), receivedAt="2026-11-20T00:00:00Z")
    before = await house.call("Email/query", **query)
    await house.imported(letter("older"), receivedAt="2026-11-10T00:00:00Z")
    changed = await house.call(
        "Email/queryChanges", sinceQueryState=before["queryState"], upToId=newest, calculateTotal=True, **query
    )
    assert (changed["added"], changed["total"]) == ([], 2)


async def test_query_changes_errors(house: House) -> None:
    state = (await house.call("Email/query"))["queryState"]
    await house.imported(letter())
    for given, kind in (
        ({"sinceQueryState": "x"}, "cannotCalculateChanges"),
        ({"sinceQueryState": state, "filter": {"text": "x"}}, "cannotCalculateChanges"),
        ({"sinceQueryState": state, "maxChanges": 0}, "tooManyChanges"),
        ({"sinceQueryState": state, "sort": [{"property": "x"}]}, "unsupportedSort"),
    ):
        assert (await house.error("Email/queryChanges", **given))["type"] == kind
    assert (await house.call("Email/query", filter={"text": "x"}))["canCalculateChanges"] is False


async def test_snippets(house: House) -> None:
    body = "Some words before. " * 10 + "The <foo> & foosball figures are here. " + "And after. " * 30
    email = await house.imported(letter("Foo < Bar", body=body + "\r\n"))
    other = await house.imported(letter("Other"))
    answer = await house.call("SearchSnippet/get", filter={"text": "foo"}, emailIds=[email, other, "Mdead"])
    found, none = answer["list"]
    assert found["subject"] == "<mark>Foo</mark> &lt; Bar"
    assert "&lt;<mark>foo</mark>&gt; &amp;" in found["preview"]
    assert len(found["preview"].encode()) <= 255
    assert (none["subject"], none["preview"]) == (None, None)
    assert answer["notFound"] == ["Mdead"]
    body_only = await house.call("SearchSnippet/get", filter={"body": "figure"}, emailIds=[email])
    assert body_only["list"][0]["subject"] is None
    assert "<mark>figures</mark>" in body_only["list"][0]["preview"]
    error = await house.error("SearchSnippet/get", filter={"colour": 1}, emailIds=[])
    assert error["type"] == "unsupportedFilter"
