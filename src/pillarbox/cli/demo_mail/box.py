"""Everything the two demo accounts find, oldest first."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from importlib import resources
from typing import Any

from pillarbox.cli.demo_mail.attachments import made
from pillarbox.cli.demo_mail.letter import ANSWERED, DRAFT, FLAGGED, SEEN, Letter, Person
from pillarbox.cli.demo_mail.series import WELCOME, builds, mailing_list, newsletters, receipts, tides

ACCOUNTS = ("you", "friend")
_AGE = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?")


def letters(now: int) -> list[Letter]:
    """About two hundred letters up to `now` (seconds UTC); the same each time but for the dates."""
    series = (*newsletters(now), *tides(now), *receipts(now), *builds(now), *mailing_list(now))
    return sorted((*_correspondence(now), *series), key=lambda letter: letter.sent)


def _correspondence(now: int) -> Iterator[Letter]:
    data = tomllib.loads(resources.files("pillarbox.cli.demo_mail").joinpath("letters.toml").read_text("utf-8"))
    people = {key: (name, address) for key, (name, address) in data["people"].items()}
    for thread in data["thread"]:
        references: list[str] = []
        for number, entry in enumerate(thread["letter"]):
            letter = _letter(thread, entry, people, now, references)
            answered = number + 1 < len(thread["letter"]) and thread["letter"][number + 1]["from"] == "you"
            yield from _copies(letter, thread, entry, answered=answered)
            references.append(letter.message_id)


def _letter(
    thread: dict[str, Any], entry: dict[str, Any], people: dict[str, Person], now: int, references: list[str]
) -> Letter:
    flags = set(entry.get("flags", "").split())
    subject = thread["subject"]
    attachments = [made(name, now) for name in entry.get("attach", [])]
    if "html" in entry:
        attachments = [replace(attachment, cid="pillarbox") for attachment in attachments]
    return Letter(
        account="you",
        mailbox=thread.get("mailbox", "INBOX"),
        sender=people[entry["from"]],
        to=[people[key] for key in entry.get("to", [] if DRAFT in flags else ["you"])],
        cc=[people[key] for key in entry.get("cc", [])],
        subject=f"Re: {subject}" if references and not subject.startswith("Re: ") else subject,
        sent=now - _seconds(entry["age"]),
        text=entry["text"].lstrip("\n"),
        html=WELCOME if "html" in entry else None,
        charset=entry.get("charset", "utf-8"),
        flags=frozenset(({SEEN} if "unseen" not in flags else set()) | (flags & {FLAGGED, DRAFT})),
        attachments=attachments,
        references=tuple(references),
    )


def _copies(letter: Letter, thread: dict[str, Any], entry: dict[str, Any], *, answered: bool) -> Iterator[Letter]:
    """The letter as each demo account has it: sent by one, received by the other."""
    only = thread.get("account")
    involved = {entry["from"], *entry.get("to", ["you"]), *entry.get("cc", [])}
    for account in ACCOUNTS:
        if account not in involved or (only or account) != account:
            continue
        if entry["from"] == account:
            mailbox = "Drafts" if DRAFT in letter.flags else "Sent"
            yield replace(letter, account=account, mailbox=mailbox, flags=letter.flags | {SEEN})
        elif DRAFT not in letter.flags:
            extra = {ANSWERED, SEEN} if answered and account == "you" else set()
            yield replace(letter, account=account, flags=letter.flags | extra)


def _seconds(age: str) -> int:
    found = _AGE.fullmatch(age)
    days, hours, minutes = (int(part or 0) for part in found.groups()) if found else (0, 0, 0)
    return days * 86400 + hours * 3600 + minutes * 60
