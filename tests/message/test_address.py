"""Addresses as they are found, as settings must have them, and spelled."""

import pytest

from pillarbox.core.errors import Invalid
from pillarbox.message.address import Address, Group, parse_addresses, parse_mailbox, spell_address


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"", []),
        (b"a@b.org", [Address(None, "a", "b.org")]),
        (b"<a@b.org>", [Address(None, "a", "b.org")]),
        (b"Ann Bee <a@b.org>", [Address("Ann Bee", "a", "b.org")]),
        (b'"Bee, Ann" <a@b.org>, c@d', [Address("Bee, Ann", "a", "b.org"), Address(None, "c", "d")]),
        (b'"A \\"q\\" B"<a@b>', [Address('A "q" B', "a", "b")]),
        (b"a@b.org (Ann (the) Bee)", [Address("Ann (the) Bee", "a", "b.org")]),
        (b"J. R. Bee <a@b>", [Address("J. R. Bee", "a", "b")]),
        (b"=?utf-8?Q?J=C3=B6rg?= =?utf-8?Q?_M?= <a@b>", [Address("Jörg M", "a", "b")]),
        (b'"=?utf-8?Q?J=C3=B6rg?=" <a@b>', [Address("Jörg", "a", "b")]),
        ("Jörg <jörg@köln.de>".encode(), [Address("Jörg", "jörg", "köln.de")]),
        (b'"john doe"@b.org', [Address(None, "john doe", "b.org")]),
        (b'X <"john doe"@b.org>', [Address("X", "john doe", "b.org")]),
        (b"<@x, @y:a@b>", [Address(None, "a", "b", "@x,@y")]),
        (b"<a (x (y) z)@(b) b (c).org>", [Address(None, "a", "b.org")]),
        (b'<"a (x" (y)@b>', [Address(None, "a (x", "b")]),
        (b"<(a@b>", [Address(None, "(a", "b")]),
        (b"a @ b . org", [Address(None, "a", "b.org")]),
        (b"Ann a@b.org", [Address("Ann", "a", "b.org")]),
        (b"root", [Address(None, "root", "")]),
        (
            b"Friends: a@b, X <c@d>;, e@f",
            [Group("Friends", (Address(None, "a", "b"), Address("X", "c", "d"))), Address(None, "e", "f")],
        ),
        (b"undisclosed-recipients:;", [Group("undisclosed-recipients", ())]),
        (b"open: a@b", [Group("open", (Address(None, "a", "b"),))]),
        (b"a@b; c@d", [Address(None, "a", "b"), Address(None, "c", "d")]),
        (b"a@b,,c@d,", [Address(None, "a", "b"), Address(None, "c", "d")]),
        (b"Ann <a@b", [Address("Ann", "a", "b")]),
        (b"x <a@[IPv6:::1]>", [Address("x", "a", "[IPv6:::1]")]),
        (b"<>", []),
    ],
)
def test_parse_addresses(value: bytes, expected: list[Address | Group]) -> None:
    assert parse_addresses(value) == expected


@pytest.mark.parametrize(
    ("entry", "spelled"),
    [
        (Address(None, "a", "b"), b"a@b"),
        (Address("Ann Bee", "a", "b"), b"Ann Bee <a@b>"),
        (Address("Bee, Ann", "a", "b"), b'"Bee, Ann" <a@b>'),
        (Address('q"\\', "a", "b"), b'"q\\"\\\\" <a@b>'),
        (Address("Jörg", "a", "b"), b"=?utf-8?Q?J=C3=B6rg?= <a@b>"),
        (Address("x\r\nBcc: y", "a", "b"), b'"x  Bcc: y" <a@b>'),
        (Address(None, "john doe", "b"), b'<"john doe"@b>'),
        (Address(None, "jörg", "köln.de"), "jörg@köln.de".encode()),
        (Group("Friends", (Address(None, "a", "b"),)), b"Friends: a@b;"),
        (Group("nobody", ()), b"nobody:;"),
    ],
)
def test_spell_address(entry: Address | Group, spelled: bytes) -> None:
    assert spell_address(entry) == spelled


@pytest.mark.parametrize("host", ["b>\r\nBcc: x", "b\0", "b, c@d", "b c"])
def test_a_spelled_address_holds_one_address(host: str) -> None:
    with pytest.raises(Invalid):
        spell_address(Address("x", "a", host))


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("you@demo.test", "you@demo.test"),
        ("A.b+c@Demo.TEST", "A.b+c@demo.test"),
        ('"a b"@demo.test', '"a b"@demo.test'),
        ("jörg@KÖLN.de", "jörg@köln.de"),
        ("a@xn--kln-sna.de", "a@köln.de"),
        ("root@localhost", "root@localhost"),
    ],
)
def test_parse_mailbox(text: str, spec: str) -> None:
    assert parse_mailbox(text).spec == spec


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "@b",
        "a@",
        "a b@c",
        "a@b c",
        "a@@b",
        ".a@b",
        "a..b@c",
        "a@-b",
        "a@b..c",
        "a@b\n",
        "a\0@b",
        "<a@b>",
        "a@b_c.de",
        "x" * 65 + "@b",
        "a@" + "b." * 130 + "c",
        '"a\x01"@b',
        "a,b@c",
    ],
)
def test_parse_mailbox_refuses(text: str) -> None:
    with pytest.raises(Invalid):
        parse_mailbox(text)
