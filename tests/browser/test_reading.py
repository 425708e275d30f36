"""Reading: HTML in its frame, pictures that wait, searching, attachments, phones and the dark."""

import random
from pathlib import Path

from playwright.sync_api import FrameLocator, Locator, Page, Route, expect

from pillarbox.store.model import FLAGGED, SEEN
from tests.browser.letters import letter, picture, with_file, written
from tests.browser.window import PHONE, Guest, Windows, mailbox, open_row, rows

NEWSLETTER = (
    '<html><body bgcolor="#fff"><table width="100%"><tr><td style="background:#0a5c3b;color:#fff" id="head">'
    '<h1>Slow news</h1></td></tr></table><p style="color:#222">Words.</p>'
    '<img src="https://pictures.test/wide.png"><img src="https://pictures.test/pixel.gif" width="1" height="1">'
    '<a href="https://news.test/story">Story</a></body></html>'
)


def frame(page: Page) -> FrameLocator:
    """What is in the frame of a message."""
    return page.frame_locator("[data-testid=html-frame]")


def fits(page: Page) -> None:
    """The frame is as high as what is in it: nothing is cut, nothing scrolls."""
    page.wait_for_function(
        "() => { const f = document.querySelector('[data-testid=html-frame]'), d = f.contentDocument.documentElement;"
        " return f.clientHeight > 30 && Math.abs(f.clientHeight - d.getBoundingClientRect().height) < 8 }"
    )


def colour(found: Locator, name: str = "backgroundColor") -> str:
    """A computed colour."""
    said: str = found.evaluate("(node, name) => getComputedStyle(node)[name]", name)
    return said


def test_pictures_wait_until_asked(windows: Windows, you: Guest) -> None:
    you.put(letter("News", html=NEWSLETTER))
    windows.strangers_welcome = True
    page = windows.signed_in(you)
    tall = picture(300, 900)

    def answer(route: Route) -> None:
        route.fulfill(body=tall if "wide" in route.request.url else picture(1, 1), content_type="image/png")

    page.route("https://pictures.test/**", answer)
    open_row(page, "News")
    bar = page.get_by_test_id("blocked-images")
    expect(bar).to_contain_text("2 remote images are blocked")
    expect(frame(page).get_by_role("heading")).to_have_text("Slow news")
    assert colour(frame(page).locator("td")) == "rgb(10, 92, 59)"
    fits(page)
    low = page.get_by_test_id("html-frame").evaluate("frame => frame.clientHeight")
    assert windows.strangers == []
    assert "allow-scripts" not in (page.get_by_test_id("html-frame").get_attribute("sandbox") or "")

    bar.get_by_role("button", name="Show images").click()
    expect(bar).to_have_count(0)
    page.wait_for_function(
        "low => document.querySelector('[data-testid=html-frame]').clientHeight > Math.max(900, low)", arg=low
    )
    fits(page)
    assert sorted(windows.strangers) == ["https://pictures.test/pixel.gif", "https://pictures.test/wide.png"]
    assert colour(frame(page).locator("td")) == "rgb(10, 92, 59)"
    link = frame(page).get_by_role("link", name="Story")
    expect(link).to_have_attribute("target", "_blank")
    expect(link).to_have_attribute("rel", "noopener noreferrer nofollow")
    # The keyboard goes on working from inside the frame.
    link.focus()
    page.keyboard.press("u")
    expect(page.get_by_test_id("reader")).to_have_count(0)


def test_pictures_of_the_message_itself(windows: Windows, you: Guest) -> None:
    message = written("Inside", html='<p>Look: <img src="cid:red@here"></p>')
    message.get_payload()[1].add_related(picture(40, 30), "image", "png", cid="<red@here>")  # type: ignore[index,union-attr]
    you.put(message.as_bytes())
    page = windows.signed_in(you)
    open_row(page, "Inside")
    shown = frame(page).locator("img")
    expect(shown).to_be_visible()
    page.wait_for_function(
        "() => document.querySelector('[data-testid=html-frame]').contentDocument.images[0].naturalWidth === 40"
    )
    expect(page.get_by_test_id("blocked-images")).to_have_count(0)


def test_the_dark(windows: Windows, you: Guest) -> None:
    you.put(letter("Plain", html="<p>No colours.</p>"), letter("Coloured", html='<p style="color:#222">Dark ink.</p>'))
    page = windows.signed_in(you, color_scheme="dark")
    ground = page.locator("body")
    assert colour(ground) == "rgb(19, 17, 16)"
    open_row(page, "Plain")
    expect(frame(page).get_by_text("No colours.")).to_be_visible()
    fits(page)
    assert colour(frame(page).locator("body"), "color") == "rgb(233, 228, 223)"
    open_row(page, "Coloured")
    expect(frame(page).get_by_text("Dark ink.")).to_be_visible()
    assert colour(page.get_by_test_id("html-frame")) == "rgb(255, 255, 255)"
    page.get_by_role("button", name="Light colours").click()
    assert colour(ground) == "rgb(244, 240, 236)"
    page.reload()
    expect(page.get_by_test_id("subject")).to_be_visible()
    assert colour(ground) == "rgb(244, 240, 236)"


