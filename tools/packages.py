"""Sees to it that the programs the tests need are there: installs them as root, else says what to install."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

LIST = Path(__file__).resolve().parents[1] / "tests" / "packages.apt"


def wanted() -> list[str]:
    """The packages of the list; those named after a version of Python only when ours is the distribution's."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    lines = (line.partition("#")[0].strip() for line in LIST.read_text().splitlines())
    ours = [line for line in lines if line and ("{python}" not in line or sys.base_prefix == "/usr")]
    return [line.replace("{python}", version) for line in ours]


def missing() -> list[str]:
    """Those dpkg does not know as installed."""
    query = ["dpkg-query", "-W", "-f=${Package} ${db:Status-Status}\n", *wanted()]
    said = subprocess.run(query, capture_output=True, text=True, check=False).stdout
    there = {line.split()[0] for line in said.splitlines() if line.endswith(" installed")}
    return [package for package in wanted() if package not in there]


def main() -> int:
    """0 when everything is there, or when a person may go on without it; 1 in CI when something is missing."""
    if not shutil.which("apt-get"):
        print(f"pillarbox: the tests need {' '.join(wanted())} (by their Debian names)")
        return 1 if os.environ.get("CI") else 0
    lacking = missing()
    if lacking and os.geteuid() == 0:
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (["update", "-q"], ["install", "-qy", "--no-install-recommends", *lacking]):
            subprocess.run(["apt-get", *command], check=False, env=environment, stdin=subprocess.DEVNULL)
        lacking = missing()
    if lacking:
        print(f"pillarbox: for all tests: sudo apt-get install {' '.join(lacking)}")
        return 1 if os.environ.get("CI") else 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
