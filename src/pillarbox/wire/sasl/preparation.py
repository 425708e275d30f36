"""SASLprep: names and passwords that look the same become the same (RFC 4013)."""

import stringprep
import unicodedata
from collections.abc import Callable

from pillarbox.core.errors import Invalid

_PROHIBITED: tuple[Callable[[str], bool], ...] = (
    stringprep.in_table_c12,
    stringprep.in_table_c21_c22,
    stringprep.in_table_c3,
    stringprep.in_table_c4,
    stringprep.in_table_c5,
    stringprep.in_table_c6,
    stringprep.in_table_c7,
    stringprep.in_table_c8,
    stringprep.in_table_c9,
)
"""RFC 4013 §2.3."""


def prepare(text: str) -> str:
    """The prepared form. Code points newer than Unicode 3.2 stay as they are (RFC 3454 §7: as in a query), so that a
    password of today is not refused. Raises Invalid for what RFC 4013 prohibits and for what leaves nothing."""
    mapped = "".join(
        " " if stringprep.in_table_c12(letter) else letter for letter in text if not stringprep.in_table_b1(letter)
    )
    prepared = unicodedata.normalize("NFKC", mapped)
    if not prepared or any(forbids(letter) for letter in prepared for forbids in _PROHIBITED):
        raise Invalid("SASLprep leaves nothing, or does not allow a character")
    _check_direction(prepared)
    return prepared


def _check_direction(text: str) -> None:
    """RFC 3454 §6: text with letters written from right to left has no others, and begins and ends with such."""
    if not any(map(stringprep.in_table_d1, text)):
        return
    ends = stringprep.in_table_d1(text[0]) and stringprep.in_table_d1(text[-1])
    if not ends or any(map(stringprep.in_table_d2, text)):
        raise Invalid("SASLprep does not allow the mix of directions")
