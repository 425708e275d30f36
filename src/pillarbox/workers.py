"""The processes that serve: started, watched, restarted, told to stop; none stays behind."""

import asyncio
import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import structlog
import uvloop

from pillarbox.core.limits import DRAIN

log = structlog.get_logger()

GRACE = DRAIN + 3  # seconds after SIGTERM before a worker is killed
QUICK_DEATH = 2.0  # seconds; a worker that lived less is restarted more slowly each time
SLOWEST_RESTART = 10.0


@dataclass(frozen=True, slots=True)
class Life:
    """What a worker knows of its own process. `number` counts from 0; `stopped` is set when it shall drain and end."""

    number: int
    stopped: asyncio.Event
    ready: Callable[[], None]
    on_reload: Callable[[Callable[[], None]], None]


Serve = Callable[[Life], Awaitable[None]]


def run(processes: int, serve: Serve, on_ready: Callable[[], None]) -> int:
    """Serve until SIGTERM or SIGINT: in this process when `processes` is 1, else in so many under a supervisor.

    `serve` opens everything itself (nothing with threads or sockets may be open before), calls `ready`, waits for
    `stopped`, drains and returns. `on_ready` is called once, in this process. Returns the exit code: 0 after an
    orderly stop, 1 when workers could not begin.
    """
    if processes == 1:
        uvloop.run(_live(serve, 0, on_ready, None))
        return 0
    return _Supervisor(processes, serve, on_ready).run()


async def _live(serve: Serve, number: int, ready: Callable[[], None], leash: int | None) -> None:
    """A worker's whole life. `leash`: a pipe that ends when the supervisor does."""
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stopped.set)
    loop.add_signal_handler(signal.SIGINT, stopped.set if leash is None else _nothing)
    loop.add_signal_handler(signal.SIGHUP, _nothing)
    if leash is not None:
        loop.add_reader(leash, _let_go, loop, leash, stopped)

    def on_reload(action: Callable[[], None]) -> None:
        loop.add_signal_handler(signal.SIGHUP, action)

    await serve(Life(number, stopped, ready, on_reload))


def _nothing() -> None:
    """The terminal's Ctrl-C reaches every process of the group; the supervisor alone acts on it."""


def _let_go(loop: asyncio.AbstractEventLoop, leash: int, stopped: asyncio.Event) -> None:
    loop.remove_reader(leash)
    stopped.set()


@dataclass(slots=True)
class _Worker:
    number: int
    started: float
    ready: bool = False


@dataclass(slots=True)
class _Supervisor:
    """The process above the workers. It serves nothing itself and opens nothing but pipes."""

    processes: int
    serve: Serve
    on_ready: Callable[[], None]
    workers: dict[int, _Worker] = field(default_factory=dict)  # by process id
    due: dict[int, float] = field(default_factory=dict)  # worker number → when to start it
    delays: dict[int, float] = field(default_factory=dict)
    stop_by: float | None = None
    announced: bool = False
    failed: bool = False

    def run(self) -> int:
        """Until every worker is gone after a stop."""
        leash_read, leash_write = os.pipe()
        news_read, news_write = os.pipe()
        wake, waker = socket.socketpair()
        for end in (wake, waker):
            end.setblocking(False)
        os.set_blocking(news_read, False)
        signals = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)
        before = {number: signal.signal(number, lambda *_: None) for number in signals}
        signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
        inside = (leash_write, news_read, wake.fileno(), waker.fileno())
        try:
            with selectors.DefaultSelector() as selector:
                selector.register(wake, selectors.EVENT_READ)
                selector.register(news_read, selectors.EVENT_READ)
                self.due = dict.fromkeys(range(self.processes), 0.0)
                while self.workers or self.due:
                    self._start_due(leash_read, news_write, inside)
                    selector.select(self._patience())
                    self._hear(wake, news_read)
                    self._bury()
                    self._insist()
        finally:
            signal.set_wakeup_fd(-1)
            for number, handler in before.items():
                signal.signal(number, handler)
            for descriptor in (leash_read, leash_write, news_read, news_write):
                os.close(descriptor)
            wake.close()
            waker.close()
        return 1 if self.failed else 0

    def _start_due(self, leash: int, news: int, inside: tuple[int, ...]) -> None:
        now = time.monotonic()
        for number in [number for number, when in self.due.items() if when <= now]:
            del self.due[number]
            process = os.fork()
            if process == 0:
                _become_worker(self.serve, number, (leash, news), inside)
            self.workers[process] = _Worker(number, now)

    def _patience(self) -> float | None:
        """Seconds until something is due; None for no limit."""
        times = [*self.due.values(), *([self.stop_by] if self.stop_by is not None else [])]
        return max(0.0, min(times) - time.monotonic()) if times else None

    def _hear(self, wake: socket.socket, news: int) -> None:
        try:
            for number in wake.recv(1000):
                self._signalled(number)
        except BlockingIOError:
            pass
        try:
            for number in os.read(news, 1000):
                for worker in self.workers.values():
                    worker.ready = worker.ready or worker.number == number
        except BlockingIOError:
            pass
        if not self.announced and self._all_ready():
            self.announced = True
            self.on_ready()

    def _all_ready(self) -> bool:
        return len(self.workers) == self.processes and all(worker.ready for worker in self.workers.values())

    def _signalled(self, number: int) -> None:
        if number == signal.SIGHUP:
            self._tell(signal.SIGHUP)
        elif number in (signal.SIGTERM, signal.SIGINT):
            if self.stop_by is not None and number == signal.SIGINT:  # a second Ctrl-C: enough waited
                self._tell(signal.SIGKILL)
            self._stop()

    def _stop(self) -> None:
        if self.stop_by is None:
            self.stop_by = time.monotonic() + GRACE
            self.due.clear()
            self._tell(signal.SIGTERM)

    def _tell(self, number: signal.Signals) -> None:
        for process in self.workers:
            os.kill(process, number)

    def _bury(self) -> None:
        for process in list(self.workers):
            found, status = os.waitpid(process, os.WNOHANG)
            if found:
                self._died(self.workers.pop(process), os.waitstatus_to_exitcode(status))

    def _died(self, worker: _Worker, code: int) -> None:
        if self.stop_by is not None:
            return
        now = time.monotonic()
        log.error("workers.died", worker=worker.number, exit=code, lived=round(now - worker.started, 1))
        if not self.announced:  # the first start did not succeed: trying again would hide why
            self.failed = True
            self._stop()
            return
        quick = now - worker.started < QUICK_DEATH
        delay = min(SLOWEST_RESTART, self.delays.get(worker.number, 0.0) * 2 or 0.1) if quick else 0.0
        self.delays[worker.number] = delay
        self.due[worker.number] = now + delay

    def _insist(self) -> None:
        if self.stop_by is not None and time.monotonic() > self.stop_by:
            self._tell(signal.SIGKILL)
            self.stop_by = time.monotonic() + 1


def _become_worker(serve: Serve, number: int, pipes: tuple[int, int], inside: tuple[int, ...]) -> None:
    """The child of a fork: never returns."""
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        for kind in (signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(kind, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        for descriptor in inside:
            os.close(descriptor)
        leash, news = pipes
        uvloop.run(_live(serve, number, lambda: _report(news, number), leash))
        code = 0
    except BaseException:  # whatever it was, this process must not go on as a second supervisor
        log.exception("workers.failed", worker=number)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _report(news: int, number: int) -> None:
    os.write(news, bytes([number]))
