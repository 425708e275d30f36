"""Email/set, Email/import and Email/copy."""

from typing import Any

import pytest

from tests.servers.http.house import MESSAGE_SIZE, House
from tests.stores import letter


async def draft(house: House, **given: Any) -> dict[str, Any]:
    """The answer of creating one message in Drafts."""
    email = {"mailboxIds": {await house.mailbox("drafts"): True}, **given}
    return await house.call("Email/set", create={"k": email})


async def shown(house: House, email: str, *properties: str, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = (await house.call("Email/get", ids=[email], properties=list(properties), **more))["list"][0]
    return found


async def test_create(house: House) -> None:
    before = (await house.call("Email/get", ids=[]))["state"]
    upload = await house.uploaded(b"%PDF-1.4 \x00\xff", "application/pdf")
    answer = await draft(
        house,
        **{
            "keywords": {"$draft": True, "$seen": True},
            "receivedAt": "2026-11-01T00:00:00Z",
            "from": [{"name": "Jörg, you", "email": "you@demo.test"}],
            "to": [{"email": "friend@demo.test"}],
            "subject": "Grüße  und mehr",
            "inReplyTo": ["a@x"],
            "header:X-Own:asText": "schön",
            "textBody": [{"partId": "t", "type": "text/plain"}],
            "htmlBody": [{"partId": "h", "type": "text/html"}],
            "attachments": [{"blobId": upload, "type": "application/pdf", "name": "Übersicht.pdf"}],
            "bodyValues": {"t": {"value": "Zeile 1\nZeile ü"}, "h": {"value": "<b>ü</b>"}},
        },
    )
    assert (answer["oldState"], answer["notCreated"]) == (str(int(answer["newState"]) - 1), None)
    assert int(before) < int(answer["newState"])
    made = answer["created"]["k"]
    assert set(made) == {"id", "blobId", "threadId", "size"}
    found = await shown(
        house, made["id"], "keywords", "receivedAt", "from", "to", "subject", "inReplyTo", "messageId", "sentAt",
        "header:X-Own:asText", "bodyStructure", "bodyValues", "attachments", "size",
        fetchAllBodyValues=True, bodyProperties=["type", "name", "disposition", "size", "subParts"],
    )  # fmt: skip
    assert found["keywords"] == {"$draft": True, "$seen": True}
    assert found["receivedAt"] == "2026-11-01T00:00:00Z"
    assert found["from"] == [{"name": "Jörg, you", "email": "you@demo.test"}]
    assert (found["subject"], found["header:X-Own:asText"], found["inReplyTo"]) == ("Grüße  und mehr", "schön", ["a@x"])
    assert found["messageId"][0].endswith("@demo.test")
    assert found["sentAt"] == "2023-11-14T22:13:20Z"
    assert [part["type"] for part in found["bodyStructure"]["subParts"]] == ["multipart/alternative", "application/pdf"]
    assert found["attachments"] == [
        {"type": "application/pdf", "name": "Übersicht.pdf", "disposition": "attachment", "size": 11, "subParts": None}
    ]
    assert sorted(one["value"] for one in found["bodyValues"].values()) == ["<b>ü</b>", "Zeile 1\nZeile ü"]
    assert found["size"] == made["size"]


async def test_create_with_structure(house: House) -> None:
    picture = await house.uploaded(b"\x89PNG", "image/png")
    answer = await draft(
        house,
        bodyStructure={
            "type": "multipart/related",
            "header:X-Part": " yes",
            "subParts": [
                {"partId": "1", "type": "text/html"},
                {"blobId": picture, "type": "image/png", "cid": "dot@x", "disposition": "inline"},
            ],
        },
        bodyValues={"1": {"value": '<img src="cid:dot@x">', "isTruncated": False}},
    )
    found = await shown(house, answer["created"]["k"]["id"], "bodyStructure", "header:X-Part")
    assert found["bodyStructure"]["type"] == "multipart/related"
    assert found["bodyStructure"]["subParts"][1]["cid"] == "dot@x"
    assert found["header:X-Part"] == " yes"


async def test_an_attached_message_and_a_part_of_another(house: House) -> None:
    email = await house.imported(letter("Whole"))
    whole = (await shown(house, email, "blobId"))["blobId"]
    answer = await draft(house, attachments=[{"blobId": whole, "type": "message/rfc822"}])
    made = answer["created"]["k"]["id"]
    inner = (await shown(house, made, "attachments"))["attachments"][0]
    parsed = await house.call("Email/parse", blobIds=[inner["blobId"]], properties=["subject"])
    assert parsed["parsed"][inner["blobId"]] == {"subject": "Whole"}
    assert inner["size"] == len(letter("Whole"))


async def test_header_injection_is_refused(house: House) -> None:
    for given in (
        {"subject": "a\r\nBcc: evil@x"},
        {"header:X-Own": "a\nb"},
        {"header:X-Own:asText": "a\0b"},
        {"to": [{"name": "a\r\nb", "email": "x@y"}]},
        {"to": [{"email": "x@y\r\nBcc: z@z"}]},
        {"messageId": ["a>\r\nX: y"]},
        {"attachments": [{"blobId": "U" + "0" * 64, "type": "a/b", "name": "x\r\ny"}]},
        {"attachments": [{"blobId": "U" + "0" * 64, "type": 'a/b"\r\nX: y'}]},
    ):
        answer = await draft(house, **given)
        assert answer["created"] is None, given
        assert answer["notCreated"]["k"]["type"] in ("invalidProperties", "blobNotFound"), given


TEXT = {"textBody": [{"partId": "t"}], "bodyValues": {"t": {"value": "x"}}}


@pytest.mark.parametrize(
    "given",
    [
        {"mailboxIds": {}},
        {"mailboxIds": {"Bdead": True}},
        {"mailboxIds": {"x": True}},
        {"mailboxIds": None},
        {"keywords": {"a b": True}},
        {"keywords": {"$seen": False}},
        {"keywords": {"$deleted": True}},
        {"receivedAt": "today"},
        {"headers": []},
        {"colour": "red"},
        {"id": "M1"},
        {"from": [{"email": "a@b"}], "header:From": "a@b"},
        {"header:From:asDate": "2026-01-01T00:00:00Z"},
        {"header:Content-Type": "text/plain"},
        {"from": "a@b"},
        {"from": [{"name": 5, "email": "a@b"}]},
        {"sentAt": "today"},
        {"inReplyTo": "x"},
        {"textBody": []},
        {"textBody": [{"partId": "t", "type": "text/html"}], "bodyValues": {"t": {"value": "x"}}},
        {"textBody": [{"partId": "none"}]},
        {"textBody": [{"partId": "t"}], "bodyValues": {"t": {"value": "x", "isTruncated": True}}},
        {"textBody": [{"partId": "t", "charset": "utf-8"}], "bodyValues": {"t": {"value": "x"}}},
        {"textBody": [{"partId": "t", "blobId": "O1"}], "bodyValues": {"t": {"value": "x"}}},
        {"textBody": [{"partId": "t", "headers": []}], "bodyValues": {"t": {"value": "x"}}},
        {
            "textBody": [{"partId": "t", "header:Content-Transfer-Encoding": "8bit"}],
            "bodyValues": {"t": {"value": "x"}},
        },
        {**TEXT, "bodyStructure": {"partId": "t"}},
        {"bodyStructure": {"type": "multipart/mixed", "subParts": []}},
        {"bodyStructure": {"partId": "t", "header:X-A": "1"}, "header:x-a": "2", "bodyValues": {"t": {"value": "x"}}},
        {"bodyValues": {"t": 5}},
    ],
)
async def test_bad_create(house: House, given: Any) -> None:
    answer = await draft(house, **given)
    assert answer["created"] is None
    assert answer["notCreated"]["k"]["type"] == "invalidProperties"
    assert answer["oldState"] == answer["newState"]


async def test_blobs_that_do_not_exist(house: House) -> None:
    wrong = ["O1", "U" + "0" * 64, "nothing"]
    answer = await draft(house, attachments=[{"blobId": one, "type": "a/b"} for one in wrong])
    assert answer["notCreated"]["k"] == {"type": "blobNotFound", "notFound": wrong}


async def test_too_large(house: House) -> None:
    text = {"t": {"value": "x" * (MESSAGE_SIZE + 1)}}
    answer = await draft(house, textBody=[{"partId": "t"}], bodyValues=text)
    assert answer["notCreated"]["k"]["type"] == "tooLarge"
    assert answer["notCreated"]["k"]["maxSize"] == MESSAGE_SIZE


async def test_over_quota(house: House) -> None:
    await house.store.directory.set_quota(house.you.account_id, 100)
    assert (await draft(house, **TEXT))["notCreated"]["k"]["type"] == "overQuota"


async def test_each_object_succeeds_or_fails_alone(house: House) -> None:
    drafts = {await house.mailbox("drafts"): True}
    email = await house.imported(letter())
    answer = await house.call(
        "Email/set",
        create={"good": {"mailboxIds": drafts, **TEXT}, "bad": {"mailboxIds": {}}},
        update={email: {"keywords/$flagged": True}, "Mdead": {"keywords/$seen": True}},
        destroy=["Mbeef"],
    )
    assert list(answer["created"]) == ["good"]
    assert list(answer["notCreated"]) == ["bad"]
    assert answer["updated"] == {email: None}
    assert answer["notUpdated"]["Mdead"]["type"] == "notFound"
    assert answer["notDestroyed"]["Mbeef"]["type"] == "notFound"
    assert int(answer["newState"]) == int(answer["oldState"]) + 1


async def test_update(house: House) -> None:
    email = await house.imported(letter(), keywords={"$seen": True, "a": True})
    inbox, archive = await house.mailbox("inbox"), await house.mailbox("archive")
    await house.call(
        "Email/set",
        update={email: {"keywords/$seen": None, "keywords/b": True, f"mailboxIds/{archive}": True}},
    )
    found = await shown(house, email, "keywords", "mailboxIds")
    assert found["keywords"] == {"a": True, "b": True}
    assert found["mailboxIds"] == {inbox: True, archive: True}
    await house.call("Email/set", update={email: {"keywords": {"$answered": True}, "mailboxIds": {archive: True}}})
    found = await shown(house, email, "keywords", "mailboxIds")
    assert (found["keywords"], found["mailboxIds"]) == ({"$answered": True}, {archive: True})
    again = await house.call("Email/set", update={email: {**found, "keywords/$answered": True} | {}})
    assert again["notUpdated"][email]["type"] == "invalidPatch"
    same = await house.call("Email/set", update={email: found})
    assert (same["updated"], same["oldState"]) == ({email: None}, same["newState"])


@pytest.mark.parametrize(
    ("patch", "kind"),
    [
        ({"mailboxIds": {}}, "invalidProperties"),
        ({"mailboxIds": {"Bdead": True}}, "invalidProperties"),
        ({"mailboxIds": {"Bdead": False}}, "invalidProperties"),
        ({"mailboxIds/Bdead": True}, "invalidProperties"),
        ({"keywords/a b": True}, "invalidProperties"),
        ({"keywords/$seen": False}, "invalidProperties"),
        ({"keywords": {f"k{n}": True for n in range(101)}}, "tooManyKeywords"),
        ({"subject": "new"}, "invalidProperties"),
        ({"size": 1}, "invalidProperties"),
        ({"colour": 1}, "invalidProperties"),
        ({"keywords/a/b/c": True}, "invalidPatch"),
        ({"keywords": {}, "keywords/a": True}, "invalidPatch"),
    ],
)
async def test_bad_update(house: House, patch: Any, kind: str) -> None:
    email = await house.imported(letter())
    answer = await house.call("Email/set", update={email: patch})
    assert answer["notUpdated"][email]["type"] == kind
    assert answer["oldState"] == answer["newState"]


async def test_destroy(house: House) -> None:
    email = await house.imported(letter())
    answer = await house.call("Email/set", update={email: {"keywords/$seen": True}}, destroy=[email, email])
    assert answer["destroyed"] == [email]
    assert answer["notUpdated"][email]["type"] == "willDestroy"
    assert (await house.call("Email/get", ids=[email], properties=[]))["notFound"] == [email]


async def test_creation_ids_across_calls(house: House) -> None:
    responses = await house.calls(
        ("Mailbox/set", {"create": {"box": {"name": "New"}}}),
        ("Email/set", {"create": {"k": {"mailboxIds": {"#box": True}, **TEXT}}}),
        ("Email/set", {"update": {"#k": {"keywords/$seen": True}}}),
        ("Email/set", {"destroy": ["#k"]}),
    )
    made = responses[1][1]["created"]["k"]["id"]
    assert responses[2][1]["updated"] == {made: None}
    assert responses[3][1]["destroyed"] == [made]


async def test_if_in_state(house: House) -> None:
    email = await house.imported(letter())
    state = (await house.call("Email/get", ids=[]))["state"]
    await house.call("Identity/set", create={"i": {"email": "you@demo.test"}})  # another type: the state still holds
    patch = {email: {"keywords/$seen": True}}
    assert (await house.call("Email/set", ifInState=state, update=patch))["updated"] == {email: None}
    assert (await house.error("Email/set", ifInState=state, update=patch))["type"] == "stateMismatch"


async def test_octets_are_kept(house: House) -> None:
    octets = b"Subject: raw\n8bit: \xff\xfe\r\n\r\nbare\nline\r\n\0end"
    email = await house.imported(octets)
    blob = (await shown(house, email, "blobId"))["blobId"]
    parsed = await house.call("Email/parse", blobIds=[blob], properties=["size"])
    assert parsed["parsed"][blob]["size"] == len(octets)


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({}, "invalidProperties"),
        ({"blobId": "U" + "0" * 64}, "invalidProperties"),
        ({"mailboxIds": {}}, "invalidProperties"),
        ({"mailboxIds": {"Bdead": True}}, "invalidProperties"),
        ({"keywords": {"a b": True}}, "invalidProperties"),
        ({"receivedAt": 5}, "invalidProperties"),
        ({"colour": 5}, "invalidProperties"),
    ],
)
async def test_bad_import(house: House, given: Any, kind: str) -> None:
    good = {"blobId": await house.uploaded(letter()), "mailboxIds": {await house.mailbox("inbox"): True}}
    email = {**good, **given} if given else {"mailboxIds": good["mailboxIds"]}
    answer = await house.call("Email/import", emails={"k": email, "good": good})
    assert answer["notCreated"]["k"]["type"] == kind
    assert list(answer["created"]) == ["good"]


