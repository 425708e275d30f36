"""Email/get, Email/parse and Thread/get."""

import base64
from typing import Any

import pytest

from tests.servers.http.house import House
from tests.stores import letter

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(64))
RICH = (
    b'From: =?utf-8?q?J=C3=B6rg?= <joerg@demo.test>, "Doe, J" <doe@demo.test>\r\n'
    b"Sender: joerg@demo.test\r\n"
    b"To: Team: ann@demo.test, Bob <bob@demo.test>;, you@demo.test\r\n"
    b"Subject: =?utf-8?b?R3LDvMOfZQ==?=\r\n"
    b"Date: Mon, 23 Nov 2026 10:00:00 +0100\r\n"
    b"Message-ID: <rich@demo.test>\r\n"
    b"In-Reply-To: <a@x>\r\nReferences: <a@x>\r\n <b@x>\r\n"
    b"List-Unsubscribe: <mailto:leave@x>, <https://x/leave>\r\n"
    b"X-Multi: one\r\nX-Multi: two\r\n"
    b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n"
    b"--m\r\nContent-Type: multipart/alternative; boundary=a\r\n\r\n"
    b"--a\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    b"Gr=FC=DFe\r\nzwei\r\n"
    b"--a\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
    b'<p>Gr\xc3\xbc\xc3\x9fe <b title="long attribute">x</b></p>\r\n'
    b"--a--\r\n"
    b'--m\r\nContent-Type: image/png; name="dot.png"\r\nContent-Disposition: attachment; filename="dot.png"\r\n'
    b"Content-ID: <dot@x>\r\nContent-Language: de, en\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    + base64.encodebytes(PNG).replace(b"\n", b"\r\n")
    + b"--m\r\nContent-Type: message/rfc822\r\n\r\n"
    b"Subject: inner\r\nContent-Type: text/plain\r\n\r\ninner text\r\n"
    b"--m--\r\n"
)


async def got(house: House, email: str, *properties: str, **more: Any) -> dict[str, Any]:
    answer = await house.call("Email/get", ids=[email], properties=list(properties), **more)
    found: dict[str, Any] = answer["list"][0]
    return found


async def test_metadata(house: House) -> None:
    email = await house.imported(RICH, keywords={"$seen": True, "Work": True}, receivedAt="2026-11-23T09:30:00Z")
    found = await got(house, email, "blobId", "threadId", "mailboxIds", "keywords", "size", "receivedAt")
    assert found == {
        "id": email, "blobId": found["blobId"], "threadId": found["threadId"],
        "mailboxIds": {await house.mailbox("inbox"): True}, "keywords": {"$seen": True, "work": True},
        "size": len(RICH), "receivedAt": "2026-11-23T09:30:00Z",
    }  # fmt: skip
    threads = await house.call("Thread/get", ids=[found["threadId"], "Tdead"])
    assert threads["list"] == [{"id": found["threadId"], "emailIds": [email]}]
    assert threads["notFound"] == ["Tdead"]


async def test_convenient_headers(house: House) -> None:
    email = await house.imported(RICH)
    names = (
        "messageId",
        "inReplyTo",
        "references",
        "sender",
        "from",
        "to",
        "cc",
        "bcc",
        "replyTo",
        "subject",
        "sentAt",
    )
    found = await got(house, email, *names)
    assert {name: found[name] for name in names} == {
        "messageId": ["rich@demo.test"], "inReplyTo": ["a@x"], "references": ["a@x", "b@x"],
        "sender": [{"name": None, "email": "joerg@demo.test"}],
        "from": [{"name": "Jörg", "email": "joerg@demo.test"}, {"name": "Doe, J", "email": "doe@demo.test"}],
        "to": [
            {"name": None, "email": "ann@demo.test"}, {"name": "Bob", "email": "bob@demo.test"},
            {"name": None, "email": "you@demo.test"},
        ],
        "cc": None, "bcc": None, "replyTo": None, "subject": "Grüße", "sentAt": "2026-11-23T10:00:00+01:00",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("header:Subject", " =?utf-8?b?R3LDvMOfZQ==?="),
        ("header:subject:asText", "Grüße"),
        ("header:X-Multi", " two"),
        ("header:X-Multi:asText:all", ["one", "two"]),
        ("header:X-None", None),
        ("header:X-None:all", []),
        ("header:References", " <a@x>\r\n <b@x>"),
        ("header:References:asMessageIds", ["a@x", "b@x"]),
        ("header:Date:asDate", "2026-11-23T10:00:00+01:00"),
        ("header:List-Unsubscribe:asURLs", ["mailto:leave@x", "https://x/leave"]),
        (
            "header:To:asGroupedAddresses",
            [
                {
                    "name": "Team",
                    "addresses": [{"name": None, "email": "ann@demo.test"}, {"name": "Bob", "email": "bob@demo.test"}],
                },
                {"name": None, "addresses": [{"name": None, "email": "you@demo.test"}]},
            ],
        ),
    ],
)
async def test_header_forms(house: House, name: str, value: object) -> None:
    email = await house.imported(RICH)
    assert (await got(house, email, name))[name] == value


