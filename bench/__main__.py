"""`python -m bench`: every load on Pillarbox and on Postfix + Dovecot, alternating, and the table of it."""

import argparse
import json
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from rich.console import Console

from bench import target
from bench.changing import changes
from bench.clients import Refused
from bench.delivery import deliveries, missing
from bench.fairness import fairness
from bench.idling import idlers, wakes
from bench.load import FULL, NOISY, QUICK, Extent, Load
from bench.machine import description, measured, raise_limits
from bench.peer import NoPeer, Peer
from bench.reading import readings
from bench.report import Samples, document, lines, markdown, table
from bench.subject import Subject, read_target

LOADS: dict[str, Load] = {
    "deliveries": deliveries,
    "reading": readings,
    "changing": changes,
    "wakes": wakes,
    "fairness": fairness,
}
IDLERS = "idlers"  # last and once, on the mailbox the first round filled
BASE = Path("/var/tmp")
OURS = "pillarbox"

console = Console(soft_wrap=True) if sys.stdout.isatty() else Console(width=160)


class Bench:
    """The servers of one run, and what was measured of them."""

    def __init__(self, folder: Path, options: argparse.Namespace) -> None:
        self.folder = folder
        self.options = options
        self.extent: Extent = QUICK if options.quick else FULL
        self.samples: Samples = {}
        self.subjects: list[Subject] = []
        self.peer = Peer(folder / "peer", options.peer)
        self.compared = options.peer != "none"
        self.failed = False

    def start(self) -> None:
        """Start the servers, or say why the other one is not there."""
        self._meet(read_target(target.start(self.folder / OURS, self.options.workers, {})))
        if self.compared:
            try:
                self._meet(self.peer.start())
            except NoPeer as error:
                console.print(f"[yellow]{error}[/]")
                self.compared = False

    def _meet(self, subject: Subject) -> None:
        self.subjects.append(subject)
        self.samples[subject.name] = []

    def stop(self) -> None:
        """Nothing of it stays behind."""
        try:
            if self.compared:
                self.peer.stop()
        finally:
            target.stop(self.folder / OURS)

    def run(self) -> None:
        """Rounds in which the servers take turns in going first, as many as are wanted and there is time for."""
        begin = time.monotonic()
        for number in range(self.options.rounds):
            took = time.monotonic() - begin
            if number and took + took / number > self.options.minutes * 60:
                console.print(f"no time for round {number + 1}")
                break
            for name, load in LOADS.items():
                if name in self.options.only:
                    for subject in self.subjects if number % 2 == 0 else self.subjects[::-1]:
                        self._put(name, load, subject, number)
        if IDLERS in self.options.only:
            # fresh processes: what is free in the heap of a server that has worked would hide what a connection needs
            target.stop(self.folder / OURS)
            target.start(self.folder / OURS, self.options.workers, {})
            if self.compared:
                self.peer.stop()
                self.subjects[1] = self.peer.start(idle=True)
            for subject in self.subjects:
                self._put(IDLERS, idlers, subject, 0)

    def _put(self, name: str, load: Load, subject: Subject, number: int) -> None:
        console.print(f"[dim]{time.strftime('%H:%M:%S')} round {number + 1}: {name}, {subject.name}[/]")
        try:
            for sample in load(subject, self.extent, number):
                self.samples[subject.name].append(sample)
        except (Refused, OSError, subprocess.SubprocessError) as error:
            self.failed = True
            console.print(f"[red]{name}, {subject.name}: {error}[/]")

    def report(self, facts: dict[str, str]) -> None:
        """Print, and write what was asked for."""
        servers = list(self.samples)
        rows = lines(self.samples, servers)
        console.print(table(rows, servers))
        console.print(
            f"Medians (least–most); ratio: how much better {OURS} is. -n: samples left out because others used more"
            f" than {NOISY:.0%} of the machine; ~: all samples were like that, take the figure with care."
        )
        if self.options.json:
            text = json.dumps(document(rows, servers, facts, self.samples), indent=1)
            self.options.json.write_text(text + "\n", "utf-8")
        if self.options.markdown:
            facts_text = "".join(f"- {name}: {value}\n" for name, value in facts.items())
            self.options.markdown.write_text(f"{facts_text}\n{markdown(rows, servers)}", "utf-8")


def options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure this commit on this machine.")
    parser.add_argument("--quick", action="store_true", help="one small round, under three minutes")
    parser.add_argument("--rounds", type=int, help="default: 3, with --quick 1")
    parser.add_argument("--minutes", type=float, default=9, help="begin no round that would end later than this")
    parser.add_argument("--only", default=",".join([*LOADS, IDLERS]), help="loads, by commas (default: %(default)s)")
    parser.add_argument(
        "--peer", default="mdbox", choices=("mdbox", "maildir", "sdbox", "none"), help="Dovecot's store"
    )
    parser.add_argument("--workers", default="auto", help="processes of Pillarbox")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything to a file")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the table to a file")
    chosen = parser.parse_args()
    chosen.rounds = chosen.rounds or (1 if chosen.quick else 3)
    chosen.only = set(chosen.only.split(","))
    return chosen


def _commit() -> str:
    git = ["git", "-C", str(target.ROOT)]
    with suppress(OSError, subprocess.CalledProcessError):
        name = subprocess.check_output([*git, "rev-parse", "--short", "HEAD"], text=True).strip()
        changed = subprocess.check_output([*git, "status", "--porcelain", "--", "src"], text=True).strip()
        return f"{name}{' with changes' if changed else ''}"
    return "unknown"


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def main() -> int:
    """Run; 0 when every load could be put."""
    chosen = options()
    signal.signal(signal.SIGTERM, _interrupt)
    raise_limits()
    if missing() and "deliveries" in chosen.only:
        console.print(f"[yellow]{missing()}[/]")
    folder = Path(tempfile.mkdtemp(prefix="pillarbox-bench-", dir=BASE))
    folder.chmod(0o755)  # Postfix and Dovecot come in as users of their own
    bench = Bench(folder, chosen)
    try:
        facts = {"commit": _commit(), **description(folder)}
        bench.start()
        facts |= {subject.name: subject.versions for subject in bench.subjects}
        with measured(bench.subjects[0]) as use:
            time.sleep(1)
        facts["others"] = f"{use.foreign_share:.0%} of the machine was used by others at the start"
        for name, value in facts.items():
            console.print(f"{name:<12} {value}")
        bench.run()
        bench.report(facts)
    except KeyboardInterrupt:
        console.print("stopped; what there is so far:")
        bench.report({})
        return 130
    except target.NotStarted as error:
        console.print(f"[red]{error}[/]")
        return 1
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        bench.stop()
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if bench.failed else 0


if __name__ == "__main__":
    sys.exit(main())
