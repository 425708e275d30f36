"""An advisory lock on a file, shared or exclusive, which the kernel frees when its process dies."""

import fcntl
import os


class FileLock:
    """A flock on a file of its own. Two objects exclude each other even within a process."""

    def __init__(self, path: str) -> None:
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def try_acquire(self) -> bool:
        """Take the lock alone if nobody has it."""
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def acquire(self, *, shared: bool = False) -> None:
        """Take the lock, sleeping in the kernel until that is possible (in a thread)."""
        fcntl.flock(self._fd, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)

    def release(self) -> None:
        """Let the next one go on."""
        fcntl.flock(self._fd, fcntl.LOCK_UN)

    def close(self) -> None:
        """Let go and forget the file."""
        os.close(self._fd)
