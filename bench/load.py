"""What every load has in common: how large it is, and the samples it gives."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bench.machine import Use
from bench.subject import Subject


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is measured: messages in the large mailbox, repetitions, idle connections, a factor for deliveries."""

    messages: int
    repeats: int
    wakes: int
    connections: int
    deliveries: float


FULL = Extent(messages=10_000, repeats=3, wakes=60, connections=2_000, deliveries=1.0)
QUICK = Extent(messages=2_000, repeats=2, wakes=25, connections=500, deliveries=0.3)


@dataclass(frozen=True, slots=True)
class Sample:
    """One figure. `unit` tells which way is better; `pooled`: p50 and p99 are taken over the samples of all rounds."""

    name: str
    value: float
    unit: str
    use: Use
    pooled: bool = False


Load = Callable[[Subject, Extent, int], Iterator[Sample]]
"""Put a load on a server; the last argument is the round, counted from 0."""

MORE_IS_BETTER = frozenset({"msg/s", "MB/s", "/s"})
NOISY = 0.10  # a sample during which others used more of the machine than this is left out
