"""Messages into threads: the algorithms of THREAD, on what is kept of messages (RFC 5256 §3)."""

from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import accumulate, islice
from typing import Final

from pillarbox.core.limits import THREAD_MISSING, THREAD_STEPS
from pillarbox.message.sorting import names_of
from pillarbox.store.port import Record

_RUN = 5_000  # numbers sorted in one go, which nobody else can interrupt
_SHARDS = 64  # that a dict is split into, which nobody can interrupt either when it has to grow


@dataclass(slots=True)
class Forest:
    """Threads. A node is an index into `uids`, or, from their number on, a message that is not there.

    `roots` in order. `first` and `last`: of each node, the first and the last of its children, `following`: the one
    behind it among its siblings, -1 where there is none. Arrays, since there may be a million nodes, and objects would
    have to be looked at by the garbage collector.
    """

    uids: Sequence[int]
    roots: Sequence[int]
    first: "array[int]"
    last: "array[int]"
    following: "array[int]"

    def children(self, node: int) -> list[int]:
        """The children of a node, in order."""
        found = []
        child = self.first[node]
        while child >= 0:
            found.append(child)
            child = self.following[child]
        return found

    def head(self, root: int) -> int:
        """The message a thread begins with."""
        return root if root < len(self.uids) else self.first[root]

    def add(self, node: int, child: int, end: int) -> None:
        """Put a node, with the siblings behind it up to `end`, behind the children of another."""
        if self.first[node] < 0:
            self.first[node] = child
        else:
            self.following[self.last[node]] = child
        self.last[node] = end

    def sort(self, node: int, places: Sequence[int]) -> None:
        """Put the children of a node in order."""
        children = sorted(self.children(node), key=places.__getitem__)
        self.first[node] = self.last[node] = -1
        for child in children:
            self.following[child] = -1
            self.add(node, child, child)


class Threading:
    """What is known of the messages, which are taken in the order of their UIDs.

    `subjects`: of each the first message with the same base subject, -1 for the empty one. `parents`: the references of
    all, which end at `ends`. `named`: the first message with each name.
    """

    def __init__(self) -> None:
        self.uids = array("L")
        self.sent = array("q")
        self.received = array("q")
        self.subjects = array("l")
        self.replies = bytearray()
        self.parents = bytearray()
        self.ends = array("L")
        self.named: list[dict[int, int]] = [{} for _ in range(_SHARDS)]
        self._subjects: list[dict[bytes, int]] = [{b"": -1} for _ in range(_SHARDS)]

    def take(self, rows: Sequence[Record]) -> None:
        """UID, two columns that say nothing here, sent, received, and of the keys subject, reply, name, parents."""
        uids, _, _, sent, received, subjects, replies, names, parents = zip(*rows, strict=True)
        for message, name in enumerate(names, len(self.uids)):
            if name is not None:
                self.named[name % _SHARDS].setdefault(name, message)
        for message, subject in enumerate(subjects, len(self.uids)):
            self.subjects.append(self._subjects[hash(subject) % _SHARDS].setdefault(subject, message))
        self.uids.extend(uids)
        self.sent.extend(sent)
        self.received.extend(received)
        self.replies.extend(replies)
        self.ends.extend(islice(accumulate(map(len, parents), initial=len(self.parents)), 1, None))
        self.parents += b"".join(parents)

    def by_date(self) -> "array[int]":
        """The messages by sent date, ties by UID (RFC 5256 §2.2)."""
        return _sorted(range(len(self.uids)), self.sent.__getitem__)

    def forget(self) -> None:
        """Let go of what finds messages by their names and subjects, bit by bit."""
        for names, subjects in zip(self.named, self._subjects, strict=True):
            names.clear()
            subjects.clear()


def ordered_subject(known: Threading) -> Forest:
    """Each thread the messages of one base subject, all but the first children of the first."""
    known.forget()
    forest = _bare(known, len(known.uids))
    heads = array("l", (-1,)) * (len(known.uids) + 1)  # the last one for the empty subject
    roots = array("l")
    for message in known.by_date():
        root = heads[known.subjects[message]]
        if root < 0:
            heads[known.subjects[message]] = message
            roots.append(message)
        else:
            forest.add(root, message, message)
    forest.roots = roots
    return forest


def references(known: Threading) -> Forest:
    """By what messages refer to, then by base subjects."""
    order = known.by_date()
    forest = _planted(known, _linked(known), order)
    places = order[:]
    for place, message in enumerate(order):
        places[message] = place
    forest.roots = _gathered(known, forest, places)
    return forest


