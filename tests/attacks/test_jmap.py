"""JMAP under attack: bombs in JSON and result references, nonsense of every type, other people's ids, forged mail."""

import json
from typing import Any

import pytest

from pillarbox.core.limits import JMAP_CALLS
from pillarbox.wire.jmap.session import CORE, MAIL
from tests.attacks.house import ATTACKER, VICTIM, House, basic

_ROOM = 150 << 20


def _reference(of: str, name: str, path: str) -> dict[str, str]:
    return {"resultOf": of, "name": name, "path": path}


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 1_000_000, b'{"a":' * 500_000, b"[" * 4_000_000 + b"]" * 4_000_000,
        b'{"using":[],"methodCalls":' + b"[" * 90_000,
        b'{"using":["' + b"x" * 5_000_000 + b'"],"methodCalls":[]}', b"1" * 5_000_000,
        b'"' + b"\\u0041" * 900_000 + b'"',
        b'{"using":[],"using":[],"methodCalls":[]}', b'{"using":[],"methodCalls":[["Core/echo",{"a":1e999},"c"]]}', b"",
        b'{"using":[],"methodCalls":[["Core/echo",{"a":NaN},"c"]]}', b"\xef\xbb\xbf{}", b"\xff\xfe{\0}\0",
        b"-" * 100_000,
        b'{"using":[],"methodCalls":[["Core/echo",{"a":' + b"9" * 1_000_000 + b'},"c"]]}', b"[1," * 300_000,
        b" " * 9_999_999,
        b'{"using":[],"methodCalls":[["Core/echo",{"\\ud800":1},"c"]]}', b"{" + b'"k":1,' * 400_000 + b'"z":1}',
        b"1e99999999",
    ],
    ids=range(20),
)  # fmt: skip
def test_bombs_of_json_are_refused(house: House, body: bytes) -> None:
    before = house.rss()
    said = house.api(body)
    assert said.status == 400, said
    assert len(said.body) < 2000
    assert house.rss() - before < _ROOM


def test_a_request_too_large_is_refused(house: House) -> None:
    with house.peer("http") as peer:
        peer.say(b"POST /jmap/api HTTP/1.1", b"Host: x", f"Authorization: {basic(ATTACKER)}".encode(),
                 b"Content-Type: application/json", b"Content-Length: 10000001", b"")  # fmt: skip
        assert peer.line().startswith(b"HTTP/1.1 400")


def test_references_do_not_multiply(house: House) -> None:
    """Each call doubles what the one before said: two to the power of the number of calls."""
    calls: list[Any] = [["Core/echo", {"x": "y" * 1000}, "c0"]]
    for number in range(1, JMAP_CALLS):
        last = _reference(f"c{number - 1}", "Core/echo", "")
        calls.append(["Core/echo", {"#a": last, "#b": last}, f"c{number}"])
    before = house.rss()
    said = house.api(json.dumps({"using": [CORE], "methodCalls": calls}).encode())
    assert said.status == 200 and b"invalidResultReference" in said.body and len(said.body) < 60_000_000
    assert house.rss() - before < 2 * _ROOM


@pytest.mark.parametrize(
    "path", ["/*" * 5000, "/a/*/*/*/*", "/a" * 5000, "/~2", "/a/99999999999", "/a/-1", "/a/01", "a", "/*"]
)
def test_paths_of_references_are_bounded(house: House, path: str) -> None:
    wide = [[[["x"] * 30] * 30] * 30] * 30
    calls: list[Any] = [["Core/echo", {"a": wide}, "c0"]]
    calls += [["Core/echo", {f"#r{n}": _reference("c0", "Core/echo", path) for n in range(50)}, "c1"]]
    said = house.api(json.dumps({"using": [CORE], "methodCalls": calls}).encode())
    assert said.status == 200 and b"invalidResultReference" in said.body


def test_a_thousand_calls_are_too_many(house: House) -> None:
    calls = [["Core/echo", {}, "a"]] * 1000
    said = house.api(json.dumps({"using": [CORE], "methodCalls": calls}).encode())
    assert said.status == 400 and "maxCallsInRequest" in said.json()["limit"]


def test_properties_without_end_are_refused(house: House) -> None:
    for number in range(20):
        house.append(b"Subject: many %d\r\n\r\nx" % number)
    ids = house.call("Email/query", {"limit": 20})["ids"]
    before = house.rss()
    for name, given in (
        ("Email/get", {"ids": ids, "properties": [f"header:X{n}:asRaw" for n in range(200_000)]}),
        (
            "Email/get",
            {
                "ids": ids,
                "bodyProperties": [f"header:X{n}:asRaw" for n in range(100_000)],
                "properties": ["bodyStructure"],
            },
        ),
        ("Email/parse", {"blobIds": [f"U{'0' * 64}"], "properties": [f"header:X{n}" for n in range(100_000)]}),
    ):
        ((kind, said, _),) = house.calls((name, given, "c"))
        assert kind == "error" and said["type"] in ("requestTooLarge", "invalidArguments"), said
    assert house.rss() - before < _ROOM


_VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 2**53 - 1, 1.5, "", "x", "\0", "\r\n", "\u202e", "x" * 10_000, [], [None], [[]], {}, {"a": None},
    [{"a": 1}], "../..", "#x", "M0", "U" + "0" * 64, {"": ""}, ["x"] * 2000,
)  # fmt: skip
_METHODS = (
    ("Email/get", ("ids", "properties", "bodyProperties", "maxBodyValueBytes", "fetchAllBodyValues")),
    ("Email/query", ("filter", "sort", "position", "anchor", "anchorOffset", "limit", "calculateTotal",
    "collapseThreads")),
    ("Email/set", ("ifInState", "create", "update", "destroy")), ("Email/import", ("emails",)), ("Email/parse",
    ("blobIds",)),
    ("Mailbox/set", ("create", "update", "destroy", "onDestroyRemoveEmails")), ("Mailbox/query", ("filter", "sort")),
    ("Identity/set", ("create", "update", "destroy")), ("EmailSubmission/set", ("create", "onSuccessUpdateEmail")),
    ("SearchSnippet/get", ("emailIds", "filter")), ("Email/changes", ("sinceState", "maxChanges")), ("Thread/get",
    ("ids",)),
    ("Blob/copy", ("fromAccountId", "blobIds")), ("Email/queryChanges", ("sinceQueryState", "filter", "upToId")),
)  # fmt: skip


@pytest.mark.parametrize(("name", "arguments"), _METHODS, ids=[name for name, _ in _METHODS])
def test_nonsense_in_every_argument(house: House, name: str, arguments: tuple[str, ...]) -> None:
    calls = [(name, {argument: value}, "c") for argument in arguments for value in _VALUES]
    for start in range(0, len(calls), JMAP_CALLS):
        for kind, said, _ in house.calls(*calls[start : start + JMAP_CALLS]):
            assert kind != "error" or said["type"] != "serverFail", said


_PARTS: tuple[dict[str, Any], ...] = (
    {"subject": "a\r\nBcc: x@y.test"}, {"header:Subject": "a\r\n\r\nbody"}, {"header:X\r\nY": "z"},
    {"header:X:asRaw": "a\nb"},
    {"from": [{"email": "a@b.test\r\nX: y"}]}, {"from": [{"name": "a\r\nX: y", "email": "a@b.test"}]},
    {"messageId": ["a\r\nb"]},
    {"to": [{"email": "a@b.test>, <x@y.test"}]}, {"header:Content-Type": "text/html"},
    {"header:X:asURLs": ["http://a\r\nX: y"]},
    {"attachments": [{"blobId": "%", "name": "a\r\nX: y"}]}, {"attachments": [{"blobId": "%",
    "type": "text/html\r\nX: y"}]},
    {"attachments": [{"blobId": "%", "cid": "a>\r\nX: y"}]}, {"attachments": [{"blobId": "%",
    "disposition": "inline\r\nX: y"}]},
    {"attachments": [{"blobId": "%", "language": ["de\r\nX: y"]}]}, {"attachments": [{"blobId": "%",
    "location": "x\r\nX: y"}]},
    {"attachments": [{"blobId": "%", "header:X": "x\r\nX: y"}]}, {"attachments": [{"blobId": "%",
    "charset": "x\r\nX: y"}]},
    {"header:\u00e9": "x"}, {"inReplyTo": ["a> <b\n"]}, {"header:X:asMessageIds": ["\u2028"]},
    {"sentAt": "2020-01-01T00:00:00Z\r\nX: y"},
    {"header:X:asGroupedAddresses": [{"name": "g\r\nX: y", "addresses": []}]},
    {"bodyStructure": {"type": "text/plain\r\nX: y", "partId": "1"}},
)  # fmt: skip


