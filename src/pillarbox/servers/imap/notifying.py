"""NOTIFY under way: which mailboxes are watched, and what happened to them since the last look (RFC 5465)."""

from collections.abc import Iterable

from pillarbox.core.errors import Conflict
from pillarbox.core.ids import AccountId, MailboxId, Modseq
from pillarbox.servers.imap.happenings import Happening, happenings
from pillarbox.store.model import Mailbox
from pillarbox.store.naming import full_name
from pillarbox.store.store import Store
from pillarbox.wire.imap.fetch import FetchItem
from pillarbox.wire.imap.notify import EventKind, Notify
from pillarbox.wire.imap.scopes import Filter, Scope

_NO_EVENTS: frozenset[EventKind] = frozenset()


class Notifying:
    """What a session has asked to hear of. `known`: the mailboxes as the client was told of them, as of `modseq`.

    `own`: the modseq of this session's last change, when nobody else changed anything since `modseq`: what happened up
    to it need not be told (§5).
    """

    __slots__ = ("known", "modseq", "others", "own", "selected", "stale")

    def __init__(self, asked: Notify) -> None:
        self.selected = next((group for group in asked.groups if group.scope.selected), None)
        self.others = tuple(group for group in asked.groups if not group.scope.selected)
        self.known: dict[MailboxId, Mailbox] = {}
        self.modseq = self.own = Modseq(0)
        self.stale = False

    @property
    def wanted(self) -> frozenset[EventKind]:
        """The events of the selected mailbox that are wanted (§3.1)."""
        return self.selected.events if self.selected is not None else _NO_EVENTS

    @property
    def items(self) -> tuple[FetchItem, ...]:
        """What is to be shown of new messages in the selected mailbox (§5.2)."""
        return self.selected.items if self.selected is not None else ()

    @property
    def at_once(self) -> bool:
        """Whether expunges in the selected mailbox need not wait for a command (§6.1)."""
        return self.selected is not None and self.selected.scope.filter is Filter.SELECTED

    def events(self, mailbox: Mailbox | None, name: str) -> frozenset[EventKind]:
        """The events that are wanted of a mailbox which is not selected: all that any group names (§6)."""
        wanted = [group.events for group in self.others if covers(group.scope, mailbox, name)]
        return _NO_EVENTS.union(*wanted)

    def changed(self, taken: Modseq) -> None:
        """The session itself has changed its account in the transaction with this modseq."""
        if taken - 1 in (self.modseq, self.own):
            self.own = taken

    async def look(self, store: Store, account: AccountId) -> list[Happening]:
        """What happened since the last look. The first one only remembers."""
        self.stale = False
        first = not self.known
        modseq, changed, gone = await self._news(store, account)
        silent = first or modseq == self.own
        found = [] if silent else list(happenings(self.known, changed, gone))
        self.known |= {one.mailbox_id: one for one in changed}
        for mailbox_id in gone:
            self.known.pop(mailbox_id, None)
        self.modseq, self.own = modseq, Modseq(0)
        return found

    async def _news(self, store: Store, account: AccountId) -> tuple[Modseq, Iterable[Mailbox], Iterable[MailboxId]]:
        if self.known:
            try:
                news = await store.mailbox_news(account, self.modseq)
            except Conflict:
                pass
            else:
                return news.modseq, news.changed, news.gone
        modseq, everything = await store.survey(account)
        return modseq, everything, self.known.keys() - {one.mailbox_id for one in everything}


def covers(scope: Scope, mailbox: Mailbox | None, name: str) -> bool:
    """Whether a filter chooses a mailbox; None for one that is no more, which only its name can tell (§6.2-6)."""
    if scope.filter in (Filter.PERSONAL, Filter.INBOXES):  # mail for you+name@ is delivered to any mailbox
        return True
    if scope.filter is Filter.SUBSCRIBED:
        return mailbox is None or mailbox.subscribed
    names = [full_name(one) for one in scope.mailboxes]
    if scope.filter is Filter.SUBTREE:
        return any(name == one or name.startswith(f"{one}/") for one in names)
    return name in names
