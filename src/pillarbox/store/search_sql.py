"""Conditions and orders as SQL over placements `p`, what texts decide given as sets of message ids."""

import re
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

from pillarbox.core.ids import AccountId, MessageId
from pillarbox.store import query as q
from pillarbox.store.model import ANSWERED, DELETED, DRAFT, FLAGGED, SEEN
from pillarbox.store.port import Dialect, Record

FLAGS = {"$seen": SEEN, "$answered": ANSWERED, "$flagged": FLAGGED, "$draft": DRAFT}
"""JMAP's names of system flags."""

Known = Mapping[q.Condition, Set[MessageId] | None]
"""The messages that meet a condition on texts; None for all of them."""

TRUE, FALSE = "1 = 1", "1 = 0"
DAY = 86_400  # seconds; no zone is further from UTC
_MANY = 5000  # ids that the statement is not given where the rows can be sifted
_PARAMETER = re.compile(r"\$(\d+)")


def used(sql: str, values: Sequence[Any]) -> tuple[str, list[Any]]:
    """The statement and the values that it still asks for, in their order, numbered anew."""
    numbers = sorted({int(one) for one in _PARAMETER.findall(sql)})
    places = {str(number): f"${place}" for place, number in enumerate(numbers, 1)}
    return _PARAMETER.sub(lambda found: places[found[1]], sql), [values[number - 1] for number in numbers]


@dataclass(slots=True)
class Clause:
    """A WHERE clause while it is made. `$1` is the account.

    `single`: every placement is asked by itself (IMAP, or an account in which each message has one placement); else a
    message is asked, over all its placements that are not \\Deleted (RFC 8621 §4.1.1). `known` answers conditions on
    texts, `sure` those of them that stand under a Not. With `sifts` the caller sifts the rows himself by what very many
    messages meet, where that decides alone: (ids, whether the message has to be among them) in `sieves`.
    """

    account: AccountId
    dialect: Dialect
    single: bool
    known: Known
    sure: Known
    sifts: bool = False
    values: list[Any] = field(default_factory=list)
    sieves: list[tuple[Set[MessageId], bool]] = field(default_factory=list)
    negated: bool = False

    def __post_init__(self) -> None:
        self.values.append(self.account)

    def bind(self, value: object) -> str:
        """The parameter that stands for a value."""
        self.values.append(value)
        return f"${len(self.values)}"

    def ids(self, ids: Set[MessageId] | tuple[MessageId, ...]) -> str:
        """The messages with these ids."""
        if not ids:
            return FALSE
        return f"p.message_id IN {self.dialect.members(self.bind(self.dialect.array(list(ids))))}"

    def whole(self, condition: q.Condition) -> str:
        """The whole condition in SQL, but for what is sifted."""
        parts = condition.parts if isinstance(condition, q.And) else (condition,)
        return self.sql(q.And(tuple(part for part in parts if not (self.sifts and self._sieve(part)))))

    def _sieve(self, part: q.Condition) -> bool:
        inside = not isinstance(part, q.Not)
        leaf = part.part if isinstance(part, q.Not) else part
        if not isinstance(leaf, q.TEXTUAL):
            return False
        ids = (self.known if inside else self.sure)[leaf]
        if ids is None or len(ids) <= _MANY:
            return False
        self.sieves.append((ids, inside))
        return True

    def sifted(self, rows: list[Record]) -> list[Record]:
        """Of rows whose second column is the message those that go through all sieves."""
        for ids, inside in self.sieves:
            rows = [row for row in rows if (row[1] in ids) is inside]
        return rows

    def sql(self, condition: q.Condition) -> str:
        """The condition in SQL."""
        return _CLAUSES[type(condition)](self, condition)

    def twin(self, what: str) -> str:
        """Whether any visible placement of the message is so; `what` speaks of placement `x`."""
        return (
            "EXISTS (SELECT 1 FROM placement x WHERE x.account_id = p.account_id AND x.message_id = p.message_id"
            f" AND (x.flags & {DELETED}) = 0 AND {what})"
        )


def _all_of(clause: Clause, condition: q.And) -> str:
    return _joined(" AND ", [clause.sql(part) for part in condition.parts], TRUE, FALSE)


def _any_of(clause: Clause, condition: q.Or) -> str:
    return _joined(" OR ", [clause.sql(part) for part in condition.parts], FALSE, TRUE)


def _joined(word: str, parts: list[str], none: str, all_: str) -> str:
    """A balanced tree, since SQLite bounds its depth."""
    left = [part for part in parts if part != none]
    if all_ in left:
        return all_
    while len(left) > 1:
        left = [f"({word.join(left[at : at + 2])})" for at in range(0, len(left), 2)]
    return left[0] if left else none


def _not(clause: Clause, condition: q.Not) -> str:
    clause.negated = not clause.negated
    inner = clause.sql(condition.part)
    clause.negated = not clause.negated
    return {TRUE: FALSE, FALSE: TRUE}.get(inner, f"NOT ({inner})")


def has(name: str, row: str, clause: Clause) -> str:
    """Whether placement `row` has a flag (by its JMAP name) or keyword."""
    bit = FLAGS.get(name.lower())
    if bit is not None:
        return f"({row}.flags & {bit}) <> 0"
    word = name.lower()
    for char in "!%_":
        word = word.replace(char, f"!{char}")
    pattern = clause.bind(f"% {word} %")
    return f"({row}.keywords <> '' AND lower(' ' || {row}.keywords || ' ') LIKE {pattern} ESCAPE '!')"


