"""The judgement of a message from outside: a value, made by a table of rules from what is known of it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from pillarbox.core.limits import SMTP_HOPS
from pillarbox.message.digest import Summary


class Action(StrEnum):
    """What is to be done with a message."""

    ACCEPT = "accept"
    REJECT = "reject"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The action and the name of the rule it comes from, "" when none applied."""

    action: Action
    reason: str = ""


RULES: tuple[tuple[str, Action, Callable[[Summary], bool]], ...] = (
    ("loop", Action.REJECT, lambda summary: summary.hops > SMTP_HOPS),  # RFC 5321 §6.3
)
"""Reason, action and condition; the first whose condition holds decides."""


def judge(summary: Summary) -> Verdict:
    """The verdict on a message, our own Received field included."""
    for reason, action, applies in RULES:
        if applies(summary):
            return Verdict(action, reason)
    return Verdict(Action.ACCEPT)