async def test_all_headers(house: House) -> None:
    email = await house.imported(RICH)
    headers = (await got(house, email, "headers"))["headers"]
    assert headers[1] == {"name": "Sender", "value": " joerg@demo.test"}
    assert [one["value"] for one in headers if one["name"] == "X-Multi"] == [" one", " two"]


async def test_bodies(house: House) -> None:
    email = await house.imported(RICH)
    found = await got(
        house, email, "textBody", "htmlBody", "attachments", "bodyValues", "hasAttachment", "preview",
        fetchTextBodyValues=True, fetchHTMLBodyValues=True,
    )  # fmt: skip
    assert [(part["partId"], part["type"], part["charset"]) for part in found["textBody"]] == [
        ("1.1", "text/plain", "iso-8859-1")
    ]
    assert [part["partId"] for part in found["htmlBody"]] == ["1.2"]
    dot, inner = found["attachments"]
    assert (dot["name"], dot["size"], dot["disposition"], dot["cid"]) == ("dot.png", len(PNG), "attachment", "dot@x")
    assert (dot["language"], dot["charset"], dot["location"]) == (["de", "en"], None, None)
    assert (inner["type"], inner["partId"]) == ("message/rfc822", "3")
    assert found["bodyValues"]["1.1"] == {"value": "Grüße\nzwei", "isEncodingProblem": False, "isTruncated": False}
    assert found["hasAttachment"] is True
    assert found["preview"].startswith("Grüße")


async def test_structure(house: House) -> None:
    email = await house.imported(RICH)
    found = await got(
        house, email, "bodyStructure", bodyProperties=["type", "partId", "size", "subParts", "header:Content-Type"]
    )
    root = found["bodyStructure"]
    assert (root["type"], root["partId"], root["size"]) == ("multipart/mixed", None, 0)
    assert [part["type"] for part in root["subParts"]] == ["multipart/alternative", "image/png", "message/rfc822"]
    assert root["subParts"][0]["subParts"][0]["header:Content-Type"] == " text/plain; charset=iso-8859-1"
    assert root["subParts"][1]["subParts"] is None


@pytest.mark.parametrize(("limit", "value"), [(3, "Gr"), (4, "Grü"), (5, "Grü"), (100, "Grüße\nzwei")])
async def test_truncation(house: House, limit: int, value: str) -> None:
    email = await house.imported(RICH)
    found = await got(house, email, "bodyValues", fetchTextBodyValues=True, maxBodyValueBytes=limit)
    assert found["bodyValues"]["1.1"]["value"] == value
    assert found["bodyValues"]["1.1"]["isTruncated"] is (limit < 100)


async def test_html_is_not_cut_inside_a_tag(house: House) -> None:
    email = await house.imported(RICH)
    found = await got(house, email, "bodyValues", fetchHTMLBodyValues=True, maxBodyValueBytes=20)
    assert found["bodyValues"]["1.2"]["value"] == "<p>Grüße "


