"""A mailbox changed by IMAP: flags on all of it, messages copied, moved and expunged, APPEND by one and by many."""

import threading
import time
from collections.abc import Iterator

from bench.clients import Imap
from bench.corpus import corpus
from bench.load import Extent, Sample
from bench.machine import measured
from bench.reading import fill, named, timed
from bench.subject import Subject

SOME = 1000
APPENDS = 500  # messages below 8 KB
WRITERS = 10


def changes(subject: Subject, extent: Extent, number: int) -> Iterator[Sample]:
    """Change a mailbox that was empty, in the ways of mail programs; users are new in each round."""
    user = 20 + number
    for sample in fill(subject, user, extent.messages):
        del sample
    some = min(SOME, extent.messages // 4)
    connection = Imap(subject, user)
    connection.command("CREATE Other")
    connection.command("SELECT INBOX")
    for at in range(extent.repeats):
        sign = "+-"[at % 2]
        flag = timed(subject, connection, f"STORE 1:* {sign}FLAGS.SILENT (\\Flagged)")
        yield named(f"STORE of a flag on {extent.messages:,}", flag)
    yield named(f"COPY of {some:,}", timed(subject, connection, f"COPY 1:{some} Other"))
    yield named(f"MOVE of {some:,}", timed(subject, connection, f"MOVE 1:{some} Other"))
    connection.command(f"STORE 1:{some} +FLAGS.SILENT (\\Deleted)")
    yield named(f"EXPUNGE of {some:,}", timed(subject, connection, "EXPUNGE"))
    connection.close()
    yield from _appends(subject, number)


def _appends(subject: Subject, number: int) -> Iterator[Sample]:
    small = [message for message in corpus(4 * APPENDS) if len(message[0]) < 8 << 10][:APPENDS]
    ways = (
        ("1 connection", [30 + number]),
        (f"{WRITERS} to {WRITERS} users", [40 + number * WRITERS + one for one in range(WRITERS)]),
        (f"{WRITERS} to one mailbox", [35 + number] * WRITERS),
    )
    for name, users in ways:
        connections = [Imap(subject, user) for user in users]
        share = len(small) // len(users)
        with measured(subject) as use:
            start = time.perf_counter()
            writers = [
                threading.Thread(target=_append, args=(connection, small[at * share : (at + 1) * share]))
                for at, connection in enumerate(connections)
            ]
            for writer in writers:
                writer.start()
            for writer in writers:
                writer.join()
            use.wall = time.perf_counter() - start
        for connection in connections:
            connection.close()
        yield Sample(f"APPEND below 8 KB, {name}", share * len(users) / use.wall, "msg/s", use)


def _append(connection: Imap, messages: list[tuple[bytes, str, str]]) -> None:
    for message in messages:
        connection.wait(connection.append(*message))
