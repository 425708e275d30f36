"""Looking for what is wrong with an account: counters against rows, missing octets, orphans."""

from collections.abc import Sequence

from pillarbox.core.errors import Damaged, NotFound, Unavailable
from pillarbox.core.ids import AccountId, BlobId
from pillarbox.store.blobs import Octets
from pillarbox.store.model import DELETED, SEEN, BlobRef, Finding
from pillarbox.store.port import Connection, Database, Record

COUNTED = (
    "SELECT b.mailbox_id, count(p.uid), coalesce(sum(CASE WHEN (p.flags & 1) = 0 THEN 1 ELSE 0 END), 0),"
    " coalesce(sum(CASE WHEN (p.flags & 8) = 8 THEN 1 ELSE 0 END), 0), coalesce(sum(p.size), 0),"
    " coalesce(max(p.uid), 0), coalesce(max(p.modseq), 0)"
    " FROM mailbox b LEFT JOIN placement p ON p.account_id = b.account_id AND p.mailbox_id = b.mailbox_id"
    " WHERE b.account_id = $1 GROUP BY b.mailbox_id"
)
"""By mailbox: total, unseen, deleted, size, highest UID, highest modseq, counted from the placements."""
assert (SEEN, DELETED) == (1, 8)

SET_ASIDE = "set_aside"
"""The kind of a finding that a repair has dealt with as far as is possible: the octets of a message are lost."""

ORPHANS = (
    "SELECT p.mailbox_id, p.uid FROM placement p WHERE p.account_id = $1 AND NOT EXISTS (SELECT 1 FROM message m"
    " WHERE m.account_id = p.account_id AND m.message_id = p.message_id) ORDER BY p.mailbox_id, p.uid"
)
"""Placements without their message."""

UNPLACED = (
    "SELECT message_id, thread_id, size, received FROM message WHERE account_id = $1 AND NOT EXISTS (SELECT 1"
    " FROM placement p WHERE p.account_id = message.account_id AND p.message_id = message.message_id)"
    " ORDER BY message_id"
)
"""Messages without a placement."""

_MAILBOXES = (
    "SELECT mailbox_id, total, unseen, deleted, size, uidnext, highestmodseq, name FROM mailbox WHERE account_id = $1"
)
_ROWLESS = (
    "SELECT m.message_id, m.blob_id, m.blob_offset, m.blob_length FROM message m WHERE m.account_id = $1"
    " AND NOT EXISTS (SELECT 1 FROM blob b WHERE b.account_id = m.account_id AND b.blob_id = m.blob_id)"
)


async def check(database: Database, octets: Octets, account: AccountId, deep: bool) -> list[Finding]:
    """What is wrong with an account; `deep` reads all octets and compares their hashes."""
    try:
        return await _check(database, octets, account, deep)
    except Damaged as error:
        return [Finding(account, "unreadable", str(error))]


async def _check(database: Database, octets: Octets, account: AccountId, deep: bool) -> list[Finding]:
    findings, rowless = await database.read_apart(lambda connection: _look(connection, account))
    sql = "SELECT blob_id FROM damaged WHERE account_id = $1 AND settled = 1"
    settled = {row[0] for row in await database.read(lambda connection: connection.all(sql, account))}

    def note(kind: str, message_id: int, blob_id: BlobId) -> None:
        kind = SET_ASIDE if blob_id in settled else kind
        findings.append(Finding(account, kind, f"message {message_id:x} blob {blob_id}"))

    missing: set[int] = set()
    for message_id, *blob in rowless:
        ref = BlobRef(BlobId(blob[0]), blob[1], blob[2])
        if not await _present(octets, account, ref):
            missing.add(message_id)
            note("blob_missing", message_id, ref.blob_id)
    if deep:
        sql = "SELECT message_id, blob_id, blob_offset, blob_length FROM message WHERE account_id = $1"
        for message_id, *blob in await database.read_apart(lambda connection: connection.all(sql, account)):
            ref = BlobRef(BlobId(blob[0]), blob[1], blob[2])
            if message_id not in missing and not await octets.intact(account, ref):
                note("blob_damaged", message_id, ref.blob_id)
    return findings


async def _present(octets: Octets, account: AccountId, ref: BlobRef) -> bool:
    if ref.length == 0:
        return True
    try:
        return len(await octets.slice(account, ref, ref.length - 1, 1)) == 1
    except (NotFound, Unavailable):
        return False


async def _look(connection: Connection, account: AccountId) -> tuple[list[Finding], Sequence[Record]]:
    findings: list[Finding] = []
    counted = {row[0]: row[1:] for row in await connection.all(COUNTED, account)}
    state = await connection.one("SELECT modseq, used, messages FROM account WHERE account_id = $1", account)
    if state is None:
        raise NotFound("no such account")
    for mailbox_id, *row in await connection.all(_MAILBOXES, account):
        real, kept = counted[mailbox_id], tuple(row[:4])
        if kept != real[:4]:
            findings.append(Finding(account, "mailbox_counters", f"{row[6]}: {kept} instead of {real[:4]}"))
        if row[4] <= real[4]:
            findings.append(Finding(account, "uidnext", f"{row[6]}: {row[4]} but UID {real[4]} exists"))
        if row[5] < real[5] or row[5] > state[0]:
            findings.append(Finding(account, "modseq", f"{row[6]}: {row[5]}, rows {real[5]}, account {state[0]}"))
    held = await connection.one("SELECT coalesce(sum(size), 0), count(*) FROM message WHERE account_id = $1", account)
    if held is not None and held != state[1:]:
        findings.append(Finding(account, "account_counters", f"{state[1:]} instead of {held}"))
    for mailbox_id, uid in await connection.all(ORPHANS, account):
        findings.append(Finding(account, "placement_without_message", f"mailbox {mailbox_id:x} uid {uid}"))
    unplaced = await connection.all(UNPLACED, account)
    findings.extend(Finding(account, "message_without_placement", f"message {one[0]:x}") for one in unplaced)
    return findings, await connection.all(_ROWLESS, account)
