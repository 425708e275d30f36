"""Answers of the extensions, octet for octet."""

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pillarbox.wire.imap import acl, codes, encoder, metadata, quota, results
from pillarbox.wire.imap.partial import Partial
from pillarbox.wire.imap.results import Correlator
from pillarbox.wire.imap.resync import vanished, vanished_earlier

A1 = Correlator(b"A1", uid=True)

ANSWERS = [
    (vanished([41, 43, 44]), b"* VANISHED 41,43:44\r\n"),
    (vanished_earlier([(7, 7)]), b"* VANISHED (EARLIER) 7\r\n"),
    (results.esearch_items(A1, results.extent([], ["ALL", "COUNT"])), b'* ESEARCH (TAG "A1") UID COUNT 0\r\n'),
    (
        results.esearch_items(Correlator(b"E01"), results.extent([5, 10, 1], ["COUNT", "ALL", "MAX", "MIN"])),
        b'* ESEARCH (TAG "E01") MIN 5 MAX 1 ALL 5,10,1 COUNT 3\r\n',
    ),
    (
        results.esearch_items(Correlator(b"t", True, "fol\u00f6", 7), [b"ALL 1:2", results.modseq(9)]),
        b'* ESEARCH (TAG "t" MAILBOX "fol&APY-" UIDVALIDITY 7) UID ALL 1:2 MODSEQ 9\r\n',
    ),
    (
        results.esearch_items(Correlator(b"t", True, "\u00f6", 7, utf8=True), [b"COUNT 1"]),
        b'* ESEARCH (TAG "t" MAILBOX "\xc3\xb6" UIDVALIDITY 7) UID COUNT 1\r\n',
    ),
    (
        results.esearch_items(A1, [results.partial(Partial(-1, -100), [3, 4])]),
        b'* ESEARCH (TAG "A1") UID PARTIAL (-1:-100 3:4)\r\n',
    ),
    (results.partial(Partial(24000, 24500), []), b"PARTIAL (24000:24500 NIL)"),
    (results.relevancy([4, 99, 42]), b"RELEVANCY (4 99 42)"),
    (results.relevancy([]), b"RELEVANCY ()"),
    (
        results.esearch_items(A1, [results.add_to([(1, [2733]), (1, [2731, 2732])]), results.remove_from([(0, [9])])]),
        b'* ESEARCH (TAG "A1") UID ADDTO (1 2733 1 2731:2732) REMOVEFROM (0 9)\r\n',
    ),
    (results.uid_batches(b"A143", [(215295, 99696), (5, 5)]), b'* UIDBATCHES (TAG "A143") 215295:99696,5:5\r\n'),
    (results.uid_batches(b"A143", []), b'* UIDBATCHES (TAG "A143")\r\n'),
    (
        acl.acl("INBOX", [("Fred", "rwipslxetad"), ("a b", "lr"), ("j\u00f6", "")]),
        b'* ACL "INBOX" Fred rwipslxetad "a b" lr {3}\r\nj\xc3\xb6 ""\r\n',
    ),
    (acl.acl("x", []), b'* ACL "x"\r\n'),
    (acl.list_rights("x", "smith", "la", ["r", "swicdkxte"]), b'* LISTRIGHTS "x" smith la r swicdkxte\r\n'),
    (acl.list_rights("x", "anyone", "", ["l", "r"]), b'* LISTRIGHTS "x" anyone "" l r\r\n'),
    (acl.my_rights("\u00f6", "rwiptsldaex"), b'* MYRIGHTS "&APY-" rwiptsldaex\r\n'),
    (
        quota.quota("", [quota.Resource("STORAGE", 10, 512), quota.Resource("MESSAGE", 0, 9)]),
        b'* QUOTA "" (STORAGE 10 512 MESSAGE 0 9)\r\n',
    ),
    (quota.quota_root("INBOX", ["", "!partition/sda4"]), b'* QUOTAROOT "INBOX" "" !partition/sda4\r\n'),
    (quota.quota_root("comp.mail.mime", []), b'* QUOTAROOT "comp.mail.mime"\r\n'),
    (
        metadata.metadata("INBOX", {"/shared/comment": b'Its "x"', "/private/a": None, "/private/b": b"\0"}),
        b'* METADATA "INBOX" (/shared/comment "Its \\"x\\"" /private/a NIL /private/b ~{1}\r\n\0)\r\n',
    ),
    (metadata.metadata("", {"/shared/a b": b"\xc3\xb6"}), b'* METADATA "" ("/shared/a b" {2}\r\n\xc3\xb6)\r\n'),
    (
        metadata.metadata_changed("INBOX", ["/shared/comment", "/private/comment"]),
        b'* METADATA "INBOX" /shared/comment /private/comment\r\n',
    ),
    (codes.long_entries(2199), b"METADATA LONGENTRIES 2199"),
    (codes.max_size(1024), b"METADATA MAXSIZE 1024"),
    (codes.bad_url("/a;UID=1/;section=1] \u00f6\r\n"), b"BADURL /a;UID=1/;section=1%5D%20%C3%B6%0D%0A"),
    (codes.no_update(b"B02"), b'NOUPDATE "B02"'),
    (codes.in_progress(), b"INPROGRESS"),
    (codes.in_progress(b"t"), b'INPROGRESS ("t" NIL NIL)'),
    (codes.in_progress(b"t]", None, 9), b"INPROGRESS (NIL NIL NIL)"),
    (codes.in_progress(b"t", 175), b'INPROGRESS ("t" 175 NIL)'),
    (codes.in_progress(b"t", 0, 1000), b'INPROGRESS ("t" 0 1000)'),
    (codes.message_limit(1000), b"MESSAGELIMIT 1000"),
    (codes.message_limit(1000, 23221), b"MESSAGELIMIT 1000 23221"),
    (codes.mailbox_id("F1"), b"MAILBOXID (F1)"),
    (encoder.tagged(b"a", "NO", "x", codes.OVER_QUOTA), b"a NO [OVERQUOTA] x\r\n"),
    (encoder.tagged(b"a", "NO", "x", codes.NO_PRIVATE), b"a NO [METADATA NOPRIVATE] x\r\n"),
    (encoder.uid_fetch(25996, [b"FLAGS (\\Seen)"]), b"* 25996 UIDFETCH (FLAGS (\\Seen))\r\n"),
    (encoder.announce(b"BINARY[1]", 3, binary=True), b"BINARY[1] ~{3}\r\n"),
    (encoder.binary(b"BINARY[1]", b"a\0"), b"BINARY[1] ~{2}\r\na\0"),
    (encoder.binary(b"BINARY[1]", b"a"), b"BINARY[1] {1}\r\na"),
    (encoder.binary(b"BINARY[1]", None), b"BINARY[1] NIL"),
    (encoder.preview(None), b"PREVIEW NIL"),
    (encoder.preview(""), b'PREVIEW ""'),
    (encoder.preview("\u00f6"), b"PREVIEW {2}\r\n\xc3\xb6"),
    (encoder.preview("\u00f6", utf8=True), b'PREVIEW "\xc3\xb6"'),
    (encoder.preview("x" * 200), b'PREVIEW "%b"' % (b"x" * 200)),
    (encoder.preview("x" * 201, utf8=True), b'PREVIEW "%b\xe2\x80\xa6"' % (b"x" * 199)),
    (encoder.save_date(0), b'SAVEDATE " 1-Jan-1970 00:00:00 +0000"'),
    (encoder.save_date(None), b"SAVEDATE NIL"),
    (encoder.jmap_access("https://a/jmap"), b'* JMAPACCESS "https://a/jmap"\r\n'),
    (
        encoder.list_mailbox("b", [], child_info=["SUBSCRIBED"], old_name="a"),
        b'* LIST () "/" "b" ("CHILDINFO" ("SUBSCRIBED") "OLDNAME" ("a"))\r\n',
    ),
]


