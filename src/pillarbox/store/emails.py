"""Messages as JMAP changes them: by message, over all placements that are not \\Deleted (RFC 8621 §4.1.1)."""

from collections.abc import Sequence

from pillarbox.core.errors import Invalid, NotFound
from pillarbox.core.ids import AccountId, BlobId, MailboxId, MessageId
from pillarbox.store.expunging import remove
from pillarbox.store.flagging import Flagged, write_flags
from pillarbox.store.held import Held, held_of, threads_of
from pillarbox.store.keyword import changed, joined
from pillarbox.store.model import ALL_FLAGS, DELETED, SEEN, BlobRef, Email
from pillarbox.store.moving import put_in
from pillarbox.store.quotas import check_messages
from pillarbox.store.work import Work

_BLOB = "SELECT blob_id, blob_offset, blob_length FROM message WHERE account_id = $1 AND message_id = $2"


def union(placements: Sequence[tuple[MailboxId, int, str]]) -> tuple[frozenset[MailboxId], int, frozenset[str]]:
    """Mailboxes, flags and keywords of a message from (mailbox, flags, keywords) of its visible placements."""
    seen, flags = SEEN, 0
    keywords: dict[str, str] = {}
    for _, some, words in placements:
        seen &= some
        flags |= some
        if words:
            for word in words.split():
                keywords.setdefault(word.lower(), word)
    return frozenset(one[0] for one in placements), flags & ~SEEN | seen, frozenset(keywords.values())


async def email(work: Work, account: AccountId, message_id: MessageId) -> Email:
    """See Transaction.email."""
    work.ledger(account)
    rows = await _visible(work, account, message_id)
    blob = await work.connection.one(_BLOB, account, message_id)
    if blob is None:
        raise NotFound("no such message")
    mailboxes, flags, keywords = union([(row.mailbox_id, row.flags, row.keywords) for row in rows])
    return Email(
        message_id,
        rows[0].thread_id,
        mailboxes,
        flags,
        keywords,
        rows[0].size,
        rows[0].received,
        BlobRef(BlobId(blob[0]), blob[1], blob[2]),
    )


async def _visible(work: Work, account: AccountId, message_id: MessageId) -> list[Held]:
    rows = [row for row in await held_of(work, account, message_id) if not row.flags & DELETED]
    if not rows:
        raise NotFound("no such message")
    return rows


async def destroy(work: Work, account: AccountId, message_id: MessageId) -> None:
    """See Transaction.destroy_email."""
    ledger = work.ledger(account)
    await _visible(work, account, message_id)
    await remove(work, ledger, await held_of(work, account, message_id))


async def update(
    work: Work,
    account: AccountId,
    message_id: MessageId,
    mailboxes: frozenset[MailboxId] | None,
    keywords: tuple[int, frozenset[str]] | None,
) -> None:
    """See Transaction.update_email."""
    if keywords is not None:
        if keywords[0] & ~ALL_FLAGS or keywords[0] & DELETED:
            raise Invalid("these flags cannot be set")
        joined(keywords[1])
    if mailboxes is not None:
        await _set_mailboxes(work, account, message_id, mailboxes)
    if keywords is not None:
        await _set_keywords(work, account, message_id, *keywords)


async def _set_keywords(
    work: Work, account: AccountId, message_id: MessageId, flags: int, keywords: frozenset[str]
) -> None:
    ledger = work.ledger(account)
    altered: dict[MailboxId, list[Flagged]] = {}
    for row in await _visible(work, account, message_id):
        words = changed(row.keywords, sorted(keywords), (), replace=True)
        if flags != row.flags or words != row.keywords:
            altered.setdefault(row.mailbox_id, []).append((row, flags, words))
    for mailbox_id, some in altered.items():
        await write_flags(work, ledger, await work.box(account, mailbox_id), some)


async def _set_mailboxes(
    work: Work, account: AccountId, message_id: MessageId, mailboxes: frozenset[MailboxId]
) -> None:
    ledger = work.ledger(account)
    if not mailboxes:
        raise Invalid("a message must be in a mailbox")
    targets = {mailbox_id: await work.open_box(account, mailbox_id) for mailbox_id in sorted(mailboxes)}
    rows = await _visible(work, account, message_id)
    present = {row.mailbox_id for row in rows}
    missing = [box for mailbox_id, box in targets.items() if mailbox_id not in present]
    leaving = [row for row in rows if row.mailbox_id not in mailboxes]
    if not missing and not leaving:
        return
    await check_messages(work, ledger, len(missing) - len(leaving))
    await work.trace(ledger, threads_of(rows))
    for box in missing:
        await put_in(work, ledger, box, rows[:1])
    await remove(work, ledger, leaving)
