"""Mailbox names: modified UTF-7 both ways, and LIST patterns against a plain recursive matcher."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pillarbox.wire.imap import mutf7
from pillarbox.wire.imap.errors import WireError
from pillarbox.wire.imap.names import decode_name, encode_name, matcher

SPELLINGS = [
    ("INBOX", b"INBOX"),
    ("a&b", b"a&-b"),
    ("~peter/mail/台北/日本語", b"~peter/mail/&U,BTFw-/&ZeVnLIqe-"),
    ("Entwürfe", b"Entw&APw-rfe"),
    ("😀", b"&2D3eAA-"),
    ("&&", b"&-&-"),
    ("ö&", b"&APY-&-"),
]


@pytest.mark.parametrize(("text", "octets"), SPELLINGS)
def test_spelling(text: str, octets: bytes) -> None:
    assert mutf7.encode(text) == octets
    assert mutf7.decode(octets) == text


@given(st.text(st.characters(blacklist_categories=["Cs"])))
def test_there_and_back(text: str) -> None:
    assert mutf7.decode(mutf7.encode(text)) == text
    assert mutf7.encode(text).isascii()


@pytest.mark.parametrize(
    "octets", [b"&", b"&x", b"&AGE-", b"&A-", b"&2D0-", b"&AP/-", b"&\xc3\xb6-", b"\xff", b"&AP=-"]
)
def test_not_modified_utf7(octets: bytes) -> None:
    with pytest.raises(ValueError):
        mutf7.decode(octets)


@given(st.binary())
def test_only_our_error_escapes(octets: bytes) -> None:
    for utf8 in (True, False):
        try:
            name = decode_name(octets, utf8)
        except WireError:
            continue
        assert decode_name(encode_name(name, utf8), utf8) == name


@pytest.mark.parametrize(
    ("octets", "name"),
    [
        (b"inbox", "INBOX"),
        (b"Inbox/A", "INBOX/A"),
        (b"inbox*", "INBOX*"),
        (b"inboxes", "inboxes"),
        (b"a/inbox", "a/inbox"),
    ],
)
def test_inbox(octets: bytes, name: str) -> None:
    assert decode_name(octets, utf8=False) == name


def matches(pattern: str, name: str) -> bool:
    if not pattern:
        return not name
    if pattern[0] in "*%":
        taken = len(name) if pattern[0] == "*" or "/" not in name else name.index("/")
        return any(matches(pattern[1:], name[at:]) for at in range(taken + 1))
    return name[:1] == pattern[0] and matches(pattern[1:], name[1:])


@given(st.text("ab/*%", max_size=8), st.text("ab/", max_size=8))
def test_matching(pattern: str, name: str) -> None:
    assert matcher(pattern)(name) == matches(pattern, name)


def test_hostile_pattern() -> None:
    pattern = "*a%" * 300
    assert not matcher(pattern + "b")("a" * 3000)
    assert matcher("*%" * 500)("a/b")


def test_inbox_matches_in_any_case() -> None:
    assert matcher("inb%")("INBOX")
    assert matcher("%")("INBOX")
    assert not matcher("arch%")("Archive")


def test_text_is_not_a_regular_expression() -> None:
    assert matcher("a.b%")("a.bc")
    assert not matcher("a.b%")("axbc")


@given(st.lists(st.text("ab*%/", max_size=6), max_size=6), st.text("ab/", max_size=8))
def test_several_patterns_match_what_one_of_them_does(patterns: list[str], name: str) -> None:
    assert matcher(*patterns)(name) == any(matches(pattern, name) for pattern in patterns)


def test_inbox_matches_one_of_several_patterns_in_any_case() -> None:
    assert matcher("x%y%", "inb%o%")("INBOX")
    assert matcher("x", "inbox")("INBOX")
    assert not matcher("x%y%", "in")("INBOX")
    assert matcher("*", "x")("anything/at all")
    assert not matcher()("anything")
