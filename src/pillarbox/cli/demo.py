"""`pillarbox demo`: a whole mail system on loopback with two accounts and mail in them."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter

from pillarbox.app import open_store, run
from pillarbox.cli.demo_card import card
from pillarbox.cli.demo_mail.filling import fill
from pillarbox.config.explanation import explain
from pillarbox.config.file import load
from pillarbox.config.settings import Log, Login, Server, Settings
from pillarbox.core import log


def demo(*, data: Path = Path("var"), json: Annotated[bool, Parameter(negative=())] = False) -> int:
    """Make the demo on the first start, keep it afterwards, and serve it until Ctrl-C.

    Parameters
    ----------
    data
        The folder of the demo with its settings and all its mail.
    json
        Log in JSON, for programs, and print no card.
    """
    file = data / "pillarbox.toml"
    if not file.exists():
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        file.write_text(explain(_settings()), encoding="utf-8")
    settings = load(file)
    log.configure(settings.log.level, json=settings.log.json or json)
    made = data / "demo-made"
    if not made.exists():
        print("Making the demo: two accounts and about two hundred letters ...", file=sys.stderr, flush=True)
        asyncio.run(_make(settings))
        made.touch()
    return run(settings, file, lambda chosen: None if json else _print_card(chosen))


def _settings() -> Settings:
    """Loopback and unprivileged ports are the defaults; the demo adds logins in clear from loopback."""
    standard = Settings()
    return msgspec.structs.replace(
        standard,
        server=Server(data=Path()),
        login=Login(plain_from_loopback=True),
        log=Log(level="warning"),
    )


async def _make(settings: Settings) -> None:
    async with open_store(settings) as store:
        await fill(store)


def _print_card(settings: Settings) -> None:
    print(card(settings, styled=sys.stdout.isatty()), flush=True)
