"""A program for the supervisor's tests: workers that answer each connection with their process id."""

import asyncio
import socket
import sys
from dataclasses import dataclass

from pillarbox.net.listener import bind, listen
from pillarbox.net.stream import Stream
from pillarbox.workers import Life, run


@dataclass
class Telling:
    """Says the process id and waits for `stay` or the end."""

    stream: Stream
    text: list[bytes]

    def greet(self) -> None:
        self.stream.write(b"".join([*self.text, b"\n"]))

    async def work(self) -> None:
        if self.stream.input.startswith(b"slow"):
            self.stream.input.clear()
            await asyncio.sleep(0.5)
            self.stream.write(b"done\n")

    def lost(self) -> None:
        pass

    def timed_out(self) -> None:
        self.stream.write(b"goodbye\n")


def main() -> int:
    """`served.py processes [fail]`"""
    processes = int(sys.argv[1])
    held: socket.socket = bind("127.0.0.1", 0, reuse_port=True)
    port: int = held.getsockname()[1]

    async def serve(life: Life) -> None:
        if "fail" in sys.argv:
            raise RuntimeError("cannot begin")
        text = [b"worker %d" % life.number]
        listener = await listen("127.0.0.1", port, lambda stream: Telling(stream, text), reuse_port=True)
        life.on_reload(lambda: text.__setitem__(slice(None), [b"reloaded"]))
        life.ready()
        await life.stopped.wait()
        await listener.drain(5)

    if processes == 1:
        held.close()
    return run(processes, serve, lambda: print(f"ready {port}", flush=True))


if __name__ == "__main__":
    sys.exit(main())
