"""A second view of the truth: what clients are told, at random, is what is there; on both engines."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pillarbox.core import log
from tests.engines_fixtures import Engine, new_schema
from tests.machines.imap import acts, seeker
from tests.machines.imap.acts import Marks
from tests.machines.imap.letters import Letter, letters
from tests.machines.imap.machine import PHASES, play
from tests.machines.imap.scene import open_scene
from tests.server import ROOT
from tests.servers.imap.house import House, open_house

_marks = st.lists(st.sampled_from(("\\Seen", "\\Flagged", "$Junk", "one")), max_size=2).map(tuple)
_returns = st.none() | st.lists(st.sampled_from(("MIN", "MAX", "ALL", "COUNT")), unique=True).map(tuple)
_questions = st.tuples(seeker.keys, st.sampled_from(("", "UID ")), _returns)
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
    play(*stage)


@given(st.lists(st.tuples(letters, _marks), min_size=6, max_size=12), st.data())
@settings(max_examples=settings().max_examples // 10, phases=PHASES)
@pytest.mark.timeout(0)
def test_what_is_found_is_what_meets_the_keys(
    stage: Stage, mail: list[tuple[Letter, Marks]], data: st.DataObject
) -> None:
    house, runner = stage
    scene = runner.run(open_scene(house, 1))
    (party,) = scene.parties
    try:
        runner.run(acts.append(scene, party, "INBOX", mail))
        runner.run(party.select("INBOX", scene.boxes["INBOX"], read_only=True))
        for key, how, returns in data.draw(st.lists(_questions, min_size=20, max_size=60)):
            runner.run(seeker.search(party, key, how, returns))
            runner.run(seeker.sort(party, key, how, data.draw(seeker.criteria)))
            runner.run(seeker.thread(party, key, how))
    finally:
        scene.close()


@pytest.mark.hypothesis
@pytest.mark.timeout(0)
def test_tiny_pages_change_nothing(tmp_path: Path) -> None:
    examples = str(max(20, settings().max_examples // 3))
    program = [sys.executable, "-m", "tests.machines.imap.small", str(tmp_path), examples]
    paths = {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
    ran = subprocess.run(program, cwd=ROOT, env={**os.environ, **paths}, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, (ran.stdout + ran.stderr)[-20_000:]
