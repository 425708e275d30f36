"""The MIME tree: where parts begin and end, on proper and on hostile messages."""

from collections.abc import Callable
from typing import Any, SupportsIndex

import pytest

from pillarbox.core.errors import Invalid
from pillarbox.core.limits import MIME_DEPTH, MIME_PARTS
from pillarbox.message.digest import summarise
from pillarbox.message.structure import Part, decode, encode, find, scan


def shape(part: Part) -> str:
    """The tree in a word: type/subtype(children)."""
    inner = f"({' '.join(map(shape, part.parts))})" if part.parts else ""
    return f"{part.type}/{part.subtype}{inner}"


def body(octets: bytes, part: Part | None) -> bytes:
    assert part is not None
    return octets[part.body : part.end]


MIXED = (
    b'Content-Type: multipart/mixed; boundary="x y"\r\n\r\npreamble\r\n--x y\r\n\r\none\r\n\r\n--x y  \r\n'
    b"Content-Type: message/rfc822\r\n\r\nSubject: in\r\nContent-Type: multipart/digest; boundary=z\r\n\r\n"
    b"--z\r\n\r\nSubject: deep\r\n\r\ndeep body\r\n--z--\r\n--x y--\r\nepilogue\r\n--x y\r\nnot a part"
)


def test_offsets_and_numbers() -> None:
    root = scan(MIXED)
    assert shape(root) == "multipart/mixed(text/plain message/rfc822(multipart/digest(message/rfc822(text/plain))))"
    assert body(MIXED, find(root, (1,))) == b"one\r\n"
    assert body(MIXED, find(root, (2, 1, 1))) == b"deep body"
    assert find(root, (2, 1, 2)) is find(root, (3,)) is find(root, (0,)) is find(root, (1, 1)) is None
    assert find(root, (2, 1)) is root.parts[1].parts[0].parts[0]
    embedded = root.parts[1].parts[0]
    assert MIXED[embedded.header : embedded.body].startswith(b"Subject: in\r\n")
    assert embedded.end == root.parts[1].end
    assert root.end == len(MIXED)


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        (b"", "text/plain"),
        (b"\r\n", "text/plain"),
        (b"Content-Type: text\r\n\r\n", "text/plain"),
        (b"Content-Type: html\r\n\r\n", "text/html"),
        (b"content-type : IMAGE / PNG\r\n\r\n", "image/png"),
        (b"Content-Type:\r\n text/html\r\n\r\n", "text/html"),
        (b"Content-Type: text/html\r\nContent-Type: image/png\r\n\r\n", "text/html"),
        (b"Content-Type: multipart/mixed\r\n\r\nx", "multipart/mixed(text/plain)"),
        (b'Content-Type: multipart/mixed; boundary=""\r\n\r\n--\r\n\r\nx', "multipart/mixed(text/plain)"),
        (b"Content-Type: multipart/mixed; boundary=b", "multipart/mixed(text/plain)"),
        (b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b--\r\n", "multipart/mixed(text/plain)"),
        (
            b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n--b\r\n--b",
            "multipart/mixed(" + "text/plain " * 2 + "text/plain)",
        ),
        (
            b"Content-Type: message/rfc822\r\n\r\nContent-Type: message/rfc822\r\n\r\nhi",
            "message/rfc822(message/rfc822(text/plain))",
        ),
        (
            b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\naGk=",
            "message/rfc822(application/octet-stream)",
        ),
        (
            b"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html\n\n--b--",
            "multipart/mixed(text/html)",
        ),
        (
            b"Content-Type: multipart/mixed; boundary=b--\r\n\r\n--b--\r\n\r\nx\r\n--b----\r\n",
            "multipart/mixed(text/plain)",
        ),
    ],
)
def test_shapes(octets: bytes, expected: str) -> None:
    assert shape(scan(octets)) == expected


@pytest.mark.parametrize(
    ("text", "lines"),
    [(b"", 0), (b"a", 0), (b"a\r\n", 1), (b"a\r\nb", 1), (b"\r\n\r\n", 2), (b"a\nb\n", 2), (b"a\r\n" * 40_000, 40_000)],
)
def test_lines(text: bytes, lines: int) -> None:
    assert scan(b"Subject: x\r\n\r\n" + text).lines == lines


