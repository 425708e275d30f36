"""Account locks of the embedded engine: flock files, which the kernel frees when their process dies."""

import re
from pathlib import Path

from pillarbox.core.errors import Busy, Invalid, Unavailable
from pillarbox.core.ids import AccountId
from pillarbox.engines.filelock import FileLock

_NAME = re.compile(r"[a-z0-9-]{1,40}")


class FileLocks:
    """See store.port.Locks; the files are `<folder>/<account>.<name>` and stay."""

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder)
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._held: set[HeldFile] = set()

    async def acquire(self, account_id: AccountId, name: str) -> "HeldFile":
        """See store.port.Locks. Raises Invalid when `name` is no lower-case word."""
        if not _NAME.fullmatch(name):
            raise Invalid(f"not the name of a lock: {name!r}")
        try:
            lock = FileLock(str(self._folder / f"{account_id:x}.{name}"))
        except OSError as error:
            raise Unavailable(str(error)) from error
        if not lock.try_acquire():
            lock.close()
            raise Busy(f"{name} of account {account_id} is held")
        held = HeldFile(lock, self._held)
        self._held.add(held)
        return held

    async def close(self) -> None:
        """Let go of everything."""
        for held in tuple(self._held):
            await held.release()


class HeldFile:
    """See store.port.Lock."""

    __slots__ = ("_held", "_lock")

    def __init__(self, lock: FileLock, held: "set[HeldFile]") -> None:
        self._lock = lock
        self._held = held

    async def release(self) -> None:
        """Let go; harmless when repeated."""
        if self in self._held:
            self._held.remove(self)
            self._lock.close()
