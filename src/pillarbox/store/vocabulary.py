"""What is asked of the full-text index, and the tokens of an account's messages, kept to find parts of them."""

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from heapq import merge
from itertools import groupby, islice
from typing import TypeVar

from pillarbox.core.ids import MessageId
from pillarbox.core.limits import SEARCH_ALIKE, SEARCH_EXPANSION, SEARCH_SIGNATURE
from pillarbox.store.likeness import candidates, like

T = TypeVar("T")

MERGE = 8  # segments of one level that become one of the next
_LEAST = 8  # octets of a signature
_FEW = 30  # messages that are sooner looked at than narrowed further
_COSTLY = 300  # tokens that cost less to ask for than anything else


@dataclass(frozen=True, slots=True)
class Probe:
    """Messages that have any of `tokens`, or in any of `fields` a term that `how` says of `part`: "inside" (it
    contains it), "starts", "ends", "like" (see likeness). A token is a field's letter and a term."""

    tokens: tuple[str, ...] = ()
    fields: str = ""
    how: str = ""
    part: str = ""


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far an account is indexed: messages up to this modseq, and within it up to this id."""

    modseq: int = 0
    message_id: int = 0


@dataclass(frozen=True, slots=True)
class Wanted:
    """What narrows a search: the messages are among those that fit every probe (none: any message may do) and have all
    `junctions`; `decided`: those that fit are the answer, nothing is left to compare."""

    probes: tuple[Probe, ...]
    decided: bool
    junctions: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Found:
    """How far the index reached, and for each thing wanted the messages that fit; None when it does not narrow."""

    reached: Cursor
    sets: tuple[set[MessageId] | None, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A message as the index holds it: its tokens, each once, and the signature of its junctions."""

    message_id: MessageId
    tokens: frozenset[str]
    signature: bytes


def common(some: Set[T], others: Set[T]) -> set[T]:
    """What is in both. Not `&`, which holds everybody up where they are very large."""
    few, many = sorted((some, others), key=len)
    return {one for one in few if one in many}


def signature(junctions: Set[int]) -> bytes:
    """A bit for each of the junctions of a message among eight times as many: seven of eight that it lacks show."""
    made = bytearray(min(max(len(junctions), _LEAST), SEARCH_SIGNATURE))
    bits = 8 * len(made)
    for one in junctions:
        made[one % bits >> 3] |= 1 << (one % bits & 7)
    return bytes(made)


def signed(signature: bytes, junctions: Iterable[int]) -> bool:
    """Whether a message may have all these junctions."""
    bits = 8 * len(signature)
    return all(signature[one % bits >> 3] >> (one % bits & 7) & 1 for one in junctions)


def segment(tokens: Iterable[str]) -> str:
    """Tokens as one text to be searched."""
    return "\n" + "\n".join(sorted(tokens)) + "\n"


def merged(segments: Sequence[str]) -> str:
    """One segment with the tokens of several."""
    sorted_ones = (one.split("\n")[1:-1] for one in segments)
    # Not a set and `sorted`, which holds everybody up.
    return "\n" + "\n".join([token for token, _ in groupby(merge(*sorted_ones))]) + "\n"


def asked(segments: Sequence[str], wanted: Wanted) -> list[list[str]] | None:
    """The tokens of each probe, any of which a message must have; the probes that cost least come first. None when a
    probe that decides has too many; one that only narrows is left out then."""
    made: list[list[str]] = []
    for probe in wanted.probes:
        tokens = fitting(segments, probe) if probe.fields else []
        if tokens is not None:
            made.append([*probe.tokens, *tokens])
        elif wanted.decided:
            return None
    return sorted(made, key=len)


def enough(wanted: Wanted, found: int, tokens: Sequence[str]) -> bool:
    """Whether to stop before the next probe: nothing is left, or looking at what is left costs less than narrowing."""
    return not found or (not wanted.decided and (found <= _FEW or len(tokens) > _COSTLY + found))


def fitting(segments: Sequence[str], probe: Probe) -> list[str] | None:
    """The tokens whose terms contain the part, or start or end with it; None when they are too many."""
    if probe.how == "like":
        near = (token for token in candidates(segments, probe.fields, probe.part) if like(probe.part, token[1:]))
        return sorted(set(islice(near, SEARCH_ALIKE)))
    part, inside = probe.part, probe.how != "starts"
    wanted = f"{part}\n" if probe.how == "ends" else part
    found: set[str] = set()
    for text in segments:
        for begin in ("",) if inside else [f"\n{letter}" for letter in probe.fields]:
            looked = begin + wanted
            at = text.find(looked)
            while at >= 0:
                start = text.rfind("\n", 0, at + 1) + 1
                end = text.index("\n", at + len(looked) - 1 if probe.how == "ends" else at + 1)
                # The letter of the field is no part of the term.
                if text[start] in probe.fields and (start < at or not inside or text.find(wanted, at + 1, end + 1) > 0):
                    found.add(text[start:end])
                    if len(found) > SEARCH_EXPANSION:
                        return None
                at = text.find(looked, end)
    return sorted(found)