def test_a_header_that_runs_up_to_an_outer_delimiter() -> None:
    octets = (
        b"Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        b"--b\r\nContent-Type: text/html\r\n--a\r\n\r\nlast\r\n--a--"
    )
    inner, last = scan(octets).parts
    assert (inner.parts[0].body, inner.parts[0].end) == (inner.end, inner.end)
    assert octets[inner.end :].startswith(b"--a\r\n\r\nlast")
    assert body(octets, last) == b"last"


def nested(depth: int) -> bytes:
    head = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (i, i) for i in range(depth))
    return head + b"\r\ninnermost\r\n" + b"".join(b"--b%d--\r\n" % i for i in reversed(range(depth)))


def messages(depth: int) -> bytes:
    return b"Content-Type: message/rfc822\r\n\r\n" * depth + b"Subject: in\r\n\r\nx"


def parts(count: int) -> bytes:
    return b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * count + b"--b--\r\n"


def depth_of(part: Part) -> int:
    return 1 + max(map(depth_of, part.parts), default=0)


@pytest.mark.parametrize("make", [nested, messages])
def test_three_hundred_levels(make: Callable[[int], bytes]) -> None:
    summary = summarise(make(300))
    assert depth_of(summary.root) == MIME_DEPTH
    assert decode(summary.structure) == summary.root


def test_a_hundred_thousand_parts() -> None:
    octets = parts(100_000)
    root = scan(octets)
    assert len(root.parts) == MIME_PARTS - 1
    assert root.parts[-1].end == len(octets)


def test_a_stored_tree_of_another_kind_is_refused() -> None:
    root = scan(MIXED)
    assert decode(encode(root)) == root
    for data in (b"", b"\x02" + encode(root)[1:], encode(root)[:-1], b"\x01\x00"):
        with pytest.raises(Invalid):
            decode(data)


class Counted(bytes):
    """Octets that count how many of them were looked at."""

    looked = 0

    def find(self, sub: Any, start: Any = 0, end: Any = None, /) -> int:
        first, stop = int(start or 0), len(self) if end is None else int(end)
        found = super().find(sub, first, stop)
        self.looked += 16 + (max(stop - first, 0) if found < 0 else found - first)
        return found

    def __getitem__(self, key: "SupportsIndex | slice") -> bytes:  # type: ignore[override]
        assert isinstance(key, slice)
        piece = super().__getitem__(key)
        self.looked += 16 + len(piece)
        return piece


HOSTILE: dict[str, Callable[[int], bytes]] = {
    "parts": lambda n: parts(n // 20),
    "nested": lambda n: nested(n // 60),
    "messages": lambda n: messages(n // 40),
    "line feeds only": lambda n: parts(n // 20).replace(b"\r\n", b"\n"),
    "no empty line in any part": lambda n: (
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\nX: y\r\n" * (n // 12)
    ),
    "no line end": lambda n: b"X" * n,
    "one long field": lambda n: b"Subject: " + b"x\r\n " * (n // 4),
    "dashes": lambda n: b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"\n--bx" * (n // 5),
    "long dash lines": lambda n: (
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + (b"\n--" + b"b" * 5000) * (n // 5000)
    ),
    "messages with a long text": lambda n: messages(50) + b"line\r\n" * (n // 6),
    "one boundary everywhere": lambda n: b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" * (n // 50),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_twice_the_octets_are_twice_the_work(name: str) -> None:
    one, two = (Counted(HOSTILE[name](size)) for size in (200_000, 400_000))
    scan(one)
    scan(two)
    assert two.looked / len(two) <= 1.2 * one.looked / len(one) + 1
    assert two.looked <= 40 * len(two)


@pytest.mark.parametrize("offset", [-3, -2, -1, 0, 1, 2])
def test_delimiters_of_large_messages_are_found_wherever_they_are(offset: int) -> None:
    """They are looked for in steps of a mebioctet."""
    head = b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n\r\n'
    first = b"x" * ((1 << 20) + offset - len(head))
    root = scan(head + first + b"\r\n--b\r\n\r\n" + b"y" * (2 << 20) + b"\r\n--b--\r\n")
    assert [part.end - part.body for part in root.parts] == [len(first), 2 << 20]
