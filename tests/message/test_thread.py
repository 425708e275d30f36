"""Base subjects (RFC 5256 §2.1) and message ids."""

import pytest

from pillarbox.message.thread import base_subject, message_ids


@pytest.mark.parametrize(
    ("subject", "base"),
    [
        ("Plan", "Plan"),
        ("Re: Plan", "Plan"),
        ("RE : re: Fwd:FW: Plan", "Plan"),
        ("Re[2]: Plan", "Plan"),
        ("Re [list]: Plan (fwd) (FWD)", "Plan"),
        ("[list] Re: [list] Plan", "Plan"),
        ("[list]", "[list]"),
        ("[a] [b]", "[b]"),
        ("[fwd: Re: Plan (fwd)]", "Plan"),
        ("[Fwd: [fwd: x]]", "x"),
        ("  two   words\t here ", "two words here"),
        ("Re:", ""),
        ("Regarding: x", "Regarding: x"),
        ("", ""),
    ],
)
def test_base_subject(subject: str, base: str) -> None:
    assert base_subject(subject) == base


@pytest.mark.parametrize(
    ("value", "ids"),
    [
        (b"<a@b>", ["a@b"]),
        (b"<a@b><c@d>\r\n\t<e@f>", ["a@b", "c@d", "e@f"]),
        (b"your mail of Monday <a@b> (comment)", ["a@b"]),
        (b"a@b c@d words", ["a@b", "c@d"]),
        (b"<>", []),
        (b"", []),
    ],
)
def test_message_ids(value: bytes, ids: list[str]) -> None:
    assert message_ids(value) == ids
