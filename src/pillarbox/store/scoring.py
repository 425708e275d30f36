"""How well messages fit a FUZZY search, 1 to 100: by the fields its words are in, and how they are written there
(RFC 6203 §4)."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from pillarbox.core.errors import Unavailable
from pillarbox.core.ids import AccountId, MailboxId, MessageId
from pillarbox.core.limits import PAGE, SEARCH_BATCH, SEARCH_FUZZY
from pillarbox.store import query as q
from pillarbox.store.indexing import STEMMED, index
from pillarbox.store.port import Connection, Record
from pillarbox.store.search_words import WORD_FIELDS, like_probe, word_probe, words_of
from pillarbox.store.vocabulary import Found, Probe, Wanted

if TYPE_CHECKING:
    from pillarbox.store.store import Store

_FIELDS = (("s", 30), ("ftcb", 20), ("m", 10))  # letters of the index, and what a word there is worth
_AS_IS, _OTHER_FORM, _MUCH_LIKE = 10, 8, 4
_LEAST = 1  # of a message that the index does not hold yet

_ROWS = 40 * PAGE  # rows of one statement


async def scores(
    store: "Store", place: tuple[AccountId, MailboxId], condition: q.Condition, uids: Sequence[int]
) -> dict[int, int]:
    """How well messages of a mailbox fit the Fuzzy parts of a condition, 1 to 100, the best of them 100.

    The index tells, so what has just come is put into it first.
    """
    account, mailbox_id = place
    words = [(one.where, word) for one in _fuzzy(condition) for word in words_of(one.text)][:SEARCH_FUZZY]
    tiers = [tier for where, word in words for tier in _tiers(where, word)]
    try:
        await index(store, account, SEARCH_BATCH)
        found = await store.database.index.look(account, [wanted for _, _, wanted in tiers])
    except Unavailable:
        return dict.fromkeys(uids, _LEAST)
    messages = await _messages(store, account, mailbox_id, uids)
    return await asyncio.to_thread(_scored, tiers, found, messages)


def _fuzzy(condition: q.Condition) -> Iterator[q.Fuzzy]:
    """The fuzzy conditions that speak for a message: none that stands under a Not."""
    if isinstance(condition, q.Fuzzy):
        yield condition
    elif isinstance(condition, q.And | q.Or):
        for part in condition.parts:
            yield from _fuzzy(part)


_Tier = tuple[str, int, Wanted]
"""A word, what it is worth to have it like that, and what to ask the index for; the worthiest first."""


def _tiers(where: str, word: str) -> Iterator[_Tier]:
    wanted = WORD_FIELDS[where]
    made: list[tuple[int, Probe]] = []
    for letters, worth in _FIELDS:
        fields = "".join(letter for letter in letters if letter in wanted)
        if fields:
            made.append((worth * _AS_IS, Probe(tuple(letter + word for letter in fields))))
            made.append((worth * _MUCH_LIKE, like_probe(word, fields)))
        if fields in STEMMED:
            made.append((worth * _OTHER_FORM, word_probe(word, fields)))
    for worth, probe in sorted(made, key=lambda one: -one[0]):
        yield f"{where} {word}", worth, Wanted((probe,), decided=True)


async def _messages(
    store: "Store", account: AccountId, mailbox_id: MailboxId, uids: Sequence[int]
) -> dict[MessageId, list[int]]:
    """Which UIDs each message has."""
    sql = (
        "SELECT uid, message_id FROM placement WHERE account_id = $1 AND mailbox_id = $2 AND uid > $3 AND uid <= $4"
        f" ORDER BY uid LIMIT {_ROWS}"
    )
    wanted = set(uids)

    async def unit(connection: Connection) -> list[Record]:
        found: list[Record] = []
        last, end = min(uids) - 1, max(uids)
        while True:
            rows = await connection.all(sql, account, mailbox_id, last, end)
            found += [row for row in rows if row[0] in wanted]
            if len(rows) < _ROWS:
                return found
            last = rows[-1][0]

    messages: dict[MessageId, list[int]] = {}
    for uid, message in await store.database.read_apart(unit) if uids else ():
        messages.setdefault(message, []).append(uid)
    return messages


def _scored(tiers: Sequence[_Tier], found: Found, messages: dict[MessageId, list[int]]) -> dict[int, int]:
    worth = dict.fromkeys(messages, 0)
    told: dict[str, set[MessageId]] = {}
    for (word, value, _), fitting in zip(tiers, found.sets, strict=True):
        having = told.setdefault(word, set())
        fresh = (fitting or set()) & messages.keys() - having
        for message in fresh:
            worth[message] += value
        having |= fresh
    best = max(worth.values(), default=0) or 1
    return {uid: max(_LEAST, 100 * value // best) for message, value in worth.items() for uid in messages[message]}
