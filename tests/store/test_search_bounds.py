"""How far a search goes on both engines: what JMAP looks at is bounded, what IMAP looks at can be given up."""

import asyncio

import pytest

from pillarbox.core.errors import Unavailable
from pillarbox.core.ids import AccountId, MessageId
from pillarbox.store import query as q
from pillarbox.store import search_leaves
from pillarbox.store.indexing import index
from pillarbox.store.model import Account
from pillarbox.store.store import Store
from pillarbox.store.vocabulary import Found
from tests.stores import deliver, inbox, letter

PHRASE = q.Text("text", '"red apple"', words=True)
SUBSTRING = q.Text("body", "red apple")
BODIES = ("a red apple", "an apple is red", "two red apples", "red is no apple")


async def filled(store: Store, account: AccountId, indexed: bool = True) -> list[MessageId]:
    """Messages that all have both words; the first and the third have the phrase."""
    made = [(await deliver(store, account, letter(body=f"{body}\r\n"))).message_id for body in BODIES]
    if indexed:
        await index(store, account)
    return made


@pytest.mark.parametrize("indexed", [True, False])
async def test_a_phrase_is_looked_for_in_the_newest_messages(
    store: Store, you: Account, monkeypatch: pytest.MonkeyPatch, indexed: bool
) -> None:
    account = you.account_id
    made = await filled(store, account, indexed)
    assert await store.query(account, PHRASE) == [made[2], made[0]]
    monkeypatch.setattr(search_leaves, "SEARCH_LOOKS", 2)
    assert await store.query(account, PHRASE) == [made[2]]
    assert await store.counted(account, PHRASE, (), False, (0, 9)) == ([made[2]], 1)
    assert await store.query(account, q.Not(PHRASE)) == [made[3], made[1], made[0]]
    box = await inbox(store, account)
    assert await store.search(account, box.mailbox_id, SUBSTRING) == [1, 3]


async def test_what_is_asked_beside_a_phrase_comes_before_the_bound(
    store: Store, you: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = you.account_id
    made = await filled(store, account)
    monkeypatch.setattr(search_leaves, "SEARCH_LOOKS", 1)
    assert await store.query(account, q.And((PHRASE, q.Ids((made[0], made[1]))))) == []
    assert await store.query(account, q.And((PHRASE, q.Ids((made[0],))))) == [made[0]]


async def test_a_phrase_is_looked_for_in_so_many_octets(
    store: Store, you: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = you.account_id
    made = await filled(store, account)
    monkeypatch.setattr(search_leaves, "PAGE", 1)
    monkeypatch.setattr(search_leaves, "SEARCH_LOOK_OCTETS", 2 * len(letter()))
    assert await store.query(account, PHRASE) == [made[2]]


async def test_what_the_index_decides_has_no_bound(store: Store, you: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    account = you.account_id
    made = await filled(store, account)
    monkeypatch.setattr(search_leaves, "SEARCH_LOOKS", 1)
    assert await store.query(account, q.Text("text", "apple red", words=True)) == made[::-1]


async def test_page_and_total_are_one_search(store: Store, you: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    account = you.account_id
    made = await filled(store, account)
    looks = 0
    real = store.database.index.look

    async def look(*asked: object) -> Found:
        nonlocal looks
        looks += 1
        return await real(*asked)  # type: ignore[arg-type]

    monkeypatch.setattr(store.database.index, "look", look)
    assert await store.counted(account, PHRASE, (), False, (0, 1)) == ([made[2]], 2)
    assert looks == 1


async def test_a_search_ends_between_pages_when_its_pause_says_so(
    store: Store, you: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = you.account_id
    await filled(store, account)
    box = await inbox(store, account)
    monkeypatch.setattr(search_leaves, "PAGE", 1)
    pauses = 0

    async def pause(_done: int, _goal: int) -> None:
        nonlocal pauses
        pauses += 1
        if pauses == 3:
            raise Unavailable("enough")

    with pytest.raises(Unavailable):
        await store.search(account, box.mailbox_id, SUBSTRING, None, pause)
    assert pauses == 3


async def test_a_search_can_be_cancelled(store: Store, you: Account) -> None:
    account = you.account_id
    await filled(store, account)
    box = await inbox(store, account)
    begun = asyncio.Event()

    async def pause(_done: int, _goal: int) -> None:
        begun.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(store.search(account, box.mailbox_id, SUBSTRING, None, pause))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await store.search(account, box.mailbox_id, SUBSTRING) == [1, 3]
