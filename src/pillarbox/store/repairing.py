"""Repairing an account: what can be derived is made again from the octets and the rows."""

from collections.abc import Sequence
from typing import Any

from pillarbox.core.errors import NotFound, TooBig, Unavailable
from pillarbox.core.ids import AccountId, BlobId, MessageId
from pillarbox.core.limits import PAGE
from pillarbox.message.digest import Summary, summarise
from pillarbox.message.sorting import SortKeys
from pillarbox.store import checking, mailboxes
from pillarbox.store.adding import LAST_UID, LIST, SORT_KEY, encode_headers
from pillarbox.store.blobs import OTHER_HASH, Octets
from pillarbox.store.held import Held, take_out
from pillarbox.store.model import Arrived, BlobRef, Finding, StoreLimits
from pillarbox.store.moving import put_in
from pillarbox.store.port import Connection, Database, Record
from pillarbox.store.spool import Spooling, discard
from pillarbox.store.work import Work

RECOVERED = "Recovered"
"""Mailbox of messages that had no place any more."""

_DERIVED = "preview, envelope, envelope_utf8, bodystructure, body, structure, headers, sent"
_LISTING = (
    "(SELECT l.octets FROM listing l WHERE l.account_id = message.account_id AND l.message_id = message.message_id)"
)
_UNLIST = "DELETE FROM listing WHERE account_id = $1 AND message_id = $2"
_KEYS = ", ".join(SortKeys._fields)
_STRAYS = tuple(
    f"DELETE FROM {table} WHERE account_id = $1 AND NOT EXISTS (SELECT 1 FROM {whose} o"
    f" WHERE o.account_id = {table}.account_id AND o.{whose}_id = {table}.{whose}_id)"
    for table, whose in (("listing", "message"), ("sort_key", "message"), ("acl", "mailbox"))
)


