"""ESEARCH: one search over many mailboxes (RFC 7377)."""

from dataclasses import dataclass

from pillarbox.core import limits
from pillarbox.wire.imap.errors import WireError
from pillarbox.wire.imap.reader import Reader
from pillarbox.wire.imap.scopes import ESEARCH_FILTERS, Scope, parse_scope
from pillarbox.wire.imap.search import Search
from pillarbox.wire.imap.search_keys import parse_search


@dataclass(frozen=True, slots=True)
class MultiSearch:
    """ESEARCH. No `scopes`: the selected mailbox. `search` is by UID and has `returns`, ALL if none were named."""

    scopes: tuple[Scope, ...]
    search: Search


def parse_multisearch(reader: Reader) -> MultiSearch:
    """`[SP IN SP (filters)] [SP RETURN SP (options)] SP [CHARSET SP charset SP] keys`."""
    scopes: tuple[Scope, ...] = ()
    if reader.ahead(b" IN "):
        scopes = reader.listed(_scope)
        if len(scopes) > limits.IMAP_PATTERNS:
            raise WireError("too many mailbox filters", code="LIMIT", status="NO")
    search = parse_search(reader, uid=True, extended=True)
    of_selected = all(scope.selected for scope in scopes)
    if not of_selected and search.returns and search.returns & {"SAVE", "UPDATE"}:  # RFC 7377 §2.2
        raise WireError("SAVE and UPDATE are for the selected mailbox only")
    return MultiSearch(scopes, search)


def _scope(reader: Reader) -> Scope:
    if reader.at(b"("):  # RFC 7377 §2.2 defines no scope options
        raise WireError("unknown scope option")
    return parse_scope(reader, ESEARCH_FILTERS)
