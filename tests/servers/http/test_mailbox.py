"""Mailbox methods, seen by their pairs of request and response."""

from typing import Any

import pytest

from pillarbox.store.rights import EntryChange
from pillarbox.store.transaction import Transaction
from tests.servers.http.house import House
from tests.stores import letter


async def made(house: House, **given: Any) -> str:
    answer = await house.call("Mailbox/set", create={"k": given})
    assert answer["created"], answer
    return str(answer["created"]["k"]["id"])


async def test_get_all(house: House) -> None:
    answer = await house.call("Mailbox/get", ids=None)
    assert {one["role"]: one["name"] for one in answer["list"]} == {
        "inbox": "Inbox", "drafts": "Drafts", "sent": "Sent", "archive": "Archive", "junk": "Junk", "trash": "Trash",
    }  # fmt: skip
    inbox = answer["list"][0]
    assert (inbox["totalEmails"], inbox["unreadThreads"], inbox["parentId"]) == (0, 0, None)
    assert inbox["myRights"]["mayDelete"] is False
    assert answer["state"].isdecimal()
    assert answer["notFound"] == []


async def test_get_some(house: House) -> None:
    inbox = await house.mailbox("inbox")
    answer = await house.call("Mailbox/get", ids=[inbox, "Bdead", inbox], properties=["name"])
    assert (answer["list"], answer["notFound"]) == ([{"id": inbox, "name": "Inbox"}], ["Bdead"])
    assert (await house.error("Mailbox/get", properties=["nothing"]))["type"] == "invalidArguments"


async def test_counts(house: House) -> None:
    await house.imported(letter("One", name="1@x"))
    await house.imported(letter("Re: One", extra="In-Reply-To: <1@x>\r\n"), keywords={"$seen": True})
    await house.imported(letter("Draft"), keywords={"$draft": True})
    inbox = (await house.call("Mailbox/get", ids=[await house.mailbox("inbox")]))["list"][0]
    assert (inbox["totalEmails"], inbox["unreadEmails"]) == (3, 1)
    assert (inbox["totalThreads"], inbox["unreadThreads"]) == (2, 1)


async def test_create(house: House) -> None:
    before = (await house.call("Mailbox/get", ids=[]))["state"]
    answer = await house.call(
        "Mailbox/set",
        create={"child": {"name": "2026", "parentId": "#top"}, "top": {"name": "Wörk", "sortOrder": 7}},
    )
    assert answer["oldState"] == before
    assert int(answer["newState"]) == int(before) + 1
    assert answer["notCreated"] is None
    assert answer["created"]["child"]["totalEmails"] == 0
    assert "sortOrder" not in answer["created"]["top"]
    found = await house.call("Mailbox/get", ids=[answer["created"]["child"]["id"]])
    assert found["list"][0]["parentId"] == answer["created"]["top"]["id"]


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({}, ["name"]),
        ({"name": ""}, ["name"]),
        ({"name": "a/b"}, ["name"]),
        ({"name": "x" * 256}, ["name"]),
        ({"name": 5, "sortOrder": -1}, ["name", "sortOrder"]),
        ({"name": "a", "role": "king"}, ["role"]),
        ({"name": "a", "role": "sent"}, ["role"]),
        ({"name": "a", "parentId": "Bdead"}, ["parentId"]),
        ({"name": "a", "parentId": "#none"}, ["parentId"]),
        ({"name": "a", "isSubscribed": 1}, ["isSubscribed"]),
        ({"name": "a", "totalEmails": 4}, ["totalEmails"]),
        ({"name": "Sent"}, ["name"]),
        ({"name": "Other Users"}, ["name"]),
        ({"name": "Shared"}, ["name"]),
    ],
)
async def test_bad_create(house: House, given: Any, wrong: list[str]) -> None:
    answer = await house.call("Mailbox/set", create={"k": given, "good": {"name": "Good"}})
    assert answer["notCreated"]["k"]["type"] == "invalidProperties"
    assert answer["notCreated"]["k"]["properties"] == wrong
    assert list(answer["created"]) == ["good"]


