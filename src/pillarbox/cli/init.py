"""`pillarbox init`: the first settings file."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter

from pillarbox.app import open_store
from pillarbox.cli import exits
from pillarbox.cli.output import say
from pillarbox.config.explanation import explain
from pillarbox.config.file import parse
from pillarbox.config.settings import Settings
from pillarbox.core.errors import Exists
from pillarbox.store.store import Store


def init(
    *,
    hostname: str | None = None,
    domain: str | None = None,
    data: Path | None = None,
    config: Path = Path("pillarbox.toml"),
    json: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Write an annotated settings file and make the mail store; asks for what is not given.

    Parameters
    ----------
    hostname
        The name of this server, as its MX record says: mail.example.org.
    domain
        The first domain it has mail for: example.org.
    data
        The folder for everything; relative to the settings file.
    config
        Where the settings file is written.
    json
        Answer in JSON, for programs.
    """
    if config.exists():
        print(f"pillarbox: {config} exists already; nothing was changed", file=sys.stderr)
        return exits.REFUSED
    hostname = hostname or _ask("Host name of this server", "mail.example.org")
    domain = domain or _ask("First domain to have mail for", hostname.partition(".")[2] or hostname)
    data = data or Path(_ask("Folder for everything", "var"))
    if not (hostname and domain):
        return exits.USAGE
    standard = Settings()
    written = msgspec.structs.replace(
        standard, server=msgspec.structs.replace(standard.server, hostname=hostname, data=data)
    )
    text = explain(written)
    settings = parse(text, config)
    asyncio.run(_first_domain(settings, domain))
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(text, encoding="utf-8")
    say(
        f"{config} is written, {domain} is a domain of yours.\n"
        f"Next: pillarbox account add you@{domain}, then pillarbox serve.",
        as_json=json,
        config=str(config.resolve()),
        hostname=hostname,
        domain=domain,
        data=str(settings.server.data),
    )
    return exits.OK


def _ask(question: str, proposal: str) -> str:
    """What a person types; the proposal when there is nobody to ask or the answer is empty."""
    if not sys.stdin.isatty():
        return proposal
    return input(f"{question} [{proposal}]: ").strip() or proposal


async def _first_domain(settings: Settings, domain: str) -> None:
    async def add(store: Store) -> None:
        try:
            await store.directory.add_domain(domain)
        except Exists:
            return

    async with open_store(settings) as store:
        await add(store)
