"""i;unicode-casemap: how texts are compared without regard to case, whatever their script (RFC 5051)."""

import unicodedata

_HANGUL = range(0xAC00, 0xD7A4)  # UnicodeData.txt has no decomposition for single syllables
_RARE = 0x10000


class _Titles(dict[int, str]):
    """Code point → what stands for it, made as characters turn up; rare ones that stay as they are are left out."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        title = char.title()
        title = title if len(title) == 1 else char  # longer ones are of SpecialCasing.txt, which does not count
        if ord(title) not in _HANGUL:
            title = unicodedata.normalize("NFKD", title)
        if title == char and code >= _RARE:
            raise LookupError(char)
        self[code] = title
        return title


_TITLES = _Titles()


def casemap(text: str) -> str:
    """Each character in title case, then decomposed (RFC 5051 §2): two such texts are equal, the one a part of the
    other, or before it, as their code points say."""
    return text.upper() if text.isascii() else text.translate(_TITLES)


def collated(text: str) -> bytes:
    """What the text is sorted by, octet by octet. Octets that were in no charset stand in `text` as lone surrogates
    (PEP 383): such texts come after all others, as they are (RFC 5255 §4.6)."""
    try:
        return casemap(text).encode()
    except UnicodeEncodeError:
        return b"\xff" + text.encode("utf-8", "surrogateescape")
