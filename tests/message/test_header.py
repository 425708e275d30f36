"""Header text, parameters, fields and subsets."""

import pytest

from pillarbox.message.charset import codec_of, decode
from pillarbox.message.header import fields, subset
from pillarbox.message.params import decode_params, encode_param
from pillarbox.message.words import decode_text, encode_words


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b" plain ", "plain"),
        (b"folded\r\n\tvalue\r\n", "folded\tvalue".replace("\t", " ")),
        (b"=?utf-8?Q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
        (b"=?ISO-8859-1?q?a_b=5F?= c", "a b_ c"),
        (b"a =?utf-8?B?w7w=?= =?utf-8?B?w7w=?= b", "a üü b"),
        (b"=?utf-8?B?w7w=?=\r\n =?iso-8859-1?Q?=FC?=", "üü"),
        (b"=?utf-8?Q?=E2=82?= =?utf-8?Q?=AC?=", "€"),
        (b"=?utf-8*en?Q?x?=", "x"),
        (b"(=?utf-8?Q?x?=)", "(x)"),
        (b"=?utf-8?B?w7w?=", "ü"),
        (b"=?utf-8?Q?two words?=", "two words"),
        (b"=?utf-8?X?x?= =?utf-8?Q?x", "=?utf-8?X?x?= =?utf-8?Q?x"),
        (b"=?utf-7?Q?+AGE-?=", "+AGE-"),
        ("Größe".encode(), "Größe"),
        ("Größe der Straßen".encode("latin-1"), "Größe der Straßen"),
        (b"nul\x00 esc\x1bx", "nul\ufffd esc x"),
        ("rtl\u202egpj.exe".encode(), "rtl\ufffdgpj.exe"),
        (b"=?utf-8?Q?a=0D=0ABcc:_x?=", "a  Bcc: x"),
        (b"\x1b$B$3$s\x1b(B", "こん"),
    ],
)
def test_decode_text(value: bytes, text: str) -> None:
    assert decode_text(value) == text


@pytest.mark.parametrize("text", ["Grüße aus Köln", "€" * 200, "x" * 70 + "ü", "名前 と 名字", "=?x?=", "a\u0300" * 50])
def test_encoded_words_come_back(text: str) -> None:
    words = encode_words(text)
    assert all(len(word) <= 75 and word.isascii() for word in words)
    assert decode_text("\r\n ".join(words).encode()) == text


@pytest.mark.parametrize(
    ("value", "head", "params"),
    [
        ("text/plain", "text/plain", ()),
        ('Text/HTML; Charset="utf-8" ; format=flowed', "text/html", (("charset", "utf-8"), ("format", "flowed"))),
        ('a/b; name="a;b\\"c"', "a/b", (("name", 'a;b"c'),)),
        ('a/b; name="open', "a/b", (("name", "open"),)),
        ("a/b; name=two words; x=y", "a/b", (("name", "two words"), ("x", "y"))),
        ("a/b; name*=utf-8'en'%E2%82%AC%20x", "a/b", (("name", "€ x"),)),
        ("a/b; name*1=b; name*0=a", "a/b", (("name", "ab"),)),
        ("a/b; name*0*=utf-8''%E2%82; name*1*=%AC; name*2=!", "a/b", (("name", "€!"),)),
        ("a/b; name=plain; name*=utf-8''ext", "a/b", (("name", "ext"),)),
        ('a/b; name="=?utf-8?Q?=C3=9C?="', "a/b", (("name", "Ü"),)),
        ("a/b (comment; x=y); charset=z", "a/b", (("charset", "z"),)),
        ("a/b; x=1; x=2;; =3; y", "a/b", (("x", "1"),)),
        ("; x=1", "", (("x", "1"),)),
    ],
)
def test_decode_params(value: str, head: str, params: tuple[tuple[str, str], ...]) -> None:
    assert decode_params(value) == (head, params)


@pytest.mark.parametrize(
    "value", ["a.txt", "a b.txt", 'q"\\.txt', "Übersicht.pdf", "名" * 80, "x" * 200, "", "it's 100%"]
)
def test_parameters_come_back(value: str) -> None:
    spelled = encode_param("filename", value)
    assert all(len(piece) <= 78 and piece.isascii() for piece in spelled)
    assert decode_params("attachment; " + "; ".join(spelled)) == ("attachment", (("filename", value),))


HEADER = b"Received: a\r\n\tb\r\nSubject : x\r\ngarbage\r\nreceived: c\r\nTo:\r\n\r\nSubject: body"


def test_fields_and_subsets() -> None:
    end = HEADER.index(b"\r\n\r\n") + 4
    found = fields(HEADER, 0, end)
    assert [field.name for field in found] == [b"Received", b"Subject", b"received", b"To"]
    assert [field.value for field in found] == [b"a\tb", b"x", b"c", b""]
    assert HEADER[found[0].start : found[0].end] == b"Received: a\r\n\tb\r\n"
    assert subset(HEADER, 0, end, frozenset((b"received",)), False) == b"Received: a\r\n\tb\r\nreceived: c\r\n\r\n"
    assert subset(HEADER, 0, end, frozenset((b"received",)), True) == b"Subject : x\r\nTo:\r\n\r\n"
    assert subset(HEADER, 0, end, frozenset((b"cc",)), False) == b"\r\n"
    assert subset(b"A: b", 0, 4, frozenset((b"a",)), False) == b"A: b\r\n\r\n"


@pytest.mark.parametrize(
    ("label", "codec"),
    [
        ("GB2312", "gb18030"),
        ("iso-8859-1", "cp1252"),
        ("ks_c_5601-1987", "cp949"),
        ('"UTF-8"', "utf_8"),
        ("us-ascii", None),
        ("utf-7", None),
        ("x-made-up", None),
        ("Shift_JIS", "cp932"),
        ("iso-8859-8-i", "iso8859_8"),
        ("latin1", "cp1252"),
    ],
)
def test_labels_are_read_as_browsers_do(label: str, codec: str | None) -> None:
    assert codec_of(label) == codec


def test_text_is_found_behind_a_missing_or_wrong_label() -> None:
    assert decode("naïve".encode(), "us-ascii") == "naïve"
    assert decode("Über allen Gipfeln ist Ruh".encode("latin-1"), None) == "Über allen Gipfeln ist Ruh"
    assert decode(b"\xef\xbb\xbfx", "utf-8") == "x"
    assert decode("wide".encode("utf-16-be"), "utf-16be") == "wide"
    assert decode(b"\xff\xfew\0", "utf-16") == "w"
    assert decode(b"ok \xff", "utf-8") == "ok \ufffd"
