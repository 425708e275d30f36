"""SEARCH worked out here, key by key, over what is known of each message, and held against what the server found."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st

from tests.machines.imap.answers import Answer, numbers
from tests.machines.imap.letters import WORDS
from tests.machines.imap.mirror import NUMBERED, RECENT
from tests.machines.imap.party import Party, Picks
from tests.machines.imap.world import Mail


@dataclass(frozen=True, slots=True)
class Key:
    """How a client spells the key, and whether a message meets it. `numbered`: it names message numbers."""

    spell: Callable[[Party], str]
    test: Callable[[Party, Mail], bool]
    numbered: bool = False
    modseq: bool = False


def _plain(text: str, test: Callable[[Party, Mail], bool]) -> Key:
    return Key(lambda _party: text, test)


def _flag(name: str) -> list[Key]:
    return [
        _plain(name.upper(), lambda _, mail: f"\\{name}" in mail.flags),
        _plain(f"UN{name.upper()}", lambda _, mail: f"\\{name}" not in mail.flags),
    ]


def _keyword(name: str) -> list[Key]:
    return [
        _plain(f"KEYWORD {name}", lambda _, mail: name.lower() in mail.flags),
        _plain(f"UNKEYWORD {name}", lambda _, mail: name.lower() not in mail.flags),
    ]


def _recent(party: Party, mail: Mail) -> bool:
    known = party.mirror.at(mail.uid)
    return known is not None and RECENT in (known.flags or ())


_FLAGS = [key for name in ("seen", "deleted", "flagged", "answered", "draft") for key in _flag(name)]
_KEYWORDS = [key for name in ("one", "TWO", "$junk", "none") for key in _keyword(name)]
_RECENTS = [
    _plain("RECENT", _recent),
    _plain("OLD", lambda party, mail: not _recent(party, mail)),
    _plain("NEW", lambda party, mail: _recent(party, mail) and "\\seen" not in mail.flags),
]


_RECENCY = re.compile(r"\b(?:RECENT|OLD|NEW)\b")


def _quoted(word: str) -> str:
    """A string; what is not ASCII is a literal that does not wait (RFC 7888)."""
    return f'"{word}"' if word.isascii() else f"{{{len(word.encode())}+}}\r\n{word}"


def _text(field: str, word: str) -> Key:
    sought = word.lower()

    def test(_party: Party, mail: Mail) -> bool:
        letter = mail.letter
        body, whole = letter.body.lower(), letter.octets.decode().replace("\r\n ", " ").lower()
        if field == "BODY":
            return sought in body
        if field == "TEXT":
            return sought in whole or sought in letter.subject.lower()
        return sought in (letter.header(field.rpartition(" ")[2].lower()) or "").lower()

    return _plain(f"{field} {_quoted(word)}", test)


def _dated(which: str, days: int) -> Key:
    moment, relation = which.split()
    day = date(2024, 2, 27) + timedelta(days=days)
    compare: Callable[[date], bool] = {
        "BEFORE": lambda one: one < day,
        "ON": lambda one: one == day,
        "SINCE": lambda one: one >= day,
    }[relation]

    def test(_party: Party, mail: Mail) -> bool:
        when = mail.letter.sent if moment == "sent" else mail.letter.received
        return compare(date.max if when is None else when.date())  # what came in without a date is younger than all

    prefix = "SENT" if moment == "sent" else ""
    return _plain(f"{prefix}{relation} {day:%d-%b-%Y}", test)


def _size(octets: int) -> list[Key]:
    return [
        _plain(f"LARGER {octets}", lambda _, mail: len(mail.letter.octets) > octets),
        _plain(f"SMALLER {octets}", lambda _, mail: len(mail.letter.octets) < octets),
    ]


def _set(picks: Picks, uid: bool) -> Key:
    def spell(party: Party) -> str:
        return ("UID " if uid else "") + party.name(picks, uid).text

    return Key(spell, lambda party, mail: mail.uid in party.name(picks, uid).uids, numbered=not uid)


def _modseq(ago: int) -> Key:
    def since(party: Party) -> int:
        assert party.box is not None
        return max(1, party.box.highest - ago)

    return Key(lambda party: f"MODSEQ {since(party)}", lambda party, mail: mail.modseq >= since(party), modseq=True)


def _not(key: Key) -> Key:
    return Key(
        lambda party: f"NOT {key.spell(party)}", lambda party, mail: not key.test(party, mail), key.numbered, key.modseq
    )


def _or(left: Key, right: Key) -> Key:
    return Key(
        lambda party: f"OR {left.spell(party)} {right.spell(party)}",
        lambda party, mail: left.test(party, mail) or right.test(party, mail),
        left.numbered or right.numbered,
        left.modseq or right.modseq,
    )


def _and(keys: list[Key]) -> Key:
    return Key(
        lambda party: f"({' '.join(key.spell(party) for key in keys)})",
        lambda party, mail: all(key.test(party, mail) for key in keys),
        any(key.numbered for key in keys),
        any(key.modseq for key in keys),
    )


_bound = st.integers(0, 9)
_picks = st.lists(st.tuples(_bound, _bound), min_size=1, max_size=2)
_fields = st.sampled_from(("SUBJECT", "FROM", "TO", "TEXT", "BODY", "HEADER Subject", "HEADER Message-ID"))
_moments = st.sampled_from([f"{moment} {one}" for moment in ("internal", "sent") for one in ("BEFORE", "ON", "SINCE")])
_leaves = (
    st.sampled_from([_plain("ALL", lambda _party, _mail: True), *_FLAGS, *_KEYWORDS, *_RECENTS])
    | st.builds(_text, _fields, st.sampled_from(WORDS))
    | st.builds(_dated, _moments, st.integers(0, 4))
    | st.sampled_from([key for octets in (0, 230, 260, 1700) for key in _size(octets)])
    | st.builds(_set, _picks, st.booleans())
    | st.builds(_modseq, st.integers(0, 6))
)
keys = st.recursive(
    _leaves,
    lambda inner: st.builds(_not, inner) | st.builds(_or, inner, inner) | st.lists(inner, min_size=1).map(_and),
    max_leaves=5,
)


def found(answers: list[Answer]) -> tuple[list[int], dict[str, Any]]:
    """The numbers of a SEARCH or ESEARCH response, and what else it tells."""
    (answer,) = [one for one in answers if one.name in ("SEARCH", "ESEARCH")]
    if answer.name == "SEARCH":
        listed = [int(one) for one in answer.values if isinstance(one, bytes)]
        told = {one[0].decode(): int(one[1]) for one in answer.values if isinstance(one, list)}
        return listed, told
    values = answer.values[1:]
    uid = values[:1] == [b"UID"]
    words = values[1:] if uid else values
    pairs: dict[str, Any] = dict(zip((one.decode() for one in words[::2]), words[1::2], strict=True))
    pairs["UID"] = uid
    return numbers(pairs.pop("ALL")) if "ALL" in pairs else [], pairs


def expected(party: Party, key: Key, uid: bool) -> dict[int, Mail]:
    """What SEARCH has to find: number or UID → message."""
    assert party.box is not None
    known = party.mirror.uids()
    place = {one: at for at, one in enumerate(known, 1)}
    return {
        mail.uid if uid else place[mail.uid]: mail
        for mail in party.box.mails
        if mail.uid in place and key.test(party, mail)
    }


async def search(party: Party, key: Key, how: str, returns: tuple[str, ...] | None) -> None:
    """SEARCH and UID SEARCH, plain or with RETURN (RFC 9051 §6.4.4, RFC 4731)."""
    if key.modseq:
        party.enabled.add("CONDSTORE")
    text = key.spell(party)
    if "IMAP4REV2" in party.enabled and _RECENCY.search(text):
        return  # RFC 9051 has no such keys
    charset = "" if text.isascii() else "CHARSET UTF-8 "
    options = "" if returns is None else f"RETURN ({' '.join(returns)}) "
    wanted = expected(party, key, bool(how))
    during = NUMBERED if key.numbered and how else ""
    answers, tagged = await party.command(f"{how}SEARCH {options}{charset}{text}", during=during)
    if party.ended:
        return
    if key.numbered and "UIDONLY" in party.enabled:
        assert tagged.startswith(b"BAD [UIDREQUIRED]"), (text, tagged)
        return
    assert tagged.startswith(b"OK"), (text, tagged)
    numbers_, told = found(answers)
    plain = returns is None and "IMAP4REV2" not in party.enabled
    asked = {"ALL"} if returns is None or not returns else set(returns)
    if "ALL" in asked:
        assert numbers_ == sorted(wanted), (text, numbers_, wanted)
    if not plain:
        assert told["UID"] is bool(how)
    for name, value in (("MIN", min), ("MAX", max)):
        assert (name in told) == (name in asked and bool(wanted)), (text, told)
        assert name not in told or int(told[name]) == value(wanted), (text, told)
    assert "COUNT" not in asked or int(told["COUNT"]) == len(wanted), (text, told)
    if key.modseq and wanted:
        of = [wanted[pick(wanted)] for name, pick in (("MIN", min), ("MAX", max)) if name in asked]
        some = of if asked <= {"MIN", "MAX"} else list(wanted.values())
        assert int(told["MODSEQ"]) == max(mail.modseq for mail in some), (text, told)


_SORTS: dict[str, Callable[[Mail], Any]] = {
    "DATE": lambda mail: mail.letter.sent,
    "SIZE": lambda mail: len(mail.letter.octets),
    "FROM": lambda mail: mail.letter.sender.partition("@")[0],
    "TO": lambda mail: "you",
    "SUBJECT": lambda mail: base_subject(mail.letter.subject),
}
criteria = st.lists(
    st.tuples(st.sampled_from(sorted(_SORTS)), st.booleans()), min_size=1, max_size=3, unique_by=lambda one: one[0]
)
"""Sort keys, and whether each is reversed."""


def base_subject(subject: str) -> str:
    """The base subject of the letters made here (RFC 5256 §2.1)."""
    return re.sub(r"\A(?:re:\s*|\[[^\]]*\]\s*)*", "", subject, flags=re.IGNORECASE).strip().upper()


async def sort(party: Party, key: Key, how: str, order: list[tuple[str, bool]]) -> None:
    """SORT and UID SORT: what meets the key, by the first criterion, then the next, at last by number (RFC 5256 §3)."""
    if key.modseq or ("IMAP4REV2" in party.enabled and _RECENCY.search(key.spell(party))):
        return
    wanted = expected(party, key, bool(how))
    names = sorted(wanted)
    for name, reverse in reversed(order):
        names.sort(key=lambda number: _SORTS[name](wanted[number]), reverse=False)
        if reverse:
            names.sort(key=lambda number: _SORTS[name](wanted[number]), reverse=True)
    spelled = " ".join(f"{'REVERSE ' if reverse else ''}{name}" for name, reverse in order)
    during = NUMBERED if key.numbered and how else ""
    answers, tagged = await party.command(f"{how}SORT ({spelled}) UTF-8 {key.spell(party)}", during=during)
    if party.ended or _numberless(party, key, tagged):
        return
    assert tagged.startswith(b"OK"), tagged
    (answer,) = [one for one in answers if one.name == "SORT"]
    assert [int(one) for one in answer.values] == names, (spelled, answer.raw, names)


def _numberless(party: Party, key: Key, tagged: bytes) -> bool:
    return key.numbered and "UIDONLY" in party.enabled and tagged.startswith(b"BAD [UIDREQUIRED]")


async def thread(party: Party, key: Key, how: str) -> None:
    """THREAD ORDEREDSUBJECT: by base subject, the answers to the first one side by side (RFC 5256 §3)."""
    if key.modseq or ("IMAP4REV2" in party.enabled and _RECENCY.search(key.spell(party))):
        return
    wanted = expected(party, key, bool(how))
    groups: dict[str, list[int]] = {}
    for number in sorted(wanted, key=lambda one: (wanted[one].letter.sent, one)):
        groups.setdefault(base_subject(wanted[number].letter.subject), []).append(number)
    during = NUMBERED if key.numbered and how else ""
    answers, tagged = await party.command(f"{how}THREAD ORDEREDSUBJECT UTF-8 {key.spell(party)}", during=during)
    if party.ended or _numberless(party, key, tagged):
        return
    assert tagged.startswith(b"OK"), tagged
    (answer,) = [one for one in answers if one.name == "THREAD"]
    assert [_flat(one) for one in answer.values] == list(groups.values()), (answer.raw, groups)


def _flat(branch: Any) -> list[int]:
    """The messages of a thread in their order; those after the first are its children, alone or in parentheses."""
    if not isinstance(branch, list):
        return [int(branch)]
    return [number for one in branch for number in _flat(one)]
