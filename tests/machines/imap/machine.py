"""Random commands from several clients of one account, and changes from elsewhere; after each, all is looked at."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar, cast

from hypothesis import Phase, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from tests.machines.imap import acts, places, resync, seeker, together
from tests.machines.imap.letters import Letter, letters
from tests.machines.imap.party import Party, Picks
from tests.machines.imap.scene import NAMES, Scene, open_scene
from tests.machines.imap.seeker import Key
from tests.machines.imap.together import Plan
from tests.servers.imap.house import House

T = TypeVar("T")

PARTIES = 3
PHASES = [phase for phase in Phase if phase is not Phase.explain]  # which traces every line of the server
Mail = list[tuple[Letter, acts.Marks]]
Deed = Callable[[Party], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Turn:
    """Whose turn it is, and who looks afterwards whether what he was told is what is there."""

    who: int
    looks: tuple[int, ...]


_who = st.integers(0, PARTIES - 1)
_turn = st.builds(Turn, _who, st.lists(_who, max_size=2, unique=True).map(tuple))
_bound = st.integers(0, 9)
_picks = st.lists(st.tuples(_bound, _bound), min_size=1, max_size=3)
_FLAGS = ("\\Seen", "\\Deleted", "\\Flagged", "\\Answered", "\\Draft", "$Junk", "one", "Two", "TWO")
_marks = st.lists(st.sampled_from(_FLAGS), max_size=3).map(tuple)
_change = st.tuples(st.sampled_from(("+", "-", "")), _marks, st.booleans())
_keywords = st.lists(st.sampled_from(("$Junk", "one", "three")), max_size=2).map(tuple)
_how = st.sampled_from(("", "UID "))
_name = st.sampled_from(NAMES)
_mail = st.lists(st.tuples(letters, _marks), min_size=1, max_size=3)
_items = st.lists(st.sampled_from(sorted(acts.ASKED)), min_size=1, max_size=3, unique=True)
_returns = st.none() | st.lists(st.sampled_from(("MIN", "MAX", "ALL", "COUNT")), unique=True).map(tuple)
_ago = st.none() | st.integers(0, 6)
_ENABLED = ("CONDSTORE", "QRESYNC", "QRESYNC", "UIDONLY", "IMAP4REV2", "X-NOTHING")
_enabled = st.lists(st.sampled_from(_ENABLED), max_size=2, unique=True).map(tuple)
_BY_NUMBER = ("FETCH 1 FLAGS", "STORE 1 FLAGS ()", "COPY 1 Work", "MOVE 1 INBOX", "SEARCH 1")
_passing = st.one_of(
    st.tuples(st.just("leave"), st.sampled_from(("CLOSE", "UNSELECT")), st.booleans()),
    st.tuples(st.just("select"), _name, st.booleans(), st.sampled_from(("", " (CONDSTORE)"))),
    st.tuples(st.just("enable"), st.lists(st.sampled_from(_ENABLED), min_size=1, max_size=2, unique=True)),
    st.tuples(st.just("by_number"), st.sampled_from(_BY_NUMBER)),
    st.tuples(st.just("status"), _name),
    st.tuples(st.just("create"), _name),
    st.tuples(st.just("delete"), _name),
    st.tuples(st.just("rename"), _name, _name),
)


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

    @initialize(
        mail=st.lists(st.tuples(letters, _marks), min_size=2, max_size=6),
        enabled=st.tuples(*[_enabled] * PARTIES),
        guest=st.booleans(),
    )
    def begin(self, mail: Mail, enabled: tuple[tuple[str, ...], ...], guest: bool) -> None:
        """Some mail, and everybody has INBOX open; with `guest` the last one has another account."""
        self.run(self._begin(mail, enabled, guest))

    async def _begin(self, mail: Mail, enabled: tuple[tuple[str, ...], ...], guest: bool) -> None:
        self.scene = await open_scene(self.house, PARTIES, guest=guest)
        await acts.append(self.scene, self.scene.parties[0], "INBOX", mail)
        for party, names in zip(self.scene.parties, enabled, strict=True):
            if names:
                await resync.enable(self.scene, party, names)
            await party.select(party.spell("INBOX"), self.scene.boxes["INBOX"], read_only=False)

    # -- turns

    def act(self, turn: Turn, deed: Deed, *, filled: bool = True) -> None:
        """Somebody does something, then others look. `filled`: it takes a message that he knows of."""
        self.run(self._act(turn, deed, filled))

    async def _act(self, turn: Turn, deed: Deed, filled: bool) -> None:
        party = await self.ready(turn.who)
        if party.mirror.messages or not filled:
            await deed(party)
        for who in turn.looks:
            await self.look(self.scene.parties[who])

    async def ready(self, who: int) -> Party:
        """That client, connected, with a mailbox open, knowing what it was told of."""
        party = self.scene.parties[who]
        if party.idle:
            await party.end_idle()
        if party.ended:
            party.client.close()
            party = self.scene.parties[who] = await self.scene.party(guest=party.guest)
        if party.box is None:
            await party.select(party.spell("INBOX"), self.scene.boxes["INBOX"], read_only=False)
        await party.complete()
        return party

    async def look(self, party: Party) -> None:
        """What was told after a NOOP, or while idling, is what is there."""
        box = party.box
        if box is None or party.ended or not self.scene.there(box):
            return
        if party.idle:
            await party.hear(lambda: party.agrees(box))
        else:
            await party.complete()
            await party.check(box)

    def since(self, party: Party, ago: int | None) -> int | None:
        """A mod-sequence so many changes back from what the mailbox has."""
        return None if ago is None or party.box is None else max(1, party.box.highest - ago)

    @staticmethod
    def how(party: Party, how: str) -> str:
        """By number or by UID, the latter always where messages have no numbers (RFC 9586)."""
        return "UID " if "UIDONLY" in party.enabled else how

    # -- mail

    @rule(turn=_turn, name=_name, mail=_mail)
    def append(self, turn: Turn, name: str, mail: Mail) -> None:
        self.act(turn, lambda party: acts.append(self.scene, party, name, mail), filled=False)

    @rule(turn=_turn, picks=_picks, how=_how, change=_change, ago=_ago)
    def store(self, turn: Turn, picks: Picks, how: str, change: acts.Change, ago: int | None) -> None:
        self.act(
            turn,
            lambda party: acts.store(self.scene, party, picks, self.how(party, how), change, self.since(party, ago)),
        )

    @rule(turn=_turn, picks=_picks, how=_how, silent=st.booleans())
    def delete_messages(self, turn: Turn, picks: Picks, how: str, silent: bool) -> None:
        change = ("+", ("\\Deleted",), silent)
        self.act(turn, lambda party: acts.store(self.scene, party, picks, self.how(party, how), change, None))

    @rule(turn=_turn, picks=st.none() | _picks)
    def expunge(self, turn: Turn, picks: Picks | None) -> None:
        self.act(turn, lambda party: acts.expunge(self.scene, party, picks))

    @rule(turn=_turn, picks=_picks, how=_how, verb=st.sampled_from(("COPY", "MOVE")), name=_name)
    def copy(self, turn: Turn, picks: Picks, how: str, verb: str, name: str) -> None:
        self.act(turn, lambda party: acts.copy(self.scene, party, picks, self.how(party, how) + verb, name))

    @rule(turn=_turn, picks=_picks, how=_how, items=_items, ago=_ago)
    def fetch(self, turn: Turn, picks: Picks, how: str, items: list[str], ago: int | None) -> None:
        self.act(
            turn,
            lambda party: acts.fetch(self.scene, party, picks, self.how(party, how), items, self.since(party, ago)),
        )

    @rule(turn=_turn, key=seeker.keys, how=_how, returns=_returns)
    def search(self, turn: Turn, key: Key, how: str, returns: tuple[str, ...] | None) -> None:
        self.act(turn, lambda party: seeker.search(party, key, self.how(party, how), returns))

    @rule(
        turn=_turn,
        others=st.lists(_who, max_size=2, unique=True),
        plans=st.lists(together.plans, min_size=3, max_size=3),
    )
    def at_once(self, turn: Turn, others: list[int], plans: list[Plan]) -> None:
        """Several clients send several commands each, all at the same moment."""

        async def deed(party: Party) -> None:
            parties = dict.fromkeys([party, *[await self.ready(who) for who in others]])
            await together.run(self.scene, [one for one in parties if one.mirror.messages], plans)

        self.act(turn, deed)

    # -- the connection

    @rule(turn=_turn, what=_passing)
    def passing(self, turn: Turn, what: tuple[Any, ...]) -> None:
        """Anything that changes no mail."""
        name, *given = what

        async def deed(party: Party) -> None:
            if name not in _OWN or not party.guest:
                await (getattr(self, f"_{name}", None) or partial(_DEEDS[name], self.scene))(party, *given)

        self.act(turn, deed, filled=False)

    async def _leave(self, party: Party, verb: str, examined: bool) -> None:
        if examined:
            assert party.box is not None
            name = party.spell(self.scene.name_of(party.box))
            await party.select(name, party.box, read_only=True)
        await acts.leave(self.scene, party, verb)

    async def _select(self, party: Party, name: str, read_only: bool, options: str) -> None:
        box = self.scene.boxes.get(name)
        if not self.scene.sees(party, box):
            return
        tagged = await party.select(party.spell(name), box, read_only=read_only, options=options)
        assert box is not None or tagged.startswith(b"NO [NONEXISTENT]"), tagged

    async def _by_number(self, party: Party, command: str) -> None:
        if party.mirror.messages and "UIDONLY" in party.enabled:
            _, tagged = await party.command(command)
            assert party.ended or tagged.startswith((b"NO [READ-ONLY]", b"BAD [UIDREQUIRED]")), tagged

    @rule(turn=_turn, letter=st.none() | letters, marks=_marks)
    def idle(self, turn: Turn, letter: Letter | None, marks: acts.Marks) -> None:
        """IDLE; what changes is heard as it happens, until it is this client's turn again."""

        async def deed(party: Party) -> None:
            await party.begin_idle()
            if party.box is not None and self.scene.there(party.box):
                if letter is not None:
                    await places.deliver(self.scene, self.scene.name_of(party.box), letter)
                await places.mark(self.scene, party.box, marks)
                await self.look(party)

        self.act(turn, deed, filled=False)

    @rule(turn=_turn, picks=_picks, ago=st.integers(0, 9))
    def fetch_vanished(self, turn: Turn, picks: Picks, ago: int) -> None:
        async def deed(party: Party) -> None:
            if "QRESYNC" in party.enabled:
                await resync.fetch_vanished(party, picks, self.since(party, ago) or 1)

        self.act(turn, deed)

    @rule(who=_who, how=st.sampled_from(("plain", "uids", "sample")), read_only=st.booleans(), taken=st.none() | _picks)
    def come_back(self, who: int, how: str, read_only: bool, taken: Picks | None) -> None:
        """The connection is lost; with `taken` just when these messages went and that could not be told."""

        async def go() -> None:
            party = self.scene.parties[who]
            if not party.idle:  # else what came last is not whole, nor counted as known
                await party.complete()
            box = party.box
            if box is None or party.ended or not self.scene.there(box) or "QRESYNC" not in party.enabled:
                return
            if taken is not None and not party.idle and party.mirror.messages and "UIDONLY" not in party.enabled:
                await self.miss(party, taken)
            if not party.ended:
                self.scene.parties[who] = await resync.come_back(self.scene, party, how=how, read_only=read_only)

        self.run(go())

    async def miss(self, party: Party, picks: Picks) -> None:
        """Messages go, others change, and a client hears of the change alone: FETCH may not tell it of the expunges."""
        box = party.box
        assert box is not None
        gone = acts.present(box, party.name(picks, uid=True))
        await places.take_away(self.scene, box, gone[1:])
        await party.command("FETCH 1:* MODSEQ", asked=frozenset(("MODSEQ",)))
        await places.take_away(self.scene, box, gone[:1])
        await party.command("FETCH 1:* MODSEQ", asked=frozenset(("MODSEQ",)))

    # -- elsewhere

    @rule(name=_name, letter=letters)
    def deliver(self, name: str, letter: Letter) -> None:
        self.run(places.deliver(self.scene, name, letter))

    @rule(number=_bound, marks=st.tuples(st.integers(0, 31), _keywords), names=st.none() | st.lists(_name, max_size=2))
    def jmap(self, number: int, marks: tuple[int, tuple[str, ...]], names: list[str] | None) -> None:
        self.run(places.jmap(self.scene, number, marks, names))

    @rule()
    def forget(self) -> None:
        self.run(places.forget(self.scene))

    def teardown(self) -> None:
        """Everybody looks once more, and leaves."""
        if hasattr(self, "scene"):
            self.run(self._end())

    async def _end(self) -> None:
        try:
            for party in self.scene.parties:
                if party.idle:
                    await party.end_idle()
                await self.look(party)
        finally:
            self.scene.close()


_OWN = ("status", "create", "delete", "rename")
"""What is the owner's alone."""
_DEEDS: dict[str, Callable[..., Awaitable[None]]] = {
    "enable": resync.enable,
    "status": places.status,
    "create": places.create,
    "delete": places.delete,
    "rename": places.rename,
}


def play(house: House, runner: asyncio.Runner, examples: int | None = None) -> None:
    """Run the machine on this server: twice as many examples as the profile says, or so many."""
    made = cast(type[Machine], lambda: Machine(house, runner))
    many = examples or 2 * settings().max_examples
    run_state_machine_as_test(made, settings=settings(max_examples=many, stateful_step_count=40, phases=PHASES))
