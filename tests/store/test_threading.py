"""The threading algorithms: beside a plain telling of RFC 5256, and when references are hostile."""

import random
import struct
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pillarbox.store import threading
from pillarbox.store.threading import ALGORITHMS, Forest, Threading
from tests.store import plain_threads
from tests.store.plain_threads import Letter, Tree

PLAIN = {
    "REFERENCES": plain_threads.references,
    "REFS": lambda letters: plain_threads.references(letters, by_subject=False),
    "ORDEREDSUBJECT": plain_threads.ordered_subject,
}


def threads(letters: Sequence[Letter], algorithm: str) -> Forest:
    known = Threading()
    for at in range(0, len(letters), 3):
        known.take(
            [
                (
                    one.uid,
                    0,
                    0,
                    one.sent,
                    one.received,
                    one.subject,
                    one.reply,
                    one.name,
                    struct.pack(f"<{len(one.refs)}q", *one.refs),
                )
                for one in letters[at : at + 3]
            ]
        )
    return ALGORITHMS[algorithm](known)


def trees(forest: Forest) -> list[Tree]:
    def tree(node: int) -> Tree:
        uid = forest.uids[node] if node < len(forest.uids) else None
        return uid, [tree(child) for child in forest.children(node)]

    return [tree(root) for root in forest.roots]


names = st.integers(-3, 5)
letters_of = st.lists(
    st.builds(
        Letter,
        uid=st.just(0),
        sent=st.integers(0, 6),
        received=st.integers(0, 6),
        subject=st.sampled_from((b"", b"A", b"B", b"C")),
        reply=st.booleans(),
        name=st.none() | names,
        refs=st.lists(names, max_size=4).map(tuple),
    ),
    max_size=12,
).map(lambda found: [Letter(uid, *_rest(one)) for uid, one in enumerate(found, 1)])


def _rest(one: Letter) -> tuple[int, int, bytes, bool, int | None, tuple[int, ...]]:
    return one.sent, one.received, one.subject, one.reply, one.name, one.refs


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_against_the_plain_telling(algorithm: str) -> None:
    @settings(max_examples=500, deadline=None)
    @given(letters_of)
    def check(letters: list[Letter]) -> None:
        assert trees(threads(letters, algorithm)) == PLAIN[algorithm](letters)

    check()


def letter(uid: int, name: int | None = None, *refs: int, subject: bytes = b"", reply: bool = False) -> Letter:
    """One sent and received in the order of UIDs."""
    return Letter(uid, uid, uid, subject, reply, name, refs)


ROWS: list[tuple[str, str, list[Letter], list[Tree]]] = [
    ("nothing", "REFERENCES", [], []),
    ("no references", "REFERENCES", [letter(1), letter(2)], [(1, []), (2, [])]),
    ("a chain", "REFERENCES", [letter(1, 1), letter(2, 2, 1), letter(3, 3, 1, 2)], [(1, [(2, [(3, [])])])]),
    ("the answer came first", "REFERENCES", [letter(1, 2, 1), letter(2, 1)], [(2, [(1, [])])]),
    ("the parent is not there", "REFERENCES", [letter(1, 2, 1), letter(2, 3, 1)], [(None, [(1, []), (2, [])])]),
    ("an only child of none", "REFERENCES", [letter(1, 2, 1)], [(1, [])]),
    (
        "dummies one below the other",
        "REFERENCES",
        [letter(1, 5, 1, 2), letter(2, 6, 1, 3)],
        [(None, [(1, []), (2, [])])],
    ),
    ("a dummy in the middle", "REFERENCES", [letter(1, 1), letter(2, 3, 1, 2)], [(1, [(2, [])])]),
    ("a loop", "REFERENCES", [letter(1, 1, 2), letter(2, 2, 1)], [(2, [(1, [])])]),
    ("its own parent", "REFERENCES", [letter(1, 1, 1), letter(2, 2, 2, 2)], [(1, []), (2, [])]),
    ("twice the same id", "REFERENCES", [letter(1, 1), letter(2, 1), letter(3, 3, 1)], [(1, [(3, [])]), (2, [])]),
    (
        "the own reference counts more than what others say",
        "REFERENCES",
        [letter(1, 1), letter(2, 2), letter(3, 9, 1, 3), letter(4, 3, 2)],
        [(1, []), (2, [(4, [(3, [])])])],
    ),
    (
        "an original and its answers",
        "REFERENCES",
        [letter(1, subject=b"A", reply=True), letter(2, subject=b"A"), letter(3, subject=b"A", reply=True)],
        [(2, [(1, []), (3, [])])],
    ),
    ("two originals", "REFERENCES", [letter(1, subject=b"A"), letter(2, subject=b"A")], [(None, [(1, []), (2, [])])]),
    ("subjects do not count", "REFS", [letter(1, subject=b"A"), letter(2, subject=b"A")], [(1, []), (2, [])]),
    ("the newest thread last", "REFS", [letter(1, 1), letter(2, 2), letter(3, 3, 1)], [(2, []), (1, [(3, [])])]),
    (
        "no grandchildren",
        "ORDEREDSUBJECT",
        [letter(1, subject=b"A"), letter(2, subject=b"B"), letter(3, subject=b"A"), letter(4, subject=b"A")],
        [(1, [(3, []), (4, [])]), (2, [])],
    ),
]


@pytest.mark.parametrize(("algorithm", "letters", "expected"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_rows(algorithm: str, letters: list[Letter], expected: list[Tree]) -> None:
    assert trees(threads(letters, algorithm)) == expected
    assert PLAIN[algorithm](letters) == expected


def once(forest: Forest, count: int) -> bool:
    """Every message is in the threads, and once only."""
    nodes = list(forest.roots)
    for node in nodes:
        nodes += forest.children(node)
    return sorted(node for node in nodes if node < len(forest.uids)) == list(range(count))


def test_a_thread_as_deep_as_the_mailbox() -> None:
    count = 30_000
    letters = [letter(uid, uid, *([uid - 1] if uid > 1 else [])) for uid in range(1, count + 1)]
    for algorithm in ("REFERENCES", "REFS"):
        forest = threads(letters, algorithm)
        assert list(forest.roots) == [0]
        assert all(forest.children(at) == [at + 1] for at in range(count - 1))
    backwards = [letter(uid, -uid, -uid - 1) for uid in range(1, count + 1)]
    assert once(threads(backwards, "REFERENCES"), count)


def test_hostile_references_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Past the bounds links are left out, but no message is lost."""
    chance = random.Random(5)
    letters = [letter(uid, chance.randrange(400), *chance.choices(range(400), k=30)) for uid in range(1, 2000)]
    assert once(threads(letters, "REFERENCES"), 1999)
    monkeypatch.setattr(threading, "THREAD_STEPS", 50)
    monkeypatch.setattr(threading, "THREAD_MISSING", 20)
    for algorithm in ALGORITHMS:
        assert once(threads(letters, algorithm), 1999)


def test_sorting_in_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    letters = [
        Letter(uid, uid % 7, uid % 5, b"%d" % (uid % 50), uid % 3 == 0, uid, (uid - 9,)) for uid in range(1, 300)
    ]
    whole = [trees(threads(letters, algorithm)) for algorithm in ALGORITHMS]
    monkeypatch.setattr(threading, "_RUN", 10)
    assert [trees(threads(letters, algorithm)) for algorithm in ALGORITHMS] == whole
