"""Addresses as the directory compares them: local part in any case, NFC, domain as U-labels in lower case."""

import unicodedata

from pillarbox.core.errors import Invalid
from pillarbox.message.address import parse_mailbox

DETAIL = "+"
"""Separates the detail of a sub-address (RFC 5233)."""


def split(address: str) -> tuple[str, str]:
    """Local part (folded, without quoting) and domain (folded). Raises Invalid."""
    parsed = parse_mailbox(unicodedata.normalize("NFC", address.strip()))
    if not parsed.host:
        raise Invalid("an address needs a domain")
    return fold(parsed.mailbox), unicodedata.normalize("NFC", parsed.host)


def folded(address: str) -> str:
    """The address as it is kept and looked up; `@domain`, a catch-all, too. Raises Invalid."""
    if address.startswith("@"):
        return f"@{domain(address[1:])}"
    local, host = split(address)
    return f"{local}@{host}"


def fold(local: str) -> str:
    """A local part whatever its case."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", local).casefold())


def domain(name: str) -> str:
    """A domain as it is kept. Raises Invalid."""
    return split(f"postmaster@{name.strip()}")[1]


def names(local: str, host: str) -> list[tuple[str, str | None]]:
    """What to look up for an address, the first found counts: itself, without its detail; with the detail left off."""
    found: list[tuple[str, str | None]] = [(f"{local}@{host}", None)]
    base, plus, detail = local.partition(DETAIL)
    if plus and base:
        found.append((f"{base}@{host}", detail))
    return found