async def test_defaults(house: House) -> None:
    email = await house.imported(letter())
    found = (await house.call("Email/get", ids=[email]))["list"][0]
    assert set(found) == {
        "id", "blobId", "threadId", "mailboxIds", "keywords", "size", "receivedAt", "messageId", "inReplyTo",
        "references", "sender", "from", "to", "cc", "bcc", "replyTo", "subject", "sentAt", "hasAttachment", "preview",
        "bodyValues", "textBody", "htmlBody", "attachments",
    }  # fmt: skip
    assert found["bodyValues"] == {}
    assert found["textBody"][0]["partId"] == "1"
    assert set(found["textBody"][0]) == {
        "partId", "blobId", "size", "name", "type", "charset", "disposition", "cid", "language", "location",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({"ids": None}, "requestTooLarge"),
        ({"ids": [], "properties": ["colour"]}, "invalidArguments"),
        ({"ids": [], "properties": ["header:From:asDate"]}, "invalidArguments"),
        ({"ids": [], "bodyProperties": ["colour"]}, "invalidArguments"),
        ({"ids": [], "maxBodyValueBytes": -1}, "invalidArguments"),
        ({"ids": ["M1"] * 1001}, "requestTooLarge"),
    ],
)
async def test_errors(house: House, given: Any, kind: str) -> None:
    assert (await house.error("Email/get", **given))["type"] == kind


async def test_not_found(house: House) -> None:
    answer = await house.call("Email/get", ids=["Mdead", "x", "Mdead"], properties=["id"])
    assert (answer["list"], answer["notFound"]) == ([], ["Mdead", "x"])


async def test_large_messages(house: House) -> None:
    data = bytes(range(256)) * 1024
    lines = base64.encodebytes(data).replace(b"\n", b"\r\n")
    octets = (
        b"Subject: big\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\n\r\nText\r\n"
        b"--m\r\nContent-Type: application/zip\r\nContent-Transfer-Encoding: base64\r\n\r\n" + lines + b"--m--\r\n"
    )
    email = await house.imported(octets)
    found = await got(house, email, "attachments", "bodyValues", "header:Subject", fetchTextBodyValues=True)
    assert found["attachments"][0]["size"] == len(data)
    assert found["bodyValues"]["1"]["value"] == "Text"
    assert found["header:Subject"] == " big"


async def test_parse(house: House) -> None:
    email = await house.imported(RICH)
    inner = (await got(house, email, "attachments"))["attachments"][1]["blobId"]
    upload = await house.uploaded(RICH)
    junk = await house.uploaded(b"\x00\x01binary", "application/octet-stream")
    answer = await house.call("Email/parse", blobIds=[inner, upload, junk, "Odead"], fetchTextBodyValues=True)
    assert answer["parsed"][inner]["subject"] == "inner"
    assert answer["parsed"][inner]["bodyValues"]["1"]["value"] == "inner text"
    assert answer["parsed"][upload]["attachments"][0]["size"] == len(PNG)
    assert (answer["notParsable"], answer["notFound"]) == ([junk], ["Odead"])
    deep = answer["parsed"][upload]["attachments"][1]["blobId"]
    again = await house.call("Email/parse", blobIds=[deep], properties=["subject", "id", "keywords", "header:Subject"])
    assert again["parsed"][deep] == {"subject": "inner", "id": None, "keywords": None, "header:Subject": " inner"}
    error = await house.error("Email/parse", blobIds=[], properties=["header:From:asDate"])
    assert error["type"] == "invalidArguments"


@pytest.mark.parametrize(
    ("date", "wanted"),
    [
        ("Mon, 23 Nov 2026 09:00:00 +0530", "2026-11-23T09:00:00+05:30"),
        ("Mon, 23 Nov 2026 09:00:00 -0800 (PST)", "2026-11-23T09:00:00-08:00"),
        ("Mon, 23 Nov 2026 09:00:00 -0000", "2026-11-23T09:00:00Z"),
        ("Mon, 23 Nov 2026 00:30:00 EST", "2026-11-23T00:30:00-05:00"),
        ("nonsense", None),
    ],
)
async def test_the_senders_own_clock(house: House, date: str, wanted: str | None) -> None:
    octets = letter().replace(b"Date: Mon, 23 Nov 2026 10:00:00 +0000", f"Date: {date}".encode())
    assert date.encode() in octets
    email = await house.imported(octets)
    properties = ["sentAt", "header:Date:asDate", "header:Date:asDate:all"]
    (found,) = (await house.call("Email/get", ids=[email], properties=properties))["list"]
    assert found == {"id": email, "sentAt": wanted, "header:Date:asDate": wanted, "header:Date:asDate:all": [wanted]}
    blob = await house.uploaded(octets)
    parsed = await house.call("Email/parse", blobIds=[blob], properties=["sentAt"])
    assert parsed["parsed"] == {blob: {"sentAt": wanted}}
