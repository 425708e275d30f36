"""What is asked of the full-text index, and the terms an account's messages are made of, kept to find parts of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pillarbox.core.ids import MessageId
from pillarbox.core.limits import SEARCH_EXPANSION

MERGE = 8  # segments of one level that become one of the next


@dataclass(frozen=True, slots=True)
class Probe:
    """Messages that have any of `tokens`, or in any of `fields` a term that `how` says of `part`: "inside" (it
    contains it), "starts", "ends". A token is a field's letter and a term."""

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
class Found:
    """How far the index reached, and for each probe the messages, None when too many terms fit."""

    reached: Cursor
    sets: tuple[set[MessageId] | None, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A message as the index holds it: its tokens, each once."""

    message_id: MessageId
    tokens: frozenset[str]


def segment(terms: Iterable[str]) -> str:
    """Terms as one text to be searched."""
    return "\n" + "\n".join(sorted(terms)) + "\n"


def merged(segments: Sequence[str]) -> str:
    """One segment with the terms of several."""
    return segment({term for one in segments for term in one.split("\n") if term})


def expand(segments: Sequence[str], probe: Probe) -> list[str] | None:
    """The tokens a probe asks for; None when they are too many."""
    if not probe.fields:
        return list(probe.tokens)
    found = fitting(segments, probe.how, probe.part)
    return None if found is None else [letter + term for term in sorted(found) for letter in probe.fields]


def fitting(segments: Sequence[str], how: str, part: str) -> set[str] | None:
    """The terms that contain `part`, or start or end with it; None when they are too many."""
    wanted = f"\n{part}" if how == "starts" else f"{part}\n" if how == "ends" else part
    found: set[str] = set()
    for text in segments:
        at = text.find(wanted)
        while at >= 0:
            start = at + 1 if how == "starts" else text.rfind("\n", 0, at) + 1
            end = text.index("\n", at + 1)
            found.add(text[start:end])
            if len(found) > SEARCH_EXPANSION:
                return None
            at = text.find(wanted, end)
    return found
