"""Messages into threads: the algorithms of THREAD, on what is kept of messages (RFC 5256 §3)."""

from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from heapq import merge
from typing import Final

from pillarbox.core.limits import THREAD_MISSING, THREAD_STEPS
from pillarbox.message.sorting import names_of

_RUN = 10_000  # numbers sorted in one go, which nobody else can interrupt


@dataclass(frozen=True, slots=True)
class Forest:
    """Threads in order. A node is an index into `uids`, or, from their number on, a message that is not there.
    `children`: of the nodes that have any, in order."""

    uids: Sequence[int]
    roots: Sequence[int]
    children: Mapping[int, Sequence[int]]


class Threading:
    """What is known of the messages, which are taken in the order of their UIDs."""

    def __init__(self) -> None:
        self.uids = array("L")
        self.sent = array("q")
        self.received = array("q")
        self.subjects = array("L")  # a number for each base subject, 0 for the empty one
        self.replies = bytearray()
        self.parents: list[bytes] = []
        self.named: dict[int, int] = {}  # the first message with each name
        self._numbers: dict[bytes, int] = {b"": 0}

    def take(self, rows: Sequence[tuple[int, int, int, bytes, int, int | None, bytes]]) -> None:
        """UID, sent, received, and of the keys subject, reply, name, parents."""
        uids, sent, received, subjects, replies, names, parents = zip(*rows, strict=True)
        for message, name in enumerate(names, len(self.uids)):
            if name is not None:
                self.named.setdefault(name, message)
        numbers = self._numbers
        self.uids.extend(uids)
        self.sent.extend(sent)
        self.received.extend(received)
        self.subjects.extend([numbers.setdefault(subject, len(numbers)) for subject in subjects])
        self.replies.extend(replies)
        self.parents.extend(parents)

    def by_date(self) -> list[int]:
        """The messages by sent date, ties by UID (RFC 5256 §2.2)."""
        return _sorted(range(len(self.uids)), self.sent.__getitem__)


def ordered_subject(known: Threading) -> Forest:
    """Each thread the messages of one base subject, all but the first children of the first."""
    first: dict[int, int] = {}
    children: dict[int, list[int]] = {}
    for message in known.by_date():
        root = first.setdefault(known.subjects[message], message)
        if root != message:
            children.setdefault(root, []).append(message)
    return Forest(known.uids, list(first.values()), children)


def references(known: Threading) -> Forest:
    """By what messages refer to, then by base subjects."""
    parents, order = _linked(known), known.by_date()
    planted = _planted(parents, order)
    places = array("L", bytes(known.uids.itemsize * len(order)))
    for place, message in enumerate(order):
        places[message] = place
    return Forest(known.uids, _gathered(known, planted, places, len(parents)), planted.children)


def refs(known: Threading) -> Forest:
    """By what messages refer to alone; the thread that got a message last is the last (draft-ietf-morg-inthread)."""
    planted = _planted(_linked(known), known.by_date())
    latest: dict[int, int] = {}
    for root in planted.roots:
        waiting, last = [root], 0
        while waiting:
            node = waiting.pop()
            if node < len(known.uids):
                last = max(last, known.received[node])
            waiting += planted.children.get(node, ())
        latest[root] = last
    return Forest(known.uids, _sorted(planted.roots, latest.__getitem__), planted.children)


ALGORITHMS: Final[Mapping[str, Callable[[Threading], Forest]]] = {
    "ORDEREDSUBJECT": ordered_subject,
    "REFERENCES": references,
    "REFS": refs,
}


def _sorted(nodes: Sequence[int], key: Callable[[int], int]) -> list[int]:
    """Sorted as `sorted` does it, but so that other threads get their turn."""
    runs = [sorted(nodes[at : at + _RUN], key=key) for at in range(0, len(nodes), _RUN)]
    return runs[0] if len(runs) == 1 else list(merge(*runs, key=key))


