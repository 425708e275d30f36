"""What the HTTP server is given to work with, and what it keeps for itself."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from pillarbox.core.clock import Clock
from pillarbox.core.ids import AccountId
from pillarbox.services.login.service import Logins
from pillarbox.services.login.tokens import Tokens
from pillarbox.services.submission.service import Submissions
from pillarbox.store.store import Store

STATIC = Path(__file__).parent / "static"


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """What the settings say about HTTP. `session_key` is the file of the key that signs sessions, made when missing;
    `session_life` the seconds a login lasts after its last use; `static` the folder with the built webmail."""

    session_key: Path
    message_size: int
    session_life: int
    static: Path = STATIC


@dataclass(frozen=True, slots=True)
class HttpServices:
    """The store and the services the server asks."""

    store: Store
    logins: Logins
    submissions: Submissions
    clock: Clock


@dataclass(slots=True)
class Hall:
    """What all requests of a process share: services, settings, tokens, who is doing how much, and the closing bell."""

    services: HttpServices
    settings: HttpSettings
    tokens: Tokens
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    requests: Counter[AccountId] = field(default_factory=Counter)
    uploads: Counter[AccountId] = field(default_factory=Counter)
    event_sources: Counter[AccountId] = field(default_factory=Counter)
