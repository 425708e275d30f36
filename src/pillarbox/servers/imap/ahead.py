"""The octets of many messages, read in batches: the next one while the last is being sent."""

from asyncio import Future, ensure_future
from collections.abc import AsyncGenerator, Sequence

from pillarbox.core.limits import BLOB_INLINE, IMAP_FETCH_BATCH
from pillarbox.servers.imap.plan import Plan
from pillarbox.servers.imap.session import Session
from pillarbox.store.model import Row

Planned = tuple[int, Row, Plan]
"""What a message is named by in the answer, its columns with the blob, and how to answer for it."""
Octets = list[bytes | None]


async def read_ahead(
    session: Session, planned: Sequence[Planned]
) -> AsyncGenerator[tuple[list[Planned], Octets | None], None]:
    """The messages in batches with their octets, each None if it cannot be read; large ones alone, without octets.

    Where there are several batches they are read and unpacked beside the loop.
    """
    batches = _batches(planned)
    apart = len(batches) > 1
    coming: Future[Octets] | None = None
    try:
        for at, batch in enumerate(batches):
            octets = None
            if _size(batch[0]) <= BLOB_INLINE:
                octets = await (coming or _read(session, batch, apart))
            coming = None
            if at + 1 < len(batches) and _size(batches[at + 1][0]) <= BLOB_INLINE:
                coming = ensure_future(_read(session, batches[at + 1], apart))
            yield batch, octets
    finally:
        if coming is not None:
            coming.cancel()


def _batches(planned: Sequence[Planned]) -> list[list[Planned]]:
    batches: list[list[Planned]] = []
    room = 0
    for one in planned:
        size = _size(one)
        if size > BLOB_INLINE:
            batches.append([one])
            room = 0
            continue
        if room <= 0:
            batches.append([])
            room = IMAP_FETCH_BATCH
        batches[-1].append(one)
        room -= size
    return batches


def _size(one: Planned) -> int:
    blob = one[1].blob
    assert blob is not None  # the plan says that octets are needed
    return blob.length


async def _read(session: Session, batch: Sequence[Planned], apart: bool) -> Octets:
    refs = [row.blob for _, row, _ in batch if row.blob is not None]
    return await session.store.many_octets(session.mailbox.account, refs, apart)
