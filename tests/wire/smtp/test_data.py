"""DATA and BDAT octets: any split gives the same message and the same faults."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pillarbox.core.limits import SMTP_DATA_LINE
from pillarbox.wire.smtp.data import ChunkDecoder, DataDecoder, DataFault, LineCheck


def decode(pieces: list[bytes]) -> tuple[bytes, bool, DataFault | None, bytes]:
    """The message, whether it ended, its fault, and what is left behind the end."""
    decoder = DataDecoder()
    check = LineCheck()
    buffer = bytearray()
    message = b""
    for piece in pieces:
        buffer += piece
        while not decoder.ended:
            block = decoder.next(buffer)
            if not block:
                break
            message += block
            check.feed(block)
    return message, decoder.ended, check.fault() if decoder.ended else None, bytes(buffer)


@pytest.mark.parametrize(
    ("wire", "message", "fault"),
    [
        (b".\r\n", b"", None),
        (b"\r\n.\r\n", b"\r\n", None),
        (b"a\r\n.\r\n", b"a\r\n", None),
        (b"..\r\n.\r\n", b".\r\n", None),
        (b".a\r\n..b\r\n...\r\n.\r\n", b"a\r\n.b\r\n..\r\n", None),
        (b"a\r\n..\r\n..\r\n.\r\n", b"a\r\n.\r\n.\r\n", None),
        (b"a.\r\n.\r\n", b"a.\r\n", None),
        (b"\x80\xff\r\n.\r\n", b"\x80\xff\r\n", None),
        (b"a\n.\nb\r\n.\r\n", b"a\n.\nb\r\n", DataFault.BARE),
        (b"a\n.\r\nb\r\n.\r\n", b"a\n.\r\nb\r\n", DataFault.BARE),
        (b"a\r\n.\nb\r\n.\r\n", b"a\r\n\nb\r\n", DataFault.BARE),
        (b"a\r.\rb\r\n.\r\n", b"a\r.\rb\r\n", DataFault.BARE),
        (b"a\r.\r\nb\r\n.\r\n", b"a\r.\r\nb\r\n", DataFault.BARE),
        (b"a\r\n.\rb\r\n.\r\n", b"a\r\n\rb\r\n", DataFault.BARE),
        (b"a\r\n.\r\r\nb\r\n.\r\n", b"a\r\n\r\r\nb\r\n", DataFault.BARE),
        (b"a\r\r\n.\r\n", b"a\r\r\n", DataFault.BARE),
        (b"a\n\r\n.\r\n", b"a\n\r\n", DataFault.BARE),
        (b"\n.\r\n.\r\n", b"\n.\r\n", DataFault.BARE),
        (b".\n.\r\n.\r\n", b"\n.\r\n", DataFault.BARE),
        (b"a\0b\r\n.\r\n", b"a\0b\r\n", DataFault.NUL),
    ],
)
def test_data(wire: bytes, message: bytes, fault: DataFault | None) -> None:
    rest = b"QUIT\r\n"
    assert decode([wire + rest]) == (message, True, fault, rest)
    assert decode([bytes([octet]) for octet in wire + rest]) == (message, True, fault, rest)


_parts = [b"\r", b"\n", b".", b"a", b"\r\n", b"\r\n.", b"\r\n.\r\n", b"\0", b"text"]
_octets = st.lists(st.sampled_from(_parts)).map(b"".join)


@given(_octets, st.data())
def test_any_split_is_the_same(octets: bytes, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(octets)), max_size=6)))
    pieces = [octets[start:end] for start, end in zip([0, *cuts], [*cuts, len(octets)], strict=True)]
    whole, split = decode([octets]), decode(pieces)
    if whole[1]:
        assert split == whole
    else:
        assert (split[1], split[2]) == (False, None)
        assert whole[0].startswith(split[0]) or split[0].startswith(whole[0])


@given(_octets)
def test_only_crlf_dot_crlf_ends(octets: bytes) -> None:
    _, ended, _, rest = decode([octets])
    assert ended == (b"\r\n.\r\n" in b"\r\n" + octets)
    if ended:
        assert rest == (b"\r\n" + octets).split(b"\r\n.\r\n", 1)[1]


@given(_octets.filter(lambda octets: octets.endswith(b"\r\n")))
def test_stuffed_octets_come_back(octets: bytes) -> None:
    stuffed = (b"\r\n" + octets).replace(b"\r\n.", b"\r\n..")[2:]
    assert decode([stuffed + b".\r\n"])[0] == octets


def test_large_message_in_pieces() -> None:
    line = b"x" * 70 + b"\r\n"
    octets = (line * 9 + b"..\r\n") * 3000
    message, ended, fault, rest = decode([octets + b".\r\n"])
    assert (message, ended, fault, rest) == (octets.replace(b"\r\n..", b"\r\n."), True, None, b"")


@pytest.mark.parametrize("size", [SMTP_DATA_LINE, SMTP_DATA_LINE + 1])
@pytest.mark.parametrize("piece", [1000, 65536, 250_001])
def test_line_limit(size: int, piece: int) -> None:
    octets = b"a\r\n" + b"x" * (size - 1) + b"\r\nb\r\n.\r\n"
    fault = decode([octets[start : start + piece] for start in range(0, len(octets), piece)])[2]
    assert fault == (DataFault.LONG_LINE if size > SMTP_DATA_LINE else None)


def test_chunks_are_checked_as_one() -> None:
    check = LineCheck()
    for chunk, last in ((b"a\r", False), (b"\nb", True)):
        buffer = bytearray(chunk + b"NOOP\r\n")
        decoder = ChunkDecoder(len(chunk), last=last)
        check.feed(decoder.next(buffer))
        assert decoder.remaining == 0
        assert buffer == b"NOOP\r\n"
    assert check.fault() is None
    check.feed(b"\r")
    assert check.fault() == DataFault.BARE


def test_chunk_waits_for_the_rest() -> None:
    decoder = ChunkDecoder(5, last=True)
    buffer = bytearray(b"abc")
    assert decoder.next(buffer) == b"abc"
    assert decoder.next(buffer) == b""
    buffer += b"defg"
    assert decoder.next(buffer) == b"de"
    assert buffer == b"fg"
