"""Commands that change mail: what each is asked for, what has to come of it, and whether its answer tells the truth."""

from collections.abc import Callable, Iterable, Sequence

from tests.machines.imap.answers import Answer, code, numbers
from tests.machines.imap.letters import Letter
from tests.machines.imap.party import Named, Party, Picks
from tests.machines.imap.scene import Scene
from tests.machines.imap.world import Box, Mail

Marks = tuple[str, ...]
Change = tuple[str, Marks, bool]
"""Of a STORE: "+", "-" or "", the flags, and whether it is .SILENT."""


def marked(marks: Iterable[str]) -> frozenset[str]:
    """Flags as they are compared."""
    return frozenset(mark.lower() for mark in marks)


def coded(tagged: bytes) -> list[bytes]:
    """The response code of a tagged line."""
    found: list[bytes] = code(tagged.partition(b" ")[2])
    return found


def present(box: Box, named: Named) -> list[int]:
    """Those of the messages named that are there."""
    return [uid for uid in named.uids if box.at(uid) is not None]


async def append(scene: Scene, party: Party, name: str, mail: Sequence[tuple[Letter, Marks]]) -> None:
    """APPEND, of several messages too (RFC 3502); APPENDUID names them (RFC 4315 §3)."""
    heads = [_head(letter, marks) for letter, marks in mail]
    literals = [
        letter.octets + (b" %b\r\n" % head if head else b"")
        for (letter, _), head in zip(mail, [*heads[1:], b""], strict=True)
    ]
    where = party.spell(name)
    _, tagged = await party.command(f"APPEND {where} {heads[0].decode()}", *literals)
    box = scene.boxes.get(name)
    assert not party.ended
    if not scene.sees(party, box) and tagged.startswith(b"NO"):
        return
    if box is None:
        assert tagged.startswith(b"NO [TRYCREATE]"), tagged
        return
    assert tagged.startswith(b"OK [APPENDUID "), tagged
    for letter, marks in mail:
        box.put(letter, marked(marks))
    await scene.look(box)
    _, validity, uids = coded(tagged)
    assert int(validity) == box.uidvalidity
    assert numbers(uids) == box.uids()[-len(mail) :]


def _head(letter: Letter, marks: Marks) -> bytes:
    date = f'"{letter.received:%d-%b-%Y %H:%M:%S +0000}" ' if letter.received else ""
    return f"({' '.join(marks)}) {date}{{{len(letter.octets)}}}".encode()


async def store(scene: Scene, party: Party, picks: Picks, how: str, change: Change, since: int | None) -> None:
    """STORE and UID STORE; with `since` only what nobody changed after it (RFC 7162 §3.1.3)."""
    box, (sign, marks, silent) = _open(party), change
    uid = how == "UID "
    named = party.name(picks, uid)
    here = [mail for mail in box.mails if mail.uid in named.uids]
    failed = [mail.uid for mail in here if since is not None and mail.modseq > since]
    changed = [mail.uid for mail in here if mail.uid not in failed]
    missed = sorted(failed if uid else map(party.number, failed))

    def assume(tagged: bytes) -> None:
        if tagged.startswith(b"OK") and silent:
            party.mirror.assume(changed, sign, marked(marks))

    if since is not None and not party.read_only:
        party.enabled.add("CONDSTORE")
    condition = f"(UNCHANGEDSINCE {since}) " if since is not None else ""
    item = f"{sign}FLAGS{'.SILENT' if silent else ''} ({' '.join(marks)})"
    _, tagged = await party.command(f"{how}STORE {named.text} {condition}{item}", before=assume)
    if party.ended:
        return
    if party.read_only:
        assert tagged.startswith(b"NO [READ-ONLY]"), tagged
        return
    assert tagged.startswith(b"OK"), tagged
    code_ = coded(tagged)
    if missed or (code_ and code_[0] == b"MODIFIED"):
        assert code_[0] == b"MODIFIED" and sorted(numbers(code_[1])) == missed, (code_, missed)
    before = {one.uid: one.modseq for one in box.mails}
    box.store(changed, sign, marked(marks))
    await scene.look(box)
    if "CONDSTORE" in party.enabled:  # RFC 7162 §3.1.3: even of .SILENT
        told = {known.uid: known.modseq for known in party.mirror.messages}
        assert all(told.get(one.uid) == one.modseq for one in box.mails if before.get(one.uid) != one.modseq)


async def copy(scene: Scene, party: Party, picks: Picks, verb: str, target: str) -> None:
    """COPY, MOVE and their UID forms: COPYUID tells which became which (RFC 4315 §3, RFC 6851 §4.3)."""
    box, into = _open(party), scene.boxes.get(target)
    named = party.name(picks, verb.startswith("UID "))
    here = present(box, named)
    answers, tagged = await party.command(f"{verb} {named.text} {party.spell(target)}")
    if party.ended:
        return
    if party.read_only and verb.endswith("MOVE"):
        assert tagged.startswith(b"NO [READ-ONLY]"), tagged
        return
    if not scene.sees(party, into) and tagged.startswith(b"NO"):
        return
    if into is None:
        assert tagged.startswith(b"NO [TRYCREATE]"), tagged
        return
    if len(here) < len(named.uids) and not verb.startswith("UID "):  # RFC 2180 §4.4.1: all or none
        assert tagged.startswith(b"NO [EXPUNGEISSUED]"), tagged
        return
    assert tagged.startswith(b"OK"), tagged
    moved = [mail for mail in box.mails if mail.uid in here]
    if verb.endswith("MOVE"):
        box.remove(here)
    for mail in moved:
        into.put(mail.letter, mail.flags, mail.email)
    await scene.look(into)
    await scene.look(box)
    _copied(answers, tagged, into, moved)


