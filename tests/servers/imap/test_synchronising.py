"""Several sessions at random: what each was told, replayed into a client's model, equals a fresh look."""

import random
import re

import pytest

from tests.server import PASSWORD
from tests.servers.imap.house import House
from tests.servers.imap.wire import Client, connect

_FETCH = re.compile(rb"(\d+) FETCH \((.*)\)\Z", re.DOTALL)
_FLAGS = re.compile(rb"FLAGS \(([^)]*)\)")
_UID = re.compile(rb"UID (\d+)")
_NUMBER = re.compile(rb"(\d+) (EXISTS|EXPUNGE|RECENT)\Z")
_KEYWORDS = ("\\Seen", "\\Flagged", "\\Deleted", "\\Answered", "one", "two")


class Model:
    """What a client knows of its mailbox: UID (0: not asked yet) and flags (None: not told yet) of each message."""

    def __init__(self, client: Client, condstore: bool) -> None:
        self.client = client
        self.condstore = condstore
        self.messages: list[tuple[int, frozenset[bytes] | None]] = []
        self.unasked_modseq = False

    async def select(self, mailbox: str) -> None:
        self.messages = []
        options = " (CONDSTORE)" if self.condstore else ""
        self.take(await self.client.ok(f"SELECT {mailbox}{options}"), may_expunge=True)
        await self.complete()

    async def complete(self) -> None:
        """Ask for what is new, as clients do."""
        if any(uid == 0 or flags is None for uid, flags in self.messages):
            await self.run("FETCH 1:* (UID FLAGS)")

    async def run(self, command: str, literal: bytes | None = None) -> bytes:
        untagged, tagged = await self.client.command(command, *([literal] if literal else []))
        self.unasked_modseq = self.condstore and "FETCH" not in command
        self.take(untagged, may_expunge=command.split(maxsplit=1)[0] not in ("FETCH", "STORE", "SEARCH"))
        assert not tagged.startswith(b"BAD"), (command, tagged)
        return tagged

    def take(self, untagged: list[bytes], may_expunge: bool) -> None:
        for response in untagged:
            if (number := _NUMBER.match(response)) is not None:
                self._count(int(number[1]), number[2], may_expunge)
            elif (fetched := _FETCH.match(response)) is not None:
                self._fetched(int(fetched[1]), fetched[2])

    def _count(self, number: int, what: bytes, may_expunge: bool) -> None:
        if what == b"EXPUNGE":
            assert may_expunge
            del self.messages[number - 1]
        elif what == b"EXISTS":
            assert number >= len(self.messages), "EXISTS never takes messages away"
            self.messages += [(0, None)] * (number - len(self.messages))

    def _fetched(self, number: int, items: bytes) -> None:
        uid, flags = self.messages[number - 1]
        if (found := _UID.search(items)) is not None:
            assert uid in (0, int(found[1]))
            uid = int(found[1])
        if (told := _FLAGS.search(items)) is not None:
            flags = frozenset(told[1].split()) - {b"\\Recent"}
        assert not self.unasked_modseq or b"MODSEQ" in items
        self.messages[number - 1] = (uid, flags)


async def _fresh(house: House, login: str, mailbox: str) -> list[tuple[int, frozenset[bytes] | None]]:
    client = await connect(house.port["imap"])
    await client.ok(f"LOGIN {login} {PASSWORD}")
    model = Model(client, False)
    model.take(await client.ok(f"EXAMINE {mailbox}"), may_expunge=True)
    if model.messages:
        model.take(await client.ok("FETCH 1:* (UID FLAGS)"), may_expunge=False)
    client.close()
    return model.messages


def _set(dice: random.Random, count: int) -> str:
    first, last = dice.randint(1, count), dice.randint(1, count)
    return dice.choice([f"{first}", f"{first}:{last}", f"{first},{last}", "*", f"{first}:*"])


async def _step(dice: random.Random, model: Model, other: str) -> None:
    count = len(model.messages)
    kind = dice.choice(["append", "store", "store", "uid store", "expunge", "copy", "move", "fetch", "noop", "search"])
    if kind == "append" or not count:
        await model.run("APPEND INBOX {8}", b"A: b\r\n\r\n")
    elif kind in ("store", "uid store"):
        sign, flag = dice.choice("+- "), dice.choice(_KEYWORDS)
        messages = _set(dice, count) if kind == "store" else str(dice.choice(model.messages)[0] or 1)
        await model.run(f"{kind.upper()} {messages} {sign.strip()}FLAGS ({flag})")
    elif kind == "expunge":
        await model.run(dice.choice(["EXPUNGE", f"UID EXPUNGE {dice.choice(model.messages)[0] or 1}:*"]))
    elif kind in ("copy", "move"):
        await model.run(f"{kind.upper()} {_set(dice, count)} {dice.choice([other, 'INBOX'])}")
    elif kind == "fetch":
        await model.run(dice.choice(["FETCH 1:* FLAGS", f"FETCH {_set(dice, count)} BODY[]", "UID FETCH 1:* FLAGS"]))
    elif kind == "search":
        await model.run(dice.choice(["SEARCH ALL", "UID SEARCH SEEN"]))
    else:
        await model.run("NOOP")
    await model.complete()


@pytest.mark.parametrize("seed", range(6))
async def test_what_was_told_is_what_is_there(house: House, seed: int) -> None:
    dice = random.Random(seed)
    account = await house.account()
    models = []
    for number in range(3):
        client = await connect(house.port["imap"])
        await client.ok(f"LOGIN {account.login} {PASSWORD}")
        models.append(Model(client, condstore=number == 1))
    for number in range(4):
        await models[0].client.ok("APPEND INBOX {3}", f"{number}:x".encode())
    for model in models:
        await model.select("INBOX")
    for _ in range(60):
        await _step(dice, dice.choice(models), "Archive")
        if dice.random() < 0.15:
            there = await _fresh(house, account.login, "INBOX")
            for model in models:
                await model.run("NOOP")
                await model.complete()
                assert model.messages == there
    for model in models:
        model.client.close()
