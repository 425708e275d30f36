"""A search whose client wants to hear of changes to its result: UPDATE of RETURN (RFC 5267 §4.3)."""

from array import array
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from pillarbox.core.limits import IMAP_CONTEXT_KEY, IMAP_CONTEXT_MESSAGES, IMAP_CONTEXT_SORTED, IMAP_CONTEXTS
from pillarbox.servers.imap.commands.fetch import tell
from pillarbox.servers.imap.contexts import Context, Order
from pillarbox.servers.imap.criteria import Asker, condition
from pillarbox.servers.imap.errors import bad
from pillarbox.servers.imap.session import Session
from pillarbox.store.query import And, Uids
from pillarbox.wire.imap import encoder
from pillarbox.wire.imap import search as keys
from pillarbox.wire.imap.codes import no_update
from pillarbox.wire.imap.fetch import Fetch, FetchItem
from pillarbox.wire.imap.results import Correlator
from pillarbox.wire.imap.search import Key, Search
from pillarbox.wire.imap.sets import NOTHING, SequenceSet

_LINE = 64  # characters of a string to look for that count as one key


def prepare(session: Session, tag: bytes, asked: Search) -> Search:
    """The search with the messages that it names by number, or by `$`, named by UID once and for all, if it is to be
    kept up to date. BAD when another is under this tag."""
    if not _updates(asked):
        return asked
    findings = session.mailbox.findings
    if findings is not None and tag in findings.contexts:
        raise bad("the tag is that of another search")
    return replace(asked, key=_settled(Asker.of(session), asked.key))


def begin(
    session: Session, correlator: Correlator, asked: Search, uids: Sequence[int], order: Order | None = None
) -> None:
    """Keep the client informed of this result, in the order asked for, if it wants that and it is not too much."""
    if not _updates(asked):
        return
    contexts = session.mailbox.remember().contexts
    held = sum(len(context.found) for context in contexts.values()) + len(uids)
    most = IMAP_CONTEXT_MESSAGES if order is None else IMAP_CONTEXT_SORTED
    if len(contexts) >= IMAP_CONTEXTS or held > most or _weight(asked.key) > IMAP_CONTEXT_KEY:
        refuse(session, correlator, asked)
    else:
        matching = _Matching(session, asked.key)
        show = _Showing(session, asked.update) if asked.update else None
        contexts[correlator.tag] = Context(correlator, array("L", uids), matching, order, show)


def refuse(session: Session, correlator: Correlator, asked: Search) -> None:
    """Say that the client will not hear of changes, if it wants to (RFC 5267 §4.3.1)."""
    if _updates(asked):
        session.stream.write(encoder.untagged("NO", "this is not kept up to date", no_update(correlator.tag)))


@dataclass(frozen=True, slots=True)
class _Matching:
    """Asks which of some UIDs meet the key at present."""

    session: Session
    key: Key

    async def __call__(self, uids: Sequence[int]) -> Collection[int]:
        selected = self.session.mailbox
        question = And((Uids((), uids), condition(Asker.of(self.session), self.key)))
        return set(await self.session.store.search(selected.account, selected.mailbox_id, question))


@dataclass(frozen=True, slots=True)
class _Showing:
    """Tells of messages what the client wants to see of new ones (RFC 5465 §7)."""

    session: Session
    items: tuple[FetchItem, ...]

    async def __call__(self, uids: Sequence[int]) -> None:
        await tell(self.session, Fetch(NOTHING, self.items, uid=True), [(uid, uid) for uid in uids])


def _updates(asked: Search) -> bool:
    return asked.returns is not None and "UPDATE" in asked.returns


def _settled(asker: Asker, key: Key) -> Key:
    match key:
        case keys.Numbers() | keys.Uids(messages=SequenceSet(saved=True)):
            parts = asker.positions(key.messages, uid=False)
            return keys.Uids(SequenceSet(tuple((asker.uids[part[0]], asker.uids[part[-1]]) for part in parts)))
        case keys.Not() | keys.Fuzzy():
            return replace(key, key=_settled(asker, key.key))
        case keys.Or():
            return keys.Or(_settled(asker, key.left), _settled(asker, key.right))
        case keys.And():
            return keys.And(tuple(_settled(asker, part) for part in key.keys))
    return key


def _weight(key: Key) -> int:
    """How much is to be kept of a key: parts of sets, and lines of text."""
    match key:
        case keys.Uids():
            return len(key.messages.ranges)
        case keys.Text() | keys.Body() | keys.Header() | keys.Envelope():
            return 1 + len(key.text) // _LINE
        case keys.Not() | keys.Fuzzy():
            return _weight(key.key)
        case keys.Or():
            return _weight(key.left) + _weight(key.right)
        case keys.And():
            return sum(map(_weight, key.keys))
    return 1
