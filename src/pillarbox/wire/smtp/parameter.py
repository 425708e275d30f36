"""Parameters of MAIL and RCPT: each keyword with the pattern of its value (RFC 5321 §4.1.1.11)."""

import re
from collections.abc import Callable, Mapping

from pillarbox.core.errors import Invalid
from pillarbox.wire.smtp.path import parse_mailbox

_PARAMETER = re.compile(rb"([A-Za-z0-9][A-Za-z0-9-]*)(?:=([!-<>-~\x80-\xff]+))?")
_XTEXT = re.compile(r"(?:[!-*,-<>-~]|\+[0-9A-F]{2})*")  # RFC 3461 §4
_HEX = re.compile(r"\+([0-9A-F]{2})")
_ADDRESS_TYPE = re.compile(r"[A-Za-z0-9-]{1,40}")
_SIZE = re.compile(r"[0-9]{1,20}")  # RFC 1870 §4
_NOTIFY = frozenset({"SUCCESS", "FAILURE", "DELAY"})


class Unsupported(Invalid):
    """A parameter this server does not know (555, RFC 5321 §4.1.1.11)."""


Value = Callable[[str | None], object]


def parse_parameters(text: bytes, known: Mapping[str, tuple[str, Value]]) -> dict[str, object]:
    """The values of the parameters in `text`, by the names `known` gives them.

    Raises Invalid for a malformed or repeated parameter, Unsupported for one that is not in `known`.
    """
    values: dict[str, object] = {}
    for word in text.split():
        match = _PARAMETER.fullmatch(word)
        if match is None:
            raise Invalid("parameter syntax")
        keyword = match[1].decode().upper()
        if keyword not in known:
            raise Unsupported(keyword)
        name, value = known[keyword]
        if name in values:
            raise Invalid(f"{keyword} twice")
        try:
            values[name] = value(None if match[2] is None else match[2].decode())
        except UnicodeDecodeError as error:
            raise Invalid(f"{keyword} is not UTF-8") from error
    return values


def _size(text: str | None) -> int:
    if text is None or not _SIZE.fullmatch(text):
        raise Invalid("SIZE takes a number")
    return int(text)


def _one_of(*words: str) -> Value:
    def choose(text: str | None) -> str:
        if text is None or text.upper() not in words:
            raise Invalid(f"one of {', '.join(words)}")
        return text.upper()

    return choose


def _nothing(text: str | None) -> bool:
    if text is not None:
        raise Invalid("no value expected")
    return True


def _xtext(text: str | None) -> str:
    if not text or not _XTEXT.fullmatch(text):
        raise Invalid("xtext expected")
    decoded = _HEX.sub(lambda match: chr(int(match[1], 16)), text)
    if not decoded.isascii() or not decoded.isprintable():
        raise Invalid("printable xtext expected")
    return decoded


def _envid(text: str | None) -> str:
    value = _xtext(text)
    if len(value) > 100:  # RFC 3461 §4.4
        raise Invalid("ENVID too long")
    return value


def _auth(text: str | None) -> str:
    """RFC 4954 §5: `<>` or a mailbox in xtext."""
    value = _xtext(text)
    return "" if value == "<>" else parse_mailbox(value.encode()).address


def _notify(text: str | None) -> frozenset[str]:
    words = (text or "").upper().split(",")
    chosen = frozenset(words)
    if len(chosen) != len(words) or not (chosen == {"NEVER"} or chosen <= _NOTIFY):
        raise Invalid("NOTIFY is NEVER or a list of SUCCESS, FAILURE, DELAY")
    return chosen


def _orcpt(text: str | None) -> tuple[str, str]:
    kind, semicolon, address = (text or "").partition(";")
    if not semicolon or not _ADDRESS_TYPE.fullmatch(kind) or len(address) > 500:  # RFC 3461 §4.2
        raise Invalid("ORCPT is type;address")
    return kind.lower(), address if kind.lower() == "utf-8" else _xtext(address)


MAIL: Mapping[str, tuple[str, Value]] = {
    "SIZE": ("size", _size),
    "BODY": ("body", _one_of("7BIT", "8BITMIME", "BINARYMIME")),
    "SMTPUTF8": ("utf8", _nothing),
    "AUTH": ("auth", _auth),
    "RET": ("ret", _one_of("FULL", "HDRS")),
    "ENVID": ("envid", _envid),
}
RCPT: Mapping[str, tuple[str, Value]] = {"NOTIFY": ("notify", _notify), "ORCPT": ("orcpt", _orcpt)}
