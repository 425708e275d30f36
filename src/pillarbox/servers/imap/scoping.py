"""Which mailboxes a client means by the filters of ESEARCH (RFC 7377 §2.2, RFC 5465 §6)."""

from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import Final

from pillarbox.core.errors import Invalid, MailError
from pillarbox.core.ids import AccountId
from pillarbox.servers.imap.pace import Pace
from pillarbox.servers.imap.session import Session
from pillarbox.store.naming import ancestors, parent_name, whole_name
from pillarbox.store.rights import ALL, Found
from pillarbox.store.store import Store
from pillarbox.wire.imap.scopes import Filter, Scope

_OWN: Final = frozenset({Filter.PERSONAL, Filter.INBOXES})
"""Mail for you+name@ is delivered to any mailbox of one's own."""


async def chosen(session: Session, scopes: Sequence[Scope]) -> list[Found]:
    """The mailboxes the filters choose that may be read, each once; the selected one is not looked for here.

    What does not exist, or may not be seen or read, is left out (RFC 7377 §2.2).
    """
    store, login, pace = session.store, session.owner, Pace(session)
    boxes, names = await store.subscriptions(login)
    own = [Found(login, box, ALL, box.name) for box in boxes]
    visible = [*own, *await store.sharing.shared(login)]
    wanted = _Wanted.by(scopes, {*names, *(box.name for box in boxes if box.subscribed)})
    found: dict[tuple[int, int], Found] = {}
    for one in visible:
        if wanted.has(one.name, own=one.account == login):
            found[one.account, one.mailbox.mailbox_id] = one
        await pace.keep()
    for name in sorted(wanted.named - {one.name for one in visible}):
        hidden = await _named(store, login, name)
        if hidden is not None:
            found.setdefault((hidden.account, hidden.mailbox.mailbox_id), hidden)
        await pace.keep()
    return [one for one in found.values() if "r" in one.rights and one.mailbox.selectable]


async def _named(store: Store, login: AccountId, name: str) -> Found | None:
    """A mailbox that is named need not be visible in lists."""
    try:
        return await store.sharing.find(login, name, "r")
    except MailError:
        return None


@dataclass(frozen=True, slots=True)
class _Wanted:
    """All filters together, so that each mailbox is looked at once, however many there are: `names` are wanted because
    they are subscribed to, `named` as they are, `parents` for what lies just below, `tops` for all that lies below."""

    personal: bool
    names: Set[str]
    named: Set[str]
    parents: Set[str]
    tops: Set[str]

    @staticmethod
    def by(scopes: Sequence[Scope], subscribed: Set[str]) -> "_Wanted":
        """What the filters ask for."""
        filters = {scope.filter for scope in scopes}
        named = {one: _kept(one) for scope in scopes for one in scope.mailboxes}

        def of(kind: Filter) -> Set[str]:
            return {named[one] for scope in scopes if scope.filter is kind for one in scope.mailboxes}

        return _Wanted(
            not filters.isdisjoint(_OWN),
            subscribed if Filter.SUBSCRIBED in filters else frozenset(),
            frozenset(named.values()),
            of(Filter.SUBTREE_ONE),
            of(Filter.SUBTREE),
        )

    def has(self, name: str, *, own: bool) -> bool:
        """Whether a mailbox the login sees in lists is wanted."""
        return (
            (own and self.personal)
            or name in self.names
            or name in self.named
            or parent_name(name) in self.parents
            or not self.tops.isdisjoint(ancestors(name))
        )


def _kept(name: str) -> str:
    try:
        return whole_name(name)
    except Invalid:
        return name


async def selected_one(session: Session) -> Found:
    """The selected mailbox under the name the login calls it by."""
    selected, login = session.mailbox, session.owner
    box = await session.store.mailbox(selected.account, selected.mailbox_id)
    name = box.name
    if selected.account != login:
        name = await session.store.sharing.name(login, selected.account, box.name)
    return Found(selected.account, box, selected.rights, name)
