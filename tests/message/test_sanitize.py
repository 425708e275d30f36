"""HTML of strangers: nothing acts, nothing loads unasked, and what is harmless stays."""

import html.parser
import random

import pytest

from pillarbox.message.sanitize import clean_html, too_deep

VECTORS = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil/x.js></SCRIPT>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<img src=x onerror=alert(1)>",
    "<img/src=`x`onerror=alert(1)>",
    "<img src=javascript:alert(1)>",
    "<a href=javascript:alert(1)>x</a>",
    "<a href='java\nscript:alert(1)'>x</a>",
    "<a href='&#106;avascript:alert(1)'>x</a>",
    "<a href=' \x01javascript:alert(1)'>x</a>",
    "<a href=data:text/html,<script>alert(1)</script>>x</a>",
    "<a href=vbscript:x>x</a>",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><a xlink:href=javascript:1>x",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<template><img src=x onerror=1></template>",
    "<iframe src=javascript:alert(1)></iframe>",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<object data=x.swf>",
    "<embed src=x>",
    "<applet code=x>",
    "<base href=//evil/>",
    "<link rel=stylesheet href=//evil/x.css>",
    "<meta http-equiv=refresh content='0;url=//evil'>",
    "<form action=//evil><input name=p><button>x</button></form>",
    "<button formaction=javascript:alert(1)>x</button>",
    "<style>@import '//evil/x.css';</style>",
    "<style>*{background:url(//evil)}</style>",
    "<div style='background:url(//evil/x)'>x</div>",
    "<div style='background-color:u\\72l(//evil/x)'>x</div>",
    "<div style='background:/**/url(//evil)'>x</div>",
    "<div style='width:expression(alert(1))'>x</div>",
    "<div style='position:fixed;top:0;left:0;z-index:9'>x</div>",
    "<div style='-moz-binding:url(x)'>x</div>",
    "<div style=\"font-family:'url(//evil)'\">x</div>",
    "<div style='content:attr(x);list-style-image:url(//evil)'>x</div>",
    "<p style='background-image:image-set(\"//evil\" 1x)'>x</p>",
    "<body onload=alert(1) background=//evil/x>",
    "<table background=//evil/x><td background=//evil/y>x</table>",
    "<img srcset='//evil/x 1x' src=x>",
    "<picture><source srcset=//evil/x></picture>",
    "<video poster=//evil/x src=//evil/y></video>",
    "<audio src=//evil/x autoplay></audio>",
    "<input type=image src=//evil/x>",
    "<isindex action=javascript:1>",
    "<textarea><img src=x onerror=1></textarea>",
    "<title><img src=x onerror=1></title>",
    "<xmp><img src=x onerror=1></xmp>",
    "<plaintext><img src=x onerror=1>",
    "<!--><img src=x onerror=1>-->",
    "<![CDATA[<img src=x onerror=1>]]>",
    "<?php <img src=x onerror=1> ?>",
    "<img src='data:text/html;base64,PHNjcmlwdD4='>",
    "<img src='data:image/svg+xml;base64,PHN2Zz4='>",
    "<img src=file:///etc/passwd>",
    "<a href=x name=body id=cookie>x</a>",
    "<img name=getElementById id=x src=''>",
    "<p id=x class=y onclick=z contenteditable>x</p>",
    "<a href='#' target=_self rel=opener ping=//evil>x</a>",
    "<div style='background:var(--x)'>x</div>",
    "<div style='background:rgb(url(//evil))'>x</div>",
    "<div style='background:#fff;background:#fff u\\72l(//evil)'>x</div>",
    "<div style='background:url(data:image/svg+xml;#fff,url(//evil)) #000'>x</div>",
    "<details open ontoggle=alert(1)>x</details>",
    "<marquee onstart=alert(1)>x</marquee>",
    "<frameset onload=1><frame src=javascript:1></frameset>",
    "<p title='x\" onmouseover=\"1'>x</p>",
    "<img src='x-0000:javascript:1' data-blocked-src='javascript:1'>",
    '<a href="//evil/path">x</a>',
    "<area href=javascript:1>",
    "\0<scr\0ipt>1</scr\0ipt>",
]

ALLOWED_SCHEMES = ("http:", "https:", "mailto:", "tel:")


class Inspector(html.parser.HTMLParser):
    """Fails on anything that acts or loads."""

    tags: set[str]

    def __init__(self) -> None:
        super().__init__()
        self.tags = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        assert tag not in {
            "script",
            "style",
            "svg",
            "math",
            "iframe",
            "object",
            "embed",
            "applet",
            "base",
            "link",
            "meta",
            "form",
            "input",
            "button",
            "textarea",
            "template",
            "noscript",
            "video",
            "audio",
            "source",
            "picture",
            "frame",
            "frameset",
            "body",
            "area",
            "title",
            "xmp",
        }
        for name, value in attrs:
            value = (value or "").lower()
            assert not name.startswith("on")
            assert name not in {
                "id",
                "class",
                "name",
                "srcset",
                "srcdoc",
                "background",
                "action",
                "formaction",
                "ping",
                "poster",
            }
            if name == "href":
                assert value.startswith(ALLOWED_SCHEMES)
            if name == "src":
                assert value.startswith(("data:image/png;", "/blob/"))
            if name == "style":
                assert not any(
                    word in value for word in ("url", "position", "z-index", "expression", "\\", "image", "var(")
                )
            if name == "data-blocked-src":
                assert value.startswith(("http:", "https:"))


