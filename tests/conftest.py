"""Fixtures every test may ask for."""

from tests.engines_fixtures import (  # noqa: F401
    database,
    engine,
    postgres_server,
    postgres_url,
    sqlite_path,
)

pytest_plugins = ("tests.strictness", "tests.profiles")
