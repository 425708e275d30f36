"""The list: three thousand rows, the keyboard, and everything that can be done to conversations, with its undoing."""

from playwright.sync_api import Page, expect

from pillarbox.store.model import FLAGGED, SEEN
from tests.browser.letters import letter
from tests.browser.window import Guest, Windows, mailbox, open_row, rows, undo

MANY = 3_000


def test_three_thousand_rows(windows: Windows, you: Guest) -> None:
    you.put(*(letter(f"Letter {number}") for number in range(MANY)), flags=SEEN, received=1_790_000_000)
    page = windows.signed_in(you)
    listed = page.get_by_test_id("message-list")
    expect(page.get_by_test_id("total")).to_have_text("3,000")
    expect(listed).to_have_attribute("aria-rowcount", str(MANY))
    for share in (0.5, 1.0, 0.25):
        listed.evaluate("(box, share) => box.scrollTo(0, (box.scrollHeight - box.clientHeight) * share)", share)
        index = max(1, round(MANY * share) - 1)
        expect(page.locator(f'[aria-rowindex="{index}"][data-testid=row]')).to_be_visible()
    assert page.locator("[role=row]").count() < 60
    subjects = page.get_by_test_id("row").locator(".subject").all_inner_texts()
    numbers = [int(subject.split()[1]) for subject in subjects]
    assert numbers in (sorted(numbers), sorted(numbers, reverse=True))
    assert len(set(numbers)) == len(numbers)


def three(you: Guest) -> None:
    """Three letters, the newest first: Three, Two, One."""
    for number, name in enumerate(("One", "Two", "Three")):
        you.put(letter(name, f"Text {name}."), received=1_790_000_000 + number)


def subjects(page: Page, *wanted: str) -> None:
    """The list shows just these."""
    expect(page.get_by_test_id("row").locator(".subject")).to_have_text(list(wanted))


def test_star_and_unread(windows: Windows, you: Guest) -> None:
    three(you)
    page = windows.signed_in(you)
    expect(mailbox(page, "inbox")).to_contain_text("3")
    open_row(page, "Two")
    expect(mailbox(page, "inbox")).to_contain_text("2")
    tools = page.get_by_role("toolbar", name="Conversation")
    tools.get_by_role("button", name="Star").click()
    expect(tools.get_by_role("button", name="Remove star")).to_be_visible()
    expect(page.get_by_role("row", name="Starred, Ada Lovelace, Two")).to_be_visible()
    rows(page, "One").hover()
    rows(page, "One").get_by_role("button", name="Star").click()
    tools.get_by_role("button", name="Mark as unread").click()
    expect(page.get_by_role("row", name="Unread, Starred, Ada Lovelace, Two")).to_be_visible()
    expect(mailbox(page, "inbox")).to_contain_text("3")
    page.reload()
    expect(page.get_by_role("row", name="Unread, Starred, Ada Lovelace, Two")).to_be_visible()
    assert sorted(held.flags & (SEEN | FLAGGED) for held in you.mail("INBOX")) == [0, FLAGGED, FLAGGED]


def test_archive_delete_move_and_undo(windows: Windows, you: Guest) -> None:
    three(you)
    page = windows.signed_in(you)
    open_row(page, "Two")
    tools = page.get_by_role("toolbar", name="Conversation")
    tools.get_by_role("button", name="Archive").click()
    subjects(page, "Three", "One")
    expect(page.get_by_test_id("subject")).to_have_text("One")
    undo(page, "Archived")
    subjects(page, "Three", "Two", "One")
    tools.get_by_role("button", name="Delete").click()
    subjects(page, "Three", "Two")
    undo(page, "Trash")
    subjects(page, "Three", "Two", "One")

    page.get_by_role("button", name="New mailbox").click()
    dialog = page.get_by_role("dialog", name="New mailbox")
    dialog.get_by_label("Name").fill("Lanterns & more")
    dialog.get_by_role("button", name="Create").click()
    expect(mailbox(page, "Lanterns & more")).to_be_visible()
    rows(page, "One").get_by_label("Select").click()
    rows(page, "Three").get_by_label("Select").click()
    selection = page.get_by_test_id("selection")
    expect(selection).to_contain_text("2")
    selection.get_by_role("button", name="Move to").click()
    page.get_by_role("menu", name="Move to").get_by_role("menuitem", name="Lanterns & more").click()
    subjects(page, "Two")
    mailbox(page, "Lanterns & more").click()
    subjects(page, "Three", "One")
    assert len(you.mail("Lanterns & more")) == 2
    page.go_back()
    subjects(page, "Two")


def test_mailboxes_are_renamed_and_deleted(windows: Windows, you: Guest) -> None:
    page = windows.signed_in(you)
    page.get_by_role("button", name="New mailbox").click()
    page.get_by_role("dialog").get_by_label("Name").fill("Plans")
    page.get_by_role("dialog").get_by_role("button", name="Create").click()
    mailbox(page, "Plans").hover()
    page.get_by_role("button", name="Options for Plans").click()
    page.get_by_role("menuitem", name="Rename").click()
    page.get_by_role("dialog").get_by_label("Name").fill("Pläne")
    page.get_by_role("dialog").get_by_role("button", name="Rename").click()
    mailbox(page, "Pläne").hover()
    page.get_by_role("button", name="Options for Pläne").click()
    page.get_by_role("menuitem", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(mailbox(page, "Pläne")).to_have_count(0)


def test_the_keyboard(windows: Windows, you: Guest) -> None:
    three(you)
    page = windows.signed_in(you)
    subjects(page, "Three", "Two", "One")
    keys = page.keyboard
    keys.press("?")
    help_page = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(help_page).to_contain_text("Next conversation")
    keys.press("Escape")
    expect(help_page).to_have_count(0)
    keys.press("j")
    expect(rows(page, "Three")).to_be_focused()
    keys.press("j")
    expect(rows(page, "Two")).to_be_focused()
    keys.press("Enter")
    expect(page.get_by_test_id("subject")).to_have_text("Two")
    keys.press("j")
    expect(page.get_by_test_id("subject")).to_have_text("One")
    keys.press("k")
    expect(page.get_by_test_id("subject")).to_have_text("Two")
    keys.press("e")
    subjects(page, "Three", "One")
    expect(page.get_by_test_id("toasts")).to_contain_text("Archived")
    keys.press("z")
    subjects(page, "Three", "Two", "One")
    keys.press("u")
    expect(page.get_by_test_id("reader")).to_have_count(0)
    keys.press("#")
    expect(rows(page)).to_have_count(2)
    keys.press("c")
    to = page.get_by_test_id("compose").get_by_role("combobox", name="To")
    expect(to).to_be_focused()
    keys.type("je#?")  # letters now, no shortcuts
    expect(to).to_have_value("je#?")
    expect(rows(page)).to_have_count(2)
    keys.press("Escape")
    expect(page.get_by_test_id("compose")).to_have_count(0)
    keys.press("/")
    expect(page.get_by_role("searchbox", name="Search mail")).to_be_focused()


def test_what_others_do_is_seen(windows: Windows, you: Guest) -> None:
    """Two windows of one account: what one does the other shows."""
    three(you)
    one, other = windows.signed_in(you), windows.signed_in(you)
    subjects(other, "Three", "Two", "One")
    open_row(one, "Two")
    one.keyboard.press("e")
    subjects(other, "Three", "One")
    mailbox(other, "archive").click()
    subjects(other, "Two")
