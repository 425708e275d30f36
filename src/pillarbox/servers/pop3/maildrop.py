"""The maildrop of one POP3 session: INBOX as it was at login, under the account's lock (RFC 1939 §4, §5)."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from pillarbox.core.errors import NotFound
from pillarbox.core.ids import AccountId, MailboxId, spell
from pillarbox.message.structure import decode
from pillarbox.store.model import Need, Row
from pillarbox.store.port import Lock
from pillarbox.store.store import Store
from pillarbox.store.transaction import Transaction


@dataclass(slots=True)
class Maildrop:
    """Messages by number - 1. `deleted` holds the indexes marked in this session; they go at QUIT only."""

    store: Store
    account: AccountId
    mailbox: MailboxId
    lock: Lock
    uids: list[int] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    unique_ids: list[str] = field(default_factory=list)
    deleted: set[int] = field(default_factory=set)

    def present(self) -> list[int]:
        """Indexes of the messages not marked as deleted."""
        return [n for n in range(len(self.uids)) if n not in self.deleted]

    def octets(self) -> int:
        """Size of the messages not marked as deleted."""
        return sum(self.sizes) - sum(self.sizes[n] for n in self.deleted)

    async def row(self, index: int, need: Need) -> Row:
        """The message, with what is needed of it; NotFound when another session has expunged it meanwhile."""
        uid = self.uids[index]
        async for page in self.store.placements(self.account, self.mailbox, [(uid, uid)], need):
            for row in page:
                return row
        raise NotFound(f"uid {uid} was expunged by another session")

    async def update(self) -> int:
        """Really delete what was marked (the UPDATE state); the number of messages gone."""
        uids = [self.uids[n] for n in sorted(self.deleted)]
        if not uids:
            return 0

        async def unit(tx: Transaction) -> int:
            return len(await tx.expunge(self.account, self.mailbox, uids, only_deleted=False))

        return await self.store.write([self.account], unit)


async def open_maildrop(store: Store, account: AccountId) -> Maildrop:
    """Lock and read the maildrop of an account. Raises Busy while another POP3 session has it."""
    lock = await store.lock(account, "pop3")
    try:
        inbox = await store.mailbox_named(account, "INBOX")
        drop = Maildrop(store, account, inbox.mailbox_id, lock)
        seen: set[int] = set()
        async for page in store.placements(account, inbox.mailbox_id, [(1, inbox.uidnext)], Need.PLACEMENT):
            for row in page:
                drop.uids.append(row.uid)
                drop.sizes.append(row.size)
                drop.unique_ids.append(_unique_id(row, row.message_id in seen))
                seen.add(row.message_id)
    except BaseException:
        await lock.release()
        raise
    return drop


def _unique_id(row: Row, repeated: bool) -> str:
    """The message's own id, which outlives moves of the store; a second copy in the maildrop adds its UID."""
    name = spell("M", row.message_id)
    return f"{name}.{row.uid}" if repeated else name


async def whole(drop: Maildrop, row: Row) -> AsyncIterator[bytes]:
    """The octets of a message, in chunks."""
    assert row.blob is not None
    async for chunk in drop.store.chunks(drop.account, row.blob):
        yield chunk


async def top(drop: Maildrop, row: Row, lines: int) -> AsyncIterator[bytes]:
    """The header, the empty line, and the first `lines` lines of the body (RFC 1939 §7 TOP)."""
    assert row.blob is not None
    body = decode(row.structure).body
    async for chunk in drop.store.chunks(drop.account, row.blob, 0, body):
        yield chunk
    if not lines or body >= row.size:
        return
    async for chunk in drop.store.chunks(drop.account, row.blob, body, row.size - body):
        end = 0
        while lines and (end := chunk.find(b"\n", end) + 1):
            lines -= 1
            if not lines:
                yield chunk[:end]
                return
        yield chunk
