"""Bodies decoded, chosen, previewed and made searchable."""

import binascii

import pytest

from pillarbox.core.limits import PREVIEW
from pillarbox.message import body
from pillarbox.message.structure import Part, scan


def leaf(head: bytes, text: bytes) -> tuple[bytes, Part]:
    octets = head + b"\r\n\r\n" + text
    return octets, scan(octets)


@pytest.mark.parametrize(
    ("encoding", "text", "octets"),
    [
        (b"7bit", b"as it is\r\n", b"as it is\r\n"),
        (b"base64", b"aGVs\r\nbG8=\r\n", b"hello"),
        (b"base64", b"aGVs*\r\n!bG8\r\n-- \r\n", b"hello"),
        (b"quoted-printable", b"a=3D=\r\nb =\r\n c   \r\nd=zz=E", b"a=b  c\r\nd=zz=E"),
        (
            b"x-uuencode",
            b"begin 644 f\r\n" + binascii.b2a_uu(b"hello").replace(b"\n", b"\r\n") + b"`\r\nend\r\n",
            b"hello",
        ),
        (b"uuencode", b"no such thing", b"no such thing"),
        (b"made-up", b"x", b"x"),
    ],
)
def test_decode_leaf(encoding: bytes, text: bytes, octets: bytes) -> None:
    assert body.decode_leaf(*leaf(b"Content-Transfer-Encoding: " + encoding, text)) == octets


def test_leaf_text() -> None:
    assert body.leaf_text(*leaf(b"Content-Type: text/plain; charset=iso-8859-1", b"\xfc\r\nb\rc"), 9) == "ü\nb\nc"
    assert body.leaf_text(*leaf(b"Content-Type: text/html", b"<meta charset=koi8-r>\xf0"), 99)[-1] == "П"
    assert body.leaf_text(*leaf(b"X: y", b"x" * 100_000), 10) == "x" * 10


LISTED = b"""Content-Type: multipart/mixed; boundary=1

--1
Content-Disposition: inline; creation=A

--1
Content-Type: multipart/mixed; boundary=2

--2
Content-Type: multipart/alternative; boundary=3

--3
Content-Type: multipart/mixed; boundary=4

--4
Content-Disposition: inline; creation=B

--4
Content-Type: image/jpeg
Content-Disposition: inline; creation=C

--4
Content-Disposition: inline; creation=D

--4--
--3
Content-Type: multipart/related; boundary=5

--5
Content-Type: text/html
Content-Disposition: inline; creation=E

--5
Content-Type: image/jpeg
Content-Disposition: inline; creation=F

--5--
--3--
--2
Content-Type: image/jpeg
Content-Disposition: attachment; creation=G

--2
Content-Type: application/x-excel
Content-Disposition: x; creation=H

--2
Content-Type: message/rfc822
Content-Disposition: x; creation=J

Subject: in

--2--
--1
Content-Disposition: inline; creation=K

--1--
"""


def letters(parts: tuple[Part, ...]) -> str:
    return "".join(part.disposition_params[0][1] for part in parts)


def test_the_example_of_rfc_8621() -> None:
    reading = body.text_parts(scan(LISTED))
    assert (letters(reading.text), letters(reading.html), letters(reading.attachments)) == ("ABCDK", "AEK", "CFGHJ")


def multipart(subtype: bytes, *parts: bytes) -> bytes:
    return b"Content-Type: multipart/%s; boundary=b\r\n\r\n--b\r\n%s\r\n--b--" % (subtype, b"\r\n--b\r\n".join(parts))


TEXT = b"Content-Type: text/plain\r\n\r\nHello you"
HTML = b"Content-Type: text/html\r\n\r\n<style>p{}</style><p>Hello <b>HTML</b></p>"
LOGO = b"Content-Type: image/png\r\nContent-ID: <l@x>\r\n\r\nx"


@pytest.mark.parametrize(
    ("octets", "preview", "attached"),
    [
        (multipart(b"alternative", TEXT, HTML), "Hello you", False),
        (multipart(b"alternative", HTML), "Hello HTML", False),
        (multipart(b"related", HTML, LOGO), "Hello HTML", False),
        (multipart(b"mixed", TEXT, b"Content-Type: application/pdf\r\n\r\nx"), "Hello you", True),
        (
            multipart(b"mixed", TEXT, LOGO.replace(b"<l@x>", b"<l@x>\r\nContent-Disposition: attachment")),
            "Hello you",
            True,
        ),
        (multipart(b"signed", TEXT, b"Content-Type: application/pgp-signature\r\n\r\nx"), "Hello you", False),
        (multipart(b"mixed", b"Content-Type: application/pdf\r\n\r\nx"), "", True),
        (b"\r\n> quoted\r\n> more\r\n\r\nMy answer\r\n-- \r\nme", "My answer", False),
        (b"\r\nOn Monday Ann wrote:\r\n> hi\r\n\r\nYes.", "Yes.", False),
        (b"\r\n> only quoted", "> only quoted", False),
        (b"\r\n  a \r\n\r\n\tb\x00\x1b \xe2\x80\x8bc", "a b c", False),
        (b"\r\n" + b"word " * 200, None, False),
        (b"Content-Type: text/html\r\n\r\n<script>x</script>", "", False),
    ],
)
def test_preview_and_attachments(octets: bytes, preview: str | None, attached: bool) -> None:
    root = scan(octets)
    assert body.has_attachment(root) is attached
    found = body.preview(octets, root)
    if preview is None:
        assert len(found) <= PREVIEW
        assert found.endswith("…")
    else:
        assert found == preview


def test_searchable_text_reaches_into_embedded_messages() -> None:
    inner = b"Content-Type: message/rfc822\r\n\r\n" + multipart(b"mixed", HTML).replace(b"=b", b"=c").replace(
        b"--b", b"--c"
    )
    octets = multipart(
        b"mixed", TEXT, inner, b"Content-Type: text/plain; charset=koi8-r\r\n\r\n\xf0\xd2\xc9\xd7\xc5\xd4"
    )
    assert body.searchable_text(octets, scan(octets), 1000).split() == ["Hello", "you", "Hello", "HTML", "Привет"]
    assert body.searchable_text(octets, scan(octets), 7) == "Hello y"
