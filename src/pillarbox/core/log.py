"""How events are logged: one line each, `room.event key=value`, or JSON when asked."""

import contextlib
import datetime
import io
import logging
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO, cast

import msgspec
import structlog

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def configure(level: str = "info", *, json: bool = False, stream: TextIO | None = None) -> None:
    """Send events of at least `level` (debug, info, warning, error) to `stream`, standard error by default."""
    numeric = _LEVELS[level]
    target = cast(TextIO, _Steady(stream or sys.stderr))
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _json if json else _line,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(numeric),
        logger_factory=structlog.PrintLoggerFactory(target),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(target)
    handler.setFormatter(_Formatter(json=json))
    logging.basicConfig(level=max(numeric, logging.WARNING), handlers=[handler], force=True)
    logging.getLogger("pillarbox").setLevel(numeric)


class _Steady(io.TextIOBase):
    """A stream that loses what it cannot write: a full disk or a reader that has gone must not stop the mail."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._stream.flush()


class _Formatter(logging.Formatter):
    """Events of the standard library's loggers, spelled like ours."""

    def __init__(self, *, json: bool) -> None:
        super().__init__()
        self._json = json

    def format(self, record: logging.LogRecord) -> str:
        """One line; the message is `room.event key=value` already, or somebody else's words."""
        name = "" if record.name.startswith("pillarbox") else f"{record.name} "
        event: dict[str, Any] = {"event": f"{name}{record.getMessage()}", "level": record.levelname.lower()}
        event["timestamp"] = datetime.datetime.fromtimestamp(record.created, datetime.UTC).isoformat()
        if record.exc_info:
            event["exception"] = self.formatException(record.exc_info)
        return (_json if self._json else _line)(None, "", event)


def _json(_logger: object, _method: str, event: MutableMapping[str, Any]) -> str:
    return msgspec.json.encode({key: _plain(value) for key, value in event.items()}).decode()


def _line(_logger: object, _method: str, event: MutableMapping[str, Any]) -> str:
    time, level, name = event.pop("timestamp"), event.pop("level"), event.pop("event")
    trace = event.pop("exception", "")
    pairs = "".join(f" {key}={_quoted(value)}" for key, value in event.items())
    tail = "".join(f"\n    {line}" for line in str(trace).splitlines())
    return f"{time[:19]}Z {level:<7} {name}{pairs}{tail}"


def _plain(value: object) -> object:
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def _quoted(value: object) -> str:
    """The value as one word: quoted when it holds a blank, a quote or a control character."""
    text = str(value)
    if text and text.isprintable() and not any(character in ' "=' for character in text):
        return text
    return msgspec.json.encode(text).decode()