def _linked(known: Threading) -> list[int]:
    """The parent of each node, -1 for none: RFC 5256 §3 REFERENCES step 1."""
    parents = [-1] * len(known.uids)
    bearing = bytearray(len(parents))  # may have children
    named = known.named
    most = len(parents) + THREAD_MISSING
    steps = THREAD_STEPS

    def below(node: int, ancestor: int) -> bool:
        nonlocal steps
        if steps < 0:
            return True
        while node >= 0 and node != ancestor:
            node = parents[node]
            steps -= 1
        return node >= 0

    for message, packed in enumerate(known.parents):
        last = -1
        for name in names_of(packed) if packed else ():
            node = named.get(name, -1)
            if node < 0:
                if len(parents) == most:
                    continue
                node = named[name] = len(parents)
                parents.append(-1)
                bearing.append(0)
            if last >= 0 and parents[node] < 0 and node != last and not (bearing[node] and below(last, node)):
                parents[node] = last
                bearing[last] = 1
            last = node
        if parents[message] != last:
            parents[message] = -1
            if last >= 0 and message != last and not (bearing[message] and below(last, message)):
                parents[message] = last
                bearing[last] = 1
    return parents


@dataclass(slots=True)
class _Planted:
    """Threads while they are made: like Forest."""

    roots: list[int]
    children: dict[int, list[int]]


def _planted(parents: list[int], order: Sequence[int]) -> _Planted:
    """Roots and children by date, nodes that are no message only where they hold a thread together: steps 2 to 4."""
    count = len(order)
    roots: list[int] = []
    children: dict[int, list[int]] = {}
    for message in order:
        parent = parents[message]
        if parent >= count:
            parent = _raised(parents, parent, count)
        if parent < 0:
            roots.append(message)
        elif parent in children:
            children[parent].append(message)
        else:
            children[parent] = [message]
            if parent >= count:
                roots.append(parent)
    for at, root in enumerate(roots):
        if root >= count and len(children[root]) == 1:
            roots[at] = children.pop(root)[0]
    return _Planted(roots, children)


def _raised(parents: list[int], node: int, count: int) -> int:
    """The message above a node that is none, or the highest such node when there is no message above."""
    way = []
    while node >= count and parents[node] >= 0:
        way.append(node)
        node = parents[node]
    for one in way:
        parents[one] = node
    return node


def _gathered(known: Threading, planted: _Planted, places: Sequence[int], fresh: int) -> list[int]:
    """The roots when those with the same base subject have come together: steps 5 and 6. Nodes from `fresh` on are
    free."""
    roots, children = planted.roots, planted.children
    count, replies = len(known.uids), known.replies

    def head(root: int) -> int:
        return root if root < count else children[root][0]

    subjects = [known.subjects[head(root)] for root in roots]
    table = _by_subject(planted, subjects, known)
    left: list[int] = []
    changed: dict[int, int] = {}  # node with new children → what is a root now in its place
    for root, subject in zip(roots, subjects, strict=True):
        old = table.get(subject, root)
        if root == old:
            left.append(root)
            continue
        if old >= count and root >= count:
            children[old] += children.pop(root)
        elif old >= count or (replies[root] and not replies[old]):
            children.setdefault(old, []).append(root)
        else:
            changed[old] = table[subject] = fresh
            children[fresh] = [old, root]
            old, fresh = fresh, fresh + 1
        changed.setdefault(old, old)
    if not changed:
        return left
    for node in changed:
        if node in children:
            children[node].sort(key=places.__getitem__)
    return _sorted([changed.get(root, root) for root in left], lambda root: places[head(root)])


def _by_subject(planted: _Planted, subjects: Sequence[int], known: Threading) -> dict[int, int]:
    """The root that others with its base subject join: step 5 B."""
    count, replies = len(known.uids), known.replies
    table: dict[int, int] = {}
    for root, subject in zip(planted.roots, subjects, strict=True):
        old = table.setdefault(subject, root)
        if old < count and (root >= count or (replies[old] and not replies[root])):
            table[subject] = root
    table.pop(0, None)
    return table
