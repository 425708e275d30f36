"""Pictures of the webmail for the README: runs the demo on free ports and writes docs/images/*.png."""

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--hide-scrollbars"]
MOST = 200 << 10  # octets of a picture
LISTENERS = ("smtp", "submission", "submissions", "imap", "imaps", "pop3", "pop3s", "http", "https")
DESKTOP, PHONE = (1360, 850), (390, 844)


@contextmanager
def demo(folder: Path) -> Iterator[str]:
    """The demo, running; the webmail's address."""
    ports = "".join(f'{name} = "127.0.0.1:0"\n' for name in LISTENERS)
    (folder / "pillarbox.toml").write_text(
        f"[server]\ndata = '.'\nworkers = 1\n[listeners]\n{ports}[login]\nplain_from_loopback = true\n", "utf-8"
    )
    program = subprocess.Popen(
        [sys.executable, "-c", "from pillarbox.cli.main import main; main()", "demo", "--data", str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )
    assert program.stdout is not None
    try:
        card = ""
        while "Ctrl-C" not in card:
            line = program.stdout.readline()
            if not line:
                raise SystemExit("pillarbox: the demo did not start")
            card += line
        found = re.search(r"http://[\w.]+:\d+", card)
        assert found, card
        yield found[0]
    finally:
        program.send_signal(signal.SIGINT)
        program.wait(30)


@contextmanager
def inbox(browser: Browser, address: str, size: tuple[int, int], theme: str) -> Iterator[Page]:
    """The demo's inbox in a window of its own."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if theme == "dark" else "light",
        device_scale_factor=1.5 if size == PHONE else 1,
        has_touch=size == PHONE,
        reduced_motion="reduce",
        locale="en-GB",
    )
    page = context.new_page()
    page.goto(address)
    page.get_by_label("E-mail address").fill("you@demo.test")
    page.get_by_label("Password").fill("demo")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_test_id("row").first).to_be_visible(timeout=20_000)
    yield page
    context.close()


def conversation(page: Page, subject: str) -> None:
    """Open a conversation and wait until its pictures are there."""
    page.get_by_test_id("row").filter(has_text=subject).first.click()
    expect(page.get_by_test_id("subject")).to_contain_text(subject)
    expect(page.get_by_test_id("body").first).to_be_visible()
    settled(page)


def settled(page: Page) -> None:
    """Pictures are there, frames have the height of what is in them, and nothing is pointed at."""
    page.wait_for_load_state("networkidle")
    page.wait_for_function(
        "() => [...document.images].every(image => image.complete)"
        " && [...document.querySelectorAll('iframe')].every(frame => frame.clientHeight > 30)"
    )
    page.mouse.move(0, 0)


def reading(page: Page) -> None:
    """A conversation with a picture, open beside the list."""
    conversation(page, "The boat is ours")
    page.get_by_test_id("message").first.get_by_role("button").first.click()
    expect(page.get_by_role("button", name="Preview boat.png")).to_be_visible()
    page.get_by_test_id("subject").scroll_into_view_if_needed()
    settled(page)


def newsletter(page: Page) -> None:
    """A newsletter on its own paper."""
    page.locator("[data-mailbox=Newsletters]").click()
    conversation(page, "The Slow Post")


def letter(page: Page) -> None:
    """A letter in HTML, open beside the list."""
    conversation(page, "Welcome to Pillarbox")


def writing(page: Page) -> None:
    """An answer being written."""
    conversation(page, "Lantern festival")
    page.get_by_role("button", name="Reply all").last.click()
    text = page.get_by_label("Message", exact=True)
    expect(text).to_be_focused()
    text.press_sequentially("I bring the umbrellas. All of them.\n")
    expect(page.get_by_test_id("save-state")).to_have_text("Saved in Drafts", timeout=15_000)


def listing(page: Page) -> None:
    """The list alone."""
    expect(page.get_by_test_id("row").nth(5)).to_be_visible()
    settled(page)


SHOTS: dict[str, tuple[tuple[int, int], str, Callable[[Page], None]]] = {
    "webmail": (DESKTOP, "light", reading),
    "webmail-dark": (DESKTOP, "dark", newsletter),
    "webmail-html": (DESKTOP, "light", letter),
    "webmail-compose": (DESKTOP, "light", writing),
    "webmail-phone": (PHONE, "light", listing),
    "webmail-phone-reader": (PHONE, "light", reading),
}


def main() -> int:
    """Take the pictures named on the command line, or all."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, demo(Path(folder)) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for name in sys.argv[1:] or SHOTS:
            size, theme, prepare = SHOTS[name]
            with inbox(browser, address, size, theme) as page:
                prepare(page)
                picture = page.screenshot(animations="disabled", caret="hide")
            if len(picture) > MOST:
                raise SystemExit(f"pillarbox: {name}.png is too large: {len(picture)} octets")
            (IMAGES / f"{name}.png").write_bytes(picture)
            print(name, len(picture) >> 10, "KB")
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
