"""SEARCH keys as questions to the store (RFC 3501 §6.4.4, RFC 5032, RFC 7162 §3.1.5, RFC 8474 §6, RFC 8514 §4.3)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Any, Final

from pillarbox.core.ids import MessageId, Modseq, ThreadId, parse_id
from pillarbox.servers.imap.errors import numberless
from pillarbox.servers.imap.findings import Findings
from pillarbox.servers.imap.flags import BITS
from pillarbox.servers.imap.selected import NOTHING
from pillarbox.servers.imap.session import Session
from pillarbox.store import query
from pillarbox.store.model import MESSAGE_PREFIX, THREAD_PREFIX
from pillarbox.store.query import Condition
from pillarbox.store.search_text import FIELDS
from pillarbox.wire.imap import search as keys
from pillarbox.wire.imap.sets import SequenceSet

_DAY = 86_400
_NOTHING = query.Or(())
_MANY = 200  # ranges of UIDs that are asked for as ranges
_MOMENTS = {keys.Moment.INTERNAL: "received", keys.Moment.SENT: "sent", keys.Moment.SAVED: "saved"}


@dataclass(frozen=True, slots=True)
class Asker:
    """Where and when a search is made: the UIDs of the messages in the order of their numbers, those that are \\Recent,
    what is remembered for `$`, the time in seconds UTC, and whether the client does without numbers. `fuzzy`: texts
    need only be much like what is asked for (RFC 6203 §3)."""

    uids: Sequence[int]
    now: int
    recent: frozenset[int] = NOTHING
    findings: Findings | None = None
    uid_only: bool = False
    fuzzy: bool = False

    @staticmethod
    def of(session: Session) -> "Asker":
        """Who asks in the selected mailbox."""
        selected = session.mailbox
        now = session.store.clock.now()
        return Asker(selected.uids, now, session.recent, selected.findings, session.uid_only)

    def positions(self, messages: SequenceSet, uid: bool) -> list[range]:
        """Where the messages stand; numbers that do not exist name nothing here (RFC 7377 §2)."""
        if messages.saved:
            return self.findings.positions(self.uids) if self.findings else []
        if uid:
            return messages.positions(self.uids)
        if self.uid_only:
            raise numberless()
        return messages.numbers(len(self.uids))


def condition(asker: Asker, key: keys.Key) -> Condition:
    """The question a key asks."""
    return _QUESTIONS[type(key)](asker, key)


def _and(asker: Asker, key: keys.And) -> Condition:
    return query.And(tuple(condition(asker, part) for part in key.keys))


def _or(asker: Asker, key: keys.Or) -> Condition:
    return query.Or((condition(asker, key.left), condition(asker, key.right)))


def _not(asker: Asker, key: keys.Not) -> Condition:
    return query.Not(condition(asker, key.key))


def _flag(asker: Asker, key: keys.HasFlag) -> Condition:
    bit = BITS.get(key.flag)
    return query.Keyword(key.flag) if bit is None else query.Flags(has=bit)


def _recent(asker: Asker, key: keys.Recent) -> Condition:
    uids = sorted(asker.recent)
    if not uids:
        return _NOTHING
    starts = [uids[0], *(after for before, after in pairwise(uids) if after != before + 1)]
    ends = [*(before for before, after in pairwise(uids) if after != before + 1), uids[-1]]
    return query.Uids(tuple(zip(starts, ends, strict=True)))


def _envelope(asker: Asker, key: keys.Envelope) -> Condition:
    return _worded(asker, key.field, key.text) if key.text else query.Header(key.field, "")


def _header(asker: Asker, key: keys.Header) -> Condition:
    if key.text and (key.field == "subject" or (asker.fuzzy and key.field in FIELDS)):
        return _worded(asker, key.field, key.text)  # the envelope has the same of it
    return query.Header(key.field, key.text)


def _worded(asker: Asker, where: str, text: str) -> Condition:
    return query.Fuzzy(where, text) if asker.fuzzy else query.Text(where, text)


def _text(where: str) -> Callable[[Asker, Any], Condition]:
    return lambda asker, key: _worded(asker, where, key.text) if key.text else query.All()


def _dated(asker: Asker, key: keys.Dated) -> Condition:
    day = _midnight(key.day)
    since = None if key.relation is keys.Relation.BEFORE else day
    before = {keys.Relation.BEFORE: day, keys.Relation.ON: day + _DAY}.get(key.relation)
    return query.Time(_MOMENTS[key.moment], since, before, local=key.moment is keys.Moment.SENT)


def _midnight(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def within(uids: Sequence[int], positions: Sequence[range]) -> query.Uids:
    """The messages at these positions."""
    if len(positions) > _MANY:
        return query.Uids((), [uid for part in positions for uid in uids[part.start : part.stop]])
    return query.Uids(tuple((uids[part[0]], uids[part[-1]]) for part in positions))


def _numbers(asker: Asker, key: keys.Numbers) -> Condition:
    return within(asker.uids, asker.positions(key.messages, uid=False))


def _uids(asker: Asker, key: keys.Uids) -> Condition:
    return within(asker.uids, asker.positions(key.messages, uid=True))


def _email(asker: Asker, key: keys.EmailId) -> Condition:
    number = parse_id(MESSAGE_PREFIX, key.value)
    return _NOTHING if number is None else query.Ids((MessageId(number),))


def _thread(asker: Asker, key: keys.ThreadId) -> Condition:
    number = parse_id(THREAD_PREFIX, key.value)
    return _NOTHING if number is None else query.InThread(ThreadId(number))


_QUESTIONS: Final[dict[type, Callable[[Asker, Any], Condition]]] = {
    keys.All: lambda asker, key: query.All(),
    keys.And: _and,
    keys.Or: _or,
    keys.Not: _not,
    keys.HasFlag: _flag,
    keys.Recent: _recent,
    keys.Envelope: _envelope,
    keys.Header: _header,
    keys.Body: _text("body"),
    keys.Text: _text("text"),
    keys.Dated: _dated,
    keys.Larger: lambda asker, key: query.Size(least=key.octets + 1),
    keys.Smaller: lambda asker, key: query.Size(under=key.octets),
    keys.Younger: lambda asker, key: query.Time("received", since=asker.now - key.seconds),
    keys.Older: lambda asker, key: query.Time("received", before=asker.now - key.seconds + 1),
    keys.Numbers: _numbers,
    keys.Uids: _uids,
    keys.SaveDateSupported: lambda asker, key: query.All(),
    keys.ModseqSince: lambda asker, key: query.ModifiedSince(Modseq(key.modseq)),
    keys.Fuzzy: lambda asker, key: condition(replace(asker, fuzzy=True), key.key),
    keys.EmailId: _email,
    keys.ThreadId: _thread,
}


def positional(key: keys.Key) -> bool:
    """Whether a key says where messages stand in a mailbox, and so means something else in each."""
    match key:
        case keys.Numbers() | keys.Uids():
            return True
        case keys.Not() | keys.Fuzzy():
            return positional(key.key)
        case keys.Or():
            return positional(key.left) or positional(key.right)
        case keys.And():
            return any(map(positional, key.keys))
    return False
