"""The two ends of a synchronised mail: Maildirs at home and mailboxes on the server, each changed at random."""

import itertools
import re
import ssl
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from imaplib import IMAP4_SSL
from pathlib import Path
from random import Random

from pillarbox.store.model import ANSWERED, FLAGGED, SEEN
from tests.clients.letters import letter
from tests.clients.people import Person
from tests.clients.programs import HOST, Home
from tests.server import PASSWORD

FLAGS = {"F": (FLAGGED, r"\Flagged"), "R": (ANSWERED, r"\Answered"), "S": (SEEN, r"\Seen")}
FLAGGED_PART, DROPPED_PART, MOVED_PART = 0.1, 0.05, 0.05  # of the messages of a mailbox, at each end
WRITTEN = 20  # new messages in each mailbox, at each end
_ID = re.compile(rb"^Message-ID: <letter(\d+)@", re.M)
_ADDED = re.compile(rb"^X-(?:TUID|OfflineIMAP): .*\r\n", re.M)
_names = itertools.count(1)

Contents = Counter[tuple[bytes, str]]
"""What is in a mailbox: octets, without what the programs add, and flag letters."""


@dataclass(frozen=True, slots=True)
class Dice:
    """What happens at random. `dropped`: the numbers of the messages that somebody has deleted or may have."""

    random: Random
    numbers: "itertools.count[int]"
    dropped: set[int] = field(default_factory=set)

    def part(self, many: int, share: float) -> list[int]:
        """About this share of so many things."""
        return [one for one in range(many) if self.random.random() < share]

    def letters(self) -> str:
        """Some flags."""
        return "".join(one for one in FLAGS if self.random.random() < 0.5)

    def fresh(self) -> bytes:
        """A message nobody has yet."""
        return letter(next(self.numbers), "y" * self.random.randrange(2000))


def bare(octets: bytes) -> bytes:
    """A message without what the programs add to find their own again."""
    return _ADDED.sub(b"", octets)


def number(octets: bytes) -> int:
    """The number of a `letter`."""
    found = _ID.search(octets)
    assert found is not None
    return int(found[1])


def files(maildir: Path) -> list[Path]:
    """The messages of a Maildir in the order of their numbers."""
    return sorted([*maildir.glob("new/*"), *maildir.glob("cur/*")], key=lambda path: number(path.read_bytes()))


def at_home(maildir: Path) -> Contents:
    """What is in a Maildir."""
    return Counter(
        (bare(path.read_bytes().replace(b"\n", b"\r\n")), "".join(sorted(path.name.partition(":2,")[2])))
        for path in files(maildir)
    )


def on_server(you: Person, mailbox: str) -> Contents:
    """What is in a mailbox."""
    return Counter(
        (bare(held.octets), "".join(one for one, (bit, _) in FLAGS.items() if held.flags & bit))
        for held in you.mail(mailbox)
    )


def write(maildir: Path, octets: bytes, letters: str) -> None:
    """A message as a mail program puts it into a Maildir."""
    for part in ("cur", "new", "tmp"):
        (maildir / part).mkdir(parents=True, exist_ok=True)
    (maildir / "cur" / f"1720000000.9_{next(_names)}.home:2,{letters}").write_bytes(octets.replace(b"\r\n", b"\n"))


def change_at_home(maildirs: Sequence[Path], dice: Dice) -> None:
    """Flags, deletions, moves into the next Maildir and new messages, as a mail program at home would."""
    there = [files(maildir) for maildir in maildirs]
    for at, found in enumerate(there):
        touched = set(dice.part(len(found), FLAGGED_PART))
        dropped = set(dice.part(len(found), DROPPED_PART)) - touched
        moved = set(dice.part(len(found), MOVED_PART)) - touched - dropped
        for one in touched:
            base = found[one].name.partition(":2,")[0]
            found[one].rename(maildirs[at] / "cur" / f"{base}:2,{dice.letters()}")
        for one in moved:
            letters = found[one].name.partition(":2,")[2]
            write(maildirs[(at + 1) % len(maildirs)], bare(found[one].read_bytes().replace(b"\n", b"\r\n")), letters)
        for one in moved | dropped:
            dice.dropped.update({number(found[one].read_bytes())} if one in dropped else ())
            found[one].unlink()
        for _ in range(WRITTEN):
            write(maildirs[at], dice.fresh(), dice.letters())


def entered(home: Home, you: Person) -> IMAP4_SSL:
    """A session of another mail program of the same person."""
    context = ssl.create_default_context(cafile=str(home.certificate))
    session = IMAP4_SSL(HOST, home.port("imaps"), ssl_context=context, timeout=60)
    session.login(you.address, PASSWORD)
    return session


def change_on_server(session: IMAP4_SSL, mailboxes: Sequence[str], dice: Dice) -> None:
    """The same by IMAP; moves go into the mailbox before."""
    for at, mailbox in enumerate(mailboxes):
        session.select(mailbox)
        fetched = session.uid("FETCH", "1:*", "(BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])")[1]
        found = [(line[0].split(b"UID ")[1].split()[0].decode(), number(line[1]))
                 for line in fetched if isinstance(line, tuple)]  # fmt: skip
        touched = set(dice.part(len(found), FLAGGED_PART))
        dropped = set(dice.part(len(found), DROPPED_PART)) - touched
        moved = set(dice.part(len(found), MOVED_PART)) - touched - dropped
        for one in touched:
            letters = dice.letters()  # FLAGS would take away the \Deleted that the program has just set
            for sign, chosen in (("+", letters), ("-", set(FLAGS) - set(letters))):
                session.uid("STORE", found[one][0], f"{sign}FLAGS", f"({' '.join(FLAGS[one][1] for one in chosen)})")
        for uids, command in ((moved, ("MOVE", mailboxes[at - 1])), (dropped, ("STORE", r"+FLAGS.SILENT (\Deleted)"))):
            if uids:
                session.uid(command[0], ",".join(found[one][0] for one in sorted(uids)), command[1])
        session.expunge()
        dice.dropped.update(found[one][1] for one in dropped)
        for _ in range(WRITTEN):
            flags = " ".join(FLAGS[letter][1] for letter in dice.letters())
            session.append(mailbox, f"({flags})", "", dice.fresh())
