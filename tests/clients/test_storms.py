"""mbsync and offlineimap with thousands of messages, changed at both ends at once: at the end both have the same."""

import itertools
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from tests.clients import test_mbsync, test_offlineimap
from tests.clients.ends import (
    Contents,
    Dice,
    at_home,
    change_at_home,
    change_on_server,
    entered,
    files,
    number,
    on_server,
    write,
)
from tests.clients.letters import letter
from tests.clients.people import Person
from tests.clients.programs import SQLITE, Home
from tests.clients.test_mbsync import find
from tests.server import PillarboxServer

MAILBOXES = ("INBOX", "Work", "Lists/One")
ROUNDS = 2
HOMES = 6
SETTLED = 4  # runs of the program after which nothing may change any more


@dataclass(frozen=True, slots=True)
class Program:
    """A program that synchronises; `many`: messages in each mailbox; `separator`: how it spells a child at home."""

    configured: Callable[[Home, Person], list[str | Path]]
    many: int
    separator: str

    def maildirs(self, home: Home, mailboxes: Sequence[str]) -> list[Path]:
        """Where the mailboxes are at home."""
        return [home.folder / "mail" / name.replace("/", self.separator) for name in mailboxes]


PROGRAMS = {
    "mbsync": Program(test_mbsync.configured, 700, "/"),
    "offlineimap": Program(test_offlineimap.configured, 350, "."),
}


BOTH_ENGINES = pytest.mark.parametrize(
    ("server", "name"), [("sqlite", "mbsync"), ("sqlite", "offlineimap"), ("postgres", "mbsync")], indirect=["server"]
)


@BOTH_ENGINES
def test_both_ends_change_at_once(home: Home, you: Person, name: str) -> None:
    program = PROGRAMS[name]
    sync, dice = program.configured(home, you), Dice(Random(name), itertools.count(100_000))
    for at, mailbox in enumerate(MAILBOXES):
        you.put(
            *(letter(at * program.many + one, "x" * (one * 37 % 2000)) for one in range(program.many)), mailbox=mailbox
        )
    home.ok(sync)
    maildirs, session = program.maildirs(home, MAILBOXES), entered(home, you)
    _same(you, maildirs)
    for _ in range(ROUNDS):
        change_at_home(maildirs, dice)
        change_on_server(session, MAILBOXES, dice)
        other = threading.Thread(target=change_on_server, args=(session, MAILBOXES, dice))
        other.start()  # while the program is at it
        home.run(sync)
        other.join()
    session.logout()
    _settle(home, you, sync, maildirs)
    kept = {number(octets) for box in _same(you, maildirs) for octets, _ in box}
    made = {*range(len(MAILBOXES) * program.many), *range(100_000, next(dice.numbers))}
    assert made - dice.dropped <= kept, "a message that nobody deleted is lost"


def _settle(home: Home, you: Person, sync: list[str | Path], maildirs: list[Path]) -> None:
    """Run until nothing changes any more."""
    for _ in range(SETTLED):
        before = [on_server(you, mailbox) for mailbox in MAILBOXES], [at_home(maildir) for maildir in maildirs]
        home.ok(sync)
        if before == ([on_server(you, mailbox) for mailbox in MAILBOXES], [at_home(maildir) for maildir in maildirs]):
            return
    pytest.fail("it does not come to rest")


def _same(you: Person, maildirs: list[Path]) -> list[Contents]:
    """Both ends must have the same."""
    there = [on_server(you, mailbox) for mailbox in MAILBOXES]
    here = [at_home(maildir) for maildir in maildirs]
    for mailbox, near, far in zip(MAILBOXES, here, there, strict=True):
        assert (_named(near - far), _named(far - near)) == ([], []), f"{mailbox}: only at home, only on the server"
    return there


def _named(contents: Contents) -> list[tuple[int, str]]:
    """The numbers and flags of messages."""
    return sorted((number(octets), letters) for octets, letters in contents.elements())


@SQLITE
def test_many_homes_at_once(server: PillarboxServer, you: Person, tmp_path: Path) -> None:
    you.put(*map(letter, range(100)))
    homes = [_home(tmp_path / f"home{one}", server) for one in range(HOMES)]
    syncs = [test_mbsync.configured(home, you) for home in homes]
    maildirs = [home.folder / "mail" / "INBOX" for home in homes]
    _in_parallel(homes, syncs)
    numbers = itertools.count(100_000)
    for at, maildir in enumerate(maildirs):
        for one in range(at, 100, 2 * HOMES):
            find(maildir, f"<letter{one}@").unlink()
        for one in range(at + HOMES, 100, 2 * HOMES):
            test_mbsync.flag(maildir, f"<letter{one}@", "FS")
        for _ in range(10):
            write(maildir, letter(next(numbers)), "")
    _in_parallel(homes, syncs)
    for home, sync in zip(homes, syncs, strict=True):
        home.ok(sync)
    there = on_server(you, "INBOX")
    assert [at_home(maildir) for maildir in maildirs] == [there] * HOMES
    left = {one for one in range(100) if one % (2 * HOMES) >= HOMES}
    assert sorted(number(octets) for octets, _ in there) == [*sorted(left), *range(100_000, next(numbers))]
    assert {letters for octets, letters in there if number(octets) in left} == {"FS"}


def _home(folder: Path, server: PillarboxServer) -> Home:
    folder.mkdir()
    return Home(folder, server)


def _in_parallel(homes: list[Home], syncs: list[list[str | Path]]) -> None:
    """All of them at the same time, and once more: nobody's work may be in the others' way."""
    with ThreadPoolExecutor(HOMES) as pool:
        for _ in range(2):
            list(pool.map(lambda home, sync: home.ok(sync), homes, syncs))


@SQLITE
def test_a_mailbox_renamed_there_is_a_new_one_at_home(home: Home, you: Person) -> None:
    sync, near = test_mbsync.configured(home, you), home.folder / "mail"
    you.put(letter(1), mailbox="Plans/This year")
    home.ok(sync)
    session = entered(home, you)
    assert session.rename('"Plans/This year"', "Done")[0] == "OK"
    assert session.rename("Plans", "Ideas")[0] == "OK"
    session.logout()
    for path in files(near / "Plans" / "This year"):  # mbsync removes a mailbox at home only when it is empty
        path.unlink()
    home.run(sync)
    home.ok(sync)
    assert at_home(near / "Done") == on_server(you, "Done") == Counter({(letter(1), ""): 1})
    assert "Plans/This year" not in you.mailboxes()
    assert not (near / "Plans" / "This year" / "cur").exists()
