"""Header fields kept for lists: what they answer is what the header itself would."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pillarbox.core.limits import LISTING, LISTING_HEADER
from pillarbox.message.listing import chosen, empty_line, fields_of, keep

_NAMES = (
    b"From",
    b"to",
    b"SUBJECT",
    b"Received",
    b"X-Odd",
    b"Date",
    b"Content-Type",
    b"References",
    b"a:b",
    b" x",
    b"",
)
_PIECES = st.sampled_from(
    (b": a", b": \r\n b", b":", b" : c", b"no colon", b"\r\n", b"\n", b": \xff\xfe", b"\r", b"\t")
)
_LINES = st.tuples(st.sampled_from(_NAMES), _PIECES, st.sampled_from((b"\r\n", b"\n", b"")))
_HEADERS = st.lists(_LINES, max_size=12).map(lambda lines: b"".join(b"".join(line) for line in lines))
_ASKED = st.frozensets(st.sampled_from((b"from", b"to", b"subject", b"date", b"x-odd", b"received", b"none", b"cc")))


def _by_hand(header: bytes, names: frozenset[bytes]) -> bytes:
    return b"".join([field for field, name in fields_of(header) if name.lower() in names]) + empty_line(header)


@given(_HEADERS, _ASKED)
@settings(max_examples=500, deadline=None)
def test_what_is_kept_answers_like_the_header(header: bytes, names: frozenset[bytes]) -> None:
    there = {name.lower() for _, name in fields_of(header)}
    answer = chosen(keep(b"before" + header, 6, 6 + len(header)), names)
    if names & there & {b"received", b"x-odd"}:
        assert answer is None
    else:
        assert answer == _by_hand(header, names)


def test_layout() -> None:
    header = b"Received: a\r\nFROM: b\r\nX-Odd: c\r\nreceived: d\r\nTo: e\r\n f\r\n\r\n"
    assert keep(header, 0, len(header)) == b"from to:received x-odd\0FROM: b\r\n\0To: e\r\n f\r\n\0\r\n"


@pytest.mark.parametrize(
    "header",
    [
        b"From: a\0b\r\n\r\n",
        b"X-A: " + b"a" * LISTING_HEADER + b"\r\n\r\n",
        b"".join(b"X-%d: a\r\n" % number for number in range(1000)) + b"\r\n",
    ],
)
def test_a_header_nothing_is_kept_of(header: bytes) -> None:
    kept = keep(header, 0, len(header))
    assert kept == b""
    assert chosen(kept, frozenset((b"from",))) is None


def test_a_field_that_is_too_long_is_not_kept() -> None:
    header = b"To: a\r\nTo: " + b"b" * LISTING + b"\r\nCc: c\r\n\r\n"
    kept = keep(header, 0, len(header))
    assert chosen(kept, frozenset((b"to", b"cc"))) is None
    assert chosen(kept, frozenset((b"cc",))) == b"Cc: c\r\n\r\n"
