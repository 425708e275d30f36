"""NOTIFY under way: which mailboxes are watched, and what happened to them since the last look (RFC 5465)."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping

import msgspec

from pillarbox.core.errors import Conflict, Invalid, MailError
from pillarbox.core.ids import AccountId, MailboxId, Modseq
from pillarbox.servers.imap.happenings import Happening, happenings
from pillarbox.store.model import Mailbox
from pillarbox.store.naming import ancestors, whole_name
from pillarbox.store.store import Store
from pillarbox.store.watching import Watch
from pillarbox.wire.imap.fetch import FetchItem
from pillarbox.wire.imap.notify import EventGroup, EventKind, Notify
from pillarbox.wire.imap.scopes import Filter

_NO_EVENTS: frozenset[EventKind] = frozenset()
_OF_OTHERS = frozenset({Filter.SUBSCRIBED, Filter.SUBTREE, Filter.MAILBOXES})
"""The filters that may choose mailboxes of other accounts."""
Events = dict[tuple[Filter, str], frozenset[EventKind]]
"""The events that are wanted by a filter of the mailbox it names, if it names any: found by name, since there may be
very many of both (§6)."""


class Observed:
    """An account whose mailboxes are watched. `known`: they as the client was told of them, as of `modseq`.

    `own`: the modseq of this session's last change, when nobody else changed anything since `modseq`: what happened up
    to it need not be told (§5).
    """

    __slots__ = ("account", "known", "modseq", "own", "stale", "watch")

    def __init__(self, account: AccountId) -> None:
        self.account = account
        self.known: dict[MailboxId, Mailbox] = {}
        self.modseq = self.own = Modseq(0)
        self.stale = True
        self.watch: Watch | None = None

    async def look(self, store: Store, login: AccountId) -> list[Happening]:
        """What happened since the last look. The first one only remembers."""
        self.stale = False
        first = not self.modseq
        try:
            modseq, changed, gone = await self._news(store, login)
        except MailError:
            self.stale = True
            raise
        silent = first or modseq == self.own
        found = [] if silent else list(happenings(self.known, changed, gone))
        self.known |= {one.mailbox_id: one for one in changed}
        for mailbox_id in gone:
            self.known.pop(mailbox_id, None)
        self.modseq, self.own = modseq, Modseq(0)
        return found

    async def _news(self, store: Store, login: AccountId) -> tuple[Modseq, list[Mailbox], list[MailboxId]]:
        if self.account == login:
            return await self._news_of_own(store)
        return await self._news_of_others(store, login)

    async def _news_of_own(self, store: Store) -> tuple[Modseq, list[Mailbox], list[MailboxId]]:
        if self.modseq:
            try:
                news = await store.mailbox_news(self.account, self.modseq)
            except Conflict:
                pass
            else:
                return news.modseq, list(news.changed), list(news.gone)
        modseq, everything = await store.survey(self.account)
        return modseq, everything, self._lacking(everything)

    async def _news_of_others(self, store: Store, login: AccountId) -> tuple[Modseq, list[Mailbox], list[MailboxId]]:
        """Of what the login may see and read there, by the names it calls it (§5, §5.9)."""
        modseq = await store.modseq(self.account)
        names = set((await store.subscriptions(login))[1])
        everything = [
            msgspec.structs.replace(one.mailbox, name=one.name, subscribed=one.name in names)
            for one in await store.sharing.shared(login)
            if one.account == self.account and one.rights >= {"l", "r"}
        ]
        changed = [one for one in everything if self.known.get(one.mailbox_id) != one]
        return modseq, changed, self._lacking(everything)

    def _lacking(self, everything: Iterable[Mailbox]) -> list[MailboxId]:
        return list(self.known.keys() - {one.mailbox_id for one in everything})


class Notifying:
    """What a session has asked to hear of. `wake` is called when there may be news."""

    __slots__ = ("_events", "_wake", "observed", "others", "selected")

    def __init__(self, asked: Notify, wake: Callable[[], None]) -> None:
        self.selected = next((group for group in asked.groups if group.scope.selected), None)
        self.others = tuple(group for group in asked.groups if not group.scope.selected)
        self._events = _tabled(self.others)
        self.observed: dict[AccountId, Observed] = {}
        self._wake = wake

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

    @property
    def stale(self) -> bool:
        """There may be news of mailboxes that are not selected."""
        return any(one.stale for one in self.observed.values())

    def events(self, mailbox: Mailbox | None, name: str, *, own: bool = True) -> frozenset[EventKind]:
        """The events that are wanted of a mailbox which is not selected: all that any group names (§6)."""
        places = [(Filter.MAILBOXES, name), *((Filter.SUBTREE, one) for one in (name, *ancestors(name)))]
        if own:
            places += [(Filter.PERSONAL, ""), (Filter.INBOXES, "")]
        if mailbox is None or mailbox.subscribed:  # of one that is no more only its name can tell
            places.append((Filter.SUBSCRIBED, ""))
        return _NO_EVENTS.union(*[self._events[place] for place in places if place in self._events])

    async def follow(self, store: Store, login: AccountId) -> None:
        """Watch the login's own account, and those that share something with it, from now on."""
        accounts = [login] if self.others else []
        if any(group.scope.filter in _OF_OTHERS for group in self.others):
            accounts += dict.fromkeys(one.account for one in await store.sharing.shared(login))
        for account in accounts:
            observed = self.observed[account] = Observed(account)
            observed.watch = store.watch(account, self._hint)
            await observed.look(store, login)

    def _hint(self, account: AccountId, modseq: Modseq) -> None:
        if modseq > self.observed[account].modseq:
            self.observed[account].stale = True
            self._wake()

    def changed(self, taken: Mapping[AccountId, Modseq]) -> None:
        """The session itself has changed accounts in transactions with these modseqs."""
        for account, modseq in taken.items():
            one = self.observed.get(account)
            if one is not None and modseq - 1 in (one.modseq, one.own):
                one.own = modseq

    async def look(self, store: Store, login: AccountId) -> AsyncIterator[tuple[AccountId, Happening]]:
        """What happened in the accounts watched since the last look, as far as it is wanted."""
        for one in list(self.observed.values()):
            for happening in await one.look(store, login) if one.stale else ():
                if happening.kind in self.events(happening.mailbox, happening.name, own=one.account == login):
                    yield one.account, happening

    def close(self) -> None:
        """Watch nothing any more."""
        for one in self.observed.values():
            if one.watch is not None:
                one.watch.close()


def _tabled(groups: Iterable[EventGroup]) -> Events:
    """What is wanted by filters and the names of mailboxes as they are kept; those that cannot be names are nobody's.
    Mail for you+name@ is delivered to any mailbox of one's own: all of them are inboxes."""
    events: Events = {}
    for group in groups:
        for name in group.scope.mailboxes or ("",):
            try:
                place = group.scope.filter, whole_name(name) if name else ""
            except Invalid:
                continue
            events[place] = events.get(place, _NO_EVENTS) | group.events
    return events
