"""Adding a message: octets, thread, message and placements, under the account's lock."""

import hashlib
import time
from collections.abc import Sequence

import msgspec

from pillarbox.core.errors import Unavailable
from pillarbox.core.ids import AccountId, MessageId, ThreadId
from pillarbox.core.limits import BLOB_INLINE, THREAD_REFERENCES
from pillarbox.message.digest import Summary
from pillarbox.store.keyword import joined
from pillarbox.store.ledger import Box, Ledger, Trace
from pillarbox.store.model import ALL_FLAGS, DELETED, Added, Arrived, Headers, Place, Placed
from pillarbox.store.quotas import lack
from pillarbox.store.work import Work
from pillarbox.store.zstd import ZstdCompressor, compress

LAST_UID = (1 << 32) - 1  # RFC 9051 §2.3.1.1
_COMPRESSOR = ZstdCompressor(level=3)  # kept: making one costs as much as compressing 4 KB
_ENCODER = msgspec.msgpack.Encoder()


class NotPut(Exception):
    """A large blob has to be put into the blob store before the transaction can refer to it: put it and run again."""

    def __init__(self, arrived: Arrived) -> None:
        super().__init__(arrived.blob_id)
        self.arrived = arrived


async def add(
    work: Work,
    account: AccountId,
    arrived: Arrived,
    places: Sequence[Place],
    received: int | None,
    delivery_id: str | None,
) -> Added:
    """See Transaction.add."""
    ledger = work.ledger(account)
    boxes = [await work.open_box(account, place.mailbox_id) for place in places]
    keywords = [joined(place.keywords) for place in places]
    if await _seen(work, ledger, (arrived.size, len(places)), delivery_id):
        return Added(MessageId(0), ThreadId(0), (), already=True)
    await keep_octets(work, account, arrived)
    message = mint(ledger)
    thread = await thread_of(work, ledger, arrived.summary, message)
    at = work.now if received is None else received
    await _insert_message(work, ledger, arrived, (message, thread, at))
    placed = []
    for place, box, words in zip(places, boxes, keywords, strict=True):
        flags = place.flags & ALL_FLAGS
        uid = take_uid(box)
        row = (account, box.mailbox_id, uid, message, flags, words, ledger.modseq, arrived.size, at, work.now, thread)
        await work.connection.run(PLACE, *row)
        box.count(ledger.modseq, flags, arrived.size, 1)
        placed.append(Placed(box.mailbox_id, box.uidvalidity, uid))  # type: ignore[arg-type]
    ledger.used += arrived.size
    ledger.messages += 1
    ledger.dirty = True
    ledger.traces[message] = Trace(thread, before=False, after=any(not p.flags & DELETED for p in places))
    return Added(message, thread, tuple(placed))


PLACE = (
    "INSERT INTO placement (account_id, mailbox_id, uid, message_id, flags, keywords, modseq, size, received, saved,"
    " thread_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
)


def take_uid(box: Box) -> int:
    """The next UID of a mailbox; never given twice."""
    uid = box.uidnext
    if uid >= LAST_UID:
        raise Unavailable("the mailbox has used all its UIDs")
    box.uidnext = uid + 1
    return uid


async def _seen(work: Work, ledger: Ledger, more: tuple[int, int], delivery_id: str | None) -> bool:
    """Whether the delivery is a repeat. OverQuota when it is not and there is no room for so many octets and messages
    `more`."""
    full = await lack(work, ledger, *more)
    if delivery_id is None:
        repeated = False
    elif full is not None:
        sql = "SELECT 1 FROM delivery_seen WHERE account_id = $1 AND delivery_id = $2"
        repeated = await work.connection.one(sql, ledger.account, delivery_id) is not None
    else:
        sql = (
            "INSERT INTO delivery_seen (account_id, delivery_id, at) VALUES ($1, $2, $3)"
            " ON CONFLICT (account_id, delivery_id) DO NOTHING"
        )
        repeated = await work.connection.run(sql, ledger.account, delivery_id, work.now) == 0
    if full is not None and not repeated:
        raise full
    return repeated


async def keep_octets(work: Work, account: AccountId, arrived: Arrived) -> None:
    """Make the octets durable with this commit: small ones as a row, large ones must be in the blob store already."""
    if arrived.size > BLOB_INLINE or arrived.octets is None:
        if arrived.blob_id not in work.put:
            raise NotPut(arrived)
        await work.connection.run(
            "DELETE FROM damaged WHERE account_id = $1 AND blob_id = $2", account, arrived.blob_id
        )
        return
    coding, octets = (1, arrived.packed) if arrived.packed is not None else (0, arrived.octets)
    await work.connection.run(
        "INSERT INTO blob (account_id, blob_id, coding, octets) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (account_id, blob_id) DO UPDATE SET coding = excluded.coding, octets = excluded.octets"
        " WHERE blob.octets <> excluded.octets",  # the row may be damaged, and this message is about to be promised
        account,
        arrived.blob_id,
        coding,
        octets,
    )


def packed(octets: bytes) -> bytes | None:
    """The octets compressed, or None when that gains nothing. For the thread of the loop only."""
    small = _COMPRESSOR.compress(octets, ZstdCompressor.FLUSH_FRAME)
    return small if len(small) < len(octets) else None


def packed_anywhere(octets: bytes) -> bytes | None:
    """The same, for any thread."""
    small = compress(octets, level=3)
    return small if len(small) < len(octets) else None


