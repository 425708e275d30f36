"""SASLprep by its own examples (RFC 4013 §3)."""

import pytest

from pillarbox.core.errors import Invalid
from pillarbox.wire.sasl.preparation import prepare


@pytest.mark.parametrize(
    ("text", "prepared"),
    [
        ("I\u00adX", "IX"),
        ("user", "user"),
        ("USER", "USER"),
        ("\u00aa", "a"),
        ("\u2168", "IX"),
        ("a\u00a0b", "a b"),
        ("\u0627\u0628", "\u0627\u0628"),
        ("🔑", "🔑"),
    ],
)
def test_prepared(text: str, prepared: str) -> None:
    assert prepare(text) == prepared


@pytest.mark.parametrize("text", ["", "\u00ad", "\u0007", "\u0627\u0031", "\u0627a\u0627", "\ue000", "\u200e"])
def test_refused(text: str) -> None:
    with pytest.raises(Invalid):
        prepare(text)
