"""A store on either engine, and one account."""

from collections.abc import AsyncIterator

import pytest

from pillarbox.store.model import Account
from pillarbox.store.store import Store
from tests.engines_fixtures import Engine
from tests.stores import StepClock, add_account, open_store


@pytest.fixture
def clock() -> StepClock:
    """The store's time."""
    return StepClock()


@pytest.fixture
async def store(engine: Engine, clock: StepClock) -> AsyncIterator[Store]:
    """An open store."""
    opened = await open_store(engine, clock)
    yield opened
    await opened.close()


@pytest.fixture
async def other(store: Store, engine: Engine, clock: StepClock) -> AsyncIterator[Store]:
    """The same shard as another process has it."""
    opened = await open_store(engine, clock)
    yield opened
    await opened.close()


@pytest.fixture
async def you(store: Store) -> Account:
    """An account."""
    return await add_account(store)
