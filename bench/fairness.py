"""One session that asks for a great deal, and fifty beside it that ask for next to nothing: how long these wait."""

import multiprocessing
import time
from collections.abc import Iterator

from bench.clients import Imap
from bench.load import Extent, Sample
from bench.machine import Use, measured
from bench.reading import fill
from bench.subject import Subject

LIGHT = 50
HEAVY_USER, LIGHT_USER = 90, 91
ROUNDS = 4  # NOOPs of each light session while nobody else is there
BESIDE = (
    ("FETCH of all envelopes", "FETCH 1:* (FLAGS ENVELOPE BODYSTRUCTURE)"),
    ("FETCH of all bodies", "FETCH 1:* (BODY.PEEK[])"),
    ("SEARCH of two common words", 'SEARCH BODY "the" TEXT "a"'),
    ("SORT and THREAD", "THREAD REFERENCES UTF-8 ALL"),
    ("STORE on all", "STORE 1:* +FLAGS.SILENT (\\Answered)"),
    ("COPY of all", "COPY 1:* Heavy"),
)


def fairness(subject: Subject, extent: Extent, number: int) -> Iterator[Sample]:
    """The round trips of the light sessions, alone and beside each heavy command."""
    heavy = Imap(subject, HEAVY_USER)
    if not number:
        for sample in fill(subject, HEAVY_USER, extent.messages):
            del sample
        heavy.command("CREATE Heavy")
    heavy.command("SELECT INBOX")
    light = [Imap(subject, LIGHT_USER) for _ in range(LIGHT)]
    for one in light:
        one.command("SELECT INBOX")
    with measured(subject) as use:
        alone = [_noop(one) for _ in range(ROUNDS) for one in light]
    yield from _samples("alone", alone, use)
    for name, command in BESIDE:
        with measured(subject) as use:
            delays = _beside(heavy, command, light)
        yield from _samples(f"beside {name}", delays, use)
    for one in (heavy, *light):
        one.close()


def _samples(beside: str, delays: list[float], use: Use) -> Iterator[Sample]:
    for delay in delays:
        yield Sample(f"NOOP of {LIGHT} light sessions, {beside}", delay * 1e3, "ms", use, pooled=True)


def _beside(heavy: Imap, command: str, light: list[Imap]) -> list[float]:
    """Round trips while another process reads the answer to the heavy command."""
    busy = multiprocessing.get_context("fork").Process(target=heavy.command, args=(command,))
    busy.start()
    delays = []
    while busy.is_alive():
        for one in light:
            delays.append(_noop(one))
            if not busy.is_alive():
                break
    busy.join()
    heavy.tags += 1  # the other process counted for itself
    heavy.command("NOOP")
    return delays


def _noop(connection: Imap) -> float:
    start = time.perf_counter()
    connection.command("NOOP")
    return time.perf_counter() - start
