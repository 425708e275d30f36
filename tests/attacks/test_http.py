"""HTTP under attack: smuggling, slow and huge requests, forged sessions, other sites, traversal, downloads that act."""

import base64
import json
import re
from urllib.parse import quote

import pytest

from tests.attacks.house import ATTACKER, MESSAGE_SIZE, VICTIM, House, basic
from tests.server import PASSWORD

_LOGIN = json.dumps({"username": ATTACKER, "password": PASSWORD}).encode()
_OURS = {"X_Pillarbox": "1", "Content_Type": "application/json"}


def _raw(house: House, octets: bytes) -> bytes:
    with house.peer("http") as peer:
        peer.send(octets)
        peer.finish()
        return peer.rest()


_HIDDEN = b"GET /auth/session HTTP/1.1\r\nHost: x\r\nX-Smuggled: yes\r\n\r\n"


@pytest.mark.parametrize(
    "fields",
    [
        b"Content-Length: 4\r\nTransfer-Encoding: chunked", b"Transfer-Encoding: chunked\r\nContent-Length: 4",
        b"Content-Length: 4\r\nContent-Length: 5", b"Content-Length: +4", b"Content-Length: 4, 4",
        b"Content-Length: 0x4", b"Content-Length: -4", b"Content-Length: 4 4", b"Transfer-Encoding: xchunked",
        b"Transfer-Encoding: chunked, identity", b"Transfer-Encoding : chunked", b"Transfer-Encoding:\x0bchunked",
        b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\nContent-Length: 4", b"Content-Length : 4",
        b"Content-Length: 99999999999999999999999", b"Transfer-Encoding: chunked\r\n Content-Length: 4",
        b"X: y\rContent-Length: 4", b"X: a\0b", b"\x00: y", b"Content Length: 4", b"X: y\nZ: w\n",
    ],
)  # fmt: skip
def test_requests_whose_end_is_in_doubt_hide_no_other(house: House, fields: bytes) -> None:
    body = b"0\r\n\r\n" + _HIDDEN
    said = _raw(house, b"POST /auth/login HTTP/1.1\r\nHost: x\r\n" + fields + b"\r\n\r\n" + body)
    statuses = re.findall(rb"HTTP/1\.1 (\d+)", said)
    assert len(statuses) <= 2 and b"200" not in statuses, said
    if len(statuses) == 2:  # what was read as one request ended where its one length said: then none else was given
        assert not (b"Content-Length: 4" in fields and b"chunked" in fields and b"Content-Length :" not in fields), said


@pytest.mark.parametrize(
    "octets",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 300, b"GET / HTTP/9.9\r\n\r\n", b"GET /\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"EHLO x\r\nMAIL FROM:<a@b>\r\n",
        b"GET " + b"/x" * 40_000 + b" HTTP/1.1\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 5000, b"GET / HTTP/1.1\r\nX: " + b"y" * 200_000 + b"\r\n\r\n",
        b"\0" * 1000,
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"".join(b"X%d: y\r\n" % n for n in range(101)) + b"\r\n",
        b"POST /jmap/api HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n",
        b"POST /jmap/api HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5;" + b"x" * 100_000 + b"\r\n",
        b"TRACE / HTTP/1.1\r\nHost: x\r\nCookie: secret\r\n\r\n", b"CONNECT evil:25 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET http://evil/ HTTP/1.1\r\nHost: x\r\n\r\n", b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
)  # fmt: skip
def test_nonsense_is_refused(house: House, octets: bytes) -> None:
    said = _raw(house, octets)
    assert b"secret" not in said
    assert not said or said.startswith(b"HTTP/1.1 4") or b"<!doctype html>" in said
    assert house.request("GET", "/").status == 200


@pytest.mark.parametrize("method", ["TRACE", "OPTIONS", "PUT", "DELETE", "PATCH", "PROPFIND", "CONNECT", "POST"])
def test_other_methods_are_refused(house: House, method: str) -> None:
    for path in ("/", "/auth/session", "/jmap/download/a/b/c", "/.well-known/jmap"):
        said = house.own(method, path)
        assert said.status in (400, 403, 404, 405), (path, said)
        assert "access-control-allow-origin" not in said.headers
        assert basic(ATTACKER).encode() not in said.body


