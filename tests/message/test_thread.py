"""Base subjects (RFC 5256 §2.1) and message ids."""

import pytest

from pillarbox.message.thread import base_subject, message_ids, parted_subject


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
        ("Re\u00a0: x", "Re\u00a0: x"),  # no WSP
        ("[a[b] x", "[a[b] x"),
        ("[a] (fwd)", "[a]"),
        ("[a] Re: [b] Fw: [c]", "[c]"),
        ("[fwd: x", "[fwd: x"),
        ("[fwd: [a] x] (fwd)", "x"),
    ],
)
def test_base_subject(subject: str, base: str) -> None:
    assert base_subject(subject) == base


@pytest.mark.parametrize(
    ("subject", "reply"),
    [
        ("Plan", False),
        ("[list] Plan", False),
        ("  Plan  ", False),
        ("Regarding: Plan", False),
        ("[fwd: Plan", False),
        ("[list] Re: Plan", True),
        ("fw: Plan", True),
        ("Plan (fwd)", True),
        ("[fwd: Plan]", True),
        ("[fwd: Re: Plan]", True),
    ],
)
def test_marks_of_replies(subject: str, reply: bool) -> None:
    assert parted_subject(subject)[1] is reply


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
