"""The time of day as the store and the servers see it."""

import time
from typing import Protocol


class Clock(Protocol):
    """Where times come from; a test hands in its own."""

    def now(self) -> int:
        """Seconds since 1970-01-01T00:00:00Z."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> int:
        return int(time.time())
