"""Binary parts made base64: no octet of a part is lost, nothing else changes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pillarbox.core.errors import Invalid
from pillarbox.message.recoding import leaves_with_nul, same_shape
from pillarbox.message.recoding import recoded as pieces_of
from pillarbox.message.structure import Part, find, scan
from pillarbox.message.transfer import decode

HEAD = b'Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\npreamble\r\n'


def recoded(octets: bytes) -> bytes:
    return b"".join(pieces_of(octets, leaves_with_nul(octets, scan(octets))))


def part(octets: bytes, *number: int) -> bytes:
    found = find(scan(octets), number)
    assert found is not None
    decoded = decode(octets[found.body : found.end], found.encoding)
    assert decoded is not None
    return decoded


def test_only_the_part_with_nul_changes() -> None:
    text = b"--b\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\xe9t\xe9\nbare\r\n"
    binary = b"--b\r\nContent-Type: image/x\r\nContent-Transfer-Encoding: binary\r\nContent-ID: <i>\r\n\r\n\0\r\n\xff\n"
    octets = HEAD + text + binary + b"\r\n--b--\r\nepilogue"
    encoded = b"--b\r\nContent-Type: image/x\r\nContent-ID: <i>\r\nContent-Transfer-Encoding: base64\r\n\r\nAA0K/wo="
    assert recoded(octets) == HEAD + text + encoded + b"\r\n--b--\r\nepilogue"
    assert recoded(HEAD + text + b"--b--\r\n") == HEAD + text + b"--b--\r\n"


def test_a_message_without_parts() -> None:
    assert recoded(b"Subject: x\r\n\r\na\0b") == (
        b"Subject: x\r\nMIME-Version: 1.0\r\nContent-Transfer-Encoding: base64\r\n\r\nYQBi\r\n"
    )
    assert recoded(b"Subject: x\nMime-Version: 1.0\ncontent-transfer-encoding:\n binary\n\n\0") == (
        b"Subject: x\nMime-Version: 1.0\nContent-Transfer-Encoding: base64\n\nAA==\r\n"
    )


def test_parts_of_embedded_messages() -> None:
    inner = b"Subject: inner\r\nContent-Type: image/x\r\n\r\n" + b"\0" * 100
    octets = HEAD + b"--b\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: binary\r\n\r\n" + inner
    octets += b"\r\n--b\r\n\r\nlast\0one\r\n--b--\r\n"
    text = recoded(octets)
    assert b"\0" not in text
    assert part(text, 1, 1) == b"\0" * 100
    assert part(text, 2) == b"last\0one"
    assert same_shape(scan(octets), scan(text))
    assert max(map(len, text.split(b"\r\n"))) <= 76


@pytest.mark.parametrize(
    "octets",
    [
        b"Subject: \0\r\n\r\nx",
        HEAD + b"\0--b\r\n\r\nx\r\n--b--\r\n",
        HEAD + b"--b\r\nX: \0\r\n\r\nx\r\n--b--\r\n",
        HEAD + b"--b\r\n\r\nx\r\n--b--\r\n\0",
        HEAD + b"--b\r\nContent-Transfer-Encoding: base64\r\n\r\nAA\0A\r\n--b--\r\n",
        HEAD + b"--b\r\nContent-Transfer-Encoding: x-strange\r\n\r\n\0\r\n--b--\r\n",
    ],
)
def test_nul_that_no_encoding_can_carry(octets: bytes) -> None:
    with pytest.raises(Invalid):
        recoded(octets)


def leaves(octets: bytes, root: Part) -> list[bytes | None]:
    if root.parts:
        return [leaf for child in root.parts for leaf in leaves(octets, child)]
    return [decode(octets[root.body : root.end], root.encoding)]


@given(
    st.lists(
        st.sampled_from(
            [
                *(b"\0", b"\r\n", b"\n", b"--b", b"--b--", b"--c", b"x: y", b"Content-Type: message/rfc822", b"a \0\r"),
                *(b'Content-Type: multipart/mixed; boundary="c"', b"Content-Transfer-Encoding: binary"),
            ]
        ),
        max_size=40,
    )
)
def test_whatever_comes_out_has_the_same_parts_or_is_refused(pieces: list[bytes]) -> None:
    octets = HEAD + b"".join(pieces)
    before = scan(octets)
    try:
        text = b"".join(pieces_of(octets, leaves_with_nul(octets, before)))
    except Invalid:
        return
    assert b"\0" not in text
    after = scan(text)
    if same_shape(before, after):
        assert leaves(text, after) == leaves(octets, before)


def test_shapes() -> None:
    assert not same_shape(scan(b"Content-Type: text/html\r\n\r\nx"), scan(b"x"))
    assert same_shape(scan(b"Content-Type: text/plain\r\n\r\nx"), scan(b"y"))