def test_a_phone(windows: Windows, you: Guest) -> None:
    you.put(letter("A rather long subject " * 6), letter("News", html=NEWSLETTER), letter("Wide", "x" * 400))
    page = windows.signed_in(you, size=PHONE)
    row = rows(page, "News")
    expect(row).to_be_visible()
    for subject in ("News", "Wide", "A rather long"):
        rows(page, subject).tap()
        expect(page.get_by_test_id("subject")).to_contain_text(subject)
        expect(page.get_by_test_id("body")).to_be_visible()
        expect(row).to_be_hidden()
        assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
        assert page.get_by_test_id("reader").evaluate("one => one.scrollWidth <= innerWidth")
        page.get_by_role("button", name="Back to the list").tap()
        expect(row).to_be_visible()
    page.get_by_role("button", name="Open mailboxes").tap()
    mailbox(page, "trash").tap()
    expect(page.get_by_test_id("empty")).to_be_visible()
    page.get_by_role("button", name="Compose").last.tap()
    compose = page.get_by_test_id("compose")
    box = compose.bounding_box()
    assert box is not None
    assert (box["width"], box["height"]) == PHONE
    compose.get_by_role("button", name="Close and keep the draft").first.tap()
    expect(compose).to_have_count(0)


def test_searching(windows: Windows, you: Guest) -> None:
    you.put(letter("Lighthouse", "The foghorn sounds at night."), flags=SEEN)
    you.put(letter("Lanterns", "Forty foghorns.", sender="Zoë <zoe@paper.test>"), flags=SEEN | FLAGGED)
    you.put(with_file("Drawing", "plan.pdf", b"%PDF-1.4", "application/pdf"))
    you.put(letter("Old foghorn"), mailbox="Archive", flags=SEEN)
    page = windows.signed_in(you)
    expect(rows(page)).to_have_count(3)
    box = page.get_by_role("searchbox", name="Search mail")

    def find(text: str, *subjects: str) -> None:
        box.fill(text)
        box.press("Enter")
        expect(page.get_by_test_id("row").locator(".subject")).to_have_count(len(subjects))
        found = page.get_by_test_id("row").locator(".subject").all_inner_texts()
        assert sorted(found) == sorted(subjects)

    expect(indexed(page, box)).to_have_count(3)
    expect(page.locator("mark").first).to_have_text("foghorn")
    find("foghorn in:inbox", "Lighthouse", "Lanterns")
    find("from:zoe", "Lanterns")
    find("is:starred", "Lanterns")
    find("is:unread", "Drawing")
    find("has:attachment", "Drawing")
    find("subject:foghorn", "Old foghorn")
    find("foghorn -subject:lighthouse in:inbox", "Lanterns")
    find('"sounds at night"', "Lighthouse")
    box.fill("nothingofthekind")
    box.press("Enter")
    expect(page.get_by_test_id("empty")).to_contain_text("Nothing found")
    page.get_by_role("button", name="Clear search").click()
    expect(rows(page)).to_have_count(3)


def indexed(page: Page, box: Locator) -> Locator:
    """The rows of a search for a word that three letters have, asked until the index has caught up with them."""
    for _ in range(40):
        box.fill("foghorn")
        with page.expect_response(lambda response: "/jmap/api" in response.url):
            box.press("Enter")
        expect(page.get_by_test_id("empty").or_(rows(page).first)).to_be_visible()
        if rows(page).count() == 3:
            break
        page.get_by_role("button", name="Clear search").click()
        expect(rows(page)).to_have_count(3)
    return rows(page)


def test_attachments_and_source(windows: Windows, you: Guest) -> None:
    octets = random.Random(7).randbytes(300_000)
    you.put(
        with_file("Numbers", "numbers <1>.bin", octets), with_file("Photo", "red.png", picture(64, 48), "image/png")
    )
    page = windows.signed_in(you)
    open_row(page, "Numbers")
    with page.expect_download() as coming:
        page.get_by_role("link", name="Download numbers").click()
    assert Path(coming.value.path()).read_bytes() == octets
    page.get_by_test_id("message-menu").click()
    page.get_by_role("menuitem", name="View source").click()
    expect(page.get_by_test_id("source")).to_contain_text("Subject: Numbers")
    page.keyboard.press("Escape")
    page.get_by_test_id("message-menu").click()
    with page.expect_download() as coming:
        page.get_by_role("menuitem", name="Download .eml").click()
    assert Path(coming.value.path()).read_bytes() in [held.octets for held in you.mail("INBOX")]
    open_row(page, "Photo")
    page.get_by_role("button", name="Preview red.png").click()
    expect(page.get_by_role("dialog", name="red.png").get_by_role("img")).to_be_visible()
