"""Indexing: from messages to what the full-text index holds of them, account by account, some at a time."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from pillarbox.core.ids import AccountId, MessageId
from pillarbox.core.limits import PAGE, SEARCH_BATCH, SEARCH_BATCH_OCTETS, SEARCH_TERMS
from pillarbox.store.analyser import junctions, stems, terms
from pillarbox.store.port import Connection, Record
from pillarbox.store.search_text import FIELDS, Source, Texts, rows_after, texts_of
from pillarbox.store.vocabulary import Cursor, Document, signature

if TYPE_CHECKING:
    from pillarbox.store.store import Store

ATTACHMENT = "a1"
"""The token of messages with an attachment."""
AGAIN = "p1"
"""The token of messages that the index holds in part only: every search looks at them themselves."""

_STRIDE = 10  # messages a thread analyses before the loop has its turn

STEMMED = {"s": "u", "m": "n"}
"""Fields whose stems are indexed → the letter of their stems; a stem's term begins with its language's letter."""


def tokens_of(texts: Texts, damaged: bool = False) -> tuple[frozenset[str], set[str]]:
    """The tokens of a message, and which of them are plain terms."""
    tokens: set[str] = set()
    known: set[str] = set()
    again = False
    for letter, text in (*((letter, texts.fields[letter]) for letter in FIELDS.values()), *_long(texts)):
        words = list(set(terms(text)))[:SEARCH_TERMS]
        again = again or len(words) == SEARCH_TERMS
        known.update([letter + word for word in words])
        if letter in STEMMED:
            prefix = STEMMED[letter] + texts.language
            stemmed = zip(words, stems(words, texts.language), strict=True)
            tokens.update([prefix + stem for word, stem in stemmed if word != stem])
    tokens |= known
    if texts.has_attachment:
        tokens.add(ATTACHMENT)
    if again or not (texts.whole or damaged):
        tokens.add(AGAIN)
    return frozenset(tokens), known


def _long(texts: Texts) -> Iterable[tuple[str, str]]:
    return (("h", texts.header), ("m", texts.body))


async def index(store: "Store", account: AccountId, most: int | None = None) -> int:
    """Index what came since the last time, until `most` messages or more are done; how many. Deliveries go on
    meanwhile."""
    done = 0
    reached = (await store.database.index.look(account, ())).reached
    while (most is None or done < most) and (
        rows := _batch(await rows_after(store, account, reached.modseq, reached.message_id, SEARCH_BATCH))
    ):
        texts = await texts_of(store, account, rows)
        damaged = await _damaged(store, account, [row for row, one in zip(rows, texts, strict=True) if not one.whole])
        documents: list[Document] = []
        known: set[str] = set()
        for one, made in zip(texts, await _analysed(texts, damaged), strict=True):
            documents.append(Document(one.message_id, made[0], made[2]))
            known |= made[1]
        after = Cursor(rows[-1].modseq, rows[-1].message_id)
        if not await store.database.index.update(account, reached, documents, known, after):
            break  # somebody else is at it
        reached = after
        done += len(rows)
    return done


def _said(texts: Texts) -> Iterable[str]:
    """All that substrings are looked for in. The fields say what the header does not: addresses without comments."""
    return (texts.header, texts.body, *texts.fields.values())


_Made = tuple[frozenset[str], set[str], bytes]
"""The tokens of a message, the plain terms among them, and its signature."""


async def _analysed(texts: Sequence[Texts], damaged: set[MessageId]) -> list[_Made]:
    def work(some: Sequence[Texts]) -> list[_Made]:
        return [
            (*tokens_of(one, one.message_id in damaged), signature(set().union(*map(junctions, _said(one)))))
            for one in some
        ]

    made: list[_Made] = []
    for at in range(0, len(texts), _STRIDE):
        made += await asyncio.to_thread(work, texts[at : at + _STRIDE])
    return made


def _batch(rows: list[Source]) -> list[Source]:
    """The first of the rows, until there are octets enough for one commit."""
    total = 0
    for at, row in enumerate(rows):
        total += row.blob.length
        if total > SEARCH_BATCH_OCTETS:
            return rows[: max(1, at)]
    return rows


async def _damaged(store: "Store", account: AccountId, unread: Sequence[Source]) -> set[MessageId]:
    """Those whose octets are known to be damaged, so that reading them again gives nothing; others may come back."""
    if not unread:
        return set()
    dialect = store.database.dialect
    sql = f"SELECT blob_id FROM damaged WHERE account_id = $1 AND blob_id IN {dialect.texts('$2')}"
    array = dialect.array([row.blob.blob_id for row in unread])

    async def unit(connection: Connection) -> list[Record]:
        return await connection.all(sql, account, array)

    known = {row[0] for row in await store.database.read(unit)}
    return {row.message_id for row in unread if row.blob.blob_id in known}


class Follower:
    """Has the index follow the mail of all accounts of a shard."""

    def __init__(self, store: "Store") -> None:
        self._store = store
        self._settled: dict[AccountId, tuple[int, Cursor]] = {}  # modseq and cursor when nothing was left to do

    async def follow(self) -> int:
        """Index what came since the last time; how many messages."""
        done = 0
        for account, modseq in await self._behind():
            done += await index(self._store, account)
            cursor = (await self._store.database.index.look(account, ())).reached
            self._settled[account] = (modseq, cursor)
        return done

    async def _behind(self) -> list[tuple[AccountId, int]]:
        async def unit(connection: Connection) -> list[Record]:
            return await connection.all("SELECT account_id, modseq FROM account")

        reached = await self._store.database.index.accounts()
        rows = await self._store.database.read_apart(unit)
        return [
            (account, modseq)
            for account, modseq in rows
            if self._settled.get(account) != (modseq, cursor := reached.get(account, Cursor()))
            and cursor.modseq < modseq
        ]


async def rebuild(store: "Store", account: AccountId) -> int:
    """Throw an account's index away and make it again; how many messages."""
    await store.database.index.clear(account)
    return await index(store, account)


async def tidy(store: "Store") -> int:
    """Take messages and accounts out of the index that do not exist any more; how many messages."""

    async def accounts(connection: Connection) -> list[Record]:
        return await connection.all("SELECT account_id FROM account")

    indexed = await store.database.index.accounts()
    existing = {row[0] for row in await store.database.read_apart(accounts)}
    gone = 0
    for account in indexed:
        if account not in existing:
            await store.database.index.clear(account)
            continue
        surplus = await _surplus(store, account)
        for at in range(0, len(surplus), PAGE):
            await store.database.index.remove(account, surplus[at : at + PAGE])
        gone += len(surplus)
    return gone


async def _surplus(store: "Store", account: AccountId) -> list[MessageId]:
    async def messages(connection: Connection) -> list[Record]:
        return await connection.all("SELECT message_id FROM message WHERE account_id = $1", account)

    documents = await store.database.index.documents(account)  # first: what comes between is not surplus
    existing = {row[0] for row in await store.database.read_apart(messages)}
    return [message for message in documents if message not in existing]