@pytest.mark.parametrize("part", _PARTS, ids=range(len(_PARTS)))
def test_nothing_is_injected_into_a_message(house: House, part: dict[str, Any]) -> None:
    blob = house.upload(b"attached", "text/plain")
    drafts = next(one["id"] for one in house.call("Mailbox/get", {"ids": None})["list"] if one["role"] == "drafts")
    given = json.loads(json.dumps({"mailboxIds": {drafts: True}, **part}).replace('"%"', f'"{blob}"'))
    said = house.call("Email/set", {"create": {"c": given}})
    if said.get("created"):
        made = said["created"]["c"]
        octets = house.own("GET", f"/jmap/download/{house.account()}/{made['blobId']}/x").body
        names = {line.partition(b":")[0].lower() for line in octets.split(b"\r\n")}
        assert not names & {b"x\r", b"bcc", b"x: y", b"y"} and not (b"x" in names and b"\r\nX: y\r\n" in octets), octets
        assert b"\n" not in octets.replace(b"\r\n", b""), octets
        house.call("Email/set", {"destroy": [made["id"]]})


def _draft(house: House, author: str = ATTACKER) -> str:
    drafts = next(one["id"] for one in house.call("Mailbox/get", {"ids": None})["list"] if one["role"] == "drafts")
    blob = house.upload(f"From: {author}\r\nTo: {VICTIM}\r\nSubject: forged\r\n\r\nx".encode())
    said = house.call("Email/import", {"emails": {"c": {"blobId": blob, "mailboxIds": {drafts: True}}}})
    return str((said.get("created") or {}).get("c", {}).get("id") or said["notCreated"])


_MAIL_FROM = (
    f"\r\n\r\n{ATTACKER}", f"{ATTACKER}\r\n", f" {ATTACKER}", f"{ATTACKER}\r\nX: y", VICTIM, f"<{ATTACKER}>",
    f"{ATTACKER}\t",
    f"\u2028{ATTACKER}", f"{ATTACKER}\0", f"{ATTACKER}\u00a0", "attacker@TALK.TEST> SIZE=1", f"\x85{ATTACKER}",
    f"\x0b{ATTACKER}",
)  # fmt: skip


@pytest.mark.parametrize("sender", _MAIL_FROM)
def test_the_envelope_sender_is_an_address_of_ones_own(house: House, sender: str) -> None:
    identity = house.call("Identity/get", {"ids": None})["list"][0]["id"]
    envelope = {"mailFrom": {"email": sender}, "rcptTo": [{"email": VICTIM}]}
    given = {"identityId": identity, "emailId": _draft(house), "envelope": envelope}
    said = house.call("EmailSubmission/set", {"create": {"s": given}})
    assert not said.get("created"), said


@pytest.mark.parametrize(
    "recipient",
    [f"{VICTIM}\r\nX: y", f"{VICTIM}> NOTIFY=NEVER", "a@b.test\r\nRCPT TO:<c@d.test>", "x\r\ny@[1.2.3.4]",
    "a@[1.2.3.4]\r\nX: ]",
     f" {VICTIM}", f"{VICTIM}\n", "a@b.test ", "a@b.test\t", "", "@", "a@b@c.test", "a@b.test\u2028",
     '"a\r\nb"@b.test', "a@b.test\0"],
)  # fmt: skip
def test_envelope_recipients_are_addresses(house: House, recipient: str) -> None:
    identity = house.call("Identity/get", {"ids": None})["list"][0]["id"]
    envelope = {"mailFrom": {"email": ATTACKER}, "rcptTo": [{"email": recipient}]}
    given = {"identityId": identity, "emailId": _draft(house), "envelope": envelope}
    said = house.call("EmailSubmission/set", {"create": {"s": given}})
    assert not said.get("created"), said


def test_nobody_sends_as_somebody_else(house: House) -> None:
    identity = house.call("Identity/get", {"ids": None})["list"][0]["id"]
    given = {"identityId": identity, "emailId": _draft(house, VICTIM)}
    said = house.call("EmailSubmission/set", {"create": {"s": given}})
    assert said["notCreated"]["s"]["type"] == "forbiddenFrom"
    for email in (VICTIM, f"x@{VICTIM.partition('@')[2]}", f"{ATTACKER}, {VICTIM}", f"{VICTIM}\r\n"):
        made = house.call("Identity/set", {"create": {"i": {"email": email, "name": "x"}}})
        assert not made.get("created"), made


