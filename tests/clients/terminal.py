"""A terminal for programs that will not work without one."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Sequence
from pathlib import Path

from tests.clients.programs import Home, program

TIMEOUT = 60.0  # seconds: a program that asks a question nobody expects would wait for ever
STILL = 0.1  # seconds without anything new on the screen
RESTLESS = 1.0  # seconds after which a screen counts as still that never is
ROWS, COLUMNS = 40, 120


def on_terminal(home: Home, command: Sequence[str | Path], steps: Sequence[tuple[str, str]] = ()) -> str:
    """Run a program to its end, which must be a good one; all that was on the screen.

    Each step is an expression for what must have come on the screen since the step before, and the keys that are
    pressed once the screen is still: a program that asks throws away what was pressed before.
    """
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    process = subprocess.Popen(
        [program("setsid"), "--ctty", program(str(command[0])), *map(str, command[1:])],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=home.environment(),
        cwd=home.folder,
    )
    os.close(slave)
    screen, start, came, end = b"", 0, 0.0, time.monotonic() + TIMEOUT
    pending = list(steps)
    try:
        while time.monotonic() < end and (process.poll() is None or select.select([master], [], [], 0)[0]):
            news = select.select([master], [], [], STILL)[0]
            if news:
                screen += os.read(master, 65536)
            if pending and re.search(pending[0][0].encode(), screen[start:]):
                came = came or time.monotonic()
                if news and time.monotonic() - came < RESTLESS:
                    continue
                start, came = len(screen), 0.0
                os.write(master, pending.pop(0)[1].encode())
    except OSError:  # the terminal's other end is closed
        process.wait(TIMEOUT)
    finally:
        process.kill()
        process.wait()
        os.close(master)
    shown = screen.decode("utf-8", "replace")
    assert process.returncode == 0 and not pending, f"{pending[:1]}: {shown[-3000:]}"
    return shown
