"""What a client knows of the mailbox it has selected, from the untagged responses alone (RFC 9051 §7, RFC 7162).

Each response is applied as the RFCs tell a client to, and held against what they forbid a server to send.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tests.machines.imap.answers import Answer, flags, numbers

RECENT = "\\recent"
BY_NUMBER = frozenset(("FETCH", "STORE", "SEARCH", "SORT", "THREAD"))
"""While these are answered no message may be taken away (RFC 3501 §7.4.1, RFC 5256 §3)."""

NUMBERED = "UID SEARCH by number"
"""During which VANISHED may not come either (RFC 7162 §3.2.10.2), though EXPUNGE may (RFC 9051 §5.5)."""


@dataclass(slots=True)
class Known:
    """A message; None is what was not told yet. `together`: the modseq that was told with the flags."""

    uid: int | None = None
    flags: frozenset[str] | None = None
    modseq: int | None = None
    together: int | None = None

    def whole(self) -> bool:
        """Whether the client knows it."""
        return self.uid is not None and self.flags is not None


@dataclass(slots=True)
class Mirror:
    """`enabled` is the connection's own set: CONDSTORE, QRESYNC, UIDONLY, IMAP4REV2. `fetched` is what the last command
    brought, `earlier` the UIDs of VANISHED (EARLIER); `asked` are the items that a FETCH under way asked for. `cached`
    is the mod-sequence up to which the client may think that it knows everything (RFC 7162 §6). `resumed`: of the
    messages it kept it is not told which are \\Recent."""

    enabled: set[str]
    messages: list[Known] = field(default_factory=list)
    recent: int | None = 0
    keywords: frozenset[str] = frozenset()
    permanent: frozenset[str] = frozenset()
    uidvalidity: int = 0
    uidnext: int = 0
    highest: int = 0
    earlier: list[int] = field(default_factory=list)
    fetched: list[tuple[Known, Answer]] = field(default_factory=list)
    asked: frozenset[str] = frozenset()
    cached: int = 0
    resumed: bool = False

    def uids(self) -> list[int]:
        """The UIDs in order; all must be known."""
        found = [one.uid for one in self.messages if one.uid is not None]
        assert len(found) == len(self.messages)
        return found

    def at(self, uid: int) -> Known | None:
        """The message of a UID."""
        return next((one for one in self.messages if one.uid == uid), None)

    def take(self, answers: Iterable[Answer], during: str, asked: frozenset[str] = frozenset()) -> None:
        """Apply responses in their order; `during` is the command they came with, "" for none."""
        self.asked = asked
        self.fetched.clear()
        for answer in answers:
            apply = _APPLY.get(answer.name)
            if apply is not None:
                apply(self, answer, during)
        if "UIDONLY" in self.enabled and all(one.uid for one in self.messages):
            self.messages.sort(key=lambda one: one.uid or 0)  # they were learned in any order

    def settle(self, answers: Iterable[Answer], code: Sequence[bytes]) -> None:
        """At a tagged response the client works out up to where it knows everything (RFC 7162 §6)."""
        codes = [*(one.values for one in answers if one.name == "OK"), code]
        told = [int(one[1]) for one in codes if one and one[0].upper() == b"HIGHESTMODSEQ"]
        seen = [int(pairs["MODSEQ"][0]) for _, one in self.fetched if "MODSEQ" in (pairs := one.pairs())]
        self.cached = told[-1] if told else max([self.cached, *seen])

    def resume(self, answers: Iterable[Answer]) -> None:
        """Apply the answer to SELECT (QRESYNC …) to what was kept: by UID, for numbers have changed (§3.2.5)."""
        kept = {one.uid: one for one in self.messages}
        count = 0
        self.fetched.clear()
        for answer in answers:
            if answer.name == "EXISTS":
                count = answer.number or 0
            elif answer.name == "RECENT":
                self.recent = None
            elif answer.name == "VANISHED":
                assert answer.values[0] == [b"EARLIER"], answer.raw
                self.earlier += numbers(answer.values[1])
                for uid in numbers(answer.values[1]):
                    kept.pop(uid, None)
            elif answer.name in ("FETCH", "UIDFETCH"):
                told = answer.pairs()
                uid = int(told["UID"])
                self._told(kept.setdefault(uid, Known(uid)), answer, "SELECT")
            else:
                self.take([answer], "SELECT")
        self.messages = [kept[uid] for uid in sorted(uid for uid in kept if uid is not None)]
        assert len(self.messages) <= count, (self.messages, count)
        self.messages += [Known() for _ in range(count - len(self.messages))]
        self.resumed = True

    def _exists(self, answer: Answer, _during: str) -> None:
        count = answer.number
        assert count is not None and count >= len(self.messages), ("EXISTS never takes messages away", answer.raw)
        self.messages += [Known() for _ in range(count - len(self.messages))]

    def _recent(self, answer: Answer, _during: str) -> None:
        assert "IMAP4REV2" not in self.enabled, "RFC 9051 has no RECENT"
        assert answer.number is not None and answer.number <= len(self.messages)
        self.recent = None if self.resumed else answer.number

    def _expunge(self, answer: Answer, during: str) -> None:
        assert during and during not in BY_NUMBER, (during, answer.raw)
        assert not self.enabled & {"QRESYNC", "UIDONLY"}, "VANISHED is due, RFC 7162 §3.2.10"
        assert answer.number is not None and 1 <= answer.number <= len(self.messages), answer.raw
        self._forget(answer.number - 1)

    def _forget(self, at: int) -> None:
        gone = self.messages.pop(at)
        if gone.flags is None:
            self.recent = None  # whether it counted was never told
        elif RECENT in gone.flags and self.recent is not None:
            self.recent -= 1

    def _vanished(self, answer: Answer, during: str) -> None:
        assert self.enabled & {"QRESYNC", "UIDONLY"}, answer.raw
        earlier = answer.values[0] == [b"EARLIER"]
        uids = numbers(answer.values[-1])
        if earlier:
            assert during in ("SELECT", "EXAMINE", "UID FETCH"), (during, answer.raw)
            self.earlier += uids
            if during == "UID FETCH":
                return
        else:
            assert during and during not in (*BY_NUMBER, NUMBERED), (during, answer.raw)
        for uid in uids:
            place = next((at for at, one in enumerate(self.messages) if one.uid == uid), None)
            if place is None and not earlier:  # one of the new ones, whose UIDs were not asked for yet
                place = next((at for at, one in enumerate(self.messages) if one.uid is None), None)
            assert place is not None or earlier, ("VANISHED of what was never announced", answer.raw, self.messages)
            if place is not None:
                self._forget(place)

    def _fetch(self, answer: Answer, during: str) -> None:
        assert "UIDONLY" not in self.enabled, "UIDFETCH is due, RFC 9586 §3"
        assert answer.number is not None and 1 <= answer.number <= len(self.messages), answer.raw
        self._told(self.messages[answer.number - 1], answer, during)

    def _uid_fetch(self, answer: Answer, during: str) -> None:
        assert "UIDONLY" in self.enabled, answer.raw
        assert answer.number is not None
        known = self.at(answer.number)
        if known is None:  # the client learns UIDs of new messages thereby
            known = next((one for one in reversed(self.messages) if one.uid is None), None)
            assert known is not None, answer.raw
            known.uid = answer.number
        self._told(known, answer, during)

    def _told(self, known: Known, answer: Answer, during: str) -> None:
        told = answer.pairs()
        self.fetched.append((known, answer))
        if "CONDSTORE" in self.enabled and not {*told} - {"UID"} <= self.asked:  # RFC 7162 §3.1, §3.2.4
            assert "MODSEQ" in told and ("UID" in told or "UIDONLY" in self.enabled), (during, answer.raw)
        if "UID" in told:
            assert known.uid in (None, int(told["UID"])), (known, answer.raw)
            known.uid = int(told["UID"])
        modseq = int(told["MODSEQ"][0]) if "MODSEQ" in told else None
        if modseq is not None:
            assert known.modseq is None or modseq >= known.modseq, (known, answer.raw)
        if "FLAGS" in told:
            now = flags(told["FLAGS"])
            assert now - {RECENT} <= self.keywords, ("keywords that FLAGS did not name", answer.raw, self.keywords)
            assert RECENT not in now or "IMAP4REV2" not in self.enabled, answer.raw
            if known.flags is not None and modseq is not None and known.together == modseq:
                assert now - {RECENT} == known.flags - {RECENT}, ("other flags, the same modseq", known, answer.raw)
            known.flags, known.together = now, modseq
        known.modseq = modseq if modseq is not None else known.modseq

    def _flags(self, answer: Answer, _during: str) -> None:
        self.keywords = flags(answer.values[0])

    def _status(self, answer: Answer, _during: str) -> None:
        if not answer.values:
            return
        name = answer.values[0].decode().upper()
        if name == "PERMANENTFLAGS":
            self.permanent = flags(answer.values[1])
            assert self.permanent - {"\\*"} <= self.keywords, answer.raw
        elif name in _NUMBERS:
            setattr(self, _NUMBERS[name], int(answer.values[1]))

    def assume(self, uids: Sequence[int], sign: str, changed: frozenset[str]) -> None:
        """STORE .SILENT: the client works the new flags out for itself (RFC 3501 §6.4.6)."""
        for uid in uids:
            known = self.at(uid)
            if known is not None and known.flags is not None:
                recent = known.flags & {RECENT}
                known.flags = after(known.flags - {RECENT}, sign, changed) | recent
                known.together = None


def after(present: frozenset[str], sign: str, changed: frozenset[str]) -> frozenset[str]:
    """The flags a STORE leaves: `sign` is "+", "-" or ""."""
    return {"+": present | changed, "-": present - changed, "": changed}[sign]


_NUMBERS = {"UIDVALIDITY": "uidvalidity", "UIDNEXT": "uidnext", "HIGHESTMODSEQ": "highest"}
_APPLY = {
    "EXISTS": Mirror._exists,
    "RECENT": Mirror._recent,
    "EXPUNGE": Mirror._expunge,
    "VANISHED": Mirror._vanished,
    "FETCH": Mirror._fetch,
    "UIDFETCH": Mirror._uid_fetch,
    "FLAGS": Mirror._flags,
    "OK": Mirror._status,
}
