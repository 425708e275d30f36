"""What RETURN asks of SEARCH, SORT and ESEARCH (RFC 4731 §3.1, RFC 5182, RFC 5267 §4, RFC 6203 §4, RFC 9394 §3.1)."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pillarbox.wire.imap.errors import WireError
from pillarbox.wire.imap.fetch import FetchItem, parse_items
from pillarbox.wire.imap.partial import Partial, parse_partial
from pillarbox.wire.imap.reader import Reader
from pillarbox.wire.imap.search import RETURN_OPTIONS


@dataclass(frozen=True, slots=True)
class Returns:
    """The options, and the values of PARTIAL and UPDATE."""

    options: frozenset[str]
    partial: Partial | None = None
    update: tuple[FetchItem, ...] = ()


def parse_returns(reader: Reader) -> Returns | None:
    """`[RETURN SP (options) SP]`, None if it does not come next."""
    if not reader.ahead(b"RETURN ("):
        return None
    options: set[str] = set()
    partial: Partial | None = None
    update: tuple[FetchItem, ...] = ()
    while not reader.skip(b")"):
        if options:
            reader.space()
        option = reader.word().decode("ascii")
        if option not in RETURN_OPTIONS:
            raise WireError("unknown SEARCH return option")
        options.add(option)
        if option == "PARTIAL":
            if partial is not None:
                raise WireError("PARTIAL given twice")
            reader.space()
            partial = parse_partial(reader)
        elif option == "UPDATE" and (reader.at(b"(") or reader.text[reader.pos : reader.pos + 2] == b" ("):
            reader.skip(b" ")
            update = parse_items(reader)  # RFC 5465 §8 modifier-update
    reader.space()
    if partial is not None and "ALL" in options:  # RFC 9394 §3.1
        raise WireError("PARTIAL and ALL exclude each other")
    return Returns(frozenset(options or ("ALL",)), partial, update)


@contextmanager
def clearing(returns: Returns | None) -> Iterator[None]:
    """Have an error in the rest of the command say that a result was to be saved, which a NO clears (RFC 5182 §2.1)."""
    try:
        yield
    except WireError as error:
        error.saving = returns is not None and "SAVE" in returns.options
        raise