@pytest.mark.parametrize(("answer", "octets"), ANSWERS, ids=[repr(row[1])[2:60] for row in ANSWERS])
def test_answers(answer: bytes, octets: bytes) -> None:
    assert answer == octets


THREADS = [
    ([], {}, [], b"* THREAD\r\n"),
    # RFC 5256 §4
    (
        [0, 1],
        {1: [2], 2: [3, 5], 3: [4], 5: [6], 6: [7]},
        [2, 3, 6, 4, 23, 44, 7, 96],
        b"* THREAD (2)(3 6 (4 23)(44 7 96))\r\n",
    ),
    ([2], {2: [0, 1]}, [3, 5], b"* THREAD ((3)(5))\r\n"),
    ([2], {2: [0], 0: [1]}, [3, 5], b"* THREAD (3 5)\r\n"),
    (
        [0],
        {0: [1, 6], 1: [2, 3], 3: [4, 5]},
        [1, 2, 3, 4, 5, 6, 7],
        b"* THREAD (1 (2 (3)(4 (5)(6)))(7))\r\n",
    ),
    ([2, 4], {2: [0, 1], 4: [3]}, [3, 5, 4, 9], b"* THREAD (4 (3)(5))(9)\r\n"),
]


def threads(roots: Sequence[int], children: Mapping[int, Sequence[int]], numbers: Sequence[int]) -> results.Threads:
    nodes = max([len(numbers) - 1, *roots, *children]) + 1
    first, following = [-1] * nodes, [-1] * nodes
    for parent, some in children.items():
        first[parent] = some[0]
        for one, other in pairwise(some):
            following[one] = other
    return results.Threads(roots, first, following, numbers)


