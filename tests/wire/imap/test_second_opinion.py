"""Another parser, imap-codec, reads the same octets: what both make of them is the same, or a table says why not."""

import pytest
from hypothesis import given, settings

from tests.wire.imap.opinion.differences import DIFFERENCES, Difference, explained
from tests.wire.imap.opinion.grammar import COMMANDS, commands, damaged
from tests.wire.imap.opinion.readings import BAD, ours, theirs


def _agree(line: bytes) -> None:
    octets = b"t " + line + b"\r\n"
    we, they = ours(octets), theirs(octets)
    assert we == they or explained(octets, we, they) is not None, (line, we, they)


@settings(max_examples=10 * settings().max_examples)
@given(commands)
def test_commands_are_read_alike(line: bytes) -> None:
    _agree(line)


@settings(max_examples=10 * settings().max_examples)
@given(damaged())
def test_damaged_commands_are_read_alike(line: bytes) -> None:
    _agree(line)


@pytest.mark.parametrize("difference", DIFFERENCES, ids=lambda one: one.what)
def test_each_difference_is_one(difference: Difference) -> None:
    octets = b"t " + difference.example + b"\r\n"
    we, they = ours(octets), theirs(octets)
    assert we != they
    assert explained(octets, we, they) is difference


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_is_read_alike_more_often_than_not(name: str) -> None:
    """Lest the generator makes nothing but what both refuse."""
    right: list[bytes] = []

    @settings(max_examples=100, database=None)
    @given(COMMANDS[name])
    def look(line: bytes) -> None:
        octets = b"t " + line + b"\r\n"
        if ours(octets) == theirs(octets) != BAD:
            right.append(line)

    look()
    assert len(set(right)) >= 3
