"""One client: a connection, what it has selected, and its mirror of that, which is all it knows."""

import asyncio
import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from tests.machines.imap.answers import Answer, code, parse
from tests.machines.imap.mirror import RECENT, Known, Mirror
from tests.machines.imap.world import Box, Mail
from tests.servers.imap.wire import Client

NOT_ASCII = {"Été": "&AMk-t&AOk-"}
"""Names in modified UTF-7 (RFC 3501 §5.1.3)."""
_serials = itertools.count(1)
_TURNS = 4  # with the answer to what is new may come word of what is newer

Picks = Sequence[tuple[int, int]]
"""Parts of a set: bounds from 0 to 9, of which 9 is `*`; the others count from the first message, around the end."""

Sent = tuple[str, frozenset[str], tuple[Sequence[int], tuple[str, tuple[str, ...], bool]] | None]
"""A command, the items it asks for, and the messages and the change that a .SILENT one lets the client assume."""


def spelled(name: str, utf8: bool = False) -> str:
    """The octets of a mailbox name, not yet quoted."""
    for plain, coded in () if utf8 else NOT_ASCII.items():
        name = name.replace(plain, coded)
    return name


@dataclass(frozen=True, slots=True)
class Named:
    """A set as it is spelled, and the UIDs it names of the messages the client knows, ascending."""

    text: str
    uids: tuple[int, ...]


