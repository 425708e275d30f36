"""Where the settings are, and the store they lead to."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeVar

from cyclopts import Parameter

from pillarbox.app import open_store
from pillarbox.config.file import SettingsError, load
from pillarbox.config.settings import Settings
from pillarbox.core import log
from pillarbox.store.store import Store

T = TypeVar("T")

PLACES = (Path("pillarbox.toml"), Path("/etc/pillarbox/pillarbox.toml"))


@Parameter(name="*")
@dataclass(frozen=True)
class Common:
    """What every command takes."""

    config: Annotated[Path | None, Parameter(alias="-c", env_var="PILLARBOX_CONFIG")] = None
    """The settings file; without it ./pillarbox.toml, then /etc/pillarbox/pillarbox.toml."""

    json: Annotated[bool, Parameter(negative=())] = False
    """Answer in JSON, for programs."""


def settings_file(common: Common) -> Path:
    """The settings file in use. Raises SettingsError when there is none."""
    if common.config is not None:
        return common.config
    for place in PLACES:
        if place.exists():
            return place
    raise SettingsError("no pillarbox.toml here or in /etc/pillarbox; `pillarbox init` writes one, --config names one")


def settings_of(common: Common) -> Settings:
    """The settings in use. Raises SettingsError."""
    return load(settings_file(common))


def with_store(common: Common, action: Callable[[Store], Awaitable[T]]) -> T:
    """Run `action` on the store; it may be served by others at the same time."""
    settings = settings_of(common)
    log.configure("error")

    async def opened() -> T:
        async with open_store(settings) as store:
            return await action(store)

    return asyncio.run(opened())
