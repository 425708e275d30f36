"""Changing flags and keywords of placements."""

from collections.abc import Sequence

from pillarbox.core.ids import AccountId, MailboxId, Modseq, Uid
from pillarbox.core.limits import PAGE
from pillarbox.store.held import Held, held, threads_of
from pillarbox.store.keyword import changed
from pillarbox.store.ledger import Box, Ledger
from pillarbox.store.model import ALL_FLAGS, DELETED, FlagChange, FlagResult, FlagState
from pillarbox.store.ranges import UidSet
from pillarbox.store.work import Work

Flagged = tuple[Held, int, str]
"""A placement with the flags and keywords it is to have."""


async def set_flags(
    work: Work,
    account: AccountId,
    mailbox_id: MailboxId,
    uids: UidSet,
    change: FlagChange,
    unchanged_since: Modseq | None,
) -> FlagResult:
    """See Transaction.set_flags."""
    ledger, box = work.ledger(account), await work.box(account, mailbox_id)
    states: list[FlagState] = []
    altered: list[Flagged] = []
    modified: list[Uid] = []
    for row in await held(work, account, mailbox_id, uids):
        if unchanged_since is not None and row.modseq > unchanged_since:
            modified.append(row.uid)
            states.append(FlagState(row.uid, row.flags, row.keywords, row.modseq))
            continue
        flags, keywords = flags_after(row.flags, change), _keywords_after(row.keywords, change)
        if flags != row.flags or keywords != row.keywords:
            altered.append((row, flags, keywords))
            states.append(FlagState(row.uid, flags, keywords, ledger.modseq))
        else:
            states.append(FlagState(row.uid, flags, keywords, row.modseq))
    if altered:
        await write_flags(work, ledger, box, altered)
    return FlagResult(tuple(states), tuple(row.uid for row, _, _ in altered), tuple(modified))


def flags_after(flags: int, change: FlagChange) -> int:
    """The flags after a change."""
    wanted = ((0 if change.replace else flags) | change.add) & ~change.remove & ALL_FLAGS
    return flags & ~change.within | wanted & change.within


def _keywords_after(present: str, change: FlagChange) -> str:
    if not (change.replace or change.add_keywords or change.remove_keywords) or not change.with_keywords:
        return present
    return changed(present, change.add_keywords, change.remove_keywords, change.replace)


async def write_flags(work: Work, ledger: Ledger, box: Box, altered: Sequence[Flagged]) -> None:
    """Give placements of one mailbox their new flags."""
    crossing = [row for row, flags, _ in altered if (row.flags ^ flags) & DELETED]
    if crossing:
        await work.trace(ledger, threads_of(crossing))
    groups: dict[tuple[int, str], list[int]] = {}
    for row, flags, keywords in altered:
        groups.setdefault((flags, keywords), []).append(row.uid)
        box.reflag(ledger.modseq, row.flags, flags)
        if not (row.flags | flags) & DELETED:
            ledger.updated(row.message_id, row.thread_id)
    for (flags, keywords), uids in groups.items():
        for start in range(0, len(uids), PAGE):
            await _write(work, ledger, box, (flags, keywords), uids[start : start + PAGE])


async def _write(work: Work, ledger: Ledger, box: Box, new: tuple[int, str], uids: Sequence[int]) -> None:
    members = "= $6" if len(uids) == 1 else f"IN {work.dialect.members('$6')}"
    await work.connection.run(
        "UPDATE placement SET flags = $1, keywords = $2, modseq = $3"
        f" WHERE account_id = $4 AND mailbox_id = $5 AND uid {members}",
        *new,
        ledger.modseq,
        ledger.account,
        box.mailbox_id,
        uids[0] if len(uids) == 1 else work.dialect.array(uids),
    )
