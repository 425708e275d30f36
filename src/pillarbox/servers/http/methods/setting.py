"""What every /set shares: one transaction, each object's own success or refusal, states before and after."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from pillarbox.core.errors import MailError
from pillarbox.core.ids import AccountId
from pillarbox.servers.http.context import Context
from pillarbox.servers.http.errors import set_error
from pillarbox.servers.http.methods.standard import check_state
from pillarbox.store.model import Kind
from pillarbox.store.transaction import Transaction
from pillarbox.wire.jmap.codec import Json
from pillarbox.wire.jmap.errors import MethodError, SetError


@dataclass(slots=True)
class Outcome:
    """What became of each object (RFC 8620 §5.3). `ids` are those of the objects created, by creation id."""

    known: dict[str, str]
    """Creation ids of earlier calls."""
    created: dict[str, Json] = field(default_factory=dict)
    updated: dict[str, Json | None] = field(default_factory=dict)
    destroyed: list[str] = field(default_factory=list)
    not_created: dict[str, Json] = field(default_factory=dict)
    not_updated: dict[str, Json] = field(default_factory=dict)
    not_destroyed: dict[str, Json] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    implied: "Outcome | None" = None
    """That of an implicit call in the same transaction."""

    def absorb(self, other: "Outcome") -> None:
        """Take over what became of others."""
        self.created.update(other.created)
        self.ids.update(other.ids)
        self.updated.update(other.updated)
        self.destroyed.extend(other.destroyed)
        self.not_created.update(other.not_created)
        self.not_updated.update(other.not_updated)
        self.not_destroyed.update(other.not_destroyed)

    def real_id(self, text: str) -> str | None:
        """The id itself, or the one that `#creation-id` stands for."""
        if not text.startswith("#"):
            return text
        return self.ids.get(text[1:], self.known.get(text[1:]))

    def make(self, creation_id: str, object_id: str, shown: Json) -> None:
        """An object was created."""
        self.ids[creation_id] = object_id
        self.created[creation_id] = {"id": object_id, **shown}


async def attempt(refused: dict[str, Json], key: str, act: Callable[[], Awaitable[None]]) -> bool:
    """Do it; a refusal goes under `key` and the rest goes on. Whether it was done."""
    try:
        await act()
    except SetError as error:
        refused[key] = error.value()
        return False
    except MailError as error:
        refused[key] = set_error(error).value()
        return False
    return True


class _Moved(Exception):
    """Somebody changed the account between the look at its state and the transaction."""


_TRIES = 5


Unit = Callable[[Transaction, Outcome], Awaitable[None]]


async def transact(
    context: Context, kind: Kind, if_in_state: str | None, unit: Unit, others: Sequence[AccountId] = ()
) -> tuple[Outcome, int, int]:
    """Run `unit` in one transaction on the account and on `others`: its outcome, and the modseqs right before and
    after, so that whoever had the old state has the new one now. Raises MethodError "stateMismatch"."""
    account = context.account_id
    for _ in range(_TRIES):
        expected = None
        if if_in_state is not None:
            expected = await context.store.modseq(account)
            await check_state(context, kind, if_in_state)

        async def run(tx: Transaction, expected: int | None = expected) -> tuple[Outcome, int, int]:
            before = tx.modseq(account) - 1
            if expected is not None and before != expected:
                raise _Moved
            outcome = Outcome(context.created)
            await unit(tx, outcome)
            return outcome, before, before + tx.changed(account)

        try:
            return await context.store.write([account, *others], run)
        except _Moved:
            continue
    raise MethodError("stateMismatch", "the account keeps changing")


async def write_set(context: Context, kind: Kind, if_in_state: str | None, unit: Unit) -> Json:
    """Run `unit` in one transaction: the answer of the /set. Raises MethodError "stateMismatch"."""
    outcome, before, after = await transact(context, kind, if_in_state, unit)
    context.created.update(outcome.ids)
    return answer_of(context, outcome, str(before), str(after))


def answer_of(context: Context, outcome: Outcome, old: str | None, new: str) -> Json:
    """The answer of a /set (RFC 8620 §5.3); `old` None: not known."""
    return {
        "accountId": context.spelled,
        "oldState": old,
        "newState": new,
        "created": outcome.created or None,
        "updated": outcome.updated or None,
        "destroyed": outcome.destroyed or None,
        "notCreated": outcome.not_created or None,
        "notUpdated": outcome.not_updated or None,
        "notDestroyed": outcome.not_destroyed or None,
    }
