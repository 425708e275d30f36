"""What an idle connection costs."""

import asyncio
import multiprocessing
import resource
import socket
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
import uvloop

from pillarbox.net.listener import listen
from tests.net.conftest import Lines

CONNECTIONS = 2000


def resident() -> int:
    """Octets of memory of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def serve(pipe: Connection) -> None:
    """A server in its own process: tells its port, then for each question its memory."""

    async def main() -> None:
        listener = await listen("127.0.0.1", 0, lambda stream: Lines(stream, None))
        pipe.send(listener.port)
        loop = asyncio.get_running_loop()
        while await loop.run_in_executor(None, pipe.recv):
            pipe.send((resident(), listener.connections, sum(isinstance(t, asyncio.Task) for t in asyncio.all_tasks())))
        listener.close()

    uvloop.run(main())


def test_idle_connections_are_small(capsys: pytest.CaptureFixture[str]) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs,))
    server.start()
    port = ours.recv()
    clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(200)]
    before, already, _ = ask(ours, clients)
    clients += [socket.create_connection(("127.0.0.1", port)) for _ in range(CONNECTIONS)]
    after, now, tasks = ask(ours, clients)
    ours.send(False)
    server.join(30)
    for client in clients:
        client.close()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    each = (after - before) / CONNECTIONS
    with capsys.disabled():
        print(f"\n{each:.0f} octets per idle connection, {now} connections, {tasks} task")
    assert now - already == CONNECTIONS
    assert tasks == 1
    assert each < 4096


def ask(pipe: Connection, clients: list[socket.socket]) -> tuple[int, int, int]:
    """The server's memory once all clients have said a word and heard it."""
    for client in clients:
        client.sendall(b"word\r\n")
    for client in clients:
        heard = b""
        while not heard.endswith(b"word\r\n"):
            heard += client.recv(100)
    pipe.send(True)
    answer = pipe.recv()
    assert isinstance(answer, tuple)
    return answer
