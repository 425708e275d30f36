"""Command lines: whole, broken, too long, in any split."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pillarbox.wire.smtp.line import LineDecoder, LineFault


def lines(pieces: list[bytes], limit: int = 20) -> list[bytes | LineFault]:
    decoder = LineDecoder()
    buffer = bytearray()
    found: list[bytes | LineFault] = []
    for piece in pieces:
        buffer += piece
        while (line := decoder.next(buffer, limit)) is not None:
            found.append(line)
        assert len(buffer) < limit
    return found


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        (b"NOOP\r\n", [b"NOOP"]),
        (b"NOOP\r\nQUIT\r\nx", [b"NOOP", b"QUIT"]),
        (b"\r\n", [b""]),
        (b"NOOP\nQUIT\r\n", [LineFault.BARE, b"QUIT"]),
        (b"NOOP\rQUIT\r\n", [LineFault.BARE]),
        (b"NOOP\r\r\n", [LineFault.BARE]),
        (b"NO\0OP\r\n", [LineFault.CONTROL]),
        (b"NO\x7fOP\r\n", [LineFault.CONTROL]),
        (b"NO\x80OP\r\n", [b"NO\x80OP"]),
        (b"x" * 18 + b"\r\n", [b"x" * 18]),
        (b"x" * 19 + b"\r\nNOOP\r\n", [LineFault.TOO_LONG, b"NOOP"]),
        (b"x" * 500 + b"\r\nNOOP\r\n", [LineFault.TOO_LONG, b"NOOP"]),
    ],
)
def test_lines(octets: bytes, expected: list[bytes | LineFault]) -> None:
    assert lines([octets]) == expected
    assert lines([bytes([octet]) for octet in octets]) == expected


@given(st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b"a", b"\0", b"MAIL", b"x" * 15])).map(b"".join), st.data())
def test_any_split_is_the_same(octets: bytes, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(octets)), max_size=6)))
    pieces = [octets[start:end] for start, end in zip([0, *cuts], [*cuts, len(octets)], strict=True)]
    assert lines(pieces) == lines([octets])
