"""A command line read into its value (RFC 5321 §4.1.2)."""

import re
from collections.abc import Callable, Mapping
from typing import cast

from pillarbox.core.errors import Invalid
from pillarbox.wire.smtp import parameter
from pillarbox.wire.smtp.command import Auth, Bdat, Command, Hello, Mail, Plain, Rcpt
from pillarbox.wire.smtp.path import PATH, Path, path_of

_VERB = re.compile(rb"([A-Za-z0-9]{1,20})(?: +(.*))?", re.S)
_FROM = re.compile(rb"(?i:FROM): *" + PATH + rb"(?P<rest>(?: +[^ ]+)*) *")
_TO = re.compile(rb"(?i:TO): *" + PATH + rb"(?P<rest>(?: +[^ ]+)*) *")
_HELLO = re.compile(rb"[!-~]{1,255}")
_BDAT = re.compile(rb"([0-9]{1,18})( +(?i:LAST))?")
_AUTH = re.compile(rb"([A-Za-z0-9_-]{1,20})(?: +(\S+))?")


class Address(Invalid):
    """The path of MAIL or RCPT is not one (RFC 3463: X.1.3, X.1.7)."""


class NotAscii(Invalid):
    """An address that needs SMTPUTF8, without it (RFC 6531 §3.5: X.6.7)."""


class Syntax(Invalid):
    """The argument is not what the command takes (RFC 3463: X.5.4)."""


def parse_command(line: bytes, *, utf8: bool = False) -> Command:
    """The command of one line (without CRLF). `utf8`: the mail transaction under way was begun with SMTPUTF8.

    An unknown verb comes back as Plain. Raises Syntax, Address, NotAscii, parameter.Unsupported: all of them Invalid.
    """
    match = _VERB.fullmatch(line.rstrip(b" \t"))
    if match is None:
        return Plain("")
    verb = match[1].decode().upper()
    parse = _PARSERS.get(verb)
    argument = match[2] or b""
    return parse(argument, utf8) if parse is not None else Plain(verb, argument)


def verb_of(line: bytes) -> str:
    """The verb of a line whatever follows it, "" when there is none."""
    word = line.split(b" ", 1)[0]
    return word.decode().upper() if word.isalnum() and len(word) <= 20 else ""


def _hello(verb: str) -> Callable[[bytes, bool], Command]:
    def parse(argument: bytes, _utf8: bool) -> Command:
        if not _HELLO.fullmatch(argument):
            raise Syntax(f"{verb} wants a host name")
        return Hello(verb, argument.decode())

    return parse


def _mail(argument: bytes, _utf8: bool) -> Command:
    path, values = _path(_FROM, argument, parameter.MAIL)
    if path is not None and not path.domain:
        raise Address("a sender without domain")
    if path is not None and not path.ascii and "utf8" not in values:
        raise NotAscii("MAIL without SMTPUTF8")
    return Mail(path, **values)  # type: ignore[arg-type]


def _rcpt(argument: bytes, utf8: bool) -> Command:
    path, values = _path(_TO, argument, parameter.RCPT)
    if path is None:
        raise Address("an empty recipient")
    if not path.ascii and not utf8:
        raise NotAscii("RCPT without SMTPUTF8")
    return Rcpt(path, **values)  # type: ignore[arg-type]


def _path(
    pattern: re.Pattern[bytes], argument: bytes, known: Mapping[str, tuple[str, parameter.Value]]
) -> tuple[Path | None, dict[str, object]]:
    match = pattern.fullmatch(argument)
    if match is None:
        raise Address("path syntax")
    try:
        path = path_of(match)
    except Invalid as error:
        raise Address(str(error)) from error
    rest = match["rest"]
    return path, parameter.parse_parameters(rest, known) if rest else {}


def _bdat(argument: bytes, _utf8: bool) -> Command:
    match = _BDAT.fullmatch(argument)
    if match is None:
        raise Syntax("BDAT size [LAST]")
    return Bdat(int(match[1]), match[2] is not None)


def _auth(argument: bytes, _utf8: bool) -> Command:
    match = _AUTH.fullmatch(argument)
    if match is None:
        raise Syntax("AUTH mechanism [initial response]")
    return Auth(match[1].decode().upper(), cast("bytes | None", match[2]))


_PARSERS: dict[str, Callable[[bytes, bool], Command]] = {
    "EHLO": _hello("EHLO"),
    "HELO": _hello("HELO"),
    "MAIL": _mail,
    "RCPT": _rcpt,
    "BDAT": _bdat,
    "AUTH": _auth,
}
