"""How events look in the log."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from pillarbox.core import log


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """Other tests log as they did."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def test_one_line_per_event() -> None:
    heard = io.StringIO()
    log.configure("info", stream=heard)
    structlog.get_logger("smtp").info("smtp.accepted", session="ab12", size=3, reason='two words="x"\n')
    structlog.get_logger().debug("smtp.detail")
    logging.getLogger("pillarbox.engines").info("engines.slow ms=%d", 7)
    logging.getLogger("asyncio").info("of no interest")
    logging.getLogger("asyncio").warning("strange")
    lines = [line.partition("Z ")[2] for line in heard.getvalue().splitlines()]
    assert lines == [
        'info    smtp.accepted session=ab12 size=3 reason="two words=\\"x\\"\\n"',
        "info    engines.slow ms=7",
        "warning asyncio strange",
    ]


def test_json_and_stack() -> None:
    heard = io.StringIO()
    log.configure("warning", json=True, stream=heard)
    try:
        raise ValueError("odd")
    except ValueError:
        structlog.get_logger().exception("app.failed", path=object)
    logging.getLogger("asyncio").error("strange")
    first, second = (json.loads(line) for line in heard.getvalue().splitlines())
    assert (first["event"], first["level"]) == ("app.failed", "error")
    assert "ValueError: odd" in first["exception"]
    assert second["event"] == "asyncio strange"