class Repair:
    """Repairs accounts of a shard."""

    def __init__(self, database: Database, octets: Octets, limits: StoreLimits, now: int) -> None:
        self._database = database
        self._octets = octets
        self._limits = limits
        self._now = now

    async def repair(self, account: AccountId) -> list[Finding]:
        """Make rows and counters agree and derive again what is stored about messages; what was found and done."""
        findings = await checking.check(self._database, self._octets, account, deep=False)
        await self._database.write(lambda connection: self._rows(connection, account))
        await self._heal(account)
        findings += await self._summaries(account)
        settle = "UPDATE damaged SET settled = 1 WHERE account_id = $1"
        await self._database.write(lambda connection: connection.run(settle, account))
        return findings

    async def _rows(self, connection: Connection, account: AccountId) -> None:
        work = Work(connection, self._database.dialect, self._limits, self._now, frozenset())
        await work.lock([account])
        await self._orphans(work, account)
        await self._unplaced(work, account)
        for statement in _STRAYS:
            await connection.run(statement, account)
        await work.finish()
        await _recount(connection, account)

    async def _orphans(self, work: Work, account: AccountId) -> None:
        ledger = work.ledger(account)
        by_mailbox: dict[int, list[Held]] = {}
        for mailbox_id, uid in await work.connection.all(checking.ORPHANS, account):
            row = await work.connection.one(
                "SELECT mailbox_id, uid, message_id, flags, keywords, modseq, size, received, thread_id FROM placement"
                " WHERE account_id = $1 AND mailbox_id = $2 AND uid = $3",
                account,
                mailbox_id,
                uid,
            )
            if row is not None:
                by_mailbox.setdefault(mailbox_id, []).append(Held(*row))
        for rows in by_mailbox.values():
            await work.trace(ledger, {row.message_id: row.thread_id for row in rows})
            await take_out(work, ledger, await work.box(account, rows[0].mailbox_id), rows)

    async def _unplaced(self, work: Work, account: AccountId) -> None:
        lost = await work.connection.all(checking.UNPLACED, account)
        if not lost:
            return
        ledger = work.ledger(account)
        box = await mailboxes.create(work, account, RECOVERED, None, True, exist_ok=True)
        await work.trace(ledger, {row[0]: row[1] for row in lost})
        rows = [
            Held(box.mailbox_id, LAST_UID, message, 0, "", ledger.modseq, size, received, thread)  # type: ignore[arg-type]
            for message, thread, size, received in lost
        ]
        await put_in(work, ledger, box, rows)

    async def _heal(self, account: AccountId) -> None:
        """Strike off what was set aside and can be read again."""
        sql = (
            "SELECT DISTINCT m.blob_id, m.blob_offset, m.blob_length FROM damaged d JOIN message m"
            " ON m.account_id = d.account_id AND m.blob_id = d.blob_id WHERE d.account_id = $1"
        )
        for blob_id, offset, length in await self._database.read(lambda connection: connection.all(sql, account)):
            if await self._octets.intact(account, BlobRef(BlobId(blob_id), offset, length)):
                strike = "DELETE FROM damaged WHERE account_id = $1 AND blob_id = $2"
                await self._database.write(lambda connection: connection.run(strike, account, blob_id))  # noqa: B023

    async def _summaries(self, account: AccountId) -> list[Finding]:
        findings: list[Finding] = []
        after = 0
        sql = (
            f"SELECT message_id, blob_id, blob_offset, blob_length, {_DERIVED}, {_LISTING} FROM message"
            f" WHERE account_id = $1 AND message_id > $2 ORDER BY message_id LIMIT {PAGE}"
        )
        while rows := await self._page(sql, account, after):
            keys = await self._keys(account, [row[0] for row in rows])
            for message_id, blob_id, offset, length, *derived in rows:
                ref = BlobRef(BlobId(blob_id), offset, length)
                finding = await self._summary(account, message_id, ref, [*derived, keys.get(message_id)])
                if finding is not None:
                    findings.append(finding)
            after = rows[-1][0]
        return findings

    async def _page(self, sql: str, account: AccountId, after: int) -> list[Record]:
        return await self._database.read(lambda connection: connection.all(sql, account, after))

    async def _keys(self, account: AccountId, messages: Sequence[MessageId]) -> dict[MessageId, Record]:
        dialect = self._database.dialect
        sql = (
            f"SELECT message_id, {_KEYS} FROM sort_key WHERE account_id = $1 AND message_id IN {dialect.members('$2')}"
        )
        array = dialect.array(messages)
        rows = await self._database.read(lambda connection: connection.all(sql, account, array))
        return {row[0]: row[1:] for row in rows}

    async def _summary(
        self, account: AccountId, message_id: MessageId, ref: BlobRef, derived: Sequence[object]
    ) -> Finding | None:
        name = f"message {message_id:x} blob {ref.blob_id}"
        arrived = await self._again(ref, account)
        if arrived is None or (arrived.blob_id != ref.blob_id and ref.offset == 0):
            if arrived is not None:
                await self._octets.set_aside(account, ref.blob_id, OTHER_HASH)
            if not all(derived[1:6]):  # nothing is known of it either: it is shown as an empty message
                await self._derive(account, message_id, _derived(summarise(b"")))
            return Finding(account, checking.SET_ASIDE, name)
        fresh = _derived(arrived.summary)
        if fresh == [bytes(one) if isinstance(one, memoryview) else one for one in derived]:
            return None
        await self._derive(account, message_id, fresh)
        return Finding(account, "summary_renewed", name)

    async def _again(self, ref: BlobRef, account: AccountId) -> Arrived | None:
        """The octets as if they came in now; None when they cannot be read."""
        spool = Spooling(self._limits)
        try:
            async for chunk in self._octets.chunks(account, ref):
                spool.write(chunk)
        except (Unavailable, NotFound, TooBig):
            spool.discard()
            return None
        arrived = await spool.finish()
        discard(arrived)
        return arrived

    async def _derive(self, account: AccountId, message_id: MessageId, fresh: Sequence[Any]) -> None:
        pairs = ", ".join(f"{column} = ${number}" for number, column in enumerate(_DERIVED.split(", "), 3))
        *columns, listing, keys = fresh

        async def unit(connection: Connection) -> None:
            sql = f"UPDATE message SET {pairs} WHERE account_id = $1 AND message_id = $2"
            await connection.run(sql, account, message_id, *columns)
            if listing is None:
                await connection.run(_UNLIST, account, message_id)
            else:
                await connection.run(LIST, account, message_id, listing)
            await connection.run(SORT_KEY, account, message_id, *keys)

        await self._database.write(unit)


def _derived(summary: Summary) -> list[Any]:
    return [
        summary.preview.replace("\0", ""),
        summary.envelope,
        summary.envelope_utf8,
        summary.bodystructure,
        summary.body,
        summary.structure,
        encode_headers(summary),
        summary.sent_at,
        summary.listing or None,
        summary.sort_keys,
    ]


async def _recount(connection: Connection, account: AccountId) -> None:
    """Counters, UIDNEXT and modseqs as the rows say; UIDNEXT and modseqs only ever grow."""
    counted = await connection.all(checking.COUNTED, account)
    state = await connection.one("SELECT modseq FROM account WHERE account_id = $1", account)
    modseq = max([state[0] if state else 0, *[row[6] for row in counted]])
    for mailbox_id, *row in counted:
        await connection.run(
            "UPDATE mailbox SET total = $3, unseen = $4, deleted = $5, size = $6,"
            " uidnext = CASE WHEN uidnext > $7 THEN uidnext ELSE $7 + 1 END,"
            " highestmodseq = CASE WHEN highestmodseq > $9 THEN $9"
            " WHEN highestmodseq > $8 THEN highestmodseq ELSE $8 END"
            " WHERE account_id = $1 AND mailbox_id = $2",
            account,
            mailbox_id,
            *row[:5],
            row[5],
            modseq,
        )
    await connection.run(
        "UPDATE account SET modseq = $2, used = (SELECT coalesce(sum(size), 0) FROM message WHERE account_id = $1),"
        " messages = (SELECT count(*) FROM message WHERE account_id = $1) WHERE account_id = $1",
        account,
        modseq,
    )
