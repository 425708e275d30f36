"""Parameters of Content-Type and Content-Disposition: RFC 2045 §5.1 with RFC 2231 continuations and charsets."""

import re
from urllib.parse import quote, unquote_to_bytes

from pillarbox.message.charset import decode
from pillarbox.message.words import decode_words, neutral

Params = tuple[tuple[str, str], ...]

_VALUE_CAP = 64 << 10  # characters of a value whose parameters are read
_MOST = 1000  # parameters read of one value
_PARAM = re.compile(r';\s*([^\s=;"]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)(?:"|\\?\Z)|([^;]*))', re.S)
_COMMENT = re.compile(r'("(?:[^"\\]|\\.)*(?:"|\\?\Z))|\([^()]*\)', re.S)
_ESCAPE = re.compile(r"\\(.)", re.S)
_SECTION = re.compile(r"^([^*]+)(?:\*([0-9]{1,4}))?(\*)?$")


def decode_params(value: str) -> tuple[str, Params]:
    """A header value as (what stands before the first ';', lower case; parameters in order of first appearance).

    Names are lower case, values decoded: RFC 2231, and the encoded words that many senders put there although
    RFC 2047 §5 forbids it. The first of equal names wins. Never fails.
    """
    value = value[:_VALUE_CAP]
    if "(" in value:
        value = _COMMENT.sub(lambda m: m[1] or " ", value)
    head, semicolon, rest = value.partition(";")
    head = head.strip().lower()
    if not semicolon:
        return head, ()
    plain: dict[str, str] = {}
    pieces: dict[str, dict[int, tuple[bool, str]]] = {}
    for count, match in enumerate(_PARAM.finditer(";" + rest)):
        if count == _MOST:
            break
        text = match[3].strip() if match[2] is None else _ESCAPE.sub(r"\1", match[2])
        name = match[1].lower()
        section = _SECTION.match(name) if "*" in name else None
        if section is None:
            plain.setdefault(name, text)
            continue
        plain.setdefault(section[1], "")
        pieces.setdefault(section[1], {}).setdefault(int(section[2] or 0), (section[3] is not None, text))
    for name, parts in pieces.items():
        plain[name] = _joined(parts)
    return head, tuple((name, neutral(text) if name in pieces else decode_words(text)) for name, text in plain.items())


def _joined(parts: dict[int, tuple[bool, str]]) -> str:
    """The sections of one parameter put together (RFC 2231 §3, §4)."""
    octets = bytearray()
    charset = ""
    for number in sorted(parts):
        extended, text = parts[number]
        if number == min(parts) and extended and text.count("'") >= 2:
            charset, _, text = text.split("'", 2)
        octets += unquote_to_bytes(text) if extended else text.encode("utf-8", "replace")
    return decode(bytes(octets), charset)


def encode_param(name: str, value: str) -> list[str]:
    """`name=value` spelled for a header line: token or quoted string, or RFC 2231 pieces of at most 70 characters."""
    value = neutral(value)
    if value.isascii() and len(value) <= 60:
        if value and not set(value) & set(" \t()<>@,;:\\\"/[]?='*%"):
            return [f"{name}={value}"]
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return [f'{name}="{escaped}"']
    spelled = "utf-8''" + quote(value, safe="!#$&+-.^_`{|}~", errors="replace")
    if len(name) + len(spelled) <= 70:
        return [f"{name}*={spelled}"]
    pieces = []
    while spelled:
        cut = min(len(spelled), 60)
        percent = spelled.rfind("%", cut - 2, cut)
        if percent > 0 and cut < len(spelled):
            cut = percent
        pieces.append(spelled[:cut])
        spelled = spelled[cut:]
    return [f"{name}*{index}*={piece}" for index, piece in enumerate(pieces)]
