"""Paths: the addresses of an envelope (RFC 5321 §4.1.2 and §4.1.3, RFC 6531 §3.3)."""

import ipaddress
import re
from dataclasses import dataclass

from pillarbox.core.errors import Invalid
from pillarbox.core.limits import SMTP_DOMAIN, SMTP_LOCAL_PART, SMTP_PATH

_ATOM = rb"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\x80-\xff-]+"
_DOT_STRING = _ATOM + rb"(?:\." + _ATOM + rb")*"
_QUOTED = rb'"(?:[ !#-\[\]-~\x80-\xff]|\\[ -~])*+"'
_LABEL = rb"(?!-)[A-Za-z0-9\x80-\xff-]{1,63}(?<!-)"
_DOMAIN = _LABEL + rb"(?:\." + _LABEL + rb")*"
_LITERAL = rb"\[[!-Z^-~]+\]"
_ROUTE = rb"(?:@" + _DOMAIN + rb"(?:,@" + _DOMAIN + rb")*:)?"

_ADDRESS = rb"(?P<local>" + _DOT_STRING + rb"|" + _QUOTED + rb")@(?P<domain>" + _DOMAIN + rb"|" + _LITERAL + rb")"

PATH = rb"<(?:" + _ROUTE + _ADDRESS + rb"|(?P<postmaster>(?i:postmaster)))?>"
"""The pattern of a Path or the empty reverse path; source routes are read over (RFC 5321 §4.1.1.3, appendix C)."""

_MAILBOX = re.compile(_ADDRESS)
_PLAIN_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\x80-\U0010ffff-]+"
_PLAIN_LOCAL = re.compile(rf"{_PLAIN_ATOM}(?:\.{_PLAIN_ATOM})*")
_ESCAPED = re.compile(r"\\(.)")
_TO_ESCAPE = re.compile(r'(["\\])')


@dataclass(frozen=True, slots=True)
class Path:
    """A mailbox of an envelope. `local` is unquoted; `domain` is "" for the bare <Postmaster>, `[…]` for an address."""

    local: str
    domain: str

    @property
    def address(self) -> str:
        """`local@domain`, the local part quoted where it has to be: spelled one way whatever way it was written."""
        local = self.local
        if not _PLAIN_LOCAL.fullmatch(local):
            local = '"' + _TO_ESCAPE.sub(r"\\\1", local) + '"'
        return f"{local}@{self.domain}" if self.domain else local

    @property
    def ascii(self) -> bool:
        """Whether it can be used without SMTPUTF8."""
        return self.local.isascii() and self.domain.isascii()


def path_of(match: re.Match[bytes]) -> Path | None:
    """The path a pattern with `PATH` in it has matched; None for <>. Raises Invalid when it is too long or no UTF-8."""
    groups = match.groupdict()
    if groups["postmaster"] is not None:
        return Path(groups["postmaster"].decode(), "")
    if groups["local"] is None:
        return None
    return _path(groups["local"], groups["domain"])


def parse_mailbox(octets: bytes) -> Path:
    """A Mailbox without brackets, as in the AUTH parameter. Raises Invalid."""
    match = _MAILBOX.fullmatch(octets)
    if match is None:
        raise Invalid("mailbox syntax")
    return _path(match["local"], match["domain"])


def _path(local: bytes, domain: bytes) -> Path:
    if len(local) > SMTP_LOCAL_PART or len(domain) > SMTP_DOMAIN or len(local) + len(domain) + 3 > SMTP_PATH:
        raise Invalid("path too long")
    try:
        name, place = local.decode(), domain.decode()
    except UnicodeDecodeError as error:
        raise Invalid("path is not UTF-8") from error
    if name.startswith('"'):
        name = _ESCAPED.sub(r"\1", name[1:-1])
    if place.startswith("["):
        _check_literal(place[1:-1])
    return Path(name, place)


def _check_literal(text: str) -> None:
    """RFC 5321 §4.1.3: an IPv4 address, or "IPv6:" and an IPv6 address; no other tag is registered."""
    try:
        if text[:5].lower() == "ipv6:":
            ipaddress.IPv6Address(text[5:])
        else:
            ipaddress.IPv4Address(text)
    except ValueError as error:
        raise Invalid("address literal") from error