@pytest.mark.parametrize(
    "path",
    ["/../../../../etc/passwd", "/..%2f..%2f..%2fetc/passwd", "/%2e%2e/%2e%2e/http.key", "/assets/../../../server.py",
     "/assets/%2e%2e/%2e%2e/app.py", "//etc/passwd", "/\\..\\..\\etc\\passwd", "/index.html%00.js", "/assets/..;/x.py",
     "/....//....//etc/passwd", "/%252e%252e/etc/passwd", "/file:///etc/passwd.txt", "/.git/config", "/http.key"],
)  # fmt: skip
def test_paths_lead_nowhere_else(house: House, path: str) -> None:
    said = house.request("GET", path)
    assert said.status in (200, 400, 404)
    assert b"root:" not in said.body and b"import " not in said.body[:2000]
    if said.status == 200:
        assert said.headers["content-type"].startswith("text/html")


def test_the_page_cannot_be_framed_or_scripted(house: House) -> None:
    said = house.request("GET", "/")
    policy = said.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "script-src 'self';" in policy and "frame-ancestors 'none'" in policy
    assert said.headers["x-content-type-options"] == "nosniff" and said.headers["referrer-policy"] == "no-referrer"


def test_private_answers_are_kept_by_nobody_else(house: House) -> None:
    blob = house.upload(b"private")
    for path in ("/.well-known/jmap", "/auth/session", f"/jmap/download/{house.account()}/{blob}/x"):
        said = house.own("GET", path)
        assert said.status == 200
        kept = said.headers["cache-control"]
        assert "no-store" in kept or "private" in kept
        assert "access-control-allow-origin" not in said.headers
        assert "server" not in said.headers


def _cookie(house: House) -> str:
    said = house.request("POST", "/auth/login", _LOGIN, **_OURS)
    assert said.status == 200
    cookie = said.headers["set-cookie"]
    assert all(word in cookie for word in ("HttpOnly", "SameSite=Strict", "Path=/")) and "Domain" not in cookie
    return cookie.partition(";")[0]


def test_other_sites_cannot_act_with_the_cookie(house: House) -> None:
    cookie = _cookie(house)
    host = f"127.0.0.1:{house.server.port['http']}"
    body = json.dumps({"using": ["urn:ietf:params:jmap:core"], "methodCalls": [["Core/echo", {}, "a"]]}).encode()

    def post(path: str, **headers: str) -> int:
        return house.request(
            "POST", path, body, **{"Cookie": cookie, "Content_Type": "application/json", **headers}
        ).status

    assert post("/jmap/api", X_Pillarbox="1", Origin=f"http://{host}") == 200
    for headers in (
        {}, {"Origin": "http://evil.test"}, {"X_Pillarbox": "1", "Origin": "http://evil.test"},
        {"X_Pillarbox": "1", "Origin": "null"}, {"X_Pillarbox": "1", "Sec_Fetch_Site": "cross-site"},
        {"X_Pillarbox": "1", "Sec_Fetch_Site": "same-site"}, {"Content_Type": "text/plain"},
        {"X_Pillarbox": "1", "Origin": f"http://{host}.evil.test"}, {"X_Pillarbox": "1", "Origin": "http://["},
        {"X_Pillarbox": "1", "Origin": f"http://{host}@evil.test"}, {"X_Pillarbox": "1",
        "Origin": f"http://evil.test/{host}"},
    ):  # fmt: skip
        assert post("/jmap/api", **headers) == 403, headers
        assert post(f"/jmap/upload/{house.account()}/", **headers) == 403
        assert house.request("POST", "/auth/login", _LOGIN, **{**_OURS, "X_Pillarbox": "0", **headers}).status == 403
    assert house.request("POST", "/auth/logout", b"", Cookie=cookie).status == 403
    assert post("/jmap/api", X_Pillarbox="1", Content_Type="text/plain") == 400
    assert house.request("GET", "/auth/session", Cookie=cookie, Host="evil.test").status in (200, 403)


