"""Headers of submitted mail: what is added, what is taken out, and that nothing else changes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pillarbox.services.submission.header import complete

NOW = 1_700_000_000
WHOLE = b"From: You <you@demo.test>\r\nDate: Tue, 14 Nov 2023 22:13:20 +0000\r\nMessage-ID: <1@demo.test>\r\n"


def test_a_whole_header_is_left_alone() -> None:
    completed = complete(WHOLE + b"X-Odd:   spaces \r\n\tfolded\r\n", "demo.test", NOW)
    assert completed.octets == WHOLE + b"X-Odd:   spaces \r\n\tfolded\r\n"
    assert completed.authors == ("you@demo.test",)


def test_date_and_message_id_are_added() -> None:
    completed = complete(b"From: you@demo.test\r\nSubject: x\r\n", "demo.test", NOW)
    lines = completed.octets.split(b"\r\n")
    assert lines[0] == b"Date: Tue, 14 Nov 2023 22:13:20 +0000"
    assert lines[1].startswith(b"Message-ID: <")
    assert lines[1].endswith(b"@demo.test>")
    assert lines[2:] == [b"From: you@demo.test", b"Subject: x", b""]


@pytest.mark.parametrize("name", [b"Bcc", b"BCC", b"Resent-Bcc", b"Return-Path"])
def test_private_fields_go(name: bytes) -> None:
    header = WHOLE + name + b": a@demo.test,\r\n b@demo.test\r\nSubject: x\r\n" + name + b" : c@demo.test\r\n"
    assert complete(header, "demo.test", NOW).octets == WHOLE + b"Subject: x\r\n"


@pytest.mark.parametrize(
    ("header", "authors"),
    [
        (b"From: a@demo.test, B <b@demo.test>\r\n", ("a@demo.test", "b@demo.test")),
        (b"From: Team: a@demo.test, b@demo.test;\r\n", ("a@demo.test", "b@demo.test")),
        (b"FROM:\r\n you@demo.test\r\n", ("you@demo.test",)),
        (b'From: "you@demo.test" <other@demo.test>\r\n', ("other@demo.test",)),
    ],
)
def test_authors(header: bytes, authors: tuple[str, ...]) -> None:
    assert complete(header, "demo.test", NOW).authors == authors


@pytest.mark.parametrize(
    "header",
    [b"", b"Subject: x\r\n", b"From:\r\n", b"From: a@demo.test\r\nFrom: b@demo.test\r\n", b"From: nobody:;\r\n"],
)
def test_no_author(header: bytes) -> None:
    assert complete(header, "demo.test", NOW).fault


@given(st.lists(st.sampled_from([b"Bcc: x@y\r\n", b"Subject: a\r\n", b" folded\r\n", b"no field\r\n", b"X:\r\n"])))
def test_other_lines_stay(lines: list[bytes]) -> None:
    completed = complete(WHOLE + b"".join(lines), "demo.test", NOW)
    assert completed.octets.startswith(WHOLE)
    kept = completed.octets.split(b"\r\n")
    for line in (b"Subject: a", b"no field", b"X:"):
        assert kept.count(line) == lines.count(line + b"\r\n")
    assert b"Bcc: x@y" not in kept
