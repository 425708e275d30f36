"""What a JMAP method works with while one request is answered."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from pillarbox.core.ids import AccountId, spell
from pillarbox.core.limits import JMAP_BODY_VALUES
from pillarbox.servers.http.services import Hall
from pillarbox.store.model import ACCOUNT_PREFIX, Account
from pillarbox.store.store import Store
from pillarbox.wire.jmap.arguments import Arguments
from pillarbox.wire.jmap.codec import Json
from pillarbox.wire.jmap.errors import MethodError


@dataclass(slots=True)
class Context:
    """One request. `created` maps creation ids to ids (RFC 8620 §5.3); `implied` are the responses of implicit calls,
    sent after the method's own; `room` is how many octets of text the answer may still hold."""

    hall: Hall
    account: Account
    created: dict[str, str]
    implied: list[tuple[str, Json]] = field(default_factory=list)
    room: int = JMAP_BODY_VALUES

    @property
    def store(self) -> Store:
        """The mail store."""
        return self.hall.services.store

    @property
    def account_id(self) -> AccountId:
        """Whose mail it is about."""
        return self.account.account_id

    @property
    def spelled(self) -> str:
        """The account's id as JMAP spells it."""
        return spell(ACCOUNT_PREFIX, self.account.account_id)

    def real_id(self, text: str) -> str | None:
        """The id itself, or the one that `#creation-id` stands for; None when nothing was created under it."""
        return self.created.get(text[1:]) if text.startswith("#") else text

    def spend(self, octets: int) -> None:
        """Take room in the answer; raises MethodError when there is none left."""
        self.room -= octets
        if self.room < 0:
            raise MethodError(
                "requestTooLarge", "the answer would hold too much text; ask for fewer or truncated parts"
            )


@dataclass(frozen=True, slots=True)
class Method:
    """How a method call is answered: by `run` with its typed arguments, if the client uses `capability`."""

    run: Callable[[Context, Any], Awaitable[Json]]
    arguments: type[Arguments]
    capability: str
