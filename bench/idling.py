"""Connections that wait: how soon they hear of new mail, and what they occupy."""

import contextlib
import random
import time
from collections.abc import Iterator

from bench.clients import Imap, Refused, Smtp
from bench.load import Extent, Sample
from bench.machine import Use, calm, measured, memory
from bench.subject import Subject

USER = 7
MESSAGE = b"From: <bench@sender.example>\r\nSubject: wake up\r\n\r\nhello"
DEAF = 40.0  # seconds until an idling connection must have heard
ENOUGH = 30.0  # seconds after which no further message is sent: a server that polls takes half a minute for each


def wakes(subject: Subject, extent: Extent, number: int) -> Iterator[Sample]:
    """From the 250 of a delivery to the EXISTS on an idling connection, one sample for each message."""
    connection = Imap(subject, USER)
    connection.idle()
    connection.socket.settimeout(DEAF)
    sender, chance = Smtp(subject), random.Random(number)
    delays: list[float] = []
    with measured(subject) as use:
        end = time.monotonic() + ENOUGH
        while len(delays) < extent.wakes and time.monotonic() < end:
            sender.deliver(subject.user(USER), MESSAGE)
            accepted = time.perf_counter()
            while b"EXISTS" not in connection.line():
                pass
            delays.append(time.perf_counter() - accepted)
            time.sleep(chance.uniform(0.02, 0.15))
    sender.close()
    connection.close()
    for delay in delays:
        yield Sample("IDLE hears of mail, after its 250", delay * 1e3, "ms", use, pooled=True)


def idlers(subject: Subject, extent: Extent, _round: int) -> Iterator[Sample]:
    """Memory for each connection that idles in the large mailbox: in clear, under TLS where there is a port for it, and
    with COMPRESS where it is offered."""
    yield from _crowd(subject, extent, tls=False)
    if subject.imaps:
        yield from _crowd(subject, extent, tls=True)
        with contextlib.suppress(Refused):
            yield from _crowd(subject, extent, tls=True, deflate=True)


def _crowd(subject: Subject, extent: Extent, *, tls: bool, deflate: bool = False) -> Iterator[Sample]:
    _settle(subject, tls=tls, deflate=deflate)
    before = memory(subject)
    crowd: list[Imap] = []
    try:
        for _ in range(extent.connections):
            connection = Imap(subject, 0, tls=tls, deflate=deflate)
            connection.idle()
            crowd.append(connection)
        calm(subject, 2)
        time.sleep(subject.idle_wait)
        each = (memory(subject) - before) / extent.connections
        kind = ("TLS" if tls else "clear") + " + DEFLATE" * deflate
        yield Sample(f"memory of an idle connection, {kind} ({extent.connections:,} of them)", each / 1e3, "kB", Use())
        yield from _still_awake(subject, crowd, kind)
    finally:
        for connection in crowd:
            connection.close()
        time.sleep(1)


def _settle(subject: Subject, *, tls: bool, deflate: bool) -> None:
    """A few connections first, so that what the first ones cost once is not counted for each."""
    few = [Imap(subject, 0, tls=tls, deflate=deflate) for _ in range(8)]
    for connection in few:
        connection.idle()
    for connection in few:
        connection.close()
    time.sleep(1)


def _still_awake(subject: Subject, crowd: list[Imap], kind: str) -> Iterator[Sample]:
    """One of many answers: DONE to its OK."""
    with measured(subject) as use:
        delays = []
        for connection in random.Random(1).sample(crowd, 30):
            start = time.perf_counter()
            connection.say(b"DONE")
            while True:
                line = connection.line()
                if line.startswith(b"t"):
                    break
            if b" OK" not in line:
                raise Refused(line.decode("utf-8", "replace"))
            delays.append(time.perf_counter() - start)
    yield Sample(f"one idle connection of many wakes, {kind}", sorted(delays)[15] * 1e3, "ms", use)
