"""From text to terms: how text is folded, cut into runs of letters and digits, and reduced to stems."""

import re
import sys
import threading
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache
from itertools import pairwise
from zlib import crc32

import Stemmer
from turbohtml.detect import detect_language

from pillarbox.core.limits import SEARCH_TERM

STEP = SEARCH_TERM // 2
"""Pieces of a long run begin this far apart, so that any part of it up to this length lies within one piece."""

_UNSPACED = (  # scripts that are written without spaces between words, and Hangul, whose words carry their particles
    (0x0E00, 0x0EFF),
    (0x1000, 0x109F),
    (0x1100, 0x11FF),
    (0x1780, 0x17FF),
    (0x2E80, 0x2FDF),
    (0x3005, 0x3007),
    (0x3040, 0x30FF),
    (0x3130, 0x318F),
    (0x31F0, 0x31FF),
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xA960, 0xA97F),
    (0xAC00, 0xD7FF),
    (0xF900, 0xFAFF),
    (0x20000, 0x3FFFF),
)
_ASTRAL = "\U00010000-\U0001ffff"  # rare scripts and pictures: letters like others
_HANGUL = re.compile("[\uac00-\ud7a3]")
_NOT_HANGUL = re.compile("[^\uac00-\ud7a3]+")
_ASCII_RUN = re.compile(r"[a-z0-9]+")
_ASCII_GAP = re.compile(r"([^a-z0-9]+)")
_ASCII = re.compile(r"[\x00-\x7f]")
_PIECE = 1 << 16  # characters that are folded in one go
_SURE = 0.6  # confidence from which the language found is believed
_ENOUGH = 40  # characters without which it is not asked
_SAMPLE = 600  # characters that are looked at

# ISO 639-3, as the detector names languages → (a letter for the index, the stemming algorithm)
_LANGUAGES = {
    "ara": ("a", "arabic"),
    "dan": ("d", "danish"),
    "deu": ("g", "german"),
    "ell": ("k", "greek"),
    "eng": ("e", "english"),
    "fin": ("w", "finnish"),
    "fra": ("f", "french"),
    "hin": ("h", "hindi"),
    "hun": ("u", "hungarian"),
    "ita": ("i", "italian"),
    "nld": ("n", "dutch"),
    "nob": ("o", "norwegian"),
    "pol": ("l", "polish"),
    "por": ("p", "portuguese"),
    "ron": ("m", "romanian"),
    "rus": ("r", "russian"),
    "spa": ("s", "spanish"),
    "swe": ("v", "swedish"),
    "tur": ("t", "turkish"),
}
ENGLISH = "e"
ALGORITHMS = dict(_LANGUAGES.values())
"""Letter of a language in the index → its stemming algorithm."""

_local = threading.local()


def fold(text: str) -> str:
    """The text without differences of case and of compatible characters: what is compared when text is searched.

    Texts that i;unicode-casemap (RFC 5051) takes for equal, or for a part of the other, are that when folded, and so
    are those that full case folding makes equal, like "ss" and the sharp s.
    """
    if text.isascii():
        return text.lower()
    if len(text) <= _PIECE:
        return _folded(text)
    return "".join(map(_folded, _pieces(text)))  # in pieces, between which others have their turn


def _folded(text: str) -> str:
    return _decomposed(text).casefold().replace("\u0131", "i")


def _pieces(text: str) -> Iterator[str]:
    """The text cut before letters of ASCII, which marks never reach across."""
    start = 0
    while start < len(text):
        cut = _ASCII.search(text, start + _PIECE)
        end = cut.start() if cut else len(text)
        yield text[start:end]
        start = end


def _decomposed(text: str) -> str:
    """The text in single letters and marks; the syllables of Hangul stay whole, which RFC 5051 does not take apart."""
    if _HANGUL.search(text):
        return _NOT_HANGUL.sub(lambda run: unicodedata.normalize("NFKD", run[0]), text)
    return unicodedata.normalize("NFKD", text)


@cache
def _run() -> re.Pattern[str]:
    """A run of letters, marks and digits; scripts without spaces are runs of their own."""
    unspaced = {code for low, high in _UNSPACED for code in range(low, min(high, 0xFFFF) + 1)}
    letters: list[int] = []
    others: list[int] = []
    for code in range(0x10000):
        char = chr(code)
        if char.isalnum() or unicodedata.category(char)[0] == "M":
            (others if code in unspaced else letters).append(code)
    return re.compile(f"[{_ranges(letters)}{_ASTRAL}]+|[{_ranges(others)}\U00020000-\U0003ffff]+")