async def test_update(house: House) -> None:
    top, other = await made(house, name="Top"), await made(house, name="Other")
    answer = await house.call(
        "Mailbox/set", update={other: {"name": "Below", "parentId": top, "isSubscribed": False, "sortOrder": 3}}
    )
    assert answer["updated"] == {other: None}
    found = (await house.call("Mailbox/get", ids=[other]))["list"][0]
    assert (found["name"], found["parentId"], found["isSubscribed"], found["sortOrder"]) == ("Below", top, False, 3)
    # A whole object sent back changes nothing (RFC 8620 §5.3).
    again = await house.call("Mailbox/set", update={other: found})
    assert (again["updated"], again["oldState"]) == ({other: None}, again["newState"])


async def test_bad_updates(house: House) -> None:
    top = await made(house, name="Top")
    below = await made(house, name="Below", parentId=top)
    inbox = await house.mailbox("inbox")
    answer = await house.call(
        "Mailbox/set",
        update={
            top: {"parentId": below},
            below: {"id": "B1", "myRights/mayDelete": False},
            inbox: {"name": "Post"},
            "Bdead": {"name": "x"},
            await house.mailbox("sent"): {"name/x": 1},
            await house.mailbox("junk"): {"role": "trash"},
        },
    )
    assert answer["updated"] is None
    kinds = {key: one["type"] for key, one in answer["notUpdated"].items()}
    assert kinds == {
        top: "invalidProperties", below: "invalidProperties", inbox: "forbidden", "Bdead": "notFound",
        await house.mailbox("sent"): "invalidPatch", await house.mailbox("junk"): "invalidProperties",
    }  # fmt: skip
    assert answer["oldState"] == answer["newState"]


async def test_destroy(house: House) -> None:
    top = await made(house, name="Top")
    below = await made(house, name="Below", parentId=top)
    alone = (await house.call("Mailbox/set", destroy=[top]))["notDestroyed"]
    assert alone[top]["type"] == "mailboxHasChild"
    both = await house.call("Mailbox/set", destroy=[top, below, "Bdead", await house.mailbox("inbox")])
    assert both["destroyed"] == [below, top]
    assert sorted(one["type"] for one in both["notDestroyed"].values()) == ["forbidden", "notFound"]


async def test_destroy_with_emails(house: House) -> None:
    email = await house.imported(letter(), "archive")
    archive = await house.mailbox("archive")
    refused = await house.call("Mailbox/set", destroy=[archive])
    assert refused["notDestroyed"][archive]["type"] == "mailboxHasEmail"
    await house.call("Mailbox/set", destroy=[archive], onDestroyRemoveEmails=True)
    assert (await house.call("Email/get", ids=[email], properties=[]))["notFound"] == [email]


async def test_if_in_state(house: House) -> None:
    state = (await house.call("Mailbox/get", ids=[]))["state"]
    await house.call("Mailbox/set", ifInState=state, create={"k": {"name": "A"}})
    for bad in (state, "nonsense", "999999"):
        error = await house.error("Mailbox/set", ifInState=bad, create={"k": {"name": "B"}})
        assert error["type"] == "stateMismatch"


async def test_changes(house: House) -> None:
    start = (await house.call("Mailbox/get", ids=[]))["state"]
    one, two = await made(house, name="One"), await made(house, name="Two")
    changed = await house.call("Mailbox/changes", sinceState=start)
    assert (changed["created"], changed["updated"], changed["destroyed"]) == ([one, two], [], [])
    first = await house.call("Mailbox/changes", sinceState=start, maxChanges=1)
    assert (first["created"], first["hasMoreChanges"]) == ([one], True)
    rest = await house.call("Mailbox/changes", sinceState=first["newState"], maxChanges=1)
    assert (rest["created"], rest["hasMoreChanges"], rest["newState"]) == ([two], False, changed["newState"])
    await house.imported(letter())
    counted = await house.call("Mailbox/changes", sinceState=changed["newState"])
    assert counted["updated"] == [await house.mailbox("inbox")]
    assert "totalEmails" in counted["updatedProperties"]
    await house.call("Mailbox/set", destroy=[one])
    gone = await house.call("Mailbox/changes", sinceState=changed["newState"])
    assert gone["destroyed"] == [one]
    for bad in ("x", "0099", "99999"):
        assert (await house.error("Mailbox/changes", sinceState=bad))["type"] == "cannotCalculateChanges"