def test_tokens_cannot_be_forged(house: House) -> None:
    cookie = _cookie(house)
    name, _, token = cookie.partition("=")
    raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    bad = [token[:-1], token + "A", token[1:], "", "A" * len(token), "\xe9", "=" * 80, token.swapcase(), "%00", "null"]
    for at in range(len(raw)):
        changed = bytearray(raw)
        changed[at] ^= 1
        bad.append(base64.urlsafe_b64encode(changed).decode().rstrip("="))
    for one in bad:
        assert house.request("GET", "/auth/session", Cookie=f"{name}={one}").status == 401, one
        assert house.request("GET", "/auth/session", Authorization=f"Bearer {one}").status == 401
    assert house.request("GET", "/auth/session", Authorization=f"Bearer {token}").status == 401  # a cookie is no bearer
    given = house.request("POST", "/auth/token", _LOGIN, Content_Type="application/json").json()["token"]
    assert house.request("GET", "/auth/session", Cookie=f"{name}={given}").status == 401
    assert house.request("GET", "/auth/session", Authorization=f"Bearer {given}").status == 200


def test_a_session_given_beforehand_is_not_used(house: House) -> None:
    name, _, token = _cookie(house).partition("=")
    fixed = house.request("POST", "/auth/login", _LOGIN, Cookie=f"{name}=fixed", **_OURS)
    assert "fixed" not in fixed.headers["set-cookie"] and fixed.headers["set-cookie"].startswith(f"{name}=")
    assert token


@pytest.mark.parametrize(
    "authorization",
    ["Basic", "Basic ", "Basic !!!", "Basic " + base64.b64encode(b"\xff\xfe:x").decode(), "Basic OnggOg==", "Digest x",
     "Basic " + base64.b64encode(b"a" * 20_000).decode(), "Bearer " + "x" * 20_000, "Negotiate abc", "basic\tx",
     "Basic " + base64.b64encode(b"victim@talk.test\0x:y").decode()],
)  # fmt: skip
def test_credentials_that_are_none(house: House, authorization: str) -> None:
    assert house.request("GET", "/auth/session", Authorization=authorization).status in (400, 401)


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"[]", b'{"username": 1, "password": 2}', b'{"username": "\\ud800", "password": "x"}', b"\xff",
    b"{" * 9000,
     b"[" * 15_000, b'{"username": "a", "password": "' + b"x" * 20_000 + b'"}',
     b'{"username": "\\u0000", "password": "\\u0000"}',
     b'{"username": {"$ne": null}, "password": {"$ne": null}}', b'{"username":"a","username":"b","password":"c"}'],
    ids=range(12),
)  # fmt: skip
def test_logins_that_are_none(house: House, body: bytes) -> None:
    said = house.request("POST", "/auth/login", body, **_OURS)
    assert said.status in (400, 401, 413), said
    assert b"Traceback" not in said.body and b"pillarbox." not in said.body


_NAMES = (
    "x\r\nSet-Cookie: a=b", 'x"; filename="evil.html', "../../etc/passwd", "x\0y", "\u202egpj.exe", "\U0001f4a3",
    "%0d%0aX: y",
    "x" * 5000, "", "a;b=c", "..", "\\\\host\\share", "'*'", "\ud800",
)  # fmt: skip


@pytest.mark.parametrize("name", _NAMES, ids=range(len(_NAMES)))
@pytest.mark.parametrize(
    "kind",
    ["text/html", "image/svg+xml", "text/xml", "application/xhtml+xml", "text/javascript", "application/pdf",
     "text/html; charset=utf-7", "TEXT/HTML", "text/html,image/png", "image/png\r\nX: y", "multipart/x-mixed-replace",
     "text/plain"],
)  # fmt: skip
def test_downloads_do_not_act(house: House, name: str, kind: str) -> None:
    blob = house.upload(b"<script>alert(1)</script>", "text/html")
    path = f"/jmap/download/{house.account()}/{blob}/{quote(name, safe='', errors='surrogatepass')}?type={quote(kind)}"
    said = house.own("GET", path)
    assert said.status == 200
    assert said.headers["x-content-type-options"] == "nosniff"
    assert (
        "default-src 'none'" in said.headers["content-security-policy"]
        and "sandbox" in said.headers["content-security-policy"]
    )
    assert "allow-scripts" not in said.headers["content-security-policy"]
    shown = said.headers["content-disposition"]
    assert shown.startswith("inline" if kind == "text/plain" else "attachment")
    assert re.fullmatch(r"[a-z]+; filename=\"[^\"\\/\r\n]*\"; filename\*=UTF-8''[A-Za-z0-9%._~-]*", shown), shown
    assert "x" not in said.headers and "set-cookie" not in said.headers