def refs(known: Threading) -> Forest:
    """By what messages refer to alone; the thread that got a message last is the last (draft-ietf-morg-inthread)."""
    forest = _planted(known, _linked(known), known.by_date())
    latest = array("q", bytes(8 * len(forest.first)))
    for root in forest.roots:
        waiting, last = [root], 0
        while waiting:
            node = waiting.pop()
            if node < len(known.uids):
                last = max(last, known.received[node])
            waiting += forest.children(node)
        latest[root] = last
    forest.roots = _sorted(forest.roots, latest.__getitem__)
    return forest


ALGORITHMS: Final[Mapping[str, Callable[[Threading], Forest]]] = {
    "ORDEREDSUBJECT": ordered_subject,
    "REFERENCES": references,
    "REFS": refs,
}


def _sorted(nodes: Sequence[int], key: Callable[[int], int]) -> "array[int]":
    """Sorted as `sorted` does it, but so that other threads get their turn."""
    return array("l", merge(*(sorted(nodes[at : at + _RUN], key=key) for at in range(0, len(nodes), _RUN)), key=key))


def _linked(known: Threading) -> "array[int]":
    """The parent of each node, -1 for none: RFC 5256 §3 REFERENCES step 1."""
    parents = array("l", (-1,)) * len(known.uids)
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

    start = 0
    for message, end in enumerate(known.ends):
        last = -1
        for name in names_of(known.parents[start:end]) if start < end else ():
            shard = named[name % _SHARDS]
            node = shard.get(name, -1)
            if node < 0:
                if len(parents) == most:
                    continue
                node = shard[name] = len(parents)
                parents.append(-1)
                bearing.append(0)
            if last >= 0 and parents[node] < 0 and node != last and not (bearing[node] and below(last, node)):
                parents[node] = last
                bearing[last] = 1
            last = node
        start = end
        if parents[message] != last:
            parents[message] = -1
            if last >= 0 and message != last and not (bearing[message] and below(last, message)):
                parents[message] = last
                bearing[last] = 1
    known.forget()
    return parents


def _bare(known: Threading, nodes: int) -> Forest:
    """So many nodes without children."""
    none = array("l", (-1,)) * nodes
    return Forest(known.uids, (), none, none[:], none[:])


def _planted(known: Threading, parents: "array[int]", order: Sequence[int]) -> Forest:
    """Roots and children by date, nodes that are no message only where they hold a thread together: steps 2 to 4."""
    count = len(order)
    forest = _bare(known, len(parents))
    roots = array("l")
    for message in order:
        parent = parents[message]
        if parent >= count:
            parent = _raised(parents, parent, count)
            if forest.first[parent] < 0 and parent >= count:
                roots.append(parent)
        if parent < 0:
            roots.append(message)
        else:
            forest.add(parent, message, message)
    for at, root in enumerate(roots):
        if root >= count and forest.first[root] == forest.last[root]:
            roots[at] = forest.first[root]
    forest.roots = roots
    return forest


def _raised(parents: "array[int]", node: int, count: int) -> int:
    """The message above a node that is none, or the highest such node when there is no message above."""
    way = []
    while node >= count and parents[node] >= 0:
        way.append(node)
        node = parents[node]
    for one in way:
        parents[one] = node
    return node


def _gathered(known: Threading, forest: Forest, places: Sequence[int]) -> Sequence[int]:
    """The roots when those with the same base subject have come together: steps 5 and 6."""
    count, replies = len(known.uids), known.replies
    subjects = array("l", (known.subjects[forest.head(root)] for root in forest.roots))
    table = _by_subject(known, forest.roots, subjects)
    left = array("l")
    changed: dict[int, int] = {}  # node with new children → what is a root now in its place
    for root, subject in zip(forest.roots, subjects, strict=True):
        old = root if subject < 0 else table[subject]
        if root == old:
            left.append(root)
            continue
        if old < count and not (replies[root] and not replies[old]):
            changed[old] = table[subject] = fresh = len(forest.first)
            for nodes in (forest.first, forest.last, forest.following):
                nodes.append(-1)
            forest.add(fresh, old, old)
            old = fresh
        if root >= count:
            forest.add(old, forest.first[root], forest.last[root])
        else:
            forest.add(old, root, root)
        changed.setdefault(old, old)
    if not changed:
        return left
    for node in changed:
        forest.sort(node, places)
    left = array("l", (changed.get(root, root) for root in left))
    return _sorted(left, lambda root: places[forest.head(root)])


def _by_subject(known: Threading, roots: Sequence[int], subjects: Sequence[int]) -> "array[int]":
    """The root that others with its base subject join: step 5 B."""
    count, replies = len(known.uids), known.replies
    table = array("l", (-1,)) * (count + 1)  # the last one for the empty subject
    for root, subject in zip(roots, subjects, strict=True):
        old = table[subject]
        if old < 0 or (old < count and (root >= count or (replies[old] and not replies[root]))):
            table[subject] = root
    return table