def test_ids_of_others_lead_nowhere(house: House) -> None:
    house.append(b"Subject: private\r\n\r\nsecret words", VICTIM)
    theirs = house.call("Email/query", {}, who=VICTIM)["ids"]
    email = house.call(
        "Email/get", {"ids": theirs[:1], "properties": ["threadId", "mailboxIds", "blobId"]}, who=VICTIM
    )["list"][0]
    mailbox, blob = next(iter(email["mailboxIds"])), house.upload(b"Subject: x\r\n\r\ny", who=VICTIM)
    before = house.call("Email/get", {"ids": theirs[:1]}, who=VICTIM)["list"][0]
    mine = house.call("Email/query", {"limit": 1})["ids"][0]
    inbox = next(one["id"] for one in house.call("Mailbox/get", {"ids": None})["list"] if one["role"] == "inbox")
    foreign = {"accountId": house.account(VICTIM)}
    for name, given in (
        ("Email/get", {"ids": theirs}), ("Thread/get", {"ids": [email["threadId"]]}), ("Mailbox/get",
        {"ids": [mailbox]}),
        ("Email/query", {"filter": {"inMailbox": mailbox}}), ("Email/parse", {"blobIds": [email["blobId"], blob]}),
        ("Email/set", {"destroy": theirs[:1]}), ("Email/set", {"update": {theirs[0]: {"keywords/$flagged": True}}}),
        ("Email/set", {"update": {mine: {f"mailboxIds/{mailbox}": True}}}), ("Mailbox/set", {"destroy": [mailbox]}),
        ("Mailbox/set", {"update": {mailbox: {"name": "taken"}}}), ("Mailbox/set", {"create": {"m": {"name": "z",
        "parentId": mailbox}}}),
        ("Email/import", {"emails": {"e": {"blobId": blob, "mailboxIds": {inbox: True}}}}),
        ("Email/import", {"emails": {"e": {"blobId": email["blobId"], "mailboxIds": {inbox: True}}}}),
        ("Email/set", {"create": {"e": {"mailboxIds": {inbox: True}, "attachments": [{"blobId": blob,
        "type": "text/plain"}]}}}),
        ("SearchSnippet/get", {"emailIds": theirs, "filter": {"text": "secret"}}), ("Blob/copy",
        {"fromAccountId": house.account(VICTIM), "blobIds": [blob]}),
        ("Email/copy", {"fromAccountId": house.account(VICTIM), "create": {"c": {"id": theirs[0],
        "mailboxIds": {inbox: True}}}}),
    ):  # fmt: skip
        kind, said, _ = house.calls((name, given, "c"))[0]
        text = json.dumps(said)
        assert "secret" not in text and "private" not in text and not said.get("created") and not said.get("updated"), (
            name,
            said,
        )
        assert not said.get("destroyed") and not said.get("list") and not said.get("ids") and not said.get("parsed"), (
            name,
            said,
        )
        kind, said, _ = house.calls((name, {**given, **foreign}, "c"))[0]
        assert kind == "error" and said["type"] == "accountNotFound", (name, said)
    assert house.call("Email/get", {"ids": theirs[:1]}, who=VICTIM)["list"][0] == before


@pytest.mark.parametrize(
    "condition",
    [{"text": "\u0000"}, {"text": "a\" OR b* NEAR(c)"}, {"text": "'; DROP TABLE message; --"},
    {"subject": "%" * 5000}, {"header": ["\r\n", "x"]},
     {"header": ["x" * 10_000]}, {"text": "x " * 20_000}, {"before": "9999-99-99T00:00:00Z"}, {"minSize": 2**53 - 1},
     {"hasKeyword": "\u0000"},
     {"operator": "NOT", "conditions": [{"operator": "OR", "conditions": []}] * 400},
     {"inMailboxOtherThan": ["x"] * 5000},
     {"text": "\U0001f4a3" * 3000}, {"body": "*"}, {"from": "\ufffd"}],
    ids=range(15),
)  # fmt: skip
def test_filters_do_no_harm(house: House, condition: dict[str, Any]) -> None:
    for name, given in (
        ("Email/query", {"filter": condition}),
        ("SearchSnippet/get", {"emailIds": ["M1"], "filter": condition}),
    ):
        kind, said, _ = house.calls((name, given, "c"))[0]
        assert kind != "error" or said["type"] != "serverFail", said


def test_filters_nested_without_end_are_refused(house: House) -> None:
    condition: dict[str, Any] = {"text": "x"}
    for _ in range(300):
        condition = {"operator": "NOT", "conditions": [condition]}
    kind, said, _ = house.calls(("Email/query", {"filter": condition}, "c"))[0]
    assert kind == "error" and said["type"] in ("unsupportedFilter", "invalidArguments"), said


def test_error_bodies_tell_nothing_of_the_inside(house: House) -> None:
    answers = [
        house.request("GET", "/jmap/nothing"),
        house.api(b"{"),
        house.own("GET", "/jmap/download/x/y/z"),
        house.own("POST", "/jmap/upload/x/", b""),
    ]
    answers += [
        house.api(json.dumps({"using": [CORE, MAIL], "methodCalls": [["Email/get", {"accountId": 1}, "c"]]}).encode())
    ]
    for said in answers:
        assert not any(
            word in said.body for word in (b"Traceback", b".py", b"pillarbox.", b"/work", b"/tmp", b"sqlite", b"SELECT")
        ), said