def mint(ledger: Ledger) -> MessageId:
    """A fresh message id: milliseconds, then the modseq and a count, so that no two of an account are ever equal. With
    the number of the account it is most unlikely in another one that the same login may see (RFC 8474 §5.1)."""
    ledger.minted += 1
    moment = time.time_ns() // 1_000_000 + (ledger.minted >> 6)
    step = (ledger.modseq + ledger.account) & 0x3FFF
    return MessageId((moment << 20 | step << 6 | ledger.minted & 0x3F) & (1 << 63) - 1)


async def _insert_message(work: Work, ledger: Ledger, arrived: Arrived, ids: tuple[MessageId, ThreadId, int]) -> None:
    message, thread, received = ids
    summary = arrived.summary
    await work.connection.run(
        "INSERT INTO message (account_id, message_id, thread_id, blob_id, blob_offset, blob_length, size, received,"
        " sent, created_modseq, preview, envelope, envelope_utf8, bodystructure, body, structure,"
        " headers) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
        ledger.account,
        message,
        thread,
        arrived.blob_id,
        0,
        arrived.size,
        arrived.size,
        received,
        summary.sent_at,
        ledger.modseq,
        summary.preview.replace("\0", ""),
        summary.envelope,
        summary.envelope_utf8,
        summary.bodystructure,
        summary.body,
        summary.structure,
        encode_headers(summary),
    )
    if summary.listing:
        await work.connection.run(LIST, ledger.account, message, summary.listing)
    await work.connection.run(SORT_KEY, ledger.account, message, *summary.sort_keys)


LIST = (
    "INSERT INTO listing (account_id, message_id, octets) VALUES ($1, $2, $3)"
    " ON CONFLICT (account_id, message_id) DO UPDATE SET octets = excluded.octets"
)


SORT_KEY = (
    "INSERT INTO sort_key (account_id, message_id, sent, subject, from_box, to_box, cc_box, from_shown, to_shown,"
    " reply, name, parents) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
    " ON CONFLICT (account_id, message_id) DO UPDATE SET sent = excluded.sent, subject = excluded.subject,"
    " from_box = excluded.from_box, to_box = excluded.to_box, cc_box = excluded.cc_box,"
    " from_shown = excluded.from_shown, to_shown = excluded.to_shown, reply = excluded.reply, name = excluded.name,"
    " parents = excluded.parents"
)


def encode_headers(summary: Summary) -> bytes:
    """The fields for lists as the message row keeps them."""
    return _ENCODER.encode(
        Headers(
            summary.subject,
            summary.base_subject,
            summary.from_,
            summary.to,
            summary.cc,
            summary.bcc,
            summary.reply_to,
            summary.sender_field,
            summary.sent_at,
            summary.message_id,
            summary.in_reply_to,
            summary.references,
            summary.has_attachment,
            summary.groups,
        )
    )


def thread_keys(summary: Summary | Headers) -> list[int]:
    """What ties a message to others: its own and its last references' message ids, each with the base subject.

    RFC 8621 §3: the same thread when they share a message id and, after removing reply marks, the subject.
    """
    own = (summary.message_id,) if summary.message_id else ()
    names = dict.fromkeys((*own, *summary.in_reply_to[:1], *summary.references[-THREAD_REFERENCES:]))
    subject = hashlib.blake2b(summary.base_subject.lower().encode("utf-8", "replace"), digest_size=16)
    keys = []
    for name in names:
        joint = subject.copy()
        joint.update(b"\0" + name.encode("utf-8", "replace"))
        keys.append(int.from_bytes(joint.digest()[:8], "big") >> 1)
    return keys


async def tie(work: Work, ledger: Ledger, summary: Headers, thread: ThreadId) -> None:
    """Messages that come later and belong to this one are of its thread, where they do not belong to another."""
    await work.connection.many(
        "INSERT INTO thread_key (account_id, key, thread_id) VALUES ($1, $2, $3)"
        " ON CONFLICT (account_id, key) DO NOTHING",
        [(ledger.account, key, thread) for key in thread_keys(summary)],
    )


async def thread_of(work: Work, ledger: Ledger, summary: Summary | Headers, message: MessageId) -> ThreadId:
    """The thread the message belongs to; a new one is named after its first message."""
    keys = thread_keys(summary)
    fresh = ThreadId(message)
    if not keys:
        ledger.new_threads.add(fresh)
        return fresh
    source = "VALUES ($1, $3, $2)"
    if len(keys) > 1:
        source = "SELECT CAST($1 AS BIGINT), m.key, CAST($2 AS BIGINT) FROM m WHERE true"
    prefix = f"WITH m (key) AS {work.dialect.members('$3')} " if len(keys) > 1 else ""
    rows = await work.connection.all(
        f"{prefix}INSERT INTO thread_key (account_id, key, thread_id) {source}"
        " ON CONFLICT (account_id, key) DO UPDATE SET thread_id = thread_key.thread_id RETURNING thread_id",
        ledger.account,
        fresh,
        keys[0] if len(keys) == 1 else work.dialect.array(keys),
    )
    known = {row[0] for row in rows} - {fresh}
    if not known:
        ledger.new_threads.add(fresh)
        return fresh
    thread = ThreadId(min(known))
    await work.connection.run(
        "UPDATE thread_key SET thread_id = $2 WHERE account_id = $1 AND thread_id = $4"
        f" AND key IN {work.dialect.members('$3')}",
        ledger.account,
        thread,
        work.dialect.array(keys),
        fresh,
    )
    return thread
