"""What every notifier does alike: gathers hints, the latest modseq of each account, and hands received ones on."""

import logging
from collections.abc import Callable, Iterable, Sequence

from pillarbox.core.ids import AccountId, Modseq

Hint = tuple[AccountId, Modseq]

_log = logging.getLogger("pillarbox.engines.notify")


class Gathered:
    """Hints waiting to be sent, one for each account."""

    __slots__ = ("_latest",)

    def __init__(self) -> None:
        self._latest: dict[AccountId, Modseq] = {}

    def __bool__(self) -> bool:
        return bool(self._latest)

    def add(self, changes: Sequence[Hint]) -> None:
        """Keep the highest modseq of each account."""
        for account_id, modseq in changes:
            if modseq > self._latest.get(account_id, -1):
                self._latest[account_id] = modseq

    def take(self) -> list[Hint]:
        """Everything gathered so far."""
        hints = list(self._latest.items())
        self._latest.clear()
        return hints


def hand_on(hints: Iterable[Hint], callbacks: Sequence[Callable[[AccountId, Modseq], None]]) -> None:
    """Call every callback for every hint; one that raises does not keep the others from it."""
    for account_id, modseq in hints:
        for callback in callbacks:
            try:
                callback(account_id, modseq)
            except Exception:
                _log.exception("engines.hint_failed account=%x", account_id)
