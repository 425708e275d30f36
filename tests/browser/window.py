"""Browser windows that notice whatever goes wrong in them, and the people who sit before them."""

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Dialog, Locator, Page, Request, expect

from pillarbox.core.ids import AccountId
from tests.clients.people import Held, Person
from tests.server import PASSWORD, PillarboxServer

DESKTOP = (1280, 800)
PHONE = (390, 780)


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody with an account. What they have on the server is done in another thread."""

    server: PillarboxServer
    account: AccountId
    address: str
    aside: ThreadPoolExecutor

    @property
    def _person(self) -> Person:
        return Person(self.server, self.account, self.address)

    def put(self, *messages: bytes, mailbox: str = "INBOX", flags: int = 0, received: int | None = None) -> None:
        """Messages in a mailbox, which is made when missing."""
        work = self._person.put
        done: Future[None] = self.aside.submit(work, *messages, mailbox=mailbox, flags=flags, received=received)
        done.result()

    def mail(self, mailbox: str) -> list[Held]:
        """All messages of a mailbox by UID."""
        return self.aside.submit(self._person.mail, mailbox).result()


@dataclass
class Windows:
    """Opens windows, each of a browser of its own; `problems` is what went wrong in any of them."""

    browser: Browser
    port: dict[str, int]
    problems: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)
    """Requests to other hosts, which are problems unless `strangers_welcome`."""
    strangers_welcome: bool = False
    _open: list[BrowserContext] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port['http']}"

    def new(self, *, secure: bool = False, size: tuple[int, int] = DESKTOP, **options: Any) -> Page:
        """An empty window."""
        base = f"https://127.0.0.1:{self.port['https']}" if secure else self.address
        context = self.browser.new_context(
            base_url=base,
            ignore_https_errors=secure,
            viewport={"width": size[0], "height": size[1]},
            has_touch=size == PHONE,
            reduced_motion="reduce",
            **options,
        )
        self._open.append(context)
        context.on("console", self._said)
        context.on("weberror", lambda error: self.problems.append(f"error: {error.error}"))
        context.on("request", self._asked)
        context.on("dialog", self._raised)
        return context.new_page()

    def signed_in(self, guest: Guest, **options: Any) -> Page:
        """A window with somebody's inbox."""
        page = self.new(**options)
        page.goto("/")
        sign_in(page, guest)
        return page

    def close(self) -> None:
        """Close them all."""
        for context in self._open:
            context.close()

    def _said(self, message: ConsoleMessage) -> None:
        # What the server refuses on purpose is told as "Failed to load resource".
        if message.type in ("error", "warning") and not message.text.startswith("Failed to load resource"):
            self.problems.append(f"console: {message.text}")

    def _raised(self, dialog: Dialog) -> None:
        self.problems.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _asked(self, request: Request) -> None:
        found = urlsplit(request.url)
        if found.scheme in ("http", "https") and found.netloc not in (
            f"127.0.0.1:{self.port['http']}",
            f"127.0.0.1:{self.port['https']}",
        ):
            self.strangers.append(request.url)
            if not self.strangers_welcome:
                self.problems.append(f"request: {request.url}")


def sign_in(page: Page, guest: Guest, password: str = PASSWORD) -> None:
    """Fill in the form and, with the right password, wait for the mailboxes."""
    form = page.get_by_role("form", name="Sign in")
    form.get_by_label("E-mail address").fill(guest.address)
    form.get_by_label("Password").fill(password)
    form.get_by_role("button", name="Sign in").click()
    if password == PASSWORD:
        expect(page.get_by_test_id("mail")).to_be_visible()


def rows(page: Page, text: str = "") -> Locator:
    """The rows of the list, or those with a text."""
    found = page.get_by_test_id("row")
    return found.filter(has_text=text) if text else found


def open_row(page: Page, text: str) -> None:
    """Open the conversation of a row."""
    rows(page, text).first.click()
    expect(page.get_by_test_id("subject")).to_contain_text(text)


def mailbox(page: Page, name: str) -> Locator:
    """A link to a mailbox, by its role or name."""
    return page.locator(f'[data-mailbox="{name}"]')


def undo(page: Page, said: str) -> None:
    """Take back what was just said to be done."""
    toast = page.get_by_test_id("toasts")
    expect(toast).to_contain_text(said)
    toast.get_by_role("button", name="Undo").last.click()
