"""Wake-ups between the processes of one machine: Unix datagrams to every `notify.*.sock` of a folder."""

import asyncio
import logging
import os
import secrets
import socket
import struct
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from pillarbox.core.ids import AccountId, Modseq
from pillarbox.engines.notify.hints import Gathered, Hint, hand_on

DATAGRAM_HINTS = 256  # hints in one datagram
TURN_DATAGRAMS = 64  # datagrams taken in one turn of the loop
TICK_NANOSECONDS = 100_000_000  # times of files are no finer (Linux before 6.13: 1 to 10 ms)

_HINT = struct.Struct("!qq")
_log = logging.getLogger("pillarbox.engines.notify")


class LocalNotifier:
    """See store.port.Notifier. Never blocks: what a full or dead socket does not take is lost, as a hint may be."""

    def __init__(self, folder: str) -> None:
        Path(folder).mkdir(mode=0o700, parents=True, exist_ok=True)
        # Through the descriptor an address stays short, however long the folder's path is (a socket's may have 107).
        self._fd = os.open(folder, os.O_DIRECTORY | os.O_PATH | os.O_CLOEXEC)
        self._folder = f"/proc/self/fd/{self._fd}"
        self._name = f"notify.{os.getpid()}.{secrets.token_hex(4)}.sock"
        self._sender = _datagram_socket()
        self._receiver: socket.socket | None = None
        self._gathered = Gathered()
        self._callbacks: list[Callable[[AccountId, Modseq], None]] = []
        self._peers: list[str] = []
        self._seen = -1  # st_mtime_ns of the folder when the peers were listed
        self._closed = False

    def publish(self, changes: Sequence[Hint]) -> None:
        """See store.port.Notifier; sent at the end of this turn of the loop."""
        if not self._gathered and not self._closed:
            asyncio.get_running_loop().call_soon(self._send)
        self._gathered.add(changes)

    def subscribe(self, callback: Callable[[AccountId, Modseq], None]) -> None:
        """See store.port.Notifier; the first call makes this process reachable."""
        self._callbacks.append(callback)
        if self._receiver is None:
            self._receiver = _datagram_socket()
            self._receiver.bind(f"{self._folder}/{self._name}")
            asyncio.get_running_loop().add_reader(self._receiver, self._receive)

    async def close(self) -> None:
        """Leave the folder."""
        if self._closed:
            return
        if self._gathered:
            self._send()
        self._closed = True
        if self._receiver is not None:
            asyncio.get_running_loop().remove_reader(self._receiver)
            self._remove(self._name)
            self._receiver.close()
        self._sender.close()
        os.close(self._fd)

    def _send(self) -> None:
        hints = self._gathered.take()
        if self._closed:
            return
        parts = [hints[start : start + DATAGRAM_HINTS] for start in range(0, len(hints), DATAGRAM_HINTS)]
        datagrams = [b"".join(_HINT.pack(*hint) for hint in part) for part in parts]
        for peer in self._present():
            self._send_to(peer, datagrams)

    def _present(self) -> list[str]:
        changed = os.fstat(self._fd).st_mtime_ns
        if changed != self._seen:
            # Whoever comes within the same tick leaves the same time: such a list is not the last one.
            self._seen = changed if time.time_ns() - changed > TICK_NANOSECONDS else -1
            names = os.listdir(self._folder)  # noqa: PTH208
            own = self._name
            self._peers = [name for name in names if name.startswith("notify.") and name != own]
        return self._peers

    def _send_to(self, peer: str, datagrams: Sequence[bytes]) -> None:
        try:
            for datagram in datagrams:
                self._sender.sendto(datagram, f"{self._folder}/{peer}")
        except BlockingIOError:
            _log.info("engines.hints_lost peer=%s", peer)
        except ConnectionRefusedError:  # its process is gone
            self._remove(peer)
        except FileNotFoundError:
            self._seen = -1
        except OSError as error:
            _log.warning("engines.hints_failed peer=%s error=%s", peer, error)

    def _remove(self, name: str) -> None:
        Path(self._folder, name).unlink(missing_ok=True)

    def _receive(self) -> None:
        if self._receiver is None:
            return
        latest = Gathered()
        for _ in range(TURN_DATAGRAMS):
            try:
                datagram = self._receiver.recv(DATAGRAM_HINTS * _HINT.size)
            except OSError:
                break
            if len(datagram) % _HINT.size == 0:
                latest.add([(AccountId(account), Modseq(modseq)) for account, modseq in _HINT.iter_unpack(datagram)])
        hand_on(latest.take(), self._callbacks)


def _datagram_socket() -> socket.socket:
    made = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
    made.setblocking(False)
    return made
