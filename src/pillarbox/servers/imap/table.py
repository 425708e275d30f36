"""The IMAP commands: which function obeys each, in which states, and how news go with its answer."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from pillarbox.servers.imap.commands import (
    acl,
    any_state,
    append,
    batches,
    connection,
    copy,
    esearch,
    fetch,
    idle,
    listing,
    login,
    mailboxes,
    metadata,
    notify,
    quota,
    search,
    select,
    sort,
    thread,
)
from pillarbox.servers.imap.commands import store as storing
from pillarbox.servers.imap.session import Answer, State

_ANY = frozenset({State.NOT_AUTHENTICATED, State.AUTHENTICATED, State.SELECTED})
_LOGIN = frozenset({State.NOT_AUTHENTICATED})
_MAIL = frozenset({State.AUTHENTICATED, State.SELECTED})
_OPEN = frozenset({State.SELECTED})
_EXPUNGE, _MOVE = frozenset("e"), frozenset("te")


@dataclass(frozen=True, slots=True)
class Verb:
    """How a command is obeyed. `expunges`: EXPUNGE may go with its answer (RFC 3501 §7.4.1). `writes`: it changes the
    mailbox, which EXAMINE forbids. `rights`: what the login must be allowed in the selected mailbox (RFC 4314 §4).
    `by_number`: it names messages by number, which UIDONLY forbids (RFC 9586 §3)."""

    obey: Callable[..., Awaitable[Answer | None]]
    states: frozenset[State]
    source: str
    expunges: bool = True
    writes: bool = False
    rights: frozenset[str] = frozenset()
    by_number: bool = False


VERBS: dict[str, Verb] = {
    "CAPABILITY": Verb(any_state.capability, _ANY, "RFC 3501 §6.1.1"),
    "NOOP": Verb(any_state.noop, _ANY, "RFC 3501 §6.1.2"),
    "LOGOUT": Verb(any_state.logout, _ANY, "RFC 3501 §6.1.3"),
    "ID": Verb(any_state.identity, _ANY, "RFC 2971 §3.1"),
    "STARTTLS": Verb(any_state.starttls, _LOGIN, "RFC 3501 §6.2.1"),
    "AUTHENTICATE": Verb(login.authenticate, _LOGIN, "RFC 3501 §6.2.2, RFC 4959"),
    "LOGIN": Verb(login.login, _LOGIN, "RFC 3501 §6.2.3"),
    "GETJMAPACCESS": Verb(connection.jmap_access, _MAIL, "RFC 9698 §4"),
    "COMPRESS": Verb(connection.compress, _MAIL, "RFC 4978 §3"),
    "UNAUTHENTICATE": Verb(connection.unauthenticate, _MAIL, "RFC 8437 §3"),
    "ENABLE": Verb(any_state.enable, _MAIL, "RFC 5161 §3.1"),
    "SELECT": Verb(select.select, _MAIL, "RFC 3501 §6.3.1"),
    "EXAMINE": Verb(select.select, _MAIL, "RFC 3501 §6.3.2"),
    "CREATE": Verb(mailboxes.create, _MAIL, "RFC 3501 §6.3.3, RFC 6154 §3"),
    "DELETE": Verb(mailboxes.delete, _MAIL, "RFC 3501 §6.3.4"),
    "RENAME": Verb(mailboxes.rename, _MAIL, "RFC 3501 §6.3.5"),
    "SUBSCRIBE": Verb(mailboxes.subscribe, _MAIL, "RFC 3501 §6.3.6"),
    "UNSUBSCRIBE": Verb(mailboxes.subscribe, _MAIL, "RFC 3501 §6.3.7"),
    "LIST": Verb(listing.list_, _MAIL, "RFC 3501 §6.3.8, RFC 5258"),
    "LSUB": Verb(listing.lsub, _MAIL, "RFC 3501 §6.3.9"),
    "STATUS": Verb(listing.status, _MAIL, "RFC 3501 §6.3.10"),
    "NAMESPACE": Verb(listing.namespace, _MAIL, "RFC 2342 §5"),
    "GETQUOTA": Verb(quota.get, _MAIL, "RFC 9208 §4.1.1"),
    "GETQUOTAROOT": Verb(quota.get_root, _MAIL, "RFC 9208 §4.1.2"),
    "SETQUOTA": Verb(quota.set_, _MAIL, "RFC 9208 §4.1.3"),
    "GETMETADATA": Verb(metadata.get, _MAIL, "RFC 5464 §4.2"),
    "SETMETADATA": Verb(metadata.set_, _MAIL, "RFC 5464 §4.3"),
    "SETACL": Verb(acl.set_acl, _MAIL, "RFC 4314 §3.1"),
    "DELETEACL": Verb(acl.delete_acl, _MAIL, "RFC 4314 §3.2"),
    "GETACL": Verb(acl.get_acl, _MAIL, "RFC 4314 §3.3"),
    "LISTRIGHTS": Verb(acl.list_rights, _MAIL, "RFC 4314 §3.4"),
    "MYRIGHTS": Verb(acl.my_rights, _MAIL, "RFC 4314 §3.5"),
    "NOTIFY": Verb(notify.notify, _MAIL, "RFC 5465 §3.1"),
    "IDLE": Verb(idle.idle, _MAIL, "RFC 2177 §3"),
    "CHECK": Verb(any_state.noop, _OPEN, "RFC 3501 §6.4.1"),
    "CLOSE": Verb(select.close, _OPEN, "RFC 3501 §6.4.2"),
    "UNSELECT": Verb(select.unselect, _OPEN, "RFC 3691 §2"),
    "UIDBATCHES": Verb(batches.uid_batches, _OPEN, "RFC 10022 §3.1"),
    "EXPUNGE": Verb(copy.expunge, _OPEN, "RFC 3501 §6.4.3", writes=True, rights=_EXPUNGE),
    "UID EXPUNGE": Verb(copy.uid_expunge, _OPEN, "RFC 4315 §2.1", writes=True, rights=_EXPUNGE),
    "SEARCH": Verb(search.search, _OPEN, "RFC 3501 §6.4.4, RFC 4731", expunges=False, by_number=True),
    "UID SEARCH": Verb(search.search, _OPEN, "RFC 3501 §6.4.8, RFC 4731"),
    "SORT": Verb(sort.sort, _OPEN, "RFC 5256 §3, RFC 5267 §3", expunges=False, by_number=True),
    "UID SORT": Verb(sort.sort, _OPEN, "RFC 5256 §3, RFC 5267 §3"),
    "THREAD": Verb(thread.thread, _OPEN, "RFC 5256 §3", expunges=False, by_number=True),
    "UID THREAD": Verb(thread.thread, _OPEN, "RFC 5256 §3"),
    "ESEARCH": Verb(esearch.esearch, _MAIL, "RFC 7377 §2"),
    "CANCELUPDATE": Verb(search.cancel_update, _OPEN, "RFC 5267 §4.3.5"),
    "FETCH": Verb(fetch.fetch, _OPEN, "RFC 3501 §6.4.5", expunges=False, by_number=True),
    "UID FETCH": Verb(fetch.fetch, _OPEN, "RFC 3501 §6.4.8"),
    "STORE": Verb(storing.store, _OPEN, "RFC 3501 §6.4.6", expunges=False, writes=True, by_number=True),
    "UID STORE": Verb(storing.store, _OPEN, "RFC 3501 §6.4.8", writes=True),
    "COPY": Verb(copy.copy, _OPEN, "RFC 3501 §6.4.7", by_number=True),
    "UID COPY": Verb(copy.copy, _OPEN, "RFC 3501 §6.4.8"),
    "MOVE": Verb(copy.move, _OPEN, "RFC 6851 §3.1", writes=True, rights=_MOVE, by_number=True),
    "UID MOVE": Verb(copy.move, _OPEN, "RFC 6851 §3.2", writes=True, rights=_MOVE),
}
"""`obey` is given the session, the Command and its arguments."""

STREAMED: dict[str, Verb] = {
    "APPEND": Verb(append.begin, _MAIL, "RFC 3501 §6.3.11, RFC 3502, RFC 4469"),
    "REPLACE": Verb(append.begin, _OPEN, "RFC 8508 §3.2", writes=True, rights=_MOVE, by_number=True),
    "UID REPLACE": Verb(append.begin, _OPEN, "RFC 8508 §3.3", writes=True, rights=_MOVE),
}
"""Those whose messages stream: `obey` is given the session and what announces a message."""

KNOWN: frozenset[str] = frozenset({*VERBS, *STREAMED, "CATENATE"})
"""The names the decoder knows."""
