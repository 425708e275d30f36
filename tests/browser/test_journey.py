"""The whole way of a letter, on both engines: signing in, reading, answering with a file, and its arriving live."""

import random
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.letters import letter
from tests.browser.window import Guest, Windows, mailbox, open_row, rows, sign_in
from tests.server import PASSWORD

pytestmark = pytest.mark.parametrize("server", ["sqlite", "postgres"], indirect=True)


def test_a_letter_and_its_answer(windows: Windows, you: Guest, friend: Guest, tmp_path: Path) -> None:
    you.put(letter("Something read", number=1), flags=1)
    you.put(letter("Lanterns", "How many?", sender=f"Friend <{friend.address}>", number=2))
    mine = windows.new()
    mine.goto("/")
    sign_in(mine, you, "wrong")
    expect(mine.get_by_role("alert")).to_contain_text("wrong")
    sign_in(mine, you)
    expect(mailbox(mine, "inbox")).to_contain_text("1")
    expect(mine.get_by_test_id("total")).to_have_text("2")
    expect(mine).to_have_title("(1) Inbox · Pillarbox")
    theirs = windows.signed_in(friend)
    expect(theirs.get_by_test_id("empty")).to_contain_text("All done")
    theirs.evaluate("window.notReloaded = true")

    open_row(mine, "Lanterns")
    expect(mine.get_by_test_id("body")).to_contain_text("How many?")
    expect(mine).to_have_title("Inbox · Pillarbox")
    octets = random.Random(5).randbytes(70_000)
    (tmp_path / "forty lanterns ✨.bin").write_bytes(octets)
    mine.get_by_role("button", name="Reply", exact=True).last.click()
    compose = mine.get_by_test_id("compose")
    compose.get_by_label("Message", exact=True).press_sequentially("Forty.")
    compose.get_by_test_id("file-input").set_input_files(tmp_path / "forty lanterns ✨.bin")
    expect(compose.get_by_test_id("compose-files")).to_contain_text("forty lanterns")
    compose.get_by_test_id("send").click()
    expect(mine.get_by_test_id("toasts")).to_contain_text("Message sent")
    expect(mine.get_by_test_id("message")).to_have_count(2)

    expect(rows(theirs, "Re: Lanterns")).to_have_count(1)
    expect(theirs.get_by_test_id("spoken")).to_contain_text("New message")
    open_row(theirs, "Re: Lanterns")
    expect(theirs.get_by_test_id("body")).to_contain_text("Forty.")
    with theirs.expect_download() as coming:
        theirs.get_by_role("link", name="Download forty lanterns").click()
    assert coming.value.suggested_filename == "forty lanterns ✨.bin"
    assert Path(coming.value.path()).read_bytes() == octets
    assert theirs.evaluate("window.notReloaded")

    sent = you.mail("Sent")
    assert [held.octets for held in sent] == friend_copy(friend)
    assert b"In-Reply-To: <letter2@else.test>" in sent[0].octets
    assert not you.mail("Drafts")


def friend_copy(friend: Guest) -> list[bytes]:
    """What the friend received, without the lines the delivery added in front."""
    found = []
    for held in friend.mail("INBOX"):
        octets = held.octets
        while octets.startswith((b"Received:", b"Return-Path:", b"Delivered-To:", b"\t", b" ")):
            octets = octets.partition(b"\r\n")[2]
        found.append(octets)
    return found


def test_signing_out_ends_the_session(windows: Windows, you: Guest) -> None:
    page = windows.signed_in(you)
    expect(page.get_by_test_id("empty")).to_be_visible()
    assert page.request.get("/auth/session").status == 200
    copied = page.context.cookies()
    page.get_by_test_id("account-menu").click()
    page.get_by_role("menuitem", name="Sign out").click()
    expect(page.get_by_role("form", name="Sign in")).to_be_visible()
    assert page.context.cookies() == []
    assert page.request.get("/.well-known/jmap").status == 401
    page.context.add_cookies([dict(one) for one in copied])  # type: ignore[misc]
    assert page.request.get("/.well-known/jmap").status == 401
    page.goto("/mail/inbox")
    expect(page.get_by_role("form", name="Sign in")).to_be_visible()


def test_an_ended_session_asks_again(windows: Windows, you: Guest) -> None:
    you.put(letter("Still here"))
    page = windows.signed_in(you)
    expect(rows(page, "Still here")).to_be_visible()
    page.context.clear_cookies()
    rows(page, "Still here").dispatch_event("click")
    again = page.get_by_role("dialog", name="Please sign in again")
    expect(again.get_by_label("E-mail address")).to_have_value(you.address)
    again.get_by_label("Password").fill(PASSWORD)
    again.get_by_role("button", name="Sign in").click()
    expect(again).to_have_count(0)
    expect(page.get_by_test_id("mail")).to_be_visible()
