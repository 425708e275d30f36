"""Words that are much like another: it goes on in them, or one letter is wrong, missing, too many, or two changed
places."""

from collections.abc import Iterator, Sequence

BEGUN = 3  # letters from which on a word may be the beginning of what was meant
MISSPELT = 4  # letters from which on one of them may be wrong


def like(word: str, term: str) -> bool:
    """Whether `term` is much like `word`; both are folded."""
    if len(word) >= BEGUN and term.startswith(word):
        return True
    return len(word) >= MISSPELT and _one_off(word, term)


def _one_off(word: str, term: str) -> bool:
    if abs(len(word) - len(term)) > 1:
        return False
    start = 0
    least = min(len(word), len(term))
    while start < least and word[start] == term[start]:
        start += 1
    left, right = word[start:], term[start:]
    if left[1:] == right[1:] or left[1:] == right or left == right[1:]:
        return True
    return left[:2] == right[1::-1] and left[2:] == right[2:]


def candidates(segments: Sequence[str], fields: str, word: str) -> Iterator[str]:
    """The tokens of a vocabulary (see vocabulary.segment) of these fields whose terms may be like the word: they begin
    with its first half or end in its second."""
    half = len(word) // 2 if len(word) >= MISSPELT else len(word)
    for text in segments:
        for letter in fields:
            yield from _beginning(text, f"\n{letter}{word[:half]}")
        if half < len(word):
            yield from _ending(text, f"{word[half:]}\n", fields)


def _beginning(text: str, start: str) -> Iterator[str]:
    at = text.find(start)
    while at >= 0:
        end = text.index("\n", at + 1)
        yield text[at + 1 : end]
        at = text.find(start, end)


def _ending(text: str, last: str, fields: str) -> Iterator[str]:
    at = text.find(last)
    while at >= 0:
        start = text.rfind("\n", 0, at) + 1
        if text[start] in fields:
            yield text[start : at + len(last) - 1]
        at = text.find(last, at + len(last) - 1)