def _ranges(codes: Sequence[int]) -> str:
    pieces = []
    start = last = codes[0]
    for code in [*codes[1:], sys.maxsize]:
        if code != last + 1:
            pieces.append(f"{chr(start)}-{chr(last)}")
            start = code
        last = code
    return "".join(pieces)


def runs(folded: str) -> list[str]:
    """The runs of letters and digits of folded text, in order."""
    return (_ASCII_RUN if folded.isascii() else _run()).findall(folded)


def spans(folded: str) -> Iterator[tuple[int, int]]:
    """Where the runs of folded text begin and end."""
    return (found.span() for found in (_ASCII_RUN if folded.isascii() else _run()).finditer(folded))


def junctions(folded: str, *, whole: bool = True) -> set[int]:
    """Numbers for the places of folded text where one run ends and another begins: the last two letters of the one,
    what lies between, the first two of the other.

    Text that is a part of another has no others, when it is not `whole`: what its first and last run may lack of their
    two letters is not taken for the run's end then.
    """
    if folded.isascii():
        parts = _ASCII_GAP.split(folded)
        found = [
            (left[-2:], gap, right[:2]) for left, gap, right in zip(parts[::2], parts[1::2], parts[2::2], strict=False)
        ]
    else:
        found = [
            (folded[max(start, end - 2) : end], folded[end:begin], folded[begin : min(begin + 2, last)])
            for (start, end), (begin, last) in pairwise(spans(folded))
        ]
    if not whole and found:
        if len(found[0][0]) < 2 and folded.startswith(found[0][0]):
            del found[0]
        if found and len(found[-1][2]) < 2 and folded.endswith(found[-1][2]):
            del found[-1]
    kept = {left + gap + right for left, gap, right in found if left and right}
    return {crc32(one.encode("utf-8", "replace")) for one in kept}


@lru_cache(maxsize=4096)
def _is_unspaced(char: str) -> bool:
    return any(low <= ord(char) <= high for low, high in _UNSPACED)


def unspaced(run: str) -> bool:
    """Whether a run is of a script without spaces."""
    return not run.isascii() and _is_unspaced(run[0])


def terms_of(run: str) -> list[str]:
    """What the index holds for a run: itself; pairs of letters of a script without spaces; pieces of a long one."""
    if not run.isascii() and _is_unspaced(run[0]):
        return [run] if len(run) == 1 else [run[at : at + 2] for at in range(len(run) - 1)]
    if len(run) <= SEARCH_TERM:
        return [run]
    return [run[at : at + SEARCH_TERM] for at in range(0, len(run) - STEP, STEP)]


def terms(folded: str) -> list[str]:
    """The terms of folded text, in order, repeated as often as they occur."""
    found = runs(folded)
    if folded.isascii() and max(map(len, found), default=0) <= SEARCH_TERM:
        return found
    return [term for run in found for term in terms_of(run)]


def language(text: str) -> str:
    """The letter of the language text is written in; English when that is not sure, "" for one without stems."""
    if len(text) < _ENOUGH:
        return ENGLISH
    match = detect_language(text[:_SAMPLE])
    if match.language is None or match.confidence < _SURE:
        return ENGLISH
    return _LANGUAGES.get(match.language, ("", ""))[0]


def stems(words: Sequence[str], letter: str) -> list[str]:
    """The stems of folded words in a language, in their order; the words themselves in one without stems."""
    if letter not in ALGORITHMS:
        return list(words)
    known: dict[str, Stemmer.Stemmer] = _local.__dict__.setdefault("stemmers", {})
    stemmer = known.get(letter)
    if stemmer is None:  # one for each thread: they are not to be shared
        stemmer = known[letter] = Stemmer.Stemmer(ALGORITHMS[letter])
    if all(map(str.isascii, words)):
        return list(stemmer.stemWords(words))
    # Letters and their marks are one character to the stemmer, as people write them.
    return [_decomposed(stem) for stem in stemmer.stemWords([unicodedata.normalize("NFC", word) for word in words])]


def all_stems(word: str) -> Iterable[tuple[str, str]]:
    """The stem of a word in every language: (letter, stem)."""
    return [(letter, stems((word,), letter)[0]) for letter in ALGORITHMS]
