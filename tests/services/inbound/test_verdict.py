"""The verdict table."""

import pytest

from pillarbox.core.limits import SMTP_HOPS
from pillarbox.message.digest import summarise
from pillarbox.services.inbound.verdict import Action, Verdict, judge


@pytest.mark.parametrize(
    ("hops", "verdict"),
    [
        (0, Verdict(Action.ACCEPT)),
        (SMTP_HOPS, Verdict(Action.ACCEPT)),
        (SMTP_HOPS + 1, Verdict(Action.REJECT, "loop")),
    ],
)
def test_hops(hops: int, verdict: Verdict) -> None:
    assert judge(summarise(b"Received: from a by b; x\r\n" * hops + b"Subject: x\r\n\r\nReceived: no\r\n")) == verdict