async def test_query(house: House) -> None:
    top = await made(house, name="Alpha", sortOrder=9)
    below = await made(house, name="Zulu", parentId=top)
    found = await house.call("Mailbox/query", sort=[{"property": "name"}], calculateTotal=True)
    assert (found["total"], found["ids"][0], found["ids"][-1]) == (8, top, below)
    tree = await house.call("Mailbox/query", sort=[{"property": "sortOrder", "isAscending": False}], sortAsTree=True)
    assert tree["ids"][:2] == [top, below]
    for given, ids in (
        ({"parentId": top}, [below]),
        ({"name": "zul"}, [below]),
        ({"operator": "AND", "conditions": [{"hasAnyRole": False}, {"parentId": None}]}, [top]),
        ({"operator": "NOT", "conditions": [{"hasAnyRole": True}, {"name": "Alpha"}]}, [below]),
        ({"isSubscribed": False}, []),
    ):
        assert (await house.call("Mailbox/query", filter=given))["ids"] == ids
    hidden = await house.call("Mailbox/query", filter={"name": "Zulu"}, filterAsTree=True)
    assert hidden["ids"] == []


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({"filter": {"colour": "red"}}, "unsupportedFilter"),
        ({"filter": {"name": 5}}, "invalidArguments"),
        ({"filter": {"operator": "XOR", "conditions": []}}, "invalidArguments"),
        ({"sort": [{"property": "colour"}]}, "unsupportedSort"),
        ({"sort": [{"property": "name", "collation": "i;klingon"}]}, "unsupportedSort"),
        ({"anchor": "Bdead"}, "anchorNotFound"),
        ({"limit": -1}, "invalidArguments"),
    ],
)
async def test_bad_query(house: House, given: Any, kind: str) -> None:
    assert (await house.error("Mailbox/query", **given))["type"] == kind


async def test_pages(house: House) -> None:
    everything = (await house.call("Mailbox/query"))["ids"]
    assert (await house.call("Mailbox/query", position=2, limit=2))["ids"] == everything[2:4]
    assert (await house.call("Mailbox/query", position=-2))["ids"] == everything[-2:]
    late = await house.call("Mailbox/query", position=50)
    assert (late["ids"], late["position"]) == ([], 50)
    anchored = await house.call("Mailbox/query", anchor=everything[3], anchorOffset=-1, limit=2)
    assert (anchored["ids"], anchored["position"]) == (everything[2:4], 2)
    clamped = await house.call("Mailbox/query", anchor=everything[0], anchorOffset=-5)
    assert clamped["position"] == 0


async def test_query_changes(house: House) -> None:
    before = await house.call("Mailbox/query", sort=[{"property": "name"}])
    made_id = await made(house, name="Best")
    await house.call("Mailbox/set", destroy=[await house.mailbox("junk")])
    changed = await house.call(
        "Mailbox/queryChanges", sinceQueryState=before["queryState"], sort=[{"property": "name"}], calculateTotal=True
    )
    ids = [one for one in before["ids"] if one not in changed["removed"]]
    for item in changed["added"]:
        ids.insert(item["index"], item["id"])
    assert ids == (await house.call("Mailbox/query", sort=[{"property": "name"}]))["ids"]
    assert made_id in ids
    assert changed["total"] == len(ids)
    error = await house.error("Mailbox/queryChanges", sinceQueryState=before["queryState"], maxChanges=1)
    assert error["type"] == "tooManyChanges"


async def test_sharing_changes_a_mailbox(house: House) -> None:
    inbox = await house.mailbox("inbox")
    state = (await house.call("Mailbox/get", ids=[]))["state"]
    account, friend = house.you.account_id, house.friend.account_id

    async def unit(tx: Transaction) -> None:
        box = await tx.mailbox_named(account, "INBOX")
        await tx.change_acl(account, box.mailbox_id, EntryChange(friend, "add", frozenset("lr")))

    await house.store.write([account, friend], unit)
    changes = await house.call("Mailbox/changes", sinceState=state)
    assert (changes["updated"], changes["updatedProperties"]) == ([inbox], None)