@pytest.mark.parametrize(
    ("roots", "children", "numbers", "octets"), THREADS, ids=[repr(row[3])[2:60] for row in THREADS]
)
def test_threads(roots: list[int], children: dict[int, Sequence[int]], numbers: list[int], octets: bytes) -> None:
    assert b"".join(results.thread(threads(roots, children, numbers))) == octets


Tree = tuple["int | None", list["Tree"]]
"""A number and its children; None for a parent that is not there."""

_LEAF: st.SearchStrategy[Tree] = st.tuples(st.integers(1, 99), st.just([]))
_TREE = st.recursive(
    _LEAF, lambda inner: st.tuples(st.integers(1, 99), st.lists(inner, min_size=1, max_size=3)), max_leaves=8
)
_ROOT = _TREE | st.tuples(st.none(), st.lists(_TREE, min_size=2, max_size=3))


def read_threads(text: str, at: int) -> tuple[list[Tree], int]:
    """`1*thread-list` from there on, as RFC 5256 §5 has it, and where it ends."""
    threads: list[Tree] = []
    while text[at : at + 1] == "(":
        numbers = re.compile(r"\d+(?: \d+)*").match(text, at + 1)
        at = numbers.end() if numbers else at + 1
        if numbers and text[at] == " ":
            at += 1
            assert text[at] == "("
        nested, at = read_threads(text, at)
        assert len(nested) != 1, "thread-nested is of two at least"
        assert numbers or nested
        for number in reversed(numbers[0].split() if numbers else ()):
            nested = [(int(number), nested)]
        threads.append(nested[0] if numbers else (None, nested))
        assert text[at] == ")"
        at += 1
    return threads, at


@settings(deadline=None)
@given(st.lists(_ROOT, max_size=5))
def test_threads_are_read_as_they_were(trees: list[Tree]) -> None:
    ordered, waiting = [], list(trees)
    while waiting:
        tree = waiting.pop()
        ordered.append(tree)
        waiting += tree[1]
    ordered.sort(key=lambda tree: tree[0] is None)  # messages come first
    where = {id(tree): at for at, tree in enumerate(ordered)}
    numbers = [tree[0] for tree in ordered if tree[0] is not None]
    children = {where[id(tree)]: [where[id(child)] for child in tree[1]] for tree in ordered if tree[1]}
    spelled = b"".join(results.thread(threads([where[id(tree)] for tree in trees], children, numbers))).decode()
    assert spelled.startswith("* THREAD (") if trees else spelled == "* THREAD\r\n"
    assert read_threads(spelled, len("* THREAD ")) == (trees, max(len(spelled) - 2, len("* THREAD ")))


def test_long_and_deep_threads() -> None:
    count = 40_000
    numbers = range(1, count + 1)
    chain = b"".join(results.thread(threads([0], {at: [at + 1] for at in range(count - 1)}, numbers)))
    assert chain == b"* THREAD (%b)\r\n" % b" ".join(b"%d" % number for number in numbers)
    deep = b"".join(results.thread(threads([0], {at: [at + 1, at + 2] for at in range(0, count - 2, 2)}, numbers)))
    assert deep.startswith(b"* THREAD (1 (2)(3 (4)(5 ")
    assert deep.endswith(b")" * 20 + b"\r\n")
    assert deep.count(b"(") == deep.count(b")")
    wide = list(results.thread(threads([0], {0: range(1, count)}, numbers)))
    assert b"".join(wide) == b"* THREAD (1 %b)\r\n" % b"".join(b"(%d)" % number for number in numbers[1:])
    assert max(map(len, wide)) < 200_000
