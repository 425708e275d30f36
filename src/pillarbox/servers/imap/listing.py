"""FETCH HEADER.FIELDS of many messages, out of what the store keeps of their headers (message.listing)."""

from collections.abc import Sequence

from pillarbox.message.listing import chosen
from pillarbox.servers.imap.plan import Plan
from pillarbox.servers.imap.sections import clip, names_of
from pillarbox.store.model import Row
from pillarbox.wire.imap.fetch import BodyItem


def spell_listed(
    prepared: Plan, opening: bytes, numbered: Sequence[tuple[int, Row]], recent: frozenset[int]
) -> tuple[list[bytes], list[Row]]:
    """Whole FETCH responses for a plan that is `listed`, and the rows whose octets have to be looked at."""
    bodies = [item for item in prepared.bodies if isinstance(item, BodyItem)]
    template = opening + b" ".join(filter(None, (prepared.template, *map(_blank, bodies)))) + b")\r\n"
    getters = prepared.with_recent(recent)
    items = [(names_of(item.section.fields), item) for item in bodies]
    lines: list[bytes] = []
    others: list[Row] = []
    for number, row in numbered:
        values = [number, *[get(row) for get in getters]]
        for names, item in items:
            octets = chosen(row.listing, names) if row.listing else None
            if octets is None:
                others.append(row)
                break
            if item.partial is not None:
                first, end = clip((0, len(octets)), item.partial)
                octets = octets[first:end]
            values += (len(octets), octets)
        else:
            lines.append(template % tuple(values))
    return lines, others


def _blank(item: BodyItem) -> bytes:
    return item.label.replace(b"%", b"%%") + b" {%d}\r\n%b"