def keyword(clause: Clause, name: str) -> str:
    """Whether the placement, or the message over its placements, has a flag or keyword."""
    here = has(name, "p", clause)
    if clause.single:
        return here
    if name.lower() == "$seen":
        return f"({here} AND NOT {clause.twin(f'(x.flags & {SEEN}) = 0')})"
    return f"({here} OR {clause.twin(has(name, 'x', clause))})"


def _flags(clause: Clause, condition: q.Flags) -> str:
    if clause.single:
        both = condition.has | condition.lacks
        return f"(p.flags & {both}) = {condition.has}" if not condition.has & condition.lacks else FALSE
    parts = []
    for name, bit in (*FLAGS.items(), ("", DELETED)):
        if condition.has & bit:
            parts.append(keyword(clause, name) if name else FALSE)
        if condition.lacks & bit and name:
            parts.append(f"NOT {keyword(clause, name)}")
    return _joined(" AND ", parts, TRUE, FALSE)


def _mailbox(clause: Clause, condition: q.InMailbox) -> str:
    if condition.mailbox_id is not None:
        what = f"mailbox_id = {clause.bind(condition.mailbox_id)}"
    elif condition.others:
        members = clause.dialect.members(clause.bind(clause.dialect.array(sorted(condition.others))))
        what = f"mailbox_id NOT IN {members}"
    else:
        return TRUE
    return f"p.{what}" if clause.single else clause.twin(f"x.{what}")


def _thread_keyword(clause: Clause, condition: q.ThreadKeyword) -> str:
    """Over the messages of the thread; a message has $seen when all its placements have it."""
    if condition.name.lower() == "$seen":
        mine = f"(y.flags & {SEEN}) <> 0 AND NOT EXISTS ({_TWIN} AND (z.flags & {SEEN}) = 0)"
    elif condition.how == "all":
        mine = f"EXISTS ({_TWIN} AND {has(condition.name, 'z', clause)})"
    else:
        mine = has(condition.name, "y", clause)
    lacking = condition.how == "all"
    threads = (
        f"SELECT y.thread_id FROM placement y WHERE y.account_id = $1 AND (y.flags & {DELETED}) = 0"
        f" AND {'NOT ' if lacking else ''}({mine})"
    )
    return f"p.thread_id {'IN' if condition.how == 'some' else 'NOT IN'} ({threads})"


_TWIN = (
    "SELECT 1 FROM placement z WHERE z.account_id = y.account_id AND z.message_id = y.message_id"
    f" AND (z.flags & {DELETED}) = 0"
)


def _size(clause: Clause, condition: q.Size) -> str:
    return _within(clause, "p.size", condition.least or None, condition.under)


def _within(clause: Clause, column: str, least: int | None, under: int | None) -> str:
    parts = []
    if least is not None:
        parts.append(f"{column} >= {clause.bind(least)}")
    if under is not None:
        parts.append(f"{column} < {clause.bind(under)}")
    return _joined(" AND ", parts, TRUE, FALSE)


def _time(clause: Clause, condition: q.Time) -> str:
    if condition.field != "sent":
        return _within(clause, f"p.{condition.field}", condition.since, condition.before)
    if condition not in clause.known:
        return sent(clause, condition.since, condition.before)
    # A day from the bounds no zone matters; what lies between is known.
    since = None if condition.since is None else condition.since + DAY
    before = None if condition.before is None else condition.before - DAY
    empty = since is not None and before is not None and since >= before
    far = FALSE if empty else sent(clause, since, before)
    return _joined(" OR ", [far, _text(clause, condition)], FALSE, TRUE)


def sent(clause: Clause, since: int | None, before: int | None) -> str:
    """Messages with a date between these bounds, which the index on it answers."""
    within = _within(clause, "m.sent", since, before)
    within = "m.sent IS NOT NULL" if within == TRUE else within
    return f"p.message_id IN (SELECT m.message_id FROM message m WHERE m.account_id = $1 AND {within})"


def _uids(clause: Clause, condition: q.Uids) -> str:
    parts = []
    single = [low for low, high in condition.ranges if low == high]
    listed = [*single, *condition.listed] if len(single) > 1 else condition.listed
    if listed:
        parts.append(f"p.uid IN {clause.dialect.members(clause.bind(clause.dialect.array(listed)))}")
    for low, high in condition.ranges:
        if low != high or len(single) == 1:
            parts.append(f"(p.uid >= {clause.bind(low)} AND p.uid <= {clause.bind(high)})")
    return _joined(" OR ", parts, FALSE, TRUE)


def _text(clause: Clause, condition: q.Condition) -> str:
    found = (clause.sure if clause.negated else clause.known)[condition]
    return TRUE if found is None else clause.ids(found)


_CLAUSES: dict[type, Callable[[Clause, Any], str]] = {
    q.All: lambda clause, condition: TRUE,
    q.And: _all_of,
    q.Or: _any_of,
    q.Not: _not,
    q.Flags: _flags,
    q.Keyword: lambda clause, condition: keyword(clause, condition.name),
    q.InMailbox: _mailbox,
    q.ThreadKeyword: _thread_keyword,
    q.Size: _size,
    q.Time: _time,
    q.Uids: _uids,
    q.Ids: lambda clause, condition: clause.ids(condition.message_ids),
    q.InThread: lambda clause, condition: f"p.thread_id = {clause.bind(condition.thread_id)}",
    q.ModifiedSince: lambda clause, condition: f"p.modseq >= {clause.bind(condition.modseq)}",
    q.HasAttachment: _text,
    q.Header: _text,
    q.Text: _text,
    q.Fuzzy: _text,
}
