"""UIDBATCHES: ranges of UIDs that part the selected mailbox into batches of one size (RFC 10022)."""

from bisect import bisect_right
from collections.abc import Sequence

from pillarbox.core.limits import IMAP_BATCH, IMAP_BATCH_SPAN, IMAP_BATCH_TURNS
from pillarbox.servers.imap.errors import Refused
from pillarbox.servers.imap.selected import Selected
from pillarbox.servers.imap.session import Answer, Session
from pillarbox.wire.imap import results
from pillarbox.wire.imap.codes import BATCH_TOO_SMALL, BATCHES_TOO_LARGE
from pillarbox.wire.imap.events import Command
from pillarbox.wire.imap.extensions import UidBatches


async def uid_batches(session: Session, command: Command, arguments: UidBatches) -> Answer:
    """From the newest message down; the ranges leave no gap, and the last one ends with UID 1."""
    size, wanted = arguments.size, arguments.wanted
    if size < IMAP_BATCH:
        raise Refused("NO", f"a batch has {IMAP_BATCH} messages at least", BATCH_TOO_SMALL)
    if wanted is not None and (wanted[1] - wanted[0] + 1) * size > IMAP_BATCH_SPAN:
        raise Refused("NO", f"batches of {IMAP_BATCH_SPAN} messages at most in one answer", BATCHES_TOO_LARGE)
    selected = session.mailbox
    found = batches(selected.uids, size, wanted)
    if not _appropriate(selected, size, len(found) or 1):
        raise Refused("NO", "the mailbox has hardly changed since you asked last", "LIMIT")
    session.stream.write(results.uid_batches(command.tag, found))
    return Answer("UIDBATCHES completed")


def batches(uids: Sequence[int], size: int, wanted: tuple[int, int] | None = None) -> list[tuple[int, int]]:
    """The highest and the lowest UID of each batch, or of those `wanted`, counted from 1 (RFC 10022 §3.1)."""
    there = -(-len(uids) // size)
    first, last = wanted or (1, there)
    found = []
    for number in range(first, min(last, there) + 1):
        top = len(uids) - (number - 1) * size  # messages from here down
        high = uids[-1] if number == 1 else uids[top] - 1
        found.append((high, uids[top - size] if top > size else 1))
    return found


def _appropriate(selected: Selected, size: int, count: int) -> bool:
    """Whether the client may ask (RFC 10022 §3.1.1, §6): for the whole mailbox IMAP_BATCH_TURNS times, and anew when it
    has changed by half a batch."""
    asked, exists, last = selected.batched
    arrived = len(selected.uids) - bisect_right(selected.uids, last)
    gone = exists + arrived - len(selected.uids)
    if not asked or max(arrived, gone) > size // 2:
        asked, exists, last = 0, len(selected.uids), selected.uids[-1] if selected.uids else 0
    selected.batched = asked + count * size, exists, last
    return asked <= IMAP_BATCH_TURNS * max(size, len(selected.uids))
