"""Messages whose octets are asked for, in batches: small ones are read together, large ones alone."""

from collections.abc import Iterator, Sequence

from pillarbox.core.limits import BLOB_INLINE, IMAP_FETCH_BATCH
from pillarbox.servers.imap.plan import Plan
from pillarbox.store.model import BlobRef, Row

Planned = tuple[int, Row, Plan]
"""What a message is named by in the answer, its columns with the blob, and how to answer for it."""


def batches(planned: Sequence[Planned]) -> Iterator[tuple[list[Planned], list[BlobRef]]]:
    """The messages, with the blobs to read of those in a batch of small ones; none for a large one."""
    batch: list[Planned] = []
    refs: list[BlobRef] = []
    room = IMAP_FETCH_BATCH
    for one in planned:
        blob = one[1].blob
        assert blob is not None  # the plan says that octets are needed
        large = blob.length > BLOB_INLINE
        if batch and (large or room <= 0):
            yield batch, refs
            batch, refs, room = [], [], IMAP_FETCH_BATCH
        if large:
            yield [one], []
            continue
        batch.append(one)
        refs.append(blob)
        room -= blob.length
    if batch:
        yield batch, refs
