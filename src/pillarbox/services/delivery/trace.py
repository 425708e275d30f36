"""Trace fields: the lines put before a message when it arrives (RFC 5321 §4.4)."""

import ipaddress
import re
from dataclasses import dataclass
from functools import lru_cache

from pillarbox.message.date import format_date

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*|\[[A-Za-z0-9.:]+\]")


@dataclass(frozen=True, slots=True)
class Transport:
    """How a message reached us. `client` is what the peer calls itself, `peer` its numeric address, both "" to hide it.

    `host` is our name, `protocol` a WITH protocol type (RFC 3848, RFC 6531 §4.3), `tls` version and cipher or "".
    """

    host: str
    protocol: str
    client: str = ""
    peer: str = ""
    tls: str = ""


def return_path(sender: str) -> bytes:
    """The Return-Path field of final delivery; "" is the null reverse-path."""
    return f"Return-Path: <{sender}>\r\n".encode()


def received(transport: Transport, mark: str, recipient: str | None, now: int) -> bytes:
    """The Received field. `mark` is our name for this transaction, `recipient` the only one there is."""
    lines = [f"from {_client(transport)}"] if transport.peer else []
    lines.append(f"by {transport.host} with {transport.protocol} id {mark}")
    if transport.tls:
        lines.append(f"({transport.tls})")
    if recipient is not None:
        lines.append(f"for <{recipient}>")
    clauses = "\r\n\t".join(lines)
    return f"Received: {clauses};\r\n\t{format_date(now)}\r\n".encode()


def _client(transport: Transport) -> str:
    """`name ([address])`; a name that could upset a reader of the field is left out."""
    literal = address_literal(transport.peer)
    name = transport.client if _NAME.fullmatch(transport.client) else "unknown"
    return f"{name} ({literal})"


@lru_cache(maxsize=1024)
def address_literal(host: str) -> str:
    """A numeric address as RFC 5321 §4.1.3 spells it; IPv4 mapped into IPv6 is IPv4."""
    address = ipaddress.ip_address(host.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        mapped = address.ipv4_mapped
        return f"[{mapped}]" if mapped is not None else f"[IPv6:{address}]"
    return f"[{address}]"
