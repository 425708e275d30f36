"""Fixtures of the browser tests: Chromium per module, new people and new windows for each test."""

import asyncio
import itertools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser.window import Guest, Windows
from tests.engines_fixtures import new_schema
from tests.server import DOMAIN, PillarboxServer

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE = 20_000  # milliseconds for what a person sees at once
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The distribution's headless Chromium."""
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is missing: apt-get install chromium")
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def aside() -> Iterator[ThreadPoolExecutor]:
    """A thread for what runs an event loop of its own: the browser's runs in this one."""
    with ThreadPoolExecutor(1) as pool:
        yield pool


@pytest.fixture(scope="session", params=["sqlite"])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, aside: ThreadPoolExecutor
) -> Iterator[PillarboxServer]:
    """A running server with two workers. It must end in order and have logged no bug."""
    url = ""
    if request.param == "postgres":
        postgres = request.getfixturevalue("postgres_server")
        url = aside.submit(asyncio.run, new_schema(postgres)).result()
    running = PillarboxServer(tmp_path_factory.mktemp(request.param), url, workers=2)
    yield running
    assert running.stop() == 0
    log = running.log.read_text("utf-8", "replace")
    assert "Traceback" not in log, log[-3000:]


def _guest(server: PillarboxServer, aside: ThreadPoolExecutor, name: str) -> Guest:
    address = f"{name}{next(_numbers)}@{DOMAIN}"
    account = aside.submit(server.add_account, address).result()
    return Guest(server, account, address, aside)


@pytest.fixture
def you(server: PillarboxServer, aside: ThreadPoolExecutor) -> Guest:
    """Somebody new."""
    return _guest(server, aside, "you")


@pytest.fixture
def friend(server: PillarboxServer, aside: ThreadPoolExecutor) -> Guest:
    """Somebody else."""
    return _guest(server, aside, "friend")


@pytest.fixture
def windows(browser: Browser, server: PillarboxServer) -> Iterator[Windows]:
    """Opens browser windows with cookies of their own; nothing in them may have gone wrong."""
    opened = Windows(browser, server.port)
    yield opened
    opened.close()
    assert opened.problems == []