@pytest.mark.parametrize("vector", VECTORS)
@pytest.mark.parametrize(
    "frame", ["{}", "<p>before{}after</p>", "<table><tr><td>{}", "<div title='{}'>x</div>", "<b><p></b>{}"]
)
def test_nothing_acts_or_loads(vector: str, frame: str) -> None:
    cleaned = clean_html(frame.replace("{}", vector), lambda cid: None, remote=False)
    # Once more, as the browser's own parser would after writing it out: nothing may come to life by that.
    for markup in (cleaned.html, clean_html(cleaned.html, lambda cid: None, remote=False).html):
        inspector = Inspector()
        inspector.feed(markup)
        inspector.close()


def test_what_is_harmless_stays() -> None:
    source = '<h1 style="color:red;margin:0">Hi</h1><table cellpadding="2"><tbody><tr><td>x</td></tr></tbody></table>'
    assert clean_html(source, lambda cid: None, remote=False).html == source


BACKGROUNDS = {
    "background:#0a5": "#0a5",
    "BACKGROUND : Tomato !important": "Tomato",
    "background:rgb(1, 2, 3) none repeat": "rgb(1, 2, 3)",
    "background:#fff url(//evil/x) no-repeat": "#fff",
    "background:url(//evil/#abc) #fff": "#fff",
    "background:linear-gradient(90deg,#e66,#99f)": "#e66",
    "background:url(//evil#abc)": "",
    "background:u\\72l(//evil)": "",
    "background:image-set('//evil' 1x)": "",
    "background:var(--x)": "",
    "background:red //evil": "",
}


@pytest.mark.parametrize("style", BACKGROUNDS)
def test_of_a_background_the_colour_stays(style: str) -> None:
    cleaned = clean_html(f'<p style="{style};color:#fff">x</p>', lambda cid: None, remote=True).html
    ground = f"background-color:{BACKGROUNDS[style]};" if BACKGROUNDS[style] else ""
    assert cleaned == f'<p style="{ground}color:#fff">x</p>'


def test_links_tell_nobody() -> None:
    cleaned = clean_html('<a href="https://x.org/?a=1&amp;b=2" target="_top">x</a>', lambda cid: None, remote=True)
    assert 'href="https://x.org/?a=1&amp;b=2"' in cleaned.html
    assert 'target="_blank"' in cleaned.html
    assert 'rel="noopener noreferrer nofollow"' in cleaned.html


def test_remote_pictures_wait_until_asked() -> None:
    source = '<img src="http://x/a.png" alt="a"><img src="https://x/b.png"> src="x-'
    cleaned = clean_html(source, lambda cid: None, remote=False)
    assert cleaned.blocked_images == 2
    assert '<img data-blocked-src="http://x/a.png" alt="a">' in cleaned.html
    assert " src=" not in cleaned.html.replace('> src="x-', ">")
    shown = clean_html(source, lambda cid: None, remote=True)
    assert shown.blocked_images == 0
    assert 'src="http://x/a.png"' in shown.html


def test_pictures_of_the_message() -> None:
    urls = {"logo@x": "/blob/1"}
    cleaned = clean_html('<img src="cid:logo@x"><img src="CID:logo%40x"><img src="cid:none">', urls.get, remote=False)
    assert cleaned.html == '<img src="/blob/1"><img src="/blob/1"><img>'
    assert cleaned.blocked_images == 0
    inline = '<img src="data:image/png;base64,iVBORw0KGgo=">'
    assert clean_html(inline, urls.get, remote=False).html == inline


def test_deep_and_broken_markup_ends() -> None:
    clean_html("<div>" * 20_000 + "x", lambda cid: None, remote=False)
    clean_html("<" * 50_000, lambda cid: None, remote=False)


NESTED = {
    "div": "<div>" * 100_000,
    "list": "<ul><li>" * 50_000,
    "font": "".join(f"<font size={number}>" for number in range(20_000)) + "<p>" * 20_000,
    "paragraph": "<p>" + "".join(f"<font size={number}>" for number in range(60)) + "</p><p>x" * 50_000,
}


@pytest.mark.parametrize("name", NESTED)
def test_what_would_take_the_square_of_its_size_becomes_text(name: str) -> None:
    assert too_deep(NESTED[name])
    cleaned = clean_html(NESTED[name] + "<b>told &amp; <script>1</script>", lambda cid: None, remote=True)
    assert cleaned.html.startswith("<pre>")
    assert "told &amp;" in cleaned.html
    assert "<" not in cleaned.html[5:-6]


def test_a_long_letter_is_no_deep_one() -> None:
    row = '<tr><td><table><tr><td><div><p><font face="x"><b>word</b> <a href="https://x.org">link</a></font><br></div></table>'
    assert not too_deep(f"<table>{row * 5_000}</table>")
    assert not too_deep("<p>line<br>" * 50_000)


def test_vectors_cut_and_mixed() -> None:
    dice = random.Random(20261123)
    splinters = [
        "<",
        ">",
        '"',
        "'",
        "--",
        "&",
        "/",
        "</p>",
        "<style>",
        "</style>",
        "<svg>",
        "<math>",
        "<table>",
        "\n",
        "=",
    ]
    for _ in range(1_500):
        mixed = "".join(dice.choice(VECTORS)[dice.choice((0, 0, 5)) :] for _ in range(dice.randint(1, 6)))
        for _ in range(dice.randint(0, 3)):
            at = dice.randrange(len(mixed) + 1)
            mixed = mixed[:at] + dice.choice(splinters) + mixed[at:]
        cleaned = clean_html(mixed, lambda cid: None, remote=False).html
        for markup in (cleaned, clean_html(cleaned, lambda cid: None, remote=False).html):
            inspector = Inspector()
            inspector.feed(markup)
            inspector.close()
