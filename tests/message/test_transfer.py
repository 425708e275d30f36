"""Transfer encodings undone: what comes out, whatever came in, and however it was cut."""

import base64
import quopri

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pillarbox.core.limits import CHUNK, ENCODED_LINE, ENCODED_RUNS
from pillarbox.message.transfer import decode, decoder

ENCODINGS = ("7bit", "8bit", "binary", "base64", "quoted-printable")


@pytest.mark.parametrize(
    ("encoding", "octets", "decoded"),
    [
        ("7bit", b"a=3D\r\n", b"a=3D\r\n"),
        ("binary", b"\0\xff\r\n", b"\0\xff\r\n"),
        ("base64", b"AAEC\r\n", b"\0\1\2"),
        ("base64", b"aGVs\r\nbG8=\r\n", b"hello"),
        ("base64", b"aGVs\r\nbG8\r\n", b"hello"),  # cut off
        ("base64", b"aGVsbG8=aGVsbG8=", b"hellohello"),  # two files in one part
        ("base64", b"aGVs*bG8-\xff=\r\n== =", b"hello"),
        ("base64", b"a*G!k=", b"hi"),
        ("base64", b"aGkx\x00eA", b"hi1x"),
        ("base64", b"a", b""),
        ("base64", b"=", b""),
        ("base64", b"", b""),
        ("quoted-printable", b"=41=4a=4A=\r\nb\r\n", b"AJJb\r\n"),
        ("quoted-printable", b"a  \r\n b\t\t\n", b"a\r\n b\n"),
        ("quoted-printable", b"a  =\r\nb", b"a  b"),
        ("quoted-printable", b"a= \t\r\nb", b"ab"),
        ("quoted-printable", b"=0", b"=0"),  # cut off
        ("quoted-printable", b"=", b""),
        ("quoted-printable", b"=zz =4", b"=zz =4"),
        ("quoted-printable", b"a=\rb\nc", b"ab\nc"),
        ("quoted-printable", b"==41", b"=41"),
        ("quoted-printable", b"end   ", b"end"),
        ("quoted-printable", b"=00=FF", b"\0\xff"),
        ("quoted-printable", b"x" + b" " * 2000 + b"\r\n", b"x\r\n"),
    ],
)
def test_decoded(encoding: str, octets: bytes, decoded: bytes) -> None:
    assert decode(octets, encoding) == decoded


def test_unknown_encodings_are_not_decoded() -> None:
    assert decode(b"x", "x-uuencode") is None
    assert decoder("BASE64") is None


@pytest.mark.parametrize("encoding", ["7bit", "8bit", "quoted-printable"])
def test_lines_of_text_end_in_crlf(encoding: str) -> None:
    assert decode(b"\na\nb\r\nc\r\r\n", encoding, text=True) == b"\r\na\r\nb\r\nc\r\r\n"


@pytest.mark.parametrize(("encoding", "octets"), [("binary", b"a\nb"), ("base64", base64.b64encode(b"a\nb"))])
def test_lines_within_an_encoding_are_content(encoding: str, octets: bytes) -> None:
    assert decode(octets, encoding, text=True) == b"a\nb"


def in_pieces(octets: bytes, encoding: str, text: bool, size: int) -> bytes:
    undo = decoder(encoding, text)
    assert undo is not None
    return b"".join([undo.feed(octets[at : at + size]) for at in range(0, len(octets), size)]) + undo.finish()


@given(
    st.lists(st.sampled_from([b"=", b"\r", b"\n", b" ", b"\t", b"A", b"4", b"z", b"\0", b"*", b"=41", b"QUJD"])),
    st.sampled_from(ENCODINGS),
    st.booleans(),
    st.integers(1, 7),
)
@example([b"a", b"\r", b"\n"], "7bit", True, 2)
@example([b"\r", b"\n", b"\n"], "quoted-printable", True, 1)
def test_pieces_make_no_difference(pieces: list[bytes], encoding: str, text: bool, size: int) -> None:
    octets = b"".join(pieces)
    assert in_pieces(octets, encoding, text, size) == decode(octets, encoding, text)


@given(st.binary(max_size=2000), st.integers(1, 100))
def test_what_was_encoded_comes_back(octets: bytes, size: int) -> None:
    assert in_pieces(base64.encodebytes(octets), "base64", False, size) == octets
    assert in_pieces(quopri.encodestring(octets, quotetabs=True), "quoted-printable", False, size) == octets


@pytest.mark.parametrize("size", [1000, 65_536, 100_003])
@pytest.mark.parametrize(
    ("encoding", "octets"),
    [
        ("base64", b"QQ==" * (ENCODED_RUNS + 50) + b"QUJD=" * 9),
        ("base64", b"=" * 200_000 + b"QUJD"),
        ("base64", b"QUJD\r\n" * 50_000),
        ("quoted-printable", b"=41" * 100_000 + b"\r\nb"),
        ("quoted-printable", b"ab\r\n" + b"x" * (ENCODED_LINE - 1) + b"=41\n\ny"),
        ("quoted-printable", b"x" * ENCODED_LINE + b"\r\n" + b"y" * (ENCODED_LINE + 1) + b" \n"),
        ("quoted-printable", b" " * (2 * ENCODED_LINE)),
    ],
)
def test_long_parts_in_pieces(encoding: str, octets: bytes, size: int) -> None:
    assert in_pieces(octets, encoding, False, size) == decode(octets, encoding)


def test_a_line_without_end_is_not_kept() -> None:
    undo = decoder("quoted-printable")
    assert undo is not None
    given, back = 0, 0
    for _ in range(200):
        back += len(undo.feed(b"x" * CHUNK))
        given += CHUNK
        assert given - back <= ENCODED_LINE + CHUNK
