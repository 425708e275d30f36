"""The house each HTTP test gets, on either engine."""

from collections.abc import AsyncIterator

import pytest

from tests.engines_fixtures import Engine
from tests.servers.http.house import House, build


@pytest.fixture
async def house(engine: Engine) -> AsyncIterator[House]:
    """A whole HTTP pillar with two accounts."""
    async for made in build(engine):
        yield made
