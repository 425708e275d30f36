"""Results that are kept up to date, seen by a client: after any changes by two sessions they are what a fresh search
finds, and `$` is what is left of it."""

import random
import re
from dataclasses import dataclass, field

import pytest

from pillarbox.store.store import Store
from tests.server import PASSWORD
from tests.servers.imap.house import House
from tests.servers.imap.test_contexts import added, removed
from tests.servers.imap.wire import Client, connect
from tests.stores import deliver, letter

_ITEM = re.compile(rb"(ADDTO|REMOVEFROM) \(([^)]*)\)")
_WORDS = ("apple", "pear", "plum", "fig")
SEARCHES = (
    "UID SEARCH RETURN (UPDATE ALL) FLAGGED UNDELETED",
    "SEARCH RETURN (UPDATE ALL) OR SUBJECT apple SEEN",
    'UID SEARCH RETURN (UPDATE ALL) NOT TEXT "a red pear"',
    "UID SORT RETURN (UPDATE ALL) (REVERSE SUBJECT) UTF-8 UNDELETED",
    "SORT RETURN (UPDATE ALL) (SUBJECT REVERSE SIZE) UTF-8 UNSEEN",
)


def numbers(text: bytes) -> list[int]:
    """A sequence set, in its order."""
    found: list[int] = []
    for part in text.split(b",") if text else ():
        first, _, last = part.partition(b":")
        found += range(int(first), int(last or first) + 1)
    return found


def listed(untagged: list[bytes], name: bytes) -> list[int]:
    """What an ESEARCH gives as ALL, or SEARCH and SORT as numbers."""
    for line in untagged:
        if line.startswith(name + b" ") and b" ALL " in line:
            return numbers(line.rpartition(b" ALL ")[2].split(b" ")[0])
        if line == name or (line.startswith(name + b" ") and name != b"ESEARCH"):
            return [int(one) for one in line.split(b" ")[1:]]
    return []


async def nothing(*_: object) -> None:
    return None


@dataclass
class Watcher:
    """A client that keeps the results of its searches as it is told; `by_number`: tags of those by message number."""

    client: Client
    results: dict[bytes, list[int]] = field(default_factory=dict)
    by_number: set[bytes] = field(default_factory=set)
    exists: int = 0

    def hear(self, untagged: list[bytes]) -> None:
        for line in untagged:
            if found := re.fullmatch(rb"(\d+) EXISTS", line):
                self.exists = int(found[1])
            elif found := re.fullmatch(rb"(\d+) EXPUNGE", line):
                self.expunged(int(found[1]))
            elif found := re.match(rb'ESEARCH \(TAG "([^"]*)"\)', line):
                for kind, places in _ITEM.findall(line):
                    words = places.split(b" ")
                    pairs = [(int(place), numbers(uids)) for place, uids in zip(words[::2], words[1::2], strict=True)]
                    act = added if kind == b"ADDTO" else removed
                    self.results[found[1]] = act(self.results[found[1]], pairs)

    def expunged(self, number: int) -> None:
        self.exists -= 1
        for tag in self.by_number:
            assert number not in self.results[tag]  # REMOVEFROM comes first (RFC 5267 §4.3.4)
            self.results[tag] = [one - (one > number) for one in self.results[tag]]

    async def do(self, command: str) -> None:
        self.hear(await self.client.ok(command))


async def change(chance: random.Random, house: House, account: int, client: Client, exists: int) -> None:
    """Something that another session does."""
    kind = chance.random()
    if kind < 0.25:
        body = f"a {chance.choice(('red', 'green'))} {chance.choice(_WORDS)}\r\n" * chance.randint(1, 3)
        await deliver(house.store, account, letter(chance.choice(_WORDS), body=body))  # type: ignore[arg-type]
    elif exists:
        some = ",".join(str(chance.randint(1, exists)) for _ in range(chance.randint(1, 4)))
        flag = chance.choice(("\\Seen", "\\Flagged", "\\Deleted", "\\Flagged \\Seen"))
        await client.command(f"STORE {some} {chance.choice('+-')}FLAGS.SILENT ({flag})")
        if kind > 0.85:
            await client.ok("EXPUNGE")


@pytest.mark.parametrize("much", [False, True])
@pytest.mark.parametrize("seed", range(4))
async def test_results_follow_the_mailbox(house: House, monkeypatch: pytest.MonkeyPatch, seed: int, much: bool) -> None:
    if much:  # as if too much had changed each time to be listed
        monkeypatch.setattr(Store, "since", nothing)
    chance = random.Random(seed)
    account = await house.account()
    for _ in range(5):
        await deliver(house.store, account.account_id, letter(chance.choice(_WORDS), body="a red pear\r\n"))
    clients = [await connect(house.port["imap"]) for _ in range(2)]
    for client in clients:
        await client.ok(f"LOGIN {account.login} {PASSWORD}")
        await client.ok("SELECT INBOX")
    watcher, other = Watcher(clients[0], exists=5), clients[1]
    for at, search in enumerate(SEARCHES):
        tag = f"s{at}".encode()
        await watcher.client.send(tag + b" " + search.encode() + b"\r\n")
        lines: list[bytes] = []
        while not (line := await watcher.client.response()).startswith(tag):
            lines.append(line[2:])
        watcher.results[tag] = listed(lines, b"ESEARCH")
        if not search.startswith("UID"):
            watcher.by_number.add(tag)
    await watcher.do("SEARCH RETURN (SAVE) ALL")
    saved = set(listed(await watcher.client.ok("UID SEARCH $"), b"SEARCH"))
    for _ in range(25):
        for _ in range(chance.randint(1, 3)):
            exists = len(listed(await other.ok("SEARCH ALL"), b"SEARCH"))
            await change(chance, house, account.account_id, other, exists)
        if chance.random() < 0.4 and watcher.exists:
            await watcher.do(f"FETCH {chance.randint(1, watcher.exists)} UID")  # expunges have to wait
        if chance.random() < 0.3 and watcher.exists:
            await watcher.do(f"STORE {chance.randint(1, watcher.exists)} +FLAGS.SILENT (\\Flagged)")
        await watcher.do("NOOP")
        for at, search in enumerate(SEARCHES):
            fresh = await watcher.client.ok(search.replace("UPDATE ", ""))
            assert watcher.results[f"s{at}".encode()] == listed(fresh, b"ESEARCH"), search
        left = set(listed(await watcher.client.ok("UID SEARCH ALL"), b"SEARCH"))
        assert set(listed(await watcher.client.ok("UID SEARCH $"), b"SEARCH")) == saved & left
