"""What the machine is, and who used it: CPU by owner, memory, the time of a flush."""

import os
import platform
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from bench.subject import Subject

TICK = os.sysconf("SC_CLK_TCK")
CORES = os.cpu_count() or 1
KERNEL = 2  # the process whose children are the kernel's threads
FLUSHES = 100


@dataclass(slots=True)
class Use:
    """What a measured stretch of time cost: seconds of the clock, and of CPU by whose they were."""

    wall: float = 0.0
    server: float = 0.0
    generator: float = 0.0
    foreign: float = 0.0

    @property
    def foreign_share(self) -> float:
        """The part of the machine that others used, 0 to 1."""
        return self.foreign / (self.wall * CORES) if self.wall else 0.0


@contextmanager
def measured(subject: Subject) -> Iterator[Use]:
    """The use of the machine inside the block, filled in at its end; `wall` only when it was not set inside."""
    use = Use()
    before, start = _owners(subject), time.perf_counter()
    yield use
    wall = time.perf_counter() - start
    after = _owners(subject)
    use.server, use.generator, use.foreign = (max(0.0, b - a) for a, b in zip(before, after, strict=True))
    use.wall = use.wall or wall


def calm(subject: Subject, seconds: float) -> None:
    """Wait until the server has finished what it does behind the scenes, at most so long."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with measured(subject) as use:
            time.sleep(0.2)
        if use.server <= 0.02:
            return


def _processes() -> dict[int, tuple[int, int]]:
    """Process id → (parent, ticks used by it and by its children that are gone)."""
    found = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            with suppress(OSError):
                fields = Path(f"/proc/{name}/stat").read_bytes().rpartition(b")")[2].split()
                found[int(name)] = (int(fields[1]), sum(int(field) for field in fields[11:15]))
    return found


def _tree(processes: dict[int, tuple[int, int]], roots: list[int]) -> set[int]:
    children: dict[int, list[int]] = {}
    for pid, (parent, _) in processes.items():
        children.setdefault(parent, []).append(pid)
    seen: set[int] = set()
    todo = [root for root in roots if root in processes]
    while todo:
        pid = todo.pop()
        if pid not in seen:
            seen.add(pid)
            todo += children.get(pid, [])
    return seen


def _owners(subject: Subject) -> tuple[float, float, float]:
    """CPU seconds so far of the server, of the generator, and of everybody else but the kernel's threads."""
    processes = _processes()
    server = _tree(processes, subject.pids())
    mine = _tree(processes, [os.getpid()]) - server
    kernel = _tree(processes, [KERNEL])
    spent = [0, 0, 0]
    for pid, (_, ticks) in processes.items():
        if pid not in kernel:
            spent[0 if pid in server else 1 if pid in mine else 2] += ticks
    return spent[0] / TICK, spent[1] / TICK, spent[2] / TICK


def memory(subject: Subject) -> int:
    """Octets the server occupies, shared pages divided among those who share them (PSS)."""
    total = 0
    for pid in _tree(_processes(), subject.pids()):
        with suppress(OSError):
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) * 1024
    return total


def raise_limits() -> None:
    """As many open files as the system lets us have: each connection is one."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def description(folder: Path) -> dict[str, str]:
    """The machine in words; `folder` lies on the disk the servers use."""
    return {
        "cores": f"{CORES} × {_processor()}",
        "memory": f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 2**30:.1f} GiB",
        "kernel": platform.release(),
        "interpreter": f"{sys.version.split()[0]} ({os.path.realpath(sys.executable)}), server and generator",
        "flush": f"{_flush(folder) * 1e3:.2f} ms (4 KiB appended and flushed, median of {FLUSHES})",
        "load": " ".join(f"{value:.1f}" for value in os.getloadavg()),
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _flush(folder: Path) -> float:
    times = []
    with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
        for _ in range(FLUSHES):
            start = time.perf_counter()
            file.write(bytes(4096))
            os.fdatasync(file.fileno())
            times.append(time.perf_counter() - start)
    return statistics.median(times)
