"""Conditions on texts answered: the index narrows, and the octets decide where it cannot."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from heapq import merge
from math import inf
from typing import TYPE_CHECKING

from pillarbox.core.errors import Unavailable
from pillarbox.core.ids import AccountId, MessageId
from pillarbox.core.limits import PAGE, SEARCH_LOOK_OCTETS, SEARCH_LOOKS, SEARCH_TOGETHER
from pillarbox.message.date import parse_date_zone
from pillarbox.store import query as q
from pillarbox.store.analyser import fold, runs
from pillarbox.store.indexing import AGAIN, ATTACHMENT, STEMMED, tokens_of
from pillarbox.store.likeness import like
from pillarbox.store.port import Connection, Record
from pillarbox.store.search_sql import DAY, Known
from pillarbox.store.search_text import FIELDS, Source, Texts, field_texts, portions, rows_of, texts_of, weight
from pillarbox.store.search_words import (
    SUBSTRING_FIELDS,
    WORD_FIELDS,
    has_phrase,
    like_probe,
    narrow,
    phrases,
    word_probe,
    word_probes,
    words_of,
)
from pillarbox.store.vocabulary import Cursor, Found, Probe, Wanted

if TYPE_CHECKING:
    from pillarbox.store.store import Store

Ids = set[MessageId]
Scope = Callable[[Known, Known], Awaitable[list[MessageId]]]
"""The messages that are asked about, as far as everything but texts tells, mailbox by mailbox as they came: given what
may meet each condition on texts, and what surely does."""

_DATE = re.compile(rb'\("((?:[^"\\]|\\.)*)"')


_Textual = q.Text | q.Header | q.HasAttachment | q.Fuzzy
_FEW = 30  # messages that are sooner looked at than the index is asked
_SORTED = 10 * PAGE  # ids sorted in one go


@dataclass(slots=True)
class _Leaf:
    """One condition on texts: what narrows it, how a message is tested, and what is known so far.

    `sure` met it; `open_` have to be looked at, None for all.
    """

    condition: "_Textual"
    wanted: Wanted
    test: Callable[[Texts], bool]
    sure: Ids
    open_: Ids | None
    anything: bool = False  # every message meets it
    field: str = ""  # the field that decides, which the row has
    needle: str = ""

    @property
    def may(self) -> Ids | None:
        """The messages that may meet it, None for all."""
        if self.open_ is None or not self.sure:
            return self.open_
        return self.sure | self.open_ if self.open_ else self.sure

    @property
    def reads(self) -> bool:
        """Whether the octets decide, and not the row."""
        return not self.field and not isinstance(self.condition, q.HasAttachment)


@dataclass(frozen=True, slots=True)
class Effort:
    """How far a search goes: `pause` is awaited between pages, with how many messages of how many have been looked at,
    so that others run, and may raise to give up; when `bounded`, the octets of the newest messages alone are looked at,
    and what would have to be looked at beyond them does not meet the condition (RFC 8621 §4.4.1 leaves to the server
    how text is matched)."""

    pause: Callable[[int, int], Awaitable[None]]
    bounded: bool


async def resolve(store: "Store", account: AccountId, condition: q.Condition, scope: Scope, effort: Effort) -> Known:
    """The messages that meet each condition on texts (within the scope), for a Clause."""
    known: dict[q.Condition, Ids | None] = {}
    leaves: dict[q.Condition, _Leaf] = {}
    for one in _walk(condition):
        if isinstance(one, q.Time) and one.field == "sent" and one.local:
            known[one] = await _sent(store, account, one)
        elif isinstance(one, q.TEXTUAL):
            leaves[one] = _leaf(one)
    if not leaves:
        return known
    if _named(condition) > _FEW:
        await _narrow(store, account, list(leaves.values()), effort)
    open_ = [leaf for leaf in leaves.values() if not leaf.anything and (leaf.open_ is None or leaf.open_)]
    if open_:
        may: Known = {one: leaf.may for one, leaf in leaves.items()}
        within = await scope({**known, **may}, {**known, **_sure(leaves)})
        await _look(store, account, open_, within, effort)
    return {**known, **_sure(leaves)}


def _named(condition: q.Condition) -> float:
    """How many messages a condition names at most, one by one."""
    if isinstance(condition, q.Uids):
        return sum(high - low + 1 for low, high in condition.ranges) + len(condition.listed)
    if isinstance(condition, q.Ids):
        return len(condition.message_ids)
    return min(map(_named, condition.parts), default=inf) if isinstance(condition, q.And) else inf


def _sure(leaves: dict[q.Condition, _Leaf]) -> Known:
    return {one: None if leaf.anything else leaf.sure for one, leaf in leaves.items()}


def _walk(condition: q.Condition) -> list[q.Condition]:
    found: list[q.Condition] = [condition]
    for one in found:
        if isinstance(one, q.And | q.Or):
            found.extend(one.parts)
        elif isinstance(one, q.Not):
            found.append(one.part)
    return found


def _leaf(condition: _Textual) -> _Leaf:
    if isinstance(condition, q.HasAttachment):
        wanted = Wanted((Probe(tokens=(ATTACHMENT,)),), decided=True)
        return _Leaf(condition, wanted, lambda texts: texts.has_attachment, set(), None)
    if isinstance(condition, q.Header):
        return _Leaf(condition, _header_probes(condition), _in_header(condition), set(), None)
    if isinstance(condition, q.Fuzzy):
        letters = WORD_FIELDS[condition.where]
        probes = tuple(like_probe(word, letters) for word in words_of(condition.text))
        return _Leaf(condition, Wanted(probes, decided=True), _has_like(probes, letters), set(), None)
    if condition.words:
        letters = WORD_FIELDS[condition.where]
        wanted = word_probes(condition.text, letters)
        return _Leaf(condition, wanted, _has_words(condition.text, letters), set(), None)
    needle = fold(condition.text)
    wanted = narrow(needle, SUBSTRING_FIELDS[condition.where]) if needle else Wanted((), decided=True)
    field = FIELDS.get(condition.where, "")
    return _Leaf(condition, wanted, _contains(needle, condition.where), set(), None, field=field, needle=needle)


def _contains(needle: str, where: str) -> Callable[[Texts], bool]:
    return lambda texts: any(needle in text for text in texts.of(where))


def _header_probes(condition: q.Header) -> Wanted:
    """Both the name, as whole words, and the value are in the header."""
    name, needle = condition.name.lower(), fold(condition.text)
    named = tuple(Probe(tokens=(f"h{run}",)) for run in dict.fromkeys(runs(name)))
    inside = narrow(needle, "h")
    return Wanted(inside.probes + named, False, inside.junctions)


def _in_header(condition: q.Header) -> Callable[[Texts], bool]:
    name, needle = condition.name.lower(), fold(condition.text)
    return lambda texts: any(needle in value for value in texts.named(name))


def _has_words(text: str, letters: str) -> Callable[[Texts], bool]:
    """Whether every word and phrase is in one of the fields; a phrase that is there has its words there too."""
    wanted = phrases(text)
    several = [phrase for phrase in wanted if len(phrase.words) > 1]
    probes = [word_probe(phrase.words[0], letters) for phrase in wanted if len(phrase.words) == 1]

    def test(texts: Texts) -> bool:
        fields = [(texts.body if letter == "m" else texts.fields[letter], letter) for letter in letters]
        return all(
            any(has_phrase(value, phrase, texts.language if letter in STEMMED else "") for value, letter in fields)
            for phrase in several
        ) and _fit(probes, texts, fields)

    return test


def _has_like(probes: Sequence[Probe], letters: str) -> Callable[[Texts], bool]:
    return lambda texts: _fit(
        probes, texts, [(texts.body if one == "m" else texts.fields[one], one) for one in letters]
    )


def _fit(probes: Sequence[Probe], texts: Texts, fields: Sequence[tuple[str, str]]) -> bool:
    if not probes:
        return True
    tokens, _ = tokens_of(texts)
    return all(_fits(probe, tokens, fields) for probe in probes)


def _fits(probe: Probe, tokens: frozenset[str], fields: Sequence[tuple[str, str]]) -> bool:
    if not tokens.isdisjoint(probe.tokens):
        return True
    if probe.how == "like":
        return any(token[0] in probe.fields and like(probe.part, token[1:]) for token in tokens)
    return bool(probe.fields) and any(probe.part in value for value, letter in fields if letter in probe.fields)


async def _narrow(store: "Store", account: AccountId, leaves: Sequence[_Leaf], effort: Effort) -> None:
    """Ask the index, for some leaves at a time; what it does not hold or holds in part stays open."""
    again = Wanted((Probe(tokens=(AGAIN,)),), decided=True)
    behind: Ids = set()
    reached: Cursor | None = None
    for at in range(0, len(leaves), SEARCH_TOGETHER):
        if at:
            await effort.pause(0, 0)
        some = leaves[at : at + SEARCH_TOGETHER]
        asked = (*(leaf.wanted for leaf in some), again)
        try:
            found = await store.database.index.look(account, asked)
        except Unavailable:  # reported by the engine; the texts are there all the same
            found = Found(Cursor(), tuple(set() if one.probes else None for one in asked))
        if found.reached != reached:
            reached = found.reached
            behind = await _behind(store, account, found) | (found.sets[-1] or set())
        await asyncio.to_thread(_settle, some, found, behind)  # sets of very many messages take their time


def _settle(leaves: Sequence[_Leaf], found: Found, behind: Ids) -> None:
    """What the index knows of each leaf."""
    for leaf, fitting in zip(leaves, found.sets, strict=False):
        if fitting is None:
            if leaf.wanted.decided and not leaf.wanted.probes:
                leaf.anything = True
        elif leaf.wanted.decided:
            fitting.difference_update(behind)
            leaf.sure, leaf.open_ = fitting, set(behind)
        else:
            fitting.update(behind)
            leaf.open_ = fitting


async def _behind(store: "Store", account: AccountId, found: Found) -> Ids:
    """The messages that came after what the index has reached."""
    sql = "SELECT message_id FROM message WHERE account_id = $1 AND (created_modseq, message_id) > ($2, $3)"
    reached = found.reached

    async def unit(connection: Connection) -> Ids:
        behind: Ids = set()
        async for rows in connection.pages(sql, account, reached.modseq, reached.message_id):
            behind.update([row[0] for row in rows])
        return behind

    return await (store.database.read if reached.modseq else store.database.read_apart)(unit)


async def _look(
    store: "Store", account: AccountId, leaves: Sequence[_Leaf], within: list[MessageId], effort: Effort
) -> None:
    """Test the messages that are open, the newest first, a page at a time."""
    ordered = await asyncio.to_thread(_pending, leaves, within)
    looks, octets = SEARCH_LOOKS, SEARCH_LOOK_OCTETS  # left, when bounded
    for at in range(0, len(ordered), PAGE):
        await effort.pause(at, len(ordered))
        rows = await rows_of(store, account, ordered[at : at + PAGE])
        unread = await asyncio.to_thread(_by_headers, leaves, rows)
        if effort.bounded:
            unread, octets = _affordable(unread[:looks], octets)
            looks -= len(unread)
        for portion in portions(unread):
            await effort.pause(at, len(ordered))
            await asyncio.to_thread(_by_texts, leaves, await texts_of(store, account, portion))
        if effort.bounded and (looks <= 0 or octets <= 0):
            leaves = [leaf for leaf in leaves if not leaf.reads]
            if not leaves:
                break


def _pending(leaves: Sequence[_Leaf], within: list[MessageId]) -> list[MessageId]:
    """The messages that are open, the newest first."""
    pending = within
    if all(leaf.open_ is not None for leaf in leaves):
        pending = [one for one in within if any(one in (leaf.open_ or ()) for leaf in leaves)]
    # Not one `sorted`, which holds everybody up where they are very many.
    parts = (sorted(pending[at : at + _SORTED], reverse=True) for at in range(0, len(pending), _SORTED))
    return list(merge(*parts, reverse=True))


def _affordable(rows: Sequence[Source], octets: int) -> tuple[list[Source], int]:
    """The first of the rows, as long as octets are left, and how many are left behind them."""
    some: list[Source] = []
    for row in rows:
        if octets <= 0:
            break
        octets -= weight(row)
        some.append(row)
    return some, octets


def _by_texts(leaves: Sequence[_Leaf], texts: Sequence[Texts]) -> None:
    """Settle what the octets decide."""
    for one in texts:
        for leaf in leaves:
            if leaf.reads and (leaf.open_ is None or one.message_id in leaf.open_) and leaf.test(one):
                leaf.sure.add(one.message_id)


def _by_headers(leaves: Sequence[_Leaf], rows: Sequence[Source]) -> list[Source]:
    """Settle what the stored header fields decide; the messages whose octets have to be read for the rest, the newest
    first."""
    left = []
    for row in sorted(rows, key=lambda row: row.message_id, reverse=True):
        asked = [leaf for leaf in leaves if leaf.open_ is None or row.message_id in leaf.open_]
        fields = field_texts(row.headers) if any(leaf.field for leaf in asked) else {}
        for leaf in asked:
            attached = isinstance(leaf.condition, q.HasAttachment) and row.headers.has_attachment
            if attached or (leaf.field and leaf.needle in fields[leaf.field]):
                leaf.sure.add(row.message_id)
        if any(leaf.reads for leaf in asked):
            left.append(row)
    return left


async def _sent(store: "Store", account: AccountId, condition: q.Time) -> Ids:
    """Of the messages sent within a day of a bound those whose Date, read on the sender's own clock, lies within the
    bounds (RFC 9051 §6.4.4); for the others the time in UTC tells."""
    bounds = [bound for bound in (condition.since, condition.before) if bound is not None]
    near = [f"(m.sent >= {bound - DAY} AND m.sent < {bound + DAY})" for bound in bounds]
    if not near:
        return set()
    sql = f"SELECT m.message_id FROM message m WHERE m.account_id = $1 AND ({' OR '.join(near)})"

    async def unit(connection: Connection) -> list[MessageId]:
        return [row[0] async for rows in connection.pages(sql, account) for row in rows]

    return await _near(store, account, condition, await store.database.read_apart(unit))


async def _near(store: "Store", account: AccountId, condition: q.Time, ids: Sequence[MessageId]) -> Ids:
    """Those of the messages whose own zone puts them within the bounds; the envelope has the date as written."""
    met: Ids = set()
    dialect = store.database.dialect
    sql = (
        "SELECT message_id, sent, envelope FROM message WHERE account_id = $1"
        f" AND message_id IN {dialect.members('$2')}"
    )
    for start in range(0, len(ids), PAGE):
        array = dialect.array(ids[start : start + PAGE])

        async def unit(connection: Connection, array: object = array) -> list[Record]:
            return await connection.all(sql, account, array)

        for message, sent, envelope in await store.database.read_apart(unit):
            date = _DATE.match(envelope)
            local = parse_date_zone(date[1].replace(b"\\", b"")) if date else None
            at = local[0] if local else sent
            if (condition.since is None or at >= condition.since) and (
                condition.before is None or at < condition.before
            ):
                met.add(message)
    return met
