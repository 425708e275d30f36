"""Random commands from several clients of one account, and changes from elsewhere; after each, all is looked at."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.machines.imap import acts, places, resync, seeker
from tests.machines.imap.letters import Letter, letters
from tests.machines.imap.party import Party, Picks
from tests.machines.imap.scene import NAMES, Scene, open_scene, spelled
from tests.machines.imap.seeker import Key
from tests.servers.imap.house import House

T = TypeVar("T")

PARTIES = 3
_WHO = st.integers(0, PARTIES - 1)
_BOUND = st.integers(0, 9)
_PICKS = st.lists(st.tuples(_BOUND, _BOUND), min_size=1, max_size=3)
_MARKS = st.lists(
    st.sampled_from(("\\Seen", "\\Deleted", "\\Flagged", "\\Answered", "\\Draft", "$Junk", "one", "Two", "TWO")),
    max_size=3,
).map(tuple)
_CHANGE = st.tuples(st.sampled_from(("+", "-", "")), _MARKS, st.booleans())
_KEYWORDS = st.lists(st.sampled_from(("$Junk", "one", "three")), max_size=2).map(tuple)
_HOW = st.sampled_from(("", "UID "))
_NAME = st.sampled_from(NAMES)
_MAIL = st.lists(st.tuples(letters, _MARKS), min_size=1, max_size=3)
_ITEMS = st.lists(st.sampled_from(sorted(acts.ASKED)), min_size=1, max_size=3, unique=True)
_RETURNS = st.none() | st.lists(st.sampled_from(("MIN", "MAX", "ALL", "COUNT")), unique=True).map(tuple)
_ENABLED = st.lists(
    st.sampled_from(("CONDSTORE", "QRESYNC", "QRESYNC", "UIDONLY", "IMAP4REV2", "X-NOTHING")), min_size=1, max_size=2
)
_AGO = st.none() | st.integers(0, 6)


class Machine(RuleBasedStateMachine):
    """`house` and `runner` are the test's; every example has an account of its own."""

    def __init__(self, house: House, runner: asyncio.Runner) -> None:
        super().__init__()
        self.house = house
        self.runner = runner
        self.scene: Scene

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """To the end of it; where that fails, the dialogue is shown."""
        try:
            return self.runner.run(work)
        except BaseException:
            note("\n".join(self.scene.said[-200:] if hasattr(self, "scene") else []))
            raise

    @initialize(mail=st.lists(st.tuples(letters, _MARKS), min_size=2, max_size=6))
    def begin(self, mail: list[tuple[Letter, tuple[str, ...]]]) -> None:
        """Some mail, and everybody has INBOX open."""
        self.run(self._begin(mail))

    async def _begin(self, mail: list[tuple[Letter, tuple[str, ...]]]) -> None:
        self.scene = await open_scene(self.house, PARTIES)
        await acts.append(self.scene, self.scene.parties[0], "INBOX", mail)
        for party in self.scene.parties:
            await party.select("INBOX", self.scene.boxes["INBOX"], read_only=False)

    async def ready(self, who: int, *, filled: bool = True) -> Party | None:
        """That client, connected, with a mailbox open; None if it knows of no message and that matters."""
        party = self.scene.parties[who]
        if party.idle:
            await party.end_idle()
        if party.ended:
            party.client.close()
            party = self.scene.parties[who] = await self.scene.party()
        if party.box is None:
            await party.select("INBOX", self.scene.boxes["INBOX"], read_only=False)
        await party.complete()
        return party if party.mirror.messages or not filled else None

    def since(self, party: Party, ago: int | None) -> int | None:
        """A mod-sequence so many changes back from what the mailbox has."""
        return None if ago is None or party.box is None else max(1, party.box.highest - ago)

    @staticmethod
    def how(party: Party, how: str) -> str:
        """By number or by UID, the latter always where messages have no numbers (RFC 9586)."""
        return "UID " if "UIDONLY" in party.enabled else how

    @rule(who=_WHO, name=_NAME, mail=_MAIL)
    def append(self, who: int, name: str, mail: list[tuple[Letter, tuple[str, ...]]]) -> None:
        async def go() -> None:
            if party := await self.ready(who, filled=False):
                await acts.append(self.scene, party, name, mail)

        self.run(go())

    @rule(who=_WHO, picks=_PICKS, how=_HOW, change=_CHANGE, ago=_AGO)
    def store(self, who: int, picks: Picks, how: str, change: acts.Change, ago: int | None) -> None:
        async def go() -> None:
            if party := await self.ready(who):
                await acts.store(self.scene, party, picks, self.how(party, how), change, self.since(party, ago))

        self.run(go())

    @rule(who=_WHO, picks=_PICKS, how=_HOW, silent=st.booleans())
    def delete_messages(self, who: int, picks: Picks, how: str, silent: bool) -> None:
        async def go() -> None:
            if party := await self.ready(who):
                await acts.store(self.scene, party, picks, self.how(party, how), ("+", ("\\Deleted",), silent), None)

        self.run(go())

    @rule(who=_WHO, picks=st.none() | _PICKS)
    def expunge(self, who: int, picks: Picks | None) -> None:
        async def go() -> None:
            if party := await self.ready(who):
                await acts.expunge(self.scene, party, picks)

        self.run(go())

    @rule(who=_WHO, picks=_PICKS, how=_HOW, verb=st.sampled_from(("COPY", "MOVE")), name=_NAME)
    def copy(self, who: int, picks: Picks, how: str, verb: str, name: str) -> None:
        async def go() -> None:
            if party := await self.ready(who):
                await acts.copy(self.scene, party, picks, self.how(party, how) + verb, name)

        self.run(go())

    @rule(who=_WHO, picks=_PICKS, how=_HOW, items=_ITEMS, ago=_AGO)
    def fetch(self, who: int, picks: Picks, how: str, items: list[str], ago: int | None) -> None:
        async def go() -> None:
            if party := await self.ready(who):
                await acts.fetch(self.scene, party, picks, self.how(party, how), items, self.since(party, ago))

        self.run(go())

    @rule(who=_WHO, verb=st.sampled_from(("CLOSE", "UNSELECT")))
    def leave(self, who: int, verb: str) -> None:
        async def go() -> None:
            if party := await self.ready(who, filled=False):
                await acts.leave(self.scene, party, verb)

        self.run(go())

    @rule(who=_WHO, name=_NAME, read_only=st.booleans(), options=st.sampled_from(("", " (CONDSTORE)")))
    def select(self, who: int, name: str, read_only: bool, options: str) -> None:
        async def go() -> None:
            if party := await self.ready(who, filled=False):
                box = self.scene.boxes.get(name)
                tagged = await party.select(spelled(name, party.utf8), box, read_only=read_only, options=options)
                assert box is not None or tagged.startswith(b"NO [NONEXISTENT]"), tagged

        self.run(go())

    @rule(who=_WHO)
    def noop(self, who: int) -> None:
        async def go() -> None:
            if (party := await self.ready(who, filled=False)) and party.box is not None:
                await party.check(party.box)

        self.run(go())

    @rule(who=_WHO)
    def idle(self, who: int) -> None:
        async def go() -> None:
            if party := await self.ready(who, filled=False):
                await party.begin_idle()

        self.run(go())

    @rule(who=_WHO, key=seeker.keys, how=_HOW, returns=_RETURNS)
    def search(self, who: int, key: Key, how: str, returns: tuple[str, ...] | None) -> None:
        async def go() -> None:
            if party := await self.ready(who):
                await seeker.search(party, key, self.how(party, how), returns)

        self.run(go())

    @rule(who=_WHO, names=_ENABLED)
    def enable(self, who: int, names: list[str]) -> None:
        async def go() -> None:
            if party := await self.ready(who, filled=False):
                await resync.enable(self.scene, party, names)

        self.run(go())

    @rule(
        who=_WHO,
        command=st.sampled_from(("FETCH 1 FLAGS", "STORE 1 FLAGS ()", "COPY 1 Work", "MOVE 1 INBOX", "SEARCH 1")),
    )
    def by_number(self, who: int, command: str) -> None:
        async def go() -> None:
            party = await self.ready(who)
            if party and "UIDONLY" in party.enabled:
                _, tagged = await party.command(command)
                refused = (b"NO [READ-ONLY]", b"BAD [UIDREQUIRED]") if party.read_only else b"BAD [UIDREQUIRED]"
                assert party.ended or tagged.startswith(refused), tagged

        self.run(go())

    @rule(who=_WHO, picks=_PICKS, ago=st.integers(0, 9))
    def fetch_vanished(self, who: int, picks: Picks, ago: int) -> None:
        async def go() -> None:
            party = await self.ready(who)
            if party and "QRESYNC" in party.enabled:
                await resync.fetch_vanished(party, picks, self.since(party, ago) or 1)

        self.run(go())

    @rule(who=_WHO, how=st.sampled_from(("plain", "uids", "sample")), read_only=st.booleans())
    def come_back(self, who: int, how: str, read_only: bool) -> None:
        async def go() -> None:
            party = self.scene.parties[who]
            if "QRESYNC" in party.enabled and party.box is not None and self.scene.there(party.box):
                fresh = await resync.come_back(self.scene, party, how=how, read_only=read_only)
                self.scene.parties[who] = fresh

        self.run(go())

    @rule(name=_NAME, letter=letters)
    def deliver(self, name: str, letter: Letter) -> None:
        self.run(places.deliver(self.scene, name, letter))

    @rule(number=_BOUND, marks=st.tuples(st.integers(0, 31), _KEYWORDS), names=st.none() | st.lists(_NAME, max_size=2))
    def jmap(self, number: int, marks: tuple[int, tuple[str, ...]], names: list[str] | None) -> None:
        self.run(places.jmap(self.scene, number, marks, names))

    @rule()
    def forget(self) -> None:
        self.run(places.forget(self.scene))

    @rule(who=_WHO, name=_NAME, other=_NAME, verb=st.sampled_from(("CREATE", "CREATE", "DELETE", "RENAME")))
    def mailboxes(self, who: int, name: str, other: str, verb: str) -> None:
        async def go() -> None:
            if party := await self.ready(who, filled=False):
                if verb == "CREATE":
                    await places.create(self.scene, party, name)
                elif verb == "DELETE":
                    await places.delete(self.scene, party, name)
                else:
                    await places.rename(self.scene, party, name, other)

        self.run(go())

    @rule(who=_WHO, name=_NAME)
    def status(self, who: int, name: str) -> None:
        async def go() -> None:
            if party := await self.ready(who, filled=False):
                await places.status(self.scene, party, name)
                await places.listed(self.scene, party)

        self.run(go())

    def teardown(self) -> None:
        """Everybody looks once more, and leaves."""
        if hasattr(self, "scene"):
            self.run(self._end())

    async def _end(self) -> None:
        try:
            for party in self.scene.parties:
                if party.idle:
                    await party.end_idle()
                if party.box is not None and not party.ended and self.scene.there(party.box):
                    await party.check(party.box)
        finally:
            self.scene.close()
