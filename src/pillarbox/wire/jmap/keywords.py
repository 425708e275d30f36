"""Keywords as JMAP spells them (RFC 8621 §4.1.1)."""

import re

_KEYWORD = re.compile(r"[!#$&'+,\-./0-9:;<=>?@A-Z\[^_`a-z|}~]{1,255}", re.ASCII)


def valid_keyword(text: str) -> bool:
    """Whether `text` may be a keyword: 1 to 255 characters of %x21-%x7e, none of ( ) { ] % * " and backslash."""
    return _KEYWORD.fullmatch(text) is not None
