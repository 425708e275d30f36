"""Word of notes that others have changed, to clients that asked for it by ENABLE or NOTIFY (RFC 5464 §4.4.2)."""

from collections.abc import Callable, Iterable, Mapping

from pillarbox.core.errors import Conflict, MailError
from pillarbox.core.ids import AccountId, MailboxId, Modseq
from pillarbox.store.metadata import WHOLE
from pillarbox.store.store import Store
from pillarbox.store.watching import DIRECTORY, Watch

Entries = dict[str, None]
"""Names of entries, each once, in the order they were changed."""


class Noting:
    """What a session was told of notes: `marks`, by account and for the server, are the modseqs it knows all up to.

    `own`: what it changed itself, which it is not told. `stale`: where there may be news; `wake` is called then.
    """

    __slots__ = ("_wake", "_watches", "marks", "own", "stale")

    def __init__(self, wake: Callable[[], None]) -> None:
        self.marks: dict[AccountId, Modseq] = {}
        self.own: set[tuple[AccountId, Modseq]] = set()
        self.stale: set[AccountId] = set()
        self._wake = wake
        self._watches: list[Watch] = []

    async def follow(self, store: Store, account: AccountId) -> None:
        """Tell what changes in an account, or on the server (DIRECTORY), from now on."""
        if account in self.marks:
            return
        reached = await _reached(store, account)
        self._watches.append(store.watch(account, self._hint))
        self.marks[account] = reached
        self.stale.add(account)  # it may have gone on meanwhile

    def _hint(self, account: AccountId, modseq: Modseq) -> None:
        if modseq > self.marks[account]:
            self.stale.add(account)
            self._wake()

    def changed(self, taken: Mapping[AccountId, Modseq]) -> None:
        """The session itself has changed accounts in transactions with these modseqs."""
        self.own.update(taken.items())

    async def news(self, store: Store, reader: AccountId) -> list[tuple[AccountId, MailboxId, Entries]]:
        """What others have changed since the last time, by mailbox (WHOLE: on the server)."""
        stale, self.stale = self.stale, set()
        known, found = dict(self.marks), dict[tuple[AccountId, MailboxId], Entries]()
        try:
            for account in sorted(stale, reverse=True):  # the server last
                for modseq, mailbox_id, entry in await self._since(store, account, reader, self.marks[account]):
                    if (account, modseq) not in self.own:
                        found.setdefault((account, mailbox_id), {})[entry] = None
        except MailError:  # all of it is told the next time
            self.stale |= stale
            self.marks |= {account: known[account] for account in stale}
            raise
        self.own = {(account, modseq) for account, modseq in self.own if modseq > self.marks.get(account, 0)}
        return [(*place, entries) for place, entries in found.items()]

    async def _since(
        self, store: Store, account: AccountId, reader: AccountId, mark: Modseq
    ) -> Iterable[tuple[Modseq, MailboxId, str]]:
        if account == DIRECTORY:
            notes = await store.directory.metadata()
            changed = [(version, WHOLE, entry) for version, entry in notes.changed if version > mark]
            self.marks[account] = max([mark, *(version for version, _, _ in changed)])
            return changed
        try:
            rows, self.marks[account] = await store.metadata_changes(account, reader, mark)
        except Conflict:  # too long ago
            self.marks[account] = await _reached(store, account)
            return []
        return rows

    def close(self) -> None:
        """No more word of anything."""
        for watch in self._watches:
            watch.close()


async def _reached(store: Store, account: AccountId) -> Modseq:
    if account != DIRECTORY:
        return await store.modseq(account)
    return max((version for version, _ in (await store.directory.metadata()).changed), default=Modseq(0))
