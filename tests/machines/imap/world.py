"""What has to be in the mailboxes, by what was asked for; and the fresh look it is held to."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from pillarbox.core import limits
from tests.machines.imap.answers import Answer, flags, parse
from tests.machines.imap.letters import Letter
from tests.machines.imap.mirror import RECENT, after
from tests.servers.imap.wire import Client

_STATUS = "MESSAGES UIDNEXT UIDVALIDITY UNSEEN DELETED SIZE HIGHESTMODSEQ"


@dataclass(frozen=True, slots=True)
class Mail:
    """A message in a mailbox. `modseq` and `email` (EMAILID) are as last seen, 0 and b"" before; `uid` too."""

    letter: Letter
    flags: frozenset[str]
    uid: int = 0
    modseq: int = 0
    email: bytes = b""


@dataclass(frozen=True, slots=True)
class Look:
    """A mailbox as a connection that opens it now sees it."""

    uidvalidity: int
    uidnext: int
    highest: int
    mails: tuple[tuple[int, frozenset[str], int, int, bytes], ...]  # UID, flags, modseq, size, EMAILID
    status: dict[str, int]
    unseen: int


@dataclass(slots=True, eq=False)
class Box:
    """A mailbox. New messages are at the end of `mails` without UID until they are seen."""

    mails: list[Mail] = field(default_factory=list)
    uidvalidity: int = 0
    uidnext: int = 1
    highest: int = 0
    gone: dict[int, int] = field(
        default_factory=dict
    )  # UID → the mod-sequence that took it away, or less; 0 until looked at
    recent: dict[int, int] = field(default_factory=dict)  # UID → the session it was \\Recent in

    def uids(self) -> list[int]:
        """The UIDs in order."""
        return [one.uid for one in self.mails]

    def at(self, uid: int) -> Mail | None:
        """The message of a UID."""
        return next((one for one in self.mails if one.uid == uid), None)

    def put(self, letter: Letter, marks: frozenset[str], email: bytes = b"") -> None:
        """A message comes in."""
        self.mails.append(Mail(letter, marks, email=email))

    def store(self, uids: Iterable[int], sign: str, changed: frozenset[str]) -> None:
        """Flags are changed."""
        wanted = set(uids)
        self.mails = [
            replace(one, flags=after(one.flags, sign, changed)) if one.uid in wanted else one for one in self.mails
        ]

    def remove(self, uids: Iterable[int]) -> None:
        """Messages are taken away."""
        out = set(uids)
        self.gone |= dict.fromkeys(out.intersection(self.uids()), 0)
        self.mails = [one for one in self.mails if one.uid not in out]

    def deleted(self, among: Iterable[int] | None = None) -> list[int]:
        """The UIDs that EXPUNGE takes away."""
        wanted = None if among is None else set(among)
        return [one.uid for one in self.mails if "\\deleted" in one.flags and (wanted is None or one.uid in wanted)]

    def meet(self, look: Look) -> None:
        """What is there is what was asked for, and numbers keep the promises of RFC 9051 §2.3.1 and RFC 7162 §3.1."""
        assert self.uidvalidity in (0, look.uidvalidity)
        self.uidvalidity = look.uidvalidity
        assert [one[0] for one in look.mails] == sorted({one[0] for one in look.mails}), "UIDs ascend"
        assert len(look.mails) == len(self.mails), (look.mails, self.mails)
        self.mails = [self._met(mail, seen) for mail, seen in zip(self.mails, look.mails, strict=True)]
        assert not self.gone.keys() & self.uids(), "no UID comes back"
        assert look.uidnext >= self.uidnext and look.uidnext > max(self.uids(), default=0), "UIDNEXT never lies"
        assert look.highest >= max([self.highest, *(one.modseq for one in self.mails)]), "HIGHESTMODSEQ only grows"
        assert max(self.gone.values(), default=0) <= look.highest, "taking away takes a mod-sequence"
        assert look.highest > self.highest or 0 not in self.gone.values()
        at_once = list(self.gone.values()).count(0) <= limits.IMAP_PORTION
        at_least = look.highest if at_once else self.highest + 1
        self.gone = {uid: modseq or at_least for uid, modseq in self.gone.items()}
        self.uidnext, self.highest = look.uidnext, look.highest
        assert look.status == self._counted(look), look
        first = next((at for at, one in enumerate(self.mails, 1) if "\\seen" not in one.flags), 0)
        assert look.unseen == first, "the first unseen message"

    def _met(self, mail: Mail, seen: tuple[int, frozenset[str], int, int, bytes]) -> Mail:
        uid, marks, modseq, size, email = seen
        assert marks == mail.flags, (mail, seen)
        assert size == len(mail.letter.octets)
        if mail.uid:
            assert mail.uid == uid, (mail, seen)
        else:
            assert uid >= self.uidnext, "a new message has a UID that UIDNEXT announced"
            assert modseq > self.highest, "and a mod-sequence above all"
        assert mail.email in (b"", email), "EMAILID stays, and COPY keeps it"
        assert modseq >= mail.modseq
        return replace(mail, uid=uid, modseq=modseq, email=email)

    def _counted(self, look: Look) -> dict[str, int]:
        return {
            "MESSAGES": len(self.mails),
            "UIDNEXT": look.uidnext,
            "UIDVALIDITY": look.uidvalidity,
            "UNSEEN": sum("\\seen" not in one.flags for one in self.mails),
            "DELETED": len(self.deleted()),
            "SIZE": sum(len(one.letter.octets) for one in self.mails),
            "HIGHESTMODSEQ": look.highest,
        }

    def trust(self, look: Look, known: dict[bytes, Letter]) -> None:
        """What changed from elsewhere is not worked out here: it is taken as it is, but for the promises."""
        before = {one.uid: one for one in self.mails}
        now: list[Mail] = []
        for uid, marks, modseq, _, email in look.mails:
            mail = before.pop(uid, None)
            if mail is None:
                now.append(Mail(known[email], marks, email=email))
                continue
            assert modseq > self.highest or marks == mail.flags, "other flags have a mod-sequence above all"
            now.append(replace(mail, flags=marks))
        passed = set(range(self.uidnext, look.uidnext)).difference(one[0] for one in look.mails)  # came and went
        self.gone |= dict.fromkeys(before.keys() | passed, self.highest + 1)  # or above
        self.mails = now


async def take_look(client: Client, name: str) -> Look:
    """Open a mailbox anew, to look only."""
    answers = [parse(one) for one in await client.ok(f"EXAMINE {name}")]
    codes = {one.values[0].decode(): one.values[1:] for one in answers if one.name == "OK" and one.values}
    count = next(one.number for one in answers if one.name == "EXISTS")
    assert next(one.number for one in answers if one.name == "RECENT") in range((count or 0) + 1)
    fetched: list[Answer] = []
    if count:
        rows = await client.ok("FETCH 1:* (UID FLAGS MODSEQ RFC822.SIZE EMAILID)")
        fetched = [one for one in map(parse, rows) if one.name == "FETCH"]
    assert [one.number for one in fetched] == list(range(1, (count or 0) + 1)), "message numbers count"
    (status,) = [one for one in map(parse, await client.ok(f"STATUS {name} ({_STATUS})")) if one.name == "STATUS"]
    return Look(
        int(codes["UIDVALIDITY"][0]),
        int(codes["UIDNEXT"][0]),
        int(codes["HIGHESTMODSEQ"][0]),
        tuple(_seen(one) for one in fetched),
        {item: int(value) for item, value in status.pairs().items()},
        int(codes["UNSEEN"][0]) if "UNSEEN" in codes else 0,
    )


def _seen(answer: Answer) -> tuple[int, frozenset[str], int, int, bytes]:
    told = answer.pairs()
    marks = flags(told["FLAGS"]) - {RECENT}
    return int(told["UID"]), marks, int(told["MODSEQ"][0]), int(told["RFC822.SIZE"]), told["EMAILID"][0]