async def test_when_an_imported_message_was_received(house: House) -> None:
    trace = (
        b"Received: from a by b; Mon, 2 Nov 2026 10:00:00 +0000\r\nReceived: by c; Sun, 1 Nov 2026 10:00:00 +0000\r\n"
    )
    email = await house.imported(trace + letter())
    assert (await shown(house, email, "receivedAt"))["receivedAt"] == "2026-11-02T10:00:00Z"
    other = await house.imported(letter())
    assert (await shown(house, other, "receivedAt"))["receivedAt"] == "2023-11-14T22:13:20Z"


async def test_import_of_what_is_no_message(house: House) -> None:
    blob = await house.uploaded(b"\x00no message")
    inbox = {await house.mailbox("inbox"): True}
    answer = await house.call("Email/import", emails={"k": {"blobId": blob, "mailboxIds": inbox}})
    assert answer["notCreated"]["k"]["type"] == "invalidEmail"


async def test_copy(house: House) -> None:
    error = await house.error("Email/copy", fromAccountId="Adead", create={})
    assert error["type"] == "fromAccountNotFound"
    error = await house.error("Email/copy", fromAccountId=house.account, create={})
    assert error["type"] == "invalidArguments"


async def test_too_many_objects(house: House) -> None:
    error = await house.error("Email/set", destroy=["M1"] * 1001)
    assert error["type"] == "requestTooLarge"
