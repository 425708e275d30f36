"""THREAD once more, step by step as RFC 5256 §3 tells it and without regard to speed: the other opinion in tests."""

from collections.abc import Sequence
from dataclasses import dataclass, field

Tree = tuple["int | None", list["Tree"]]
"""A message's UID, None for one that is not there, and its children."""


@dataclass(frozen=True)
class Letter:
    """What is known of a message. `refs` are the ids that its References or In-Reply-To come to."""

    uid: int
    sent: int
    received: int
    subject: bytes
    reply: bool
    name: int | None
    refs: tuple[int, ...]


@dataclass(eq=False)
class Node:
    """A message, or a dummy."""

    letter: Letter | None
    parent: "Node | None" = None
    children: "list[Node]" = field(default_factory=list)

    def link(self, child: "Node") -> None:
        ancestor: Node | None = self
        while ancestor is not None:
            if ancestor is child:
                return
            ancestor = ancestor.parent
        child.parent = self
        self.children.append(child)

    def unlink(self) -> None:
        if self.parent is not None:
            self.parent.children.remove(self)
            self.parent = None

    def key(self) -> tuple[int, int]:
        letter = self.letter or self.children[0].letter
        assert letter is not None
        return letter.sent, letter.uid

    def subject(self) -> bytes:
        letter = self.letter or self.children[0].letter
        assert letter is not None
        return letter.subject

    @property
    def reply(self) -> bool:
        return self.letter is not None and self.letter.reply

    def sort(self) -> None:
        for child in self.children:
            child.sort()
        self.children.sort(key=Node.key)

    def tree(self) -> Tree:
        return (self.letter.uid if self.letter else None, [child.tree() for child in self.children])

    def latest(self) -> int:
        own = [self.letter.received] if self.letter else []
        return max(own + [child.latest() for child in self.children])


def linked(letters: Sequence[Letter]) -> list[Node]:
    """Steps 1 and 2: the nodes without parent."""
    by_name: dict[int, Node] = {}
    every: list[Node] = []
    for letter in letters:
        node = Node(letter)
        if letter.name is not None and letter.name in by_name and by_name[letter.name].letter is None:
            node = by_name[letter.name]
            node.letter = letter
        elif letter.name is not None and letter.name not in by_name:
            by_name[letter.name] = node
            every.append(node)
        else:
            every.append(node)
        last: Node | None = None
        for ref in letter.refs:
            if ref not in by_name:
                by_name[ref] = Node(None)
                every.append(by_name[ref])
            if last is not None and by_name[ref].parent is None:
                last.link(by_name[ref])
            last = by_name[ref]
        node.unlink()
        if last is not None:
            last.link(node)
    return [node for node in every if node.parent is None]


def pruned(nodes: list[Node], top: bool) -> list[Node]:
    """Step 3."""
    left: list[Node] = []
    for node in nodes:
        node.children = pruned(node.children, top=False)
        if node.letter is not None or (top and len(node.children) > 1):
            left.append(node)
        else:
            left += node.children
    return left


def gathered(roots: list[Node]) -> list[Node]:
    """Step 5."""
    table: dict[bytes, Node] = {}
    for node in roots:
        subject = node.subject()
        if subject == b"":
            continue
        old = table.get(subject)
        if old is None or (old.letter is not None and (node.letter is None or (old.reply and not node.reply))):
            table[subject] = node
    left = list(roots)
    for node in roots:
        subject = node.subject()
        if subject == b"" or table[subject] is node:
            continue
        old = table[subject]
        left.remove(node)
        if old.letter is None and node.letter is None:
            old.children += node.children
        elif old.letter is None or (node.reply and not old.reply):
            old.children.append(node)
        else:
            dummy = Node(None, None, [old, node])
            left[left.index(old)] = dummy
            table[subject] = dummy
    return left


def references(letters: Sequence[Letter], by_subject: bool = True) -> list[Tree]:
    """REFERENCES, and REFS when subjects do not count."""
    root = Node(None, None, pruned(linked(letters), top=True))
    root.sort()  # step 4 asks for the top alone
    if by_subject:
        root.children = gathered(root.children)
        root.sort()
    else:
        root.children.sort(key=Node.latest)
    return root.tree()[1]


def ordered_subject(letters: Sequence[Letter]) -> list[Tree]:
    """ORDEREDSUBJECT."""
    groups: dict[bytes, list[Letter]] = {}
    for letter in sorted(letters, key=lambda one: (one.subject, one.sent, one.uid)):
        groups.setdefault(letter.subject, []).append(letter)
    threads = sorted(groups.values(), key=lambda group: (group[0].sent, group[0].uid))
    return [(group[0].uid, [(one.uid, []) for one in group[1:]]) for group in threads]
