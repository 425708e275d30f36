"""Node and Python environments with other people's mail libraries, made once for each list of versions."""

import fcntl
import hashlib
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from tools import environment, webmail

STRANGERS = Path(__file__).parent / "strangers"
HOME = Path(__file__).parents[2] / ".make" / "clients"
_MARK = ".complete"


def node() -> tuple[str, str]:
    """Node, and the folder of packages that NODE_PATH has to name."""
    command, _ = webmail.npm()
    path = str(webmail.machine_node()) if command[0] == "npm" else command[0]
    return path, str(_made("package-lock.json", _npm) / "node_modules")


def python() -> Path:
    """The Python that has the libraries of requirements.txt."""
    return _made("requirements.txt", _pip) / "bin" / "python"


def _made(versions: str, make: Callable[[Path], None]) -> Path:
    """The folder for a list of versions; two test processes do not make it at the same time."""
    digest = hashlib.sha256((STRANGERS / versions).read_bytes()).hexdigest()[:16]
    folder = HOME / f"{Path(versions).stem}-{digest}"
    HOME.mkdir(parents=True, exist_ok=True)
    with (HOME / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / _MARK).exists():
            shutil.rmtree(folder, ignore_errors=True)
            make(folder)
            (folder / _MARK).touch()
    return folder


def _npm(folder: Path) -> None:
    folder.mkdir()
    for name in ("package.json", "package-lock.json"):
        shutil.copy(STRANGERS / name, folder / name)
    command, environment_ = webmail.npm()
    options = ["ci", "--ignore-scripts", "--no-fund", "--no-audit", "--loglevel=error"]
    subprocess.run([*command, *options], cwd=folder, env=environment_, check=True, stdin=subprocess.DEVNULL)


def _pip(folder: Path) -> None:
    environment.make(folder)
    options = ["-m", "pip", "install", "-q", "-r", str(STRANGERS / "requirements.txt")]
    subprocess.run([str(folder / "bin" / "python"), *options], check=True, stdin=subprocess.DEVNULL)
