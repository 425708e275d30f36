"""Messages written are read back as they were meant."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pillarbox.core.errors import Invalid
from pillarbox.message.address import Address, Group
from pillarbox.message.body import decode_leaf, leaf_text
from pillarbox.message.compose import BodyNode, compose, format_addresses, new_message_id, text_node
from pillarbox.message.digest import summarise
from pillarbox.message.header import decode_text, fields
from pillarbox.message.params import Params
from pillarbox.message.structure import scan
from pillarbox.message.words import neutral

HELLO = text_node("Hello\n")


def written(headers: list[tuple[str, str]], node: BodyNode = HELLO) -> bytes:
    return b"".join(compose(headers, node))


def value_of(octets: bytes, name: bytes) -> str:
    root = scan(octets)
    return next(decode_text(f.value) for f in fields(octets, 0, root.body) if f.name == name)


@pytest.mark.parametrize(
    "subject",
    [
        "",
        "Plan",
        "Grüße aus Köln",
        "名前" * 60,
        "word " * 60 + "end",
        "a  b   c",
        "ascii then ünï then ascii",
        "x" * 2000,
        "é " * 100 + "z",
        " ".join(["plain", "ü", "x", "ü", "plain"]),
    ],
)
def test_subjects_come_back(subject: str) -> None:
    octets = written([("Subject", subject)])
    assert value_of(octets, b"Subject") == subject.strip()
    header = octets[: scan(octets).body]
    assert header.isascii()
    assert all(len(line) <= 78 for line in header.split(b"\r\n"))


@pytest.mark.parametrize("bad", ["x\r\nBcc: y", "x\ny", "x\ry", "x\0y"])
def test_line_ends_and_nul_are_refused(bad: str) -> None:
    leafs = [
        BodyNode("text", "plain", (("charset", bad),)),
        BodyNode("text", "plain", disposition="inline", disposition_params=(("filename", bad),)),
        BodyNode("text", "plain", disposition=bad),
        BodyNode("text", "plain", content_id=bad),
        BodyNode("text", "plain", location=bad),
        BodyNode("text", "plain", language=(bad,)),
        BodyNode("text", "plain", headers=(("X", bad),)),
        BodyNode("text", bad),
        BodyNode("text", "plain", ((bad, "x"),)),
    ]
    for node in leafs:
        with pytest.raises(Invalid):
            compose([], BodyNode("multipart", "mixed", children=(node,)))
    for headers in ([("Subject", bad)], [("To", bad)], [(bad, "x")]):
        with pytest.raises(Invalid):
            compose(headers, HELLO)


@pytest.mark.parametrize("name", ["", "a b", "a:b", "ü", "x" * 77])
def test_names_that_are_none(name: str) -> None:
    with pytest.raises(Invalid):
        compose([(name, "x")], HELLO)


def test_addresses_come_back() -> None:
    people: list[Address | Group] = [
        Address("Jörg, der Große", "j", "x.org"),
        Address(None, "a", "b"),
        Group("Team", (Address("A", "a", "b"),)),
    ]
    octets = written([("From", "a@b"), ("To", format_addresses(people * 10))])
    found = summarise(octets)
    assert found.to == (("Jörg, der Große", "j@x.org"), (None, "a@b"), ("A", "a@b")) * 10
    assert all(len(line) <= 78 for line in octets.split(b"\r\n"))


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("plain\n", "7bit"),
        ("ümlaut in mostly plain text\n", "quoted-printable"),
        ("名前" * 50, "base64"),
        ("x" * 5000, "quoted-printable"),
        ("From me\n", "quoted-printable"),
        ("", "7bit"),
        ("a\r\nb\nc", "7bit"),
        ("trailing \nspace\t\n" + "ü", "quoted-printable"),
        ("nul\0 in a text", "quoted-printable"),
    ],
)
def test_texts_come_back(text: str, encoding: str) -> None:
    octets = written([], text_node(text))
    root = scan(octets)
    assert root.encoding == encoding
    assert leaf_text(octets, root, 10_000) == text.replace("\r\n", "\n")
    assert octets.isascii()
    assert not re.search(rb"\r(?!\n)|(?<!\r)\n|[^\r\n]{999}", octets)


def test_a_tree_comes_back() -> None:
    blob = bytes(range(256)) * 1000
    name: Params = (("filename", "Übersicht " + "x" * 80 + ".bin"),)
    related = BodyNode(
        "multipart",
        "related",
        children=(
            text_node("<p>hi</p>", "html"),
            BodyNode("image", "png", content_id="l@x", disposition="inline", content=b"\x89PNG"),
        ),
    )
    tree = BodyNode(
        "multipart",
        "mixed",
        children=(
            BodyNode("multipart", "alternative", children=(text_node("hi"), related)),
            BodyNode(
                "application",
                "x-bin",
                disposition="attachment",
                disposition_params=name,
                content=blob,
                language=("de",),
                location="http://x/",
            ),
            BodyNode("message", "rfc822", content=b"Subject: in\r\n\r\nbody\r\n"),
        ),
    )
    octets = written([("Subject", "x")], tree)
    root = scan(octets)
    alternative, attached, message = root.parts
    assert [part.subtype for part in alternative.parts] == ["plain", "related"]
    assert alternative.parts[1].parts[1].content_id == "l@x"
    assert decode_leaf(octets, attached) == blob
    assert attached.disposition_params == name
    assert (attached.language, attached.location) == (("de",), "http://x/")
    assert octets[message.body : message.end] == b"Subject: in\r\n\r\nbody\r\n"
    assert all(len(line) <= 78 for line in octets.split(b"\r\n"))


def test_a_multipart_without_parts_is_refused() -> None:
    with pytest.raises(Invalid):
        compose([], BodyNode("multipart", "mixed"))


def test_message_ids_differ() -> None:
    one, two = new_message_id("x.org"), new_message_id("x.org")
    assert one != two
    assert one.endswith("@x.org")


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=120), st.text(max_size=40), st.text(max_size=60), st.text(max_size=200))
def test_whatever_is_written_adds_no_field_and_comes_back(subject: str, name: str, file: str, text: str) -> None:
    node = text_node(text)
    tree = BodyNode(
        "multipart",
        "mixed",
        children=(
            node,
            BodyNode("application", "x", disposition="attachment", disposition_params=(("filename", file),)),
        ),
    )
    try:
        octets = written([("From", format_addresses([Address(name, "a", "b.org")])), ("Subject", subject)], tree)
    except Invalid:
        assert set("\r\n\0") & set(subject + file)
        return
    found = summarise(octets)
    assert [field.name for field in fields(octets, 0, found.root.body)] == [
        b"From",
        b"Subject",
        b"MIME-Version",
        b"Content-Type",
    ]
    assert found.from_ == ((neutral(name).strip() or None, "a@b.org"),)
    assert found.root.parts[1].disposition_params == (("filename", neutral(file)),)
    assert b"\r\n\r\n" not in octets[: found.root.body - 4]
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    assert leaf_text(octets, found.root.parts[0], 10_000) == plain.encode("utf-8", "replace").decode()
    if "=?" not in subject:
        assert found.subject == neutral(subject).strip()