def _copied(answers: Sequence[Answer], tagged: bytes, into: Box, moved: Sequence[Mail]) -> None:
    codes = [coded(tagged), *(one.values for one in answers if one.name == "OK")]
    told = [one for one in codes if one and one[0] == b"COPYUID"]
    if not moved:
        assert not told, told
        return
    assert {int(one[1]) for one in told} == {into.uidvalidity}
    sources, targets = ([uid for one in told for uid in numbers(one[at])] for at in (2, 3))  # many are moved in parts
    assert sources == [mail.uid for mail in moved], (told, moved)
    assert targets == into.uids()[-len(moved) :], (told, into.mails)


async def expunge(scene: Scene, party: Party, picks: Picks | None) -> None:
    """EXPUNGE, and UID EXPUNGE of a set (RFC 4315 §2.1)."""
    box = _open(party)
    named = None if picks is None else party.name(picks, uid=True)
    _, tagged = await party.command("EXPUNGE" if named is None else f"UID EXPUNGE {named.text}")
    if party.ended:
        return
    if party.read_only:
        assert tagged.startswith(b"NO [READ-ONLY]"), tagged
        return
    assert tagged.startswith(b"OK"), tagged
    gone = box.deleted(None if named is None else named.uids)
    box.remove(gone)
    await scene.look(box)
    if gone and "QRESYNC" in party.enabled:  # RFC 7162 §3.2.7, §3.2.9
        assert coded(tagged) == [b"HIGHESTMODSEQ", b"%d" % box.highest], (tagged, box.highest)


async def leave(scene: Scene, party: Party, verb: str) -> None:
    """CLOSE takes away what is \\Deleted, without a word; UNSELECT does not."""
    box = _open(party)
    party.box = None
    answers, tagged = await party.command(verb)
    if party.ended:
        return
    assert tagged.startswith(b"OK"), tagged
    assert not any(one.name in ("EXPUNGE", "VANISHED") for one in answers), answers
    if verb == "CLOSE" and not party.read_only:
        box.remove(box.deleted())
    if scene.there(box):
        await scene.look(box)


def _open(party: Party) -> Box:
    assert party.box is not None
    return party.box


FetchTest = Callable[[Mail, object], bool]
_ITEMS: dict[str, FetchTest] = {
    "UID": lambda mail, told: int(_octets(told)) == mail.uid,
    "MODSEQ": lambda mail, told: told == [b"%d" % mail.modseq],
    "RFC822.SIZE": lambda mail, told: int(_octets(told)) == len(mail.letter.octets),
    "EMAILID": lambda mail, told: told == [mail.email],
    "INTERNALDATE": lambda mail, told: (
        mail.letter.received is None or told == f"{mail.letter.received:%d-%b-%Y %H:%M:%S +0000}".encode()
    ),
    "BODY[]": lambda mail, told: told == mail.letter.octets,
    "BODY[TEXT]<2>": lambda mail, told: told == mail.letter.octets.partition(b"\r\n\r\n")[2][2:7],
    "BODY[HEADER.FIELDS (MESSAGE-ID)]": lambda mail, told: (
        told == f"Message-ID: {mail.letter.header('message-id')}\r\n\r\n".encode()
    ),
}
ASKED = {name: name for name in _ITEMS} | {
    "BODY[TEXT]<2>": "BODY.PEEK[TEXT]<2.5>",
    "FLAGS": "FLAGS",
    "BODY.PEEK[]": "BODY.PEEK[]",
}
"""Item as it is answered → as it is asked for; BODY.PEEK[] is answered as BODY[]."""


def _octets(told: object) -> bytes:
    assert isinstance(told, bytes)
    return told


async def fetch(scene: Scene, party: Party, picks: Picks, how: str, items: Sequence[str], since: int | None) -> None:
    """FETCH and UID FETCH: each message that is there is answered, whole and with what is so."""
    box = _open(party)
    named = party.name(picks, how == "UID ")
    wanted = [uid for uid in present(box, named) if since is None or _at(box, uid).modseq > since]
    answered = {
        *(item.replace(".PEEK", "") for item in items),
        *(["UID"] if how else []),
        *(["MODSEQ"] if since else []),
    }
    if "MODSEQ" in answered:
        party.enabled.add("CONDSTORE")
    asked = " ".join(ASKED[item] for item in items)
    modifier = f" (CHANGEDSINCE {since})" if since else ""
    _, tagged = await party.command(f"{how}FETCH {named.text} ({asked}){modifier}", asked=frozenset(answered))
    if party.ended:
        return
    assert tagged.startswith(b"OK"), tagged
    fetched = list(party.mirror.fetched)
    if not party.read_only and any(item in ("BODY[]", "BODY[HEADER.FIELDS (MESSAGE-ID)]") for item in items):
        box.store([uid for uid in wanted if "\\seen" not in _at(box, uid).flags], "+", frozenset({"\\seen"}))
    await scene.look(box)
    found = {known.uid: told for known, answer in fetched if answered <= (told := answer.pairs()).keys()}
    assert found.keys() >= set(wanted), (wanted, fetched)
    if since is not None and "FLAGS" not in answered:  # else news of others may look the same
        plain = {known.uid for known, answer in fetched if "FLAGS" not in answer.pairs()}
        assert plain <= {*wanted}, (wanted, fetched)
    for uid in wanted:
        mail = _at(box, uid)
        for item, value in found[uid].items():
            test = _ITEMS.get(item)
            assert test is None or item not in answered or test(mail, value), (item, value, mail)


def _at(box: Box, uid: int) -> Mail:
    mail = box.at(uid)
    assert mail is not None
    return mail
