"""Fixtures of the journeys: those of the tests with real programs."""

from tests.clients.conftest import friend, server, you  # noqa: F401
