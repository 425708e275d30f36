"""Fixtures of the IMAP server's tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.engines_fixtures import Engine
from tests.servers.imap.house import House, open_house


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """A house over SQLite."""
    engine = Engine("sqlite", tmp_path, "")
    async with open_house(engine, tmp_path) as made:
        yield made
    await engine.close()