def test_what_belongs_to_others_does_not_exist(house: House) -> None:
    house.append(b"Subject: private\r\n\r\nsecret words", VICTIM)
    email = house.call("Email/query", {}, who=VICTIM)["ids"][0]
    got = house.call("Email/get", {"ids": [email], "properties": ["blobId", "threadId", "mailboxIds"]}, who=VICTIM)[
        "list"
    ][0]
    blobs = [house.upload(b"private upload", who=VICTIM), got["blobId"], got["blobId"] + "_1"]
    for blob in blobs:
        for owner in (house.account(), house.account(VICTIM), "", "..", "a0"):
            assert house.own("GET", f"/jmap/download/{owner}/{blob}/x").status == 404
    for owner in (house.account(), house.account(VICTIM)):
        assert house.own("GET", f"/jmap/html/{owner}/{email}").status == 404
    assert house.own("POST", f"/jmap/upload/{house.account(VICTIM)}/", b"x").status == 404
    assert house.request("GET", f"/jmap/download/{house.account(VICTIM)}/{blobs[0]}/x").status == 401


def test_bodies_that_never_end_are_bounded(house: House) -> None:
    before = house.rss()
    spool = house.server.folder / "data" / "spool"
    head = f"POST /jmap/upload/{house.account()}/ HTTP/1.1\r\nHost: x\r\nAuthorization: {basic(ATTACKER)}\r\n"
    with house.peer("http") as peer:
        peer.send(head.encode() + b"Content-Length: %d\r\n\r\n" % (MESSAGE_SIZE + 1))
        assert b" 413 " in peer.rest()[:20]
    with house.peer("http") as peer:
        peer.send(head.encode() + b"Transfer-Encoding: chunked\r\n\r\n")
        for _ in range(60):
            peer.send(b"f4240\r\n" + b"x" * 1_000_000 + b"\r\n")
        assert b" 413 " in peer.rest()[:20]
    with house.peer("http") as peer:
        peer.send(b"POST /auth/login HTTP/1.1\r\nHost: x\r\nX-Pillarbox: 1\r\nContent-Type: application/json\r\n"
                  b"Transfer-Encoding: chunked\r\n\r\n" + b"4000\r\n" + b"x" * 0x4000 + b"\r\n1\r\nx\r\n")  # fmt: skip
        assert b" 413 " in peer.rest()[:20]
    assert house.rss() - before < 60 << 20
    assert not list(spool.glob("*.spool"))


def test_peers_that_stall_hold_up_nobody(house: House) -> None:
    before = house.rss()
    peers = []
    for number in range(300):
        peer = house.peer(("http", "https")[number % 2])
        peer.send((b"", b"\x16\x03\x01", b"POST /auth/login HTTP/1.1\r\nContent-Length: 100\r\nX: ", b"G")[number % 4])
        peers.append(peer)
    assert house.request("GET", "/").status == 200
    assert house.rss() - before < 60 << 20
    for peer in peers:
        peer.close()


def test_event_streams_are_counted(house: House) -> None:
    path = "/jmap/eventsource/?types=*&closeafter=no&ping=0"
    head = f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {basic(ATTACKER)}\r\n\r\n"
    peers = [house.peer("http") for _ in range(20)]
    statuses = []
    for peer in peers:
        peer.send(head.encode())
        statuses.append(peer.line().split()[1])
    assert statuses.count(b"200") == 16 and set(statuses) == {b"200", b"429"}
    for peer in peers:
        peer.close()
    for query in ("ping=-1", "ping=1e9", "closeafter=x", "&".join("a=b" for _ in range(60)), "ping=" + "9" * 5000):
        assert house.own("GET", f"/jmap/eventsource/?{query}").status == 400
