"""Which mailboxes a client means by the filters of ESEARCH (RFC 7377 §2.2, RFC 5465 §6)."""

from collections.abc import Iterator, Sequence

from pillarbox.core.errors import Invalid, MailError
from pillarbox.core.ids import AccountId
from pillarbox.servers.imap.session import Session
from pillarbox.store.naming import whole_name
from pillarbox.store.rights import ALL, Found
from pillarbox.store.store import Store
from pillarbox.wire.imap.scopes import Filter, Scope


async def chosen(store: Store, login: AccountId, scopes: Sequence[Scope]) -> list[Found]:
    """The mailboxes the filters name that may be read, each once, in the order of the filters; the selected one is
    not looked for here.

    What does not exist, or may not be seen or read, is left out (RFC 7377 §2.2).
    """
    boxes, names = await store.subscriptions(login)
    own = [Found(login, box, ALL, box.name) for box in boxes]
    others = await store.sharing.shared(login)
    subscribed = {*names, *(box.name for box in boxes if box.subscribed)}
    found: dict[tuple[int, int], Found] = {}
    for scope in scopes:
        named = [one for name in scope.mailboxes if (one := await _named(store, login, name)) is not None]
        for one in (*named, *_matching(scope, (*own, *others), login, subscribed)):
            if "r" in one.rights and one.mailbox.selectable:
                found.setdefault((one.account, one.mailbox.mailbox_id), one)
    return list(found.values())


async def _named(store: Store, login: AccountId, name: str) -> Found | None:
    """A mailbox that is named need not be visible in lists."""
    try:
        return await store.sharing.find(login, name, "r")
    except MailError:
        return None


def _matching(scope: Scope, boxes: Sequence[Found], login: AccountId, subscribed: set[str]) -> Iterator[Found]:
    """Of the mailboxes the login sees in lists, those a filter chooses without naming them."""
    match scope.filter:
        case Filter.PERSONAL | Filter.INBOXES:  # mail for you+name@ is delivered to any mailbox of one's own
            yield from (one for one in boxes if one.account == login)
        case Filter.SUBSCRIBED:
            yield from (one for one in boxes if one.name in subscribed)
        case Filter.SUBTREE | Filter.SUBTREE_ONE:
            starts = [f"{_kept(name)}/" for name in scope.mailboxes]
            for one in boxes:
                tails = [one.name[len(start) :] for start in starts if one.name.startswith(start)]
                if any(scope.filter is Filter.SUBTREE or "/" not in tail for tail in tails):
                    yield one


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
