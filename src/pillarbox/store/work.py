"""What the functions of a transaction have in hand: the connection, the locked accounts, and the end of it all."""

from collections.abc import Iterable, Sequence

from pillarbox.core.errors import NotFound
from pillarbox.core.ids import AccountId, BlobId, MailboxId, MessageId, Modseq, ThreadId, spell
from pillarbox.core.limits import PAGE
from pillarbox.store.ledger import (
    BOX_COLUMNS,
    CREATED,
    DESTROYED,
    UPDATED,
    Box,
    Ledger,
    Trace,
)
from pillarbox.store.model import DELETED, MESSAGE_PREFIX, THREAD_PREFIX, Kind, StoreLimits
from pillarbox.store.port import Connection, Dialect
from pillarbox.store.watching import DIRECTORY

_ACCOUNT = (
    "SELECT account_id, modseq, uidvalidity, used, messages, quota, quota_messages, quota_mailboxes FROM account"
    " WHERE account_id"
)


class Work:
    """One run of a transaction. `put` names the large blobs that are known to be in the blob store. `login`: on whose
    behalf it runs, None for the house itself, which may do everything."""

    __slots__ = ("connection", "dialect", "directory", "ledgers", "limits", "login", "now", "put")

    def __init__(
        self,
        connection: Connection,
        dialect: Dialect,
        limits: StoreLimits,
        now: int,
        put: frozenset[BlobId] = frozenset(),
    ) -> None:
        self.connection = connection
        self.dialect = dialect
        self.limits = limits
        self.now = now
        self.put = put
        self.login: AccountId | None = None
        self.ledgers: dict[AccountId, Ledger] = {}
        self.directory: Modseq | None = None  # its version, when the transaction changed the directory

    async def lock(self, accounts: Iterable[AccountId]) -> None:
        """Lock the account rows, in order. NotFound when one does not exist."""
        wanted = sorted(set(accounts))
        suffix = self.dialect.for_update
        if not wanted:
            return
        if len(wanted) == 1:
            rows = await self.connection.all(f"{_ACCOUNT} = $1{suffix}", wanted[0])
        else:
            members = self.dialect.members("$1")
            sql = f"{_ACCOUNT} IN {members} ORDER BY account_id{suffix}"
            rows = await self.connection.all(sql, self.dialect.array(wanted))
        for account, modseq, *rest in rows:
            self.ledgers[account] = Ledger(account, Modseq(modseq + 1), *rest)
        if len(rows) != len(wanted):
            raise NotFound("no such account")

    def ledger(self, account: AccountId) -> Ledger:
        """The account's ledger. NotFound when the transaction was not begun for it."""
        ledger = self.ledgers.get(account)
        if ledger is None:
            raise NotFound(f"account {account} is not part of this transaction")
        return ledger

    async def box(self, account: AccountId, mailbox_id: MailboxId) -> Box:
        """The mailbox under lock. NotFound."""
        ledger = self.ledger(account)
        box = ledger.boxes.get(mailbox_id)
        if box is None and not ledger.all_boxes:
            sql = f"SELECT {BOX_COLUMNS} FROM mailbox WHERE account_id = $1 AND mailbox_id = $2"
            row = await self.connection.one(sql, account, mailbox_id)
            if row is not None:
                box = ledger.boxes[mailbox_id] = Box(*row)
        if box is None:
            raise NotFound("no such mailbox")
        return box

    async def open_box(self, account: AccountId, mailbox_id: MailboxId) -> Box:
        """The mailbox under lock, which may be given messages. NotFound."""
        box = await self.box(account, mailbox_id)
        if not box.selectable:
            raise NotFound("the mailbox is only a name")
        return box

    async def boxes(self, account: AccountId) -> list[Box]:
        """Every mailbox of the account under lock."""
        ledger = self.ledger(account)
        if not ledger.all_boxes:
            sql = f"SELECT {BOX_COLUMNS} FROM mailbox WHERE account_id = $1"
            for row in await self.connection.all(sql, account):
                ledger.boxes.setdefault(row[0], Box(*row))
            ledger.all_boxes = True
        return list(ledger.boxes.values())

    async def trace(self, ledger: Ledger, messages: dict[MessageId, ThreadId]) -> None:
        """Remember whether these messages are seen by JMAP; call it before what may change that."""
        fresh = [message for message in messages if message not in ledger.traces]
        visible = await self.visible(ledger.account, fresh)
        for message in fresh:
            ledger.traces[message] = Trace(messages[message], message in visible, None)
        ledger.refresh(messages)

    async def visible(self, account: AccountId, messages: Sequence[MessageId]) -> set[MessageId]:
        """Those of the messages that have a placement without \\Deleted."""
        found: set[MessageId] = set()
        sql = (
            f"SELECT DISTINCT message_id FROM placement WHERE account_id = $1"
            f" AND message_id IN {self.dialect.members('$2')} AND (flags & {DELETED}) = 0"
        )
        for start in range(0, len(messages), PAGE):
            part = self.dialect.array(messages[start : start + PAGE])
            found.update(row[0] for row in await self.connection.all(sql, account, part))
        return found

    async def finish(self) -> list[tuple[AccountId, Modseq]]:
        """Write counters and change log; the accounts that changed with the modseqs they took."""
        changed: list[Ledger] = []
        for ledger in self.ledgers.values():
            if ledger.traces:
                await self._record_emails(ledger)
            ledger.record_boxes()
            if ledger.dirty or any(box.changed for box in ledger.boxes.values()):
                changed.append(ledger)
        if changed:
            await self._write(changed)
        taken = [(ledger.account, ledger.modseq) for ledger in changed]
        return taken if self.directory is None else [*taken, (DIRECTORY, self.directory)]

    async def _write(self, changed: Sequence[Ledger]) -> None:
        run, now = self.connection, self.now
        log = [
            (ledger.account, ledger.modseq, kind, object_id, operation, now)
            for ledger in changed
            for (kind, object_id), operation in ledger.log.items()
        ]
        if log:
            await run.many(
                "INSERT INTO change_log (account_id, modseq, kind, object_id, op, at) VALUES ($1, $2, $3, $4, $5, $6)",
                log,
            )
        boxes = [
            (b.uidnext, b.highestmodseq, b.total, b.unseen, b.deleted, b.size, ledger.account, b.mailbox_id)
            for ledger in changed
            for b in ledger.boxes.values()
            if b.changed
        ]
        if boxes:
            await run.many(
                "UPDATE mailbox SET uidnext = $1, highestmodseq = $2, total = $3, unseen = $4, deleted = $5, size = $6"
                " WHERE account_id = $7 AND mailbox_id = $8",
                boxes,
            )
        await run.many(
            "UPDATE account SET modseq = $2, uidvalidity = $3, used = $4, messages = $5 WHERE account_id = $1",
            [(one.account, one.modseq, one.uidvalidity, one.used, one.messages) for one in changed],
        )

    async def _record_emails(self, ledger: Ledger) -> None:
        unknown = ledger.unknown()
        if unknown:
            visible = await self.visible(ledger.account, unknown)
            for message in unknown:
                ledger.traces[message].after = message in visible
        threads: dict[ThreadId, None] = {}
        for message, trace in ledger.traces.items():
            if trace.before or trace.after:
                operation = UPDATED if trace.before and trace.after else CREATED if trace.after else DESTROYED
                ledger.record(Kind.EMAIL, spell(MESSAGE_PREFIX, message), operation)
                if operation != UPDATED:
                    threads[trace.thread_id] = None
        if threads:
            await self._record_threads(ledger, list(threads))

    async def _record_threads(self, ledger: Ledger, threads: Sequence[ThreadId]) -> None:
        if len(ledger.traces) == 1 and threads[0] in ledger.new_threads:
            ledger.record(Kind.THREAD, spell(THREAD_PREFIX, threads[0]), CREATED)  # one new message, as most often
            return
        seen_now: dict[ThreadId, set[MessageId]] = {thread: set() for thread in threads}
        seen_before: dict[ThreadId, set[MessageId]] = {thread: set() for thread in threads}
        old = [thread for thread in threads if thread not in ledger.new_threads]
        for start in range(0, len(old), PAGE):
            for thread, message in await self._members(ledger.account, old[start : start + PAGE]):
                seen_now[thread].add(message)
                seen_before[thread].add(message)
        for message, trace in ledger.traces.items():
            if trace.thread_id in seen_now:
                (set.add if trace.after else set.discard)(seen_now[trace.thread_id], message)
                (set.add if trace.before else set.discard)(seen_before[trace.thread_id], message)
        for thread in threads:
            before, after = bool(seen_before[thread]), bool(seen_now[thread])
            if before or after:
                operation = UPDATED if before and after else CREATED if after else DESTROYED
                ledger.record(Kind.THREAD, spell(THREAD_PREFIX, thread), operation)

    async def _members(self, account: AccountId, threads: Sequence[ThreadId]) -> list[tuple[ThreadId, MessageId]]:
        sql = (
            f"SELECT m.thread_id, m.message_id FROM message m WHERE m.account_id = $1"
            f" AND m.thread_id IN {self.dialect.members('$2')} AND EXISTS (SELECT 1 FROM placement p"
            f" WHERE p.account_id = m.account_id AND p.message_id = m.message_id AND (p.flags & {DELETED}) = 0)"
        )
        rows = await self.connection.all(sql, account, self.dialect.array(threads))
        return [(row[0], row[1]) for row in rows]
