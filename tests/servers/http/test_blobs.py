"""Uploads, downloads, messages as pages, and the webmail's files."""

from pathlib import Path

import pytest

from pillarbox.core.ids import spell
from pillarbox.store.model import ACCOUNT_PREFIX
from tests.engines_fixtures import Engine
from tests.servers.http.house import MESSAGE_SIZE, Answer, House, basic, build
from tests.servers.http.test_email_get import PNG, RICH
from tests.stores import letter


async def got(house: House, blob: str, name: str = "file", kind: str = "", **headers: str) -> Answer:
    path = f"/jmap/download/{house.account}/{blob}/{name}?type={kind}"
    return await house.ask("GET", path, headers={"authorization": basic(), **headers})


async def test_upload_and_download(house: House) -> None:
    headers = {"authorization": basic(), "content-type": "image/png; x=y"}
    answer = await house.ask("POST", f"/jmap/upload/{house.account}/", PNG, headers, piece=3)
    assert answer.status == 201
    upload = answer.json()
    assert (upload["accountId"], upload["size"], upload["type"]) == (house.account, len(PNG), "image/png; x=y")
    back = await got(house, upload["blobId"], "d%C3%B6t.png", "image/png")
    assert (back.status, back.body, back.headers["content-type"]) == (200, PNG, "image/png")
    assert back.headers["content-disposition"] == "inline; filename=\"d_t.png\"; filename*=UTF-8''d%C3%B6t.png"
    assert back.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in back.headers["content-security-policy"]
    assert "immutable" in back.headers["cache-control"]
    assert (await got(house, upload["blobId"], **{"if-none-match": back.headers["etag"]})).status == 304


@pytest.mark.parametrize(
    ("kind", "name", "sent", "disposition"),
    [
        ("text/html", "a.html", "text/html", "attachment"),
        ("image/svg%2Bxml", "a.svg", "image/svg+xml", "attachment"),
        ("text/plain", "a.txt", "text/plain", "inline"),
        ("nonsense", "a", "application/octet-stream", "attachment"),
        ("text/html%0d%0aX:y", "a", "application/octet-stream", "attachment"),
        ("image/png", "a%22%0d%0ab", "image/png", "inline"),
    ],
)
async def test_what_a_browser_may_show(house: House, kind: str, name: str, sent: str, disposition: str) -> None:
    blob = await house.uploaded(b"<script>", "text/html")
    answer = await got(house, blob, name, kind)
    assert answer.headers["content-type"] == sent
    assert answer.headers["content-disposition"].startswith(disposition)
    assert "\r" not in answer.headers["content-disposition"]


async def test_parts(house: House) -> None:
    email = await house.imported(RICH)
    found = (await house.call("Email/get", ids=[email], properties=["blobId", "attachments", "textBody"]))["list"][0]
    assert (await got(house, found["blobId"])).body == RICH
    assert (await got(house, found["attachments"][0]["blobId"])).body == PNG
    assert (await got(house, found["textBody"][0]["blobId"])).body == "Grüße\r\nzwei".encode("latin-1")
    inner = found["attachments"][1]["blobId"]
    assert (await got(house, inner)).body.startswith(b"Subject: inner")
    assert (await got(house, f"{inner}-1")).body == b"inner text"
    for wrong in (found["blobId"] + "_9", found["blobId"] + "_1", found["blobId"] + "_", inner + "-9", "Odead", "x"):
        assert (await got(house, wrong)).status == 404


async def test_large_base64_parts_are_streamed(house: House) -> None:
    data = bytes(range(256)) * 700
    blob = await house.uploaded(data, "application/zip")
    email = {
        "mailboxIds": {await house.mailbox("drafts"): True},
        "attachments": [{"blobId": blob, "type": "application/zip"}, {"blobId": blob, "type": "application/x-two"}],
    }
    made = (await house.call("Email/set", create={"k": email}))["created"]["k"]["id"]
    parts = (await house.call("Email/get", ids=[made], properties=["attachments"]))["list"][0]["attachments"]
    assert [part["size"] for part in parts] == [len(data)] * 2
    assert (await got(house, parts[1]["blobId"])).body == data


async def test_copying_blobs(house: House) -> None:
    blob = await house.uploaded(b"x", "text/plain")
    answer = await house.call("Blob/copy", fromAccountId=house.account, blobIds=[blob, "Odead"])
    assert (answer["copied"], list(answer["notCopied"])) == ({blob: blob}, ["Odead"])
    error = await house.error("Blob/copy", fromAccountId="Adead", blobIds=[blob])
    assert error["type"] == "fromAccountNotFound"


