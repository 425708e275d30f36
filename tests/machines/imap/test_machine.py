"""A second view of the truth: what clients are told, at random, is what is there; on both engines."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import cast

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from pillarbox.core import log
from tests.engines_fixtures import Engine, new_schema
from tests.machines.imap.machine import Machine
from tests.servers.imap.house import House, open_house

_PHASES = [phase for phase in Phase if phase is not Phase.explain]  # it traces every line of the server
Stage = tuple[House, asyncio.Runner]


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A server on either engine, within this process, and the loop it lives on."""
    server = request.getfixturevalue("postgres_server") if request.param == "postgres" else None
    folder: Path = tmp_path_factory.mktemp(request.param)
    log.configure("warning")
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()

        async def begin() -> House:
            engine = Engine(request.param, folder, await new_schema(server) if server is not None else "")
            stack.push_async_callback(engine.close)
            return await stack.enter_async_context(open_house(engine, folder))

        yield runner.run(begin()), runner
        runner.run(stack.aclose())


@pytest.mark.hypothesis
@pytest.mark.timeout(0)
def test_what_clients_are_told_is_what_is_there(stage: Stage) -> None:
    made = cast(type[Machine], lambda: Machine(*stage))
    run_state_machine_as_test(made, settings=settings(stateful_step_count=40, phases=_PHASES))
