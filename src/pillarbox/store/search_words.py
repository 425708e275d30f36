"""What a text to be searched for asks of the index: parts of terms for a substring, tokens for words and phrases."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from html import escape

from pillarbox.core.limits import SEARCH_FUZZY, SEARCH_WORDS
from pillarbox.store.analyser import STEP, all_stems, fold, junctions, language, spans, stems, terms, terms_of, unspaced
from pillarbox.store.indexing import STEMMED
from pillarbox.store.search_text import FIELDS
from pillarbox.store.vocabulary import Probe, Wanted

_WORD = re.compile(r"""(?<!\S)(?:"([^"]*)"|'([^']*)'(?!\S))|(\S+)""")
_FRAGMENT = 255  # octets of a snippet, RFC 8621 §5: a server should not give more
_MOST = 16  # runs of a substring, and junctions, that narrow: the next would hardly leave out more
_AROUND = 60  # characters before the first mark

WORD_FIELDS = {
    **FIELDS,
    "body": "m",
    "text": "ftcbsm",  # RFC 8621 §4.4.1: From, To, Cc, Bcc, Subject and the text parts
}
"""Where words are looked for → the letters of the fields."""
SUBSTRING_FIELDS = {**FIELDS, "body": "m", "text": "hm"}
"""Where substrings are looked for → the letters of the fields."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words that follow each other, folded."""

    words: tuple[str, ...]


def narrow(needle: str, fields: str) -> Wanted:
    """The probes for a folded substring in one of the fields.

    A part of a text that is one run of letters lies within one run of the text; of several, the first ends a run, the
    last begins one, and those between are whole.
    """
    found = list(spans(needle))
    probes: dict[Probe, None] = {}
    longest_ones = sorted(found, key=lambda span: span[0] - span[1])[:_MOST]  # they are the rarest
    for start, end in sorted(longest_ones):
        probes.update(dict.fromkeys(_run_probes(needle[start:end], fields, start == 0, end == len(needle))))
    whole = len(found) == 1 and found[0] == (0, len(needle))
    longest = 2 if whole and unspaced(needle) else STEP
    return Wanted(
        tuple(probes), whole and len(needle) <= longest, frozenset(sorted(junctions(needle, whole=False))[:_MOST])
    )


def _run_probes(run: str, fields: str, at_start: bool, at_end: bool) -> Iterator[Probe]:
    """The probes for one run of a substring; at its start the run may go on to the left, at its end to the right."""
    if unspaced(run):
        if len(run) == 1:
            yield Probe(fields=fields, how="inside", part=run)
            return
        at_start = at_end = False
    if at_start and at_end:
        yield Probe(fields=fields, how="inside", part=run[:STEP])
    elif at_start:
        yield Probe(fields=fields, how="ends", part=run[-STEP:])
    elif at_end:
        yield Probe(fields=fields, how="starts", part=run[:STEP])
    else:
        for term in dict.fromkeys(terms_of(run)):
            yield Probe(tokens=tuple(field + term for field in fields))


@lru_cache(maxsize=256)
def phrases(text: str) -> tuple[Phrase, ...]:
    """The words and phrases of a JMAP text condition; a word of several runs, like an address, is a phrase too."""
    found = []
    for match in _WORD.finditer(text):
        words = terms(fold(match[1] or match[2] or match[3] or ""))
        if words:
            found.append(Phrase(tuple(words[:SEARCH_WORDS])))
    return tuple(found[:SEARCH_WORDS])


def word_probes(text: str, fields: str) -> Wanted:
    """The probes for all words of a JMAP text condition, each in any of the fields."""
    wanted = phrases(text)
    words = dict.fromkeys(word for phrase in wanted for word in phrase.words)
    probes = [word_probe(word, fields) for word in words]
    return Wanted(tuple(probes), all(len(phrase.words) == 1 for phrase in wanted))