async def test_other_peoples_octets(house: House) -> None:
    email = await house.imported(letter())
    blob = (await house.call("Email/get", ids=[email], properties=["blobId"]))["list"][0]["blobId"]
    friend = spell(ACCOUNT_PREFIX, house.friend.account_id)
    theirs = {"authorization": basic("friend@demo.test")}
    for account in (house.account, friend):
        path = f"/jmap/download/{account}/{blob}/x?type="
        assert (await house.ask("GET", path, headers=theirs)).status == 404
    assert (await house.ask("POST", f"/jmap/upload/{house.account}/", b"x", theirs)).status == 404


async def test_too_large_uploads(house: House) -> None:
    headers = {"authorization": basic(), "content-length": str(MESSAGE_SIZE + 1)}
    answer = await house.ask("POST", f"/jmap/upload/{house.account}/", b"x", headers)
    assert (answer.status, answer.json()["limit"]) == (413, "maxSizeUpload")
    much = b"x" * (MESSAGE_SIZE + 1)
    answer = await house.ask("POST", f"/jmap/upload/{house.account}/", much, {"authorization": basic()})
    assert answer.status == 413


HTML = (
    b"Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=r\r\n\r\n"
    b"--r\r\nContent-Type: text/html\r\n\r\n<p onclick=x>Hi<script>alert(1)</script>"
    b"<img src=http://far.test/a.png><img src=cid:dot@x></p>\r\n"
    b"--r\r\nContent-Type: image/png\r\nContent-ID: <dot@x>\r\n"
    b"Content-Transfer-Encoding: base64\r\n\r\niVBORw==\r\n--r--\r\n"
)


async def test_message_as_a_page(house: House) -> None:
    email = await house.imported(HTML)
    path = f"/jmap/html/{house.account}/{email}"
    answer = await house.ask("GET", f"{path}?images=0&theme=dark", headers={"authorization": basic()})
    page = answer.body.decode()
    assert answer.headers["x-blocked-images"] == "1"
    assert "script" not in page
    assert "onclick" not in page
    assert f'src="/jmap/download/{house.account}/' in page
    assert "far.test" not in page.replace('data-blocked-src="http://far.test/a.png"', "")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "https:" not in policy
    shown = await house.ask("GET", f"{path}?images=1", headers={"authorization": basic()})
    assert shown.headers["x-blocked-images"] == "0"
    assert 'src="http://far.test/a.png"' in shown.body.decode()
    assert f'src="/jmap/download/{house.account}/' in shown.body.decode()
    policy = shown.headers["content-security-policy"]
    assert "img-src 'self' data: https: http:" in policy
    assert "sandbox allow-same-origin allow-popups" in policy
    assert "allow-scripts" not in policy
    assert "script-src" not in policy


async def test_text_as_a_page(house: House) -> None:
    email = await house.imported(letter(body="<b>see</b> https://a.test/?x=1&y=2\r\n"))
    answer = await house.ask("GET", f"/jmap/html/{house.account}/{email}", headers={"authorization": basic()})
    page = answer.body.decode()
    assert "&lt;b&gt;see&lt;/b&gt;" in page
    assert 'href="https://a.test/?x=1&amp;y=2"' in page
    assert (
        await house.ask("GET", f"/jmap/html/{house.account}/Mdead", headers={"authorization": basic()})
    ).status == 404
    assert (await house.ask("GET", f"/jmap/html/{house.account}/{email}")).status == 401


async def test_no_webmail_built(house: House) -> None:
    answer = await house.ask("GET", "/")
    assert answer.status == 200
    assert b"has not been built" in answer.body


async def test_webmail_files(engine: Engine) -> None:
    static: Path = engine.folder / "web"
    (static / "assets").mkdir(parents=True)
    (static / "index.html").write_text("<!doctype html><title>Webmail</title>")
    (static / "assets" / "app-1a2b.js").write_text("console.log(1);" * 500)
    (static / "secret.txt").write_text("text")
    async for house in build(engine, static):
        page = await house.ask("GET", "/mail/inbox")
        assert b"Webmail" in page.body
        policy = page.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'")
        assert page.headers["referrer-policy"] == "no-referrer"
        assert page.headers["cache-control"] == "no-cache"
        again = await house.ask("GET", "/", headers={"if-none-match": page.headers["etag"]})
        assert (again.status, again.body) == (304, b"")
        script = await house.ask("GET", "/assets/app-1a2b.js", headers={"accept-encoding": "gzip, br"})
        assert script.headers["content-encoding"] == "gzip"
        assert "immutable" in script.headers["cache-control"]
        assert script.headers["content-type"].startswith("text/javascript")
        plain = await house.ask("GET", "/assets/app-1a2b.js")
        assert plain.body.startswith(b"console")
        for wrong in ("/assets/none.js", "/../http.key", "/assets/../../http.key", "/%2e%2e/http.key", "/none.txt"):
            assert (await house.ask("GET", wrong)).status == 404