@dataclass(slots=True, eq=False)
class Party:
    """`home` is what its names of mailboxes begin with, where they are somebody else's. `box` is what it has selected,
    `idle` the tag of an IDLE under way and `heard` what came in it. `said` is the dialogue, for reading."""

    client: Client
    home: str = ""
    serial: int = field(default_factory=lambda: next(_serials))
    enabled: set[str] = field(default_factory=set)
    mirror: Mirror = field(default_factory=lambda: Mirror(set()))
    box: Box | None = None
    read_only: bool = False
    idle: bytes = b""
    heard: list[Answer] = field(default_factory=list)
    ended: bool = False
    said: list[str] = field(default_factory=list)

    @property
    def utf8(self) -> bool:
        """Mailbox names are UTF-8."""
        return bool(self.enabled & {"IMAP4REV2", "UTF8=ACCEPT"})

    @property
    def guest(self) -> bool:
        """The mailboxes are somebody else's."""
        return bool(self.home)

    def spell(self, name: str) -> str:
        """A mailbox name as this client sends it."""
        return f'"{spelled(self.home + name, self.utf8)}"'

    async def command(
        self,
        text: str,
        *literals: bytes,
        during: str = "",
        asked: frozenset[str] = frozenset(),
        before: Callable[[bytes], None] | None = None,
        resume: bool = False,
    ) -> tuple[list[Answer], bytes]:
        """A command: its untagged responses, all applied to the mirror, and the tagged line.

        `before` is called with the tagged line before the responses are applied; with `resume` they are those of
        SELECT (QRESYNC …).
        """
        assert not self.idle
        self.said.append(f"{self.serial}C: {text}")
        try:
            untagged, tagged = await self.client.command(text, *literals)
        except ConnectionError:
            self.ended = True
            return [], b""
        self.said += [f"{self.serial}S: {line[:200]!r}" for line in (*untagged, tagged)]
        answers = [parse(one) for one in untagged]
        if before is not None:
            before(tagged)
        self._bye(answers)
        if resume:
            self.mirror.resume(answers)
        elif self.box is not None:
            name = during or " ".join(text.split(" ")[: 2 if text.startswith("UID ") else 1])
            self.mirror.take(answers, name, asked)
        self.mirror.settle(answers, code(tagged.partition(b" ")[2]))
        assert b"SERVERBUG" not in tagged, (text, tagged)
        return answers, tagged

    async def pipeline(self, commands: Sequence[Sent]) -> None:
        """Send commands all at once; whatever comes before the tagged line of one came with it."""
        tags = [b"p%d" % at for at in range(len(commands))]
        lines = [b"%b %b\r\n" % (tag, text.encode()) for tag, (text, _, _) in zip(tags, commands, strict=True)]
        self.said += [f"{self.serial}C: {line!r}" for line in lines]
        try:
            await self.client.send(b"".join(lines))
            for tag, (text, asked, silent) in zip(tags, commands, strict=True):
                answers: list[Answer] = []
                while not (said := await self.client.response()).startswith(tag + b" "):
                    self.said.append(f"{self.serial}S: {said[:200]!r}")
                    answers.append(parse(said[2:]))
                self.said.append(f"{self.serial}S: {said[:200]!r}")
                self._bye(answers)
                if silent is not None and said.startswith(tag + b" OK"):
                    uids, (sign, marks, _) = silent
                    self.mirror.assume(uids, sign, frozenset(mark.lower() for mark in marks))
                self.mirror.take(answers, " ".join(text.split(" ")[: 2 if text.startswith("UID ") else 1]), asked)
                self.mirror.settle(answers, code(said.split(b" ", 2)[2]))
        except ConnectionError:
            self.ended = True

    def _bye(self, answers: Sequence[Answer]) -> None:
        if any(one.name == "BYE" for one in answers):
            self.ended = True

    async def select(
        self, name: str, box: Box | None, *, read_only: bool, options: str = "", kept: Sequence[Known] | None = None
    ) -> bytes:
        """Open a mailbox, None where it does not exist; its messages are learned anew, but for what was `kept`."""
        self.mirror = Mirror(self.enabled, list(kept or ()))
        self.box, self.read_only = box, read_only
        if "CONDSTORE" in options:
            self.enabled.add("CONDSTORE")
        verb = "EXAMINE" if read_only else "SELECT"
        _, tagged = await self.command(f"{verb} {name}{options}", resume=kept is not None)
        if not tagged.startswith(b"OK"):
            self.box = None
            return tagged
        assert box is not None, tagged
        assert tagged.startswith(b"OK [READ-ONLY]" if read_only else b"OK [READ-WRITE]"), tagged
        assert self.mirror.uidvalidity and self.mirror.uidnext and self.mirror.highest
        assert not self.mirror.permanent if read_only else "\\*" in self.mirror.permanent
        await self.complete()
        return tagged

    async def complete(self) -> None:
        """Ask for what is new, as clients do."""
        asked = ("UID", "FLAGS", "MODSEQ") if "CONDSTORE" in self.enabled else ("UID", "FLAGS")
        for _ in range(_TURNS):
            known = self.mirror.messages
            first = next((at for at, one in enumerate(known, 1) if one.uid is None or one.flags is None), 0)
            if not first or self.ended:
                return
            messages = f"FETCH {first}:*"
            if "UIDONLY" in self.enabled:
                messages = f"UID FETCH {max((one.uid or 0 for one in known[: first - 1]), default=0) + 1}:*"
            await self.command(f"{messages} ({' '.join(asked)})", asked=frozenset(asked))
            if first > len(self.mirror.messages) or self.mirror.messages[first - 1].flags is None:
                await self.command("NOOP")  # it is gone already, which FETCH may not tell
        raise AssertionError("what is new is never told whole")

    async def check(self, box: Box) -> None:
        """After a NOOP the mirror is what is there."""
        await self.command("NOOP")
        if self.ended:
            return
        await self.complete()
        self.compare(box)

    def compare(self, box: Box) -> None:
        """The mirror is what is there."""
        known = self.mirror.messages
        assert self.mirror.uids() == box.uids(), (known, box.mails)
        for one, mail in zip(known, box.mails, strict=True):
            assert one.flags is not None and one.flags - {RECENT} == mail.flags, (one, mail)
            assert one.modseq in (None, mail.modseq) or "CONDSTORE" not in self.enabled, (one, mail)
        if "IMAP4REV2" not in self.enabled:
            self._recent(box)

    def agrees(self, box: Box) -> bool:
        """Whether what it knows is what is there, as far as it was told without asking."""
        known = self.mirror.messages
        if len(known) != len(box.mails):
            return False
        pairs: Iterable[tuple[Known, Mail | None]] = zip(known, box.mails, strict=True)
        if "UIDONLY" in self.enabled:  # in no order until all is known
            pairs = ((one, box.at(one.uid)) for one in known if one.uid is not None)
        return all(
            mail is not None
            and one.uid in (None, mail.uid)
            and (one.flags is None or one.flags - {RECENT} == mail.flags)
            for one, mail in pairs
        )

    def _recent(self, box: Box) -> None:
        """A message is \\Recent in one read-write session alone (RFC 3501 §2.3.2)."""
        recent = [one.uid for one in self.mirror.messages if one.uid and one.flags and RECENT in one.flags]
        assert self.mirror.recent in (None, len(recent)), (recent, self.mirror.recent)
        if not self.read_only:  # others may see it still when it was told to a read-only session alone
            for uid in recent:
                assert box.recent.setdefault(uid, self.serial) == self.serial, (uid, box.recent, self.serial)

    # -- IDLE

    async def begin_idle(self) -> None:
        """IDLE, up to the `+`."""
        self.idle = b"i%d" % self.serial
        self.heard.clear()
        self.mirror.fetched.clear()
        self.said.append(f"{self.serial}C: IDLE")
        await self.client.send(self.idle + b" IDLE\r\n")
        while (said := await self.client.response())[:1] != b"+":
            self._hear(said)

    def _hear(self, said: bytes) -> None:
        self.said.append(f"{self.serial}S: {said[:200]!r}")
        answer = parse(said[2:])
        self._bye([answer])
        if self.box is not None:
            fetched = list(self.mirror.fetched)
            self.mirror.take([answer], "IDLE")
            self.mirror.fetched[:0] = fetched
            self.heard.append(answer)

    async def hear(self, enough: Callable[[], bool]) -> None:
        """While idling, hear what comes until it is enough."""
        async with asyncio.timeout(self.client.patience):
            while not self.ended and not enough():
                try:
                    self._hear(await self.client.response())
                except ConnectionError:
                    self.ended = True

    async def end_idle(self) -> None:
        """DONE, and what was still under way."""
        tag, self.idle = self.idle, b""
        try:
            await self.client.send(b"DONE\r\n")
            while not (said := await self.client.response()).startswith(tag + b" "):
                self._hear(said)
        except ConnectionError:
            self.ended = True
            return
        self.mirror.settle(self.heard, code(said.split(b" ", 2)[2]))
        assert said.startswith(tag + b" OK"), said

    # -- sets

    def name(self, picks: Picks, uid: bool) -> Named:
        """A set of messages the client knows, and of none it does not."""
        uids = self.mirror.uids()
        texts, chosen = [], set[int]()
        for pair in picks:
            places = [len(uids) - 1 if bound == 9 else bound % len(uids) for bound in pair]
            texts.append(":".join(dict.fromkeys(self._bound(*one, uid) for one in zip(pair, places, strict=True))))
            chosen.update(uids[min(places) : max(places) + 1])
        return Named(",".join(texts), tuple(sorted(chosen)))

    def _bound(self, bound: int, place: int, uid: bool) -> str:
        return "*" if bound == 9 else str(self.mirror.uids()[place] if uid else place + 1)

    def number(self, uid: int) -> int:
        """The message number of a UID."""
        return self.mirror.uids().index(uid) + 1