@lru_cache(maxsize=1024)
def word_probe(word: str, fields: str) -> Probe:
    """A word, or in fields with stems any word of the same stem."""
    if unspaced(word) and len(word) == 1:
        return Probe(fields=fields, how="inside", part=word)
    tokens = dict.fromkeys(field + word for field in fields)
    for field in fields:
        if field in STEMMED:
            for letter, stem in all_stems(word):
                tokens[field + stem] = None  # a word that is its own stem is indexed plainly only
                tokens[f"{STEMMED[field]}{letter}{stem}"] = None
    return Probe(tokens=tuple(tokens))


def words_of(text: str) -> list[str]:
    """The words of a FUZZY key that are looked for, each once: the first runs of letters of the folded text."""
    return list(dict.fromkeys(terms(fold(text))))[:SEARCH_FUZZY]


def like_probe(word: str, fields: str) -> Probe:
    """A word, another form of it, or one much like it (RFC 6203 §3)."""
    probe = word_probe(word, fields)
    return probe if unspaced(word) else Probe(probe.tokens, fields, "like", word)


def has_phrase(text: str, phrase: Phrase, letter: str) -> bool:
    """Whether the words of a phrase follow each other in folded text, compared by stem in a language ("": as is)."""
    if len(phrase.words) == 1 and unspaced(phrase.words[0]):
        return phrase.words[0] in text
    wanted = f" {' '.join(stems(phrase.words, letter))} "
    return wanted in f" {' '.join(stems(terms(text), letter))} "


def snippet(text: str, query: str, limit: int = _FRAGMENT) -> str | None:
    """A fragment of `text` around the first words of `query`, as HTML with <mark> around them, at most `limit` octets
    of text; None when no word is in it (RFC 8621 §5)."""
    marks = _marks(text, query)
    if not marks:
        return None
    start = _word_start(text, max(0, marks[0][0] - _AROUND)) if marks[0][0] > _AROUND else 0
    out: list[str] = []
    used = 0
    at = start
    for begin, end in [*marks, (len(text), len(text))]:
        for piece, marked in ((text[at:begin], False), (text[begin:end], True)):
            piece = _within(piece, limit - used, cut=not marked)
            used += len(piece.encode("utf-8", "replace"))
            if piece:
                out.append(f"<mark>{escape(piece)}</mark>" if marked else escape(piece))
        at = end
        if used >= limit - 4:
            break
    return "".join(out).strip()


def _within(piece: str, room: int, *, cut: bool) -> str:
    octets = piece.encode("utf-8", "replace")
    if len(octets) <= room:
        return piece
    return octets[: max(0, room)].decode("utf-8", "ignore") if cut else ""


def _word_start(text: str, at: int) -> int:
    space = text.find(" ", at, at + _AROUND // 2)
    return space + 1 if space >= 0 else at


def _marks(text: str, query: str) -> list[tuple[int, int]]:
    """Where words of the query are in the text, compared by stem; neighbours that touch are one mark."""
    wanted = {word for phrase in phrases(query) for word in phrase.words}
    if not wanted:
        return []
    letter = language(text)
    keys = {*wanted, *stems(sorted(wanted), letter)}
    marks: list[tuple[int, int]] = []
    for start, end in _spans(text):
        run = fold(text[start:end])
        if unspaced(run):
            found = _inside(text[start:end], start, wanted)
        else:
            found = [(start, end)] if run in keys or stems((run,), letter)[0] in keys else []
        for mark in found:
            if marks and mark[0] <= marks[-1][1]:
                marks[-1] = (marks[-1][0], max(mark[1], marks[-1][1]))
            else:
                marks.append(mark)
    return marks


def _spans(text: str) -> Iterator[tuple[int, int]]:
    """The runs of text that is not folded."""
    lower = text.lower()
    return spans(lower if len(lower) == len(text) else text.casefold() if len(text.casefold()) == len(text) else text)


def _inside(text: str, start: int, wanted: set[str]) -> list[tuple[int, int]]:
    """Marks in a run of a script without spaces, which begins at `start`; a folded character may be several."""
    folded = [fold(char) for char in text]
    run = "".join(folded)
    origins = [at for at, piece in enumerate(folded) for _ in piece]
    return sorted(
        {
            (start + origins[at], start + origins[at + len(word) - 1] + 1)
            for word in wanted
            for at in range(len(run))
            if run.startswith(word, at)
        }
    )
