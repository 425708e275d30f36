"""The supervisor: workers are replaced, told to stop, and never left behind."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PROGRAM = Path(__file__).with_name("served.py")
ROOT = PROGRAM.parents[2]


@contextmanager
def serving(processes: int) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """The program, ready; its process and port."""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
    program = subprocess.Popen(
        [sys.executable, str(PROGRAM), str(processes)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
    )
    assert program.stdout is not None
    try:
        yield program, int(program.stdout.readline().split()[1])
    finally:
        program.kill()
        program.wait()
        program.stdout.close()


def children(process: int) -> list[int]:
    """The living child processes."""
    return [int(word) for word in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def eventually(condition: object) -> None:
    """Wait until `condition()` holds."""
    assert callable(condition)
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def ask(port: int, say: bytes = b"", stay: bool = False) -> bytes:
    """What the server says up to its end (`stay`) or its first line."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as client, client.makefile("rb") as heard:
        client.sendall(say)
        return heard.read() if stay else heard.readline()


def test_a_killed_worker_is_replaced() -> None:
    with serving(2) as (program, port):
        first = children(program.pid)
        assert len(first) == 2
        os.kill(first[0], signal.SIGKILL)
        eventually(lambda: len(children(program.pid)) == 2 and first[0] not in children(program.pid))
        eventually(lambda: ask(port).startswith(b"worker"))


@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stop_finishes_what_is_under_way(processes: int, number: signal.Signals) -> None:
    with serving(processes) as (program, port), socket.create_connection(("127.0.0.1", port)) as busy:
        heard = busy.makefile("rb")
        assert heard.readline().startswith(b"worker")
        busy.sendall(b"slow")
        time.sleep(0.1)
        below = children(program.pid)
        program.send_signal(number)
        assert heard.read() == b"done\ngoodbye\n"
        assert program.wait(30) == 0
        eventually(lambda: not any(alive(process) for process in below))


def test_workers_end_with_a_killed_supervisor() -> None:
    with serving(2) as (program, _):
        below = children(program.pid)
        program.kill()
        program.wait()
        eventually(lambda: not any(alive(process) for process in below))


def test_reload_reaches_every_worker() -> None:
    with serving(2) as (program, port):
        program.send_signal(signal.SIGHUP)
        eventually(lambda: all(ask(port) == b"reloaded\n" for _ in range(8)))


def test_workers_that_cannot_begin_stop_the_server() -> None:
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
    done = subprocess.run(
        [sys.executable, str(PROGRAM), "2", "fail"], capture_output=True, timeout=60, env=environment, check=False
    )
    assert done.returncode == 1
    assert b"cannot begin" in done.stdout + done.stderr
