"""The rounds of the house on a real store."""

import asyncio

from pillarbox.core.errors import Unavailable
from pillarbox.services.housekeeping.rounds import Round, keep_house, rounds
from pillarbox.store import query
from pillarbox.store.indexing import Follower
from tests.engines_fixtures import Engine
from tests.stores import add_account, deliver, open_store


async def test_every_round_is_harmless_and_the_index_catches_up(engine: Engine) -> None:
    store = await open_store(engine)
    you = await add_account(store)
    added = await deliver(store, you.account_id)
    for one in rounds(store):
        await one.work()
    assert await store.database.index.documents(you.account_id) == [added.message_id]
    await store.close()


async def test_the_index_follows_all_accounts_and_does_nothing_twice(engine: Engine) -> None:
    store = await open_store(engine)
    accounts = [(await add_account(store, f"{name}@demo.test")).account_id for name in ("you", "friend")]
    for account in accounts:
        await deliver(store, account)
    follower = Follower(store)
    assert await follower.follow() == 2
    assert await follower.follow() == 0
    await deliver(store, accounts[1])
    assert await follower.follow() == 1
    assert len(await store.query(accounts[1], query.Text("text", "hello", words=True))) == 2
    await store.database.index.clear(accounts[1])
    assert await follower.follow() == 2
    await store.close()


async def test_a_round_that_fails_is_tried_again() -> None:
    tries = 0
    done = asyncio.Event()

    async def work() -> None:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise Unavailable("the disk is asleep")
        if tries == 2:
            raise RuntimeError("a bug")
        done.set()

    keeper = asyncio.create_task(keep_house([Round("test", 0, 0.001, work)]))
    async with asyncio.timeout(30):
        await done.wait()
    keeper.cancel()
    await asyncio.gather(keeper, return_exceptions=True)
    assert tries >= 3
