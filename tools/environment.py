"""Makes .venv with pip in it, on a machine that may have neither pip nor ensurepip. Standard library only."""

import configparser
import hashlib
import html
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

PUBLIC_INDEX = "https://pypi.org/simple"
HELP = "pillarbox: cannot make a Python environment; install python3-venv (apt-get install python3-venv) and try again"


def make(folder: Path) -> None:
    """A virtual environment with pip at `folder`. Raises SystemExit with one line when there is no way."""
    if works(folder):
        return
    shutil.rmtree(folder, ignore_errors=True)
    for way in (with_ensurepip, with_pip_of_the_machine, with_wheel, with_apt):
        if way(folder) and works(folder):
            return
    raise SystemExit(HELP)


def works(folder: Path) -> bool:
    """Whether pip answers there."""
    python = folder / "bin" / "python"
    return python.exists() and quiet(str(python), "-m", "pip", "--version")


def quiet(*command: str) -> bool:
    """Whether the command succeeded; what it says is not shown."""
    return subprocess.run(command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def with_ensurepip(folder: Path) -> bool:
    """The ordinary way; Debian keeps ensurepip in a package of its own."""
    return quiet(sys.executable, "-m", "venv", str(folder))


def bare(folder: Path) -> Path:
    """An environment without pip; its interpreter."""
    subprocess.run([sys.executable, "-m", "venv", "--clear", "--without-pip", str(folder)], check=True)
    return folder / "bin" / "python"


def with_pip_of_the_machine(folder: Path) -> bool:
    """pip exists outside: it can install itself inside."""
    python = bare(folder)
    return quiet(sys.executable, "-m", "pip", f"--python={python}", "install", "pip")


def with_wheel(folder: Path) -> bool:
    """pip's own wheel runs without being installed, and installs itself."""
    python = bare(folder)
    with tempfile.TemporaryDirectory() as temporary:
        wheel = find_wheel(Path(temporary))
        return wheel is not None and quiet(str(python), f"{wheel}/pip", "install", "--no-index", str(wheel))


def with_apt(folder: Path) -> bool:
    """As root on Debian and its family, the missing package is installed."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return False
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update", "-q"], ["install", "-qy", "--no-install-recommends", "python3-venv", "ca-certificates"]):
        subprocess.run(["apt-get", *command], check=False, env=environment, stdin=subprocess.DEVNULL)
    shutil.rmtree(folder, ignore_errors=True)
    return with_ensurepip(folder)


def find_wheel(folder: Path) -> Path | None:
    """The newest pip wheel of the folders and indexes pip is configured to use."""
    settings = pip_settings()
    for place in settings["find-links"]:
        found = sorted(Path(place.removeprefix("file://")).glob("pip-*-py3-none-any.whl"), key=wheel_version)
        if found:
            return found[-1]
    for index in [*(settings["index-url"][-1:] or [PUBLIC_INDEX]), *settings["extra-index-url"]]:
        try:
            return download(index.rstrip("/") + "/pip/", folder)
        except (OSError, ValueError, urllib.error.URLError):
            continue
    return None


def pip_settings() -> dict[str, list[str]]:
    """What pip's configuration files and environment say of indexes; the last value of a name counts most."""
    home = Path.home()
    own = [home / ".pip" / "pip.conf", Path(os.environ.get("XDG_CONFIG_HOME", home / ".config")) / "pip" / "pip.conf"]
    files = [Path("/etc/pip.conf"), *own, Path(os.environ.get("PIP_CONFIG_FILE", os.devnull))]
    parser = configparser.RawConfigParser()
    found = {}
    for name in ("index-url", "extra-index-url", "find-links"):
        values: list[str] = []
        for file in files:
            parser.clear()
            parser.read(file)
            for section in ("global", "install"):
                values += parser.get(section, name, fallback="").split()
        values += os.environ.get(f"PIP_{name.upper().replace('-', '_')}", "").split()
        found[name] = values
    return found


def wheel_version(path: Path | str) -> tuple[int, ...]:
    """The version in a wheel's file name as numbers; pre-releases count as nothing."""
    match = re.search(r"pip-([0-9.]+)-py3-none-any\.whl$", str(path))
    return tuple(int(part) for part in match[1].split(".")) if match else ()


def download(page: str, folder: Path) -> Path:
    """The newest wheel of an index page (PEP 503), checked against its hash."""
    with urllib.request.urlopen(page, timeout=60) as answer:
        text = answer.read().decode()
    links = [html.unescape(link) for link in re.findall(r'href="([^"]+)"', text)]
    wheels = {link: wheel_version(urllib.parse.urlsplit(link).path) for link in links}
    link = max(wheels, key=lambda link: wheels[link])
    if not wheels[link]:
        raise ValueError("no wheel")
    target, _, digest = urllib.parse.urljoin(page, link).partition("#sha256=")
    with urllib.request.urlopen(target, timeout=120) as answer:
        octets = answer.read()
    if digest and hashlib.sha256(octets).hexdigest() != digest:
        raise ValueError("wrong hash")
    wheel = folder / Path(urllib.parse.urlsplit(target).path).name
    wheel.write_bytes(octets)
    return wheel


if __name__ == "__main__":
    make(Path(sys.argv[1]))
