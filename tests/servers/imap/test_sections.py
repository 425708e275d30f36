"""Which octets the sections of FETCH BODY[…] are."""

import pytest

from pillarbox.message.structure import scan
from pillarbox.servers.imap.sections import choose_fields, clip, locate
from pillarbox.wire.imap.fetch import Section

FIELDS = ("subject", "TO")


@pytest.mark.parametrize(
    ("header", "chosen", "others"),
    [
        (b"To: a\r\nCc: b\r\nSubject: c\r\n d\r\n\r\n", b"To: a\r\nSubject: c\r\n d\r\n\r\n", b"Cc: b\r\n\r\n"),
        (b"To: a\nCc: b\n\n", b"To: a\n\n", b"Cc: b\n\n"),
        (b"\r\n", b"\r\n", b"\r\n"),
        (b"", b"", b""),
        (b"To: a", b"To: a", b""),
        (b"Too: a\r\n", b"", b"Too: a\r\n"),
        (b"TO : a\r\nto:\r\n\r\n", b"TO : a\r\nto:\r\n\r\n", b"\r\n"),
        (b"junk to: x\r\nTo: a\r\n\t\r\nCc: b\r\n\r\n", b"To: a\r\n\t\r\n\r\n", b"junk to: x\r\nCc: b\r\n\r\n"),
    ],
)
def test_fields(header: bytes, chosen: bytes, others: bytes) -> None:
    assert choose_fields(header, Section(text="HEADER.FIELDS", fields=FIELDS)) == chosen
    assert choose_fields(header, Section(text="HEADER.FIELDS.NOT", fields=FIELDS)) == others


@pytest.mark.parametrize(
    ("partial", "span"),
    [(None, (10, 20)), ((0, 5), (10, 15)), ((8, 5), (18, 20)), ((10, 1), (20, 20)), ((99, 9), (20, 20))],
)
def test_partial(partial: tuple[int, int] | None, span: tuple[int, int]) -> None:
    assert clip((10, 20), partial) == span


MESSAGE = b"Subject: x\r\nContent-Type: message/rfc822\r\n\r\nSubject: y\r\n\r\nbody"


@pytest.mark.parametrize(
    ("section", "octets"),
    [
        (Section(), MESSAGE),
        (Section(text="HEADER"), MESSAGE[:44]),
        (Section(text="TEXT"), MESSAGE[44:]),
        (Section((1,)), MESSAGE[44:]),
        (Section((1,), "HEADER"), b"Subject: y\r\n\r\n"),
        (Section((1,), "TEXT"), b"body"),
        (Section((1, 1)), b"body"),
        (Section((2,)), None),
        (Section((1, 2)), None),
        (Section((1, 1), "HEADER"), None),
    ],
)
def test_sections(section: Section, octets: bytes | None) -> None:
    span = locate(scan(MESSAGE), len(MESSAGE), section)
    assert (None if span is None else MESSAGE[span[0] : span[1]]) == octets
