"""Mail coming in by SMTP from smtp-source, until it is acknowledged and until it can be seen."""

import shutil
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence

from bench.clients import Imap, Refused
from bench.load import Extent, Sample
from bench.machine import calm, measured
from bench.subject import Subject

GENERATOR = "smtp-source"
FIRST, LAST = 10, 60  # users whose mailboxes the mail is spread over
CASES = ((4, 1, 400), (4, 10, 1500), (4, 50, 1500), (64, 1, 200), (64, 10, 600), (64, 50, 600))
"""KB of a message, connections at once, messages."""
KEPT = (4, 10, 1500)  # this case again with connections that carry many messages
PATIENCE = 120.0  # seconds until everything acknowledged must be visible


def missing() -> str | None:
    """What to install when the generator is not there, in one line."""
    if shutil.which(GENERATOR):
        return None
    return "deliveries are not measured: smtp-source is missing (apt-get install postfix, or make bench as root)"


def deliveries(subject: Subject, extent: Extent, _round: int) -> Iterator[Sample]:
    """Every case: rate of acknowledgement, rate until visible by IMAP, CPU of the server for each message."""
    if missing():
        return
    watchers = [Imap(subject, user) for user in range(FIRST, LAST)]
    try:
        for case in CASES:
            yield from _case(subject, watchers, case, extent.deliveries)
        yield from _case(subject, watchers, KEPT, extent.deliveries, kept=True)
    finally:
        for watcher in watchers:
            watcher.close()


def _case(
    subject: Subject, watchers: Sequence[Imap], case: tuple[int, int, int], factor: float, *, kept: bool = False
) -> Iterator[Sample]:
    size, connections, count = case
    each = max(1, round(count * factor / len(watchers)))
    count = each * len(watchers)
    before = [watcher.messages() for watcher in watchers]
    lanes = [range(FIRST, LAST)[lane::connections] for lane in range(connections)]
    calm(subject, 2)
    with measured(subject) as use:
        start = time.perf_counter()
        _together(subject, lanes, (size, each), kept=kept)
        accepted = time.perf_counter() - start
        _await(watchers, [number + each for number in before])
        use.wall = time.perf_counter() - start
        calm(subject, 2)  # what it has put off belongs to the cost of the messages
    name = f"{size} KB, {connections} connection{'s' if connections > 1 else ''}{' kept open' if kept else ''}"
    yield Sample(f"SMTP accepted: {name}", count / accepted, "msg/s", use)
    yield Sample(f"SMTP delivered: {name}", count / use.wall, "msg/s", use)
    yield Sample(f"SMTP server CPU: {name}", use.server / count * 1e3, "ms/msg", use)


def _together(subject: Subject, lanes: Sequence[Sequence[int]], message: tuple[int, int], *, kept: bool) -> None:
    """Each lane is one connection at a time, user after user. Refused when a generator fails."""
    failures: list[Exception] = []

    def lane(users: Sequence[int]) -> None:
        try:
            for user in users:
                _source(subject, user, message, kept=kept)
        except (OSError, subprocess.SubprocessError) as error:
            failures.append(error)

    threads = [threading.Thread(target=lane, args=(users,)) for users in lanes if users]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise Refused(str(failures[0]))


def _source(subject: Subject, user: int, message: tuple[int, int], *, kept: bool) -> None:
    size, count = message
    options = ["-d"] if kept else []
    subprocess.run(
        [GENERATOR, *options, "-s", "1", "-m", str(count), "-l", str(size << 10), "-f", "bench@sender.example",
         "-t", subject.user(user), f"{subject.host}:{subject.smtp}"],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        timeout=PATIENCE,
    )  # fmt: skip


def _await(watchers: Sequence[Imap], wanted: Sequence[int]) -> None:
    """Until every mailbox has what it should; asked seldom, so that asking does not become the load."""
    end = time.monotonic() + PATIENCE
    for watcher, count in zip(watchers, wanted, strict=True):
        while watcher.messages() < count:
            if time.monotonic() > end:
                raise Refused("acknowledged mail did not become visible")
            time.sleep(0.01)
