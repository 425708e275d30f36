"""FETCH prepared: the items of a command turned once into a template, the columns it needs, and the sections to cut."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from pillarbox.core.ids import spell
from pillarbox.servers.imap.flags import spell_flags
from pillarbox.store.model import MESSAGE_PREFIX, THREAD_PREFIX, Need, Row
from pillarbox.wire.imap.dates import spell_date_time
from pillarbox.wire.imap.encoder import preview, save_date
from pillarbox.wire.imap.fetch import Attribute, BodyItem, FetchItem, OctetsItem

Getter = Callable[[Row], object]


@dataclass(frozen=True, slots=True)
class Plan:
    """`template` and `getters` make the items that are a column each; `bodies` are cut out of the octets.

    `need`: the columns of all that, `columns`: without the octets. `cuts`: the structure is needed to find them.
    `flags_at`: which getter gives FLAGS, -1 for none. `listed`: what is kept of headers for lists may do instead of the
    octets.
    """

    need: Need
    columns: Need
    template: bytes
    getters: tuple[Getter, ...]
    bodies: tuple[OctetsItem, ...]
    cuts: bool
    flags_at: int
    listed: bool

    def with_recent(self, recent: frozenset[int]) -> "tuple[Getter, ...]":
        """The getters in a session to which these UIDs are \\Recent."""
        if not recent or self.flags_at < 0:
            return self.getters
        getters = list(self.getters)
        getters[self.flags_at] = lambda row: spell_flags(row.flags, row.keywords, row.uid in recent)
        return tuple(getters)


_ITEMS: Final[dict[Attribute, tuple[bytes, Getter, Need]]] = {
    Attribute.UID: (b"UID %d", lambda row: row.uid, Need.PLACEMENT),
    Attribute.FLAGS: (b"FLAGS %b", lambda row: spell_flags(row.flags, row.keywords), Need.PLACEMENT),
    Attribute.INTERNALDATE: (b"INTERNALDATE %b", lambda row: spell_date_time(row.received), Need.PLACEMENT),
    Attribute.SIZE: (b"RFC822.SIZE %d", lambda row: row.size, Need.PLACEMENT),
    Attribute.ENVELOPE: (b"ENVELOPE %b", lambda row: row.envelope, Need.ENVELOPE),
    Attribute.BODY: (b"BODY %b", lambda row: row.body, Need.BODYSTRUCTURE),
    Attribute.BODYSTRUCTURE: (b"BODYSTRUCTURE %b", lambda row: row.bodystructure, Need.BODYSTRUCTURE),
    Attribute.MODSEQ: (b"MODSEQ (%d)", lambda row: row.modseq, Need.PLACEMENT),
    Attribute.EMAILID: (b"EMAILID (%b)", lambda row: spell(MESSAGE_PREFIX, row.message_id).encode(), Need.PLACEMENT),
    Attribute.THREADID: (b"THREADID (%b)", lambda row: spell(THREAD_PREFIX, row.thread_id).encode(), Need.PLACEMENT),
    Attribute.SAVEDATE: (b"%b", lambda row: save_date(row.saved), Need.PLACEMENT),
    Attribute.PREVIEW: (b"%b", lambda row: preview(row.preview), Need.PREVIEW),
    Attribute.PREVIEW_LAZY: (b"%b", lambda row: preview(row.preview), Need.PREVIEW),
}


_UTF8: Final[dict[Attribute, tuple[bytes, Getter, Need]]] = {
    **_ITEMS,
    Attribute.ENVELOPE: (b"ENVELOPE %b", lambda row: row.envelope, Need.ENVELOPE | Need.UTF8),
    Attribute.PREVIEW: (b"%b", lambda row: preview(row.preview, utf8=True), Need.PREVIEW),
    Attribute.PREVIEW_LAZY: (b"%b", lambda row: preview(row.preview, utf8=True), Need.PREVIEW),
}
"""For clients that take UTF-8 in quoted strings (RFC 6855 §3)."""


@lru_cache(maxsize=128)
def plan(items: tuple[FetchItem, ...], utf8: bool = False) -> Plan:
    """How to answer a FETCH of these items; `utf8`: to a client that takes it in quoted strings."""
    known = _UTF8 if utf8 else _ITEMS
    attributes = [item for item in items if isinstance(item, Attribute)]
    bodies = tuple(item for item in items if not isinstance(item, Attribute))
    cuts = any(map(_cuts, bodies))
    columns = Need.PLACEMENT
    for attribute in attributes:
        columns |= known[attribute][2]
    octets = (Need.BLOB if bodies else Need.PLACEMENT) | (Need.STRUCTURE if cuts else Need.PLACEMENT)
    return Plan(
        columns | octets,
        columns,
        b" ".join(known[attribute][0] for attribute in attributes),
        tuple(known[attribute][1] for attribute in attributes),
        bodies,
        cuts,
        attributes.index(Attribute.FLAGS) if Attribute.FLAGS in attributes else -1,
        bool(bodies) and all(map(_lists, bodies)),
    )


def _cuts(item: OctetsItem) -> bool:
    """Whether the structure of the message tells where the item is."""
    if isinstance(item, BodyItem):
        return bool(item.section.part or item.section.text)
    return bool(item.part)


def _lists(item: OctetsItem) -> bool:
    """Whether the fields of the header that are kept apart may do for the item."""
    return isinstance(item, BodyItem) and item.section.text == "HEADER.FIELDS" and not item.section.part


def spell_rows(prepared: Plan, opening: bytes, numbered: Iterable[tuple[int, Row]], recent: frozenset[int]) -> bytes:
    """Whole FETCH responses of messages whose number is given with their row, for a plan without bodies."""
    template = opening + prepared.template + b")\r\n"
    getters = prepared.with_recent(recent)
    return b"".join([template % (number, *[get(row) for get in getters]) for number, row in numbered])
