"""Writing: recipients, drafts that survive, forwarding, and what is refused."""

from playwright.sync_api import expect

from tests.browser.letters import letter
from tests.browser.window import Guest, Windows, mailbox, open_row, rows


def test_a_draft_survives(windows: Windows, you: Guest, friend: Guest) -> None:
    page = windows.signed_in(you)
    page.get_by_test_id("compose-button").click()
    compose = page.get_by_test_id("compose")
    compose.get_by_role("combobox", name="To").fill(friend.address)
    compose.get_by_label("Subject").fill("Half a thought")
    compose.get_by_label("Message", exact=True).fill("The other half follows.\n")
    expect(compose.get_by_test_id("save-state")).to_have_text("Saved in Drafts")
    page.reload()
    expect(mailbox(page, "drafts")).to_contain_text("1")
    mailbox(page, "drafts").click()
    rows(page, "Half a thought").click()
    text = compose.get_by_label("Message", exact=True)
    expect(text).to_have_value("The other half follows.\n")
    expect(compose).to_contain_text(friend.address.partition("@")[0])
    text.press("Control+End")
    text.press_sequentially("Here it is.")
    expect(compose.get_by_test_id("save-state")).to_have_text("Saved in Drafts")
    text.press("Control+Enter")
    expect(compose).to_have_count(0)
    expect(page.get_by_test_id("toasts")).to_contain_text("Message sent")
    assert [b"Here it is." in held.octets for held in friend.mail("INBOX")] == [True]
    assert you.mail("Drafts") == []
    expect(page.get_by_test_id("empty")).to_be_visible()


def test_what_is_refused_is_told(windows: Windows, you: Guest) -> None:
    page = windows.signed_in(you)
    page.keyboard.press("c")
    compose = page.get_by_test_id("compose")
    compose.get_by_test_id("send").click()
    expect(compose.get_by_test_id("compose-problem")).to_contain_text("at least one recipient")
    to = compose.get_by_role("combobox", name="To")
    to.fill("nobody at all")
    to.press("Tab")
    compose.get_by_test_id("send").click()
    expect(compose.get_by_test_id("compose-problem")).to_contain_text("not a complete address")
    to.press("Backspace")
    to.fill("nobody-here@talk.test")
    to.press("Enter")
    compose.get_by_label("Subject").fill("Lost")
    compose.get_by_test_id("send").click()
    expect(compose.get_by_test_id("compose-problem")).to_contain_text("Not sent")
    compose.get_by_role("button", name="Discard draft").click()
    expect(compose).to_have_count(0)
    page.get_by_test_id("toasts").get_by_role("button", name="Undo").click()
    expect(compose.get_by_label("Subject")).to_have_value("Lost")


def test_forwarding_html_to_somebody_known(windows: Windows, you: Guest, friend: Guest) -> None:
    you.put(
        letter("Receipt", "Thank you.", html='<p style="color:#0a5">Thank <b>you</b>.</p>', number=71),
        letter("Hello", sender=f"Sam Friend <{friend.address}>"),
    )
    page = windows.signed_in(you)
    open_row(page, "Receipt")
    page.get_by_role("button", name="Forward", exact=True).last.click()
    compose = page.get_by_test_id("compose")
    expect(compose.get_by_test_id("kept")).to_be_visible()
    to = compose.get_by_role("combobox", name="To")
    to.press_sequentially("Sam")
    expect(compose.get_by_role("option", name="Sam Friend")).to_be_visible()
    to.press("Enter")
    compose.get_by_test_id("send").click()
    expect(page.get_by_test_id("toasts")).to_contain_text("Message sent")
    (held,) = friend.mail("INBOX")
    assert b"<b>you</b>" in held.octets
    assert b"Subject: Fwd: Receipt" in held.octets
