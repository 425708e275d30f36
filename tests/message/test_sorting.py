"""The keys of SORT and THREAD, from whole messages (RFC 5256, RFC 5957, RFC 5255 §4.6)."""

import pytest

from pillarbox.core.limits import THREAD_PARENTS
from pillarbox.message.digest import summarise
from pillarbox.message.sorting import SortKeys, names_of


def keys(*lines: str) -> SortKeys:
    return summarise("".join(f"{line}\r\n" for line in (*lines, "", "x")).encode("utf-8", "surrogateescape")).sort_keys


ADDRESSES = [
    # field, addr-mailbox, display
    ("", b"", b""),
    ("Ann Lee <ann@example.org>", b"ANN", b"ANN LEE"),
    ("zoe@example.org (Zoe)", b"ZOE", b"ZOE"),
    ("ann@example.org, Bob <bob@example.org>", b"ANN", b"ANN@EXAMPLE.ORG"),
    ('"" <ann@example.org>', b"ANN", b"ANN@EXAMPLE.ORG"),
    ("=?utf-8?q?J=C3=B6rg?= <j@example.org>", b"J", b"JO\xcc\x88RG"),
    ('"a b"@example.org', b"A B", b"A B@EXAMPLE.ORG"),
    ("root", b"ROOT", b"ROOT"),
    ("Friends: ann@example.org, bob@example.org;", b"FRIENDS", b"FRIENDS"),
    ("undisclosed-recipients:;", b"UNDISCLOSED-RECIPIENTS", b"UNDISCLOSED-RECIPIENTS"),
    ("=?utf-8?q?=FF?= <j@example.org>", b"J", b"\xff\xff"),
    ("=?x-unknown?q?=E4?= <j@example.org>", b"J", b"\xff\xe4"),
]


@pytest.mark.parametrize(("field", "box", "shown"), ADDRESSES)
def test_addresses(field: str, box: bytes, shown: bytes) -> None:
    found = keys(f"From: {field}", f"To: {field}", f"Cc: {field}")
    assert (found.from_box, found.to_box, found.cc_box) == (box, box, box)
    assert (found.from_shown, found.to_shown) == (shown, shown)
    assert keys("Subject: x")[2:7] == (b"",) * 5


SUBJECTS = [
    ("Re: Plan", b"PLAN", True),
    ("plan", b"PLAN", False),
    ("[list] plan", b"PLAN", False),
    ("plan (fwd)", b"PLAN", True),
    ("[fwd: plan]", b"PLAN", True),
    ("=?utf-8?q?Re:_?= =?utf-8?q?=C3=A4?=", b"A\xcc\x88", True),
    ("=?utf-8?q?Re:_=FF?= b", b"\xff\xff b", True),
    ("Re:", b"", True),
    ("", b"", False),
]


@pytest.mark.parametrize(("field", "subject", "reply"), SUBJECTS)
def test_subjects(field: str, subject: bytes, reply: bool) -> None:
    found = keys(f"Subject: {field}")
    assert (found.subject, found.reply) == (subject, reply)


def test_rfc_5255_example() -> None:
    """§4.6: octets that are not in their charset come last, in the order of their octets."""
    words = {
        1: "=?utf-8?q?=D0=C0=D0=BD=D0=B4=D1=80=D0=B5=D0=B9?=",
        2: "=?utf-8?q?=D1=81=D0=95=D0=A0=D0=93=D0=95=D0=99?=",
        3: "=?utf-8?q?=D0=92=D0=B0=D1=81=D0=B8=D0=BB=D0=B8=FF=B9?=",
        4: "=?koi8-r?q?=E1=CC=C5=CB=D3=C5=CA?=",
    }
    assert sorted(words, key=lambda number: keys(f"Subject: {words[number]}").subject) == [4, 2, 3, 1]


def test_sent_date() -> None:
    assert keys("Date: Sun, 31 Dec 2000 16:01:33 -0800").sent == 978307293  # RFC 5256 §2.2
    assert keys("Date: Mon, 1 Jan 2001 00:00:00 +9900").sent == 978307200
    assert keys("Date: Mon, 1 Jan 2001 25:00:00 +0000").sent == 978307200
    assert keys("Date: Mon, 1 Jan 2001 12:99 +0000").sent == 978307200
    assert keys("Date: 1 Jan 2001").sent == 978307200
    assert keys("Date: 32 Jan 2001 00:00:00 +0000").sent is None
    assert keys("Date: yesterday").sent is None
    assert keys("Subject: x").sent is None


def test_message_ids() -> None:
    plain = keys("Message-ID: <01KF8JCEOCBS0045PS@xxx.yyy.com>")
    quoted = keys('Message-ID: <"01KF8JCEOCBS0045PS"@xxx.yyy.com>')
    assert plain.name == quoted.name is not None  # RFC 5256 §3
    assert keys('Message-ID: <"a\\"b"@c>').name == keys('Message-ID: <a"b@c>').name
    assert keys("Message-ID: <A@b>").name != keys("Message-ID: <a@b>").name
    assert keys("Message-ID: no-brackets@x").name is None
    assert keys("Message-ID: <no-at-sign>").name is None
    assert keys("Subject: x").name is None


def test_references() -> None:
    a, b, c = (keys(f"Message-ID: <{name}@x>").name for name in "abc")

    def parents(*lines: str) -> tuple[int, ...]:
        return names_of(keys(*lines).parents)

    assert parents("References: <a@x>\r\n <b@x>", "In-Reply-To: <c@x>") == (a, b)
    assert parents("References: none", "In-Reply-To: your mail <b@x> <c@x>") == (b,)
    assert parents("In-Reply-To: mail of ann@x") == ()
    assert parents("References: <bad>", "In-Reply-To: <c@x>") == (c,)
    assert parents() == ()


def test_many_references() -> None:
    """The first and the last are kept: what is nearest, and where it all began."""
    first, last = THREAD_PARENTS
    every = [f"<{number}@x>" for number in range(2000)]
    found = names_of(keys("References: " + "\r\n ".join(every)).parents)
    assert len(found) == first + last
    assert found[-1] == keys("Message-ID: <1999@x>").name
