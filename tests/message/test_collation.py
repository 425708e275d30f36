"""i;unicode-casemap (RFC 5051) and what is sorted by it."""

import pytest

from pillarbox.message.collation import casemap, collated

ROWS = [
    ("", ""),
    ("Plan B", "PLAN B"),
    ("\u01c4", "Dz\u030c"),  # the example of RFC 5051 §2
    ("\u01c5", "Dz\u030c"),
    ("caf\u00e9", "CAFE\u0301"),
    ("cafe\u0301", "CAFE\u0301"),
    ("\u00df", "\u00df"),  # its title case is in SpecialCasing.txt only
    ("\ufb01sh", "fiSH"),
    ("\u0131I", "II"),
    ("\u1fb3", "\u0391\u0345"),
    ("\u2177", "VIII"),
    ("\uff21\uff42", "AB"),
    ("\u10d0", "\u10d0"),  # Georgian: upper case is no title case
    ("\uac00\u4e2d", "\uac00\u4e2d"),
    ("\U0001f600\U00010428", "\U0001f600\U00010400"),
]


@pytest.mark.parametrize(("text", "expected"), ROWS)
def test_casemap(text: str, expected: str) -> None:
    assert casemap(text) == expected
    assert collated(text) == expected.encode()


def test_order() -> None:
    texts = ["", "A", "a b", "ab", "Ab_", "E", "\u00e9", "f", "\u042f", "\u4e2d"]
    assert sorted(texts[5:], key=collated) == texts[5:]
    assert collated("_") > collated("z")  # upper case is compared, RFC 5051 §2
    assert collated("") < collated("a b") < collated("ab") < collated("Ab_")


def test_what_is_in_no_charset_comes_last() -> None:
    assert collated("a\udcff") == b"\xffa\xff"
    assert sorted(["\udc80", "\U0010ffff", "a\udcff", "z"], key=collated) == ["z", "\U0010ffff", "a\udcff", "\udc80"]
