"""Prints docs/imap.md: what the IMAP server offers, to whom and with which limits, from its own tables."""

import re
from collections.abc import Iterator
from pathlib import Path

from pillarbox.servers.imap.capabilities import CAPABILITIES, Capability, When
from pillarbox.servers.imap.session import State
from pillarbox.servers.imap.table import VERBS

ROOT = Path(__file__).resolve().parents[1]
LEDGER = ROOT / "rfc" / "ledger.tsv"
LIMITS = ROOT / "src" / "pillarbox" / "core" / "limits.py"

INTRODUCTION = """# IMAP

Two protocols in one: a client that says nothing speaks IMAP4rev1 (RFC 3501), one that sends `ENABLE IMAP4rev2` speaks
IMAP4rev2 (RFC 9051). What an extension changes for clients that do not know it waits for ENABLE or for the command
that asks for it. How each RFC is obeyed, and what is missing of it, is in the last column, as in
[standards.md](standards.md).

What differs after `ENABLE IMAP4rev2`: SEARCH is answered by ESEARCH; there is no RECENT, no `\\Recent` and no UNSEEN
code; SELECT tells LIST; changes of flags come with the UID; mailbox names and header fields are UTF-8.

## Names

The separator is `/`. One's own mailboxes have no prefix; those that other people share are `Other
Users/<login>/<name>`, those of shared accounts `Shared/<login>/<name>`: only what may be seen is listed. `INBOX` is
so in any case. Names by which other programs know Sent, Junk, Trash, Drafts and Archive lead to the one mailbox with
that use, unless there is one of just that name.

## Sessions beside each other

Whatever one session asks for, the others go on: answers are read and written page by page, searches, sorting,
threading and changes of very many messages run beside the loop, and no step of a command is to hold it for more than
20 ms (`python -m bench --only fairness` measures it). STORE, MOVE and EXPUNGE change a portion of the messages in
each transaction; COPY and APPEND are all or nothing.
"""

OFFERED = {
    When.ALWAYS: "everybody",
    When.CLEAR: "before TLS",
    When.NO_LOGIN: "strangers in clear",
    When.LOGIN: "strangers, while logging in is possible",
    When.STRANGER: "before login",
    When.AUTHENTICATED: "after login",
    When.JMAP: "after a login that JMAP would take too",
    When.UNAUTHENTICATE: "after login, unless `imap.unauthenticate` is off",
}
_NUMBER = re.compile(r"RFC (\d+)")
_LIMIT = re.compile(r"^((?:IMAP|MAILBOX|KEYWORD|ACL|SHARED|METADATA|QUOTA|DEVICE)\w*) = (.+?)  # (.+)$", re.MULTILINE)


def imap_page() -> str:
    """The whole page but for the note that it is printed."""
    titles = _titles()
    parts = [
        INTRODUCTION,
        "## Capabilities\n",
        *_table(("name", "source", "offered to", "ENABLE", "what it is"), _capabilities(titles)),
        "\n## Commands\n",
        *_table(("command", "states", "rights", "source"), _commands()),
        "\n## Limits\n",
        *_table(("limit", "value", "reason"), _limits()),
    ]
    return "\n".join(parts) + "\n"


def _table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> list[str]:
    return [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *(f"| {' | '.join(row)} |" for row in rows)]


def _titles() -> dict[str, str]:
    """RFC number → title and note of the ledger."""
    found = {}
    for line in LEDGER.read_text(encoding="utf-8").splitlines()[2:]:
        number, title, status, _, note = line.split("\t")
        missing = f" ({status}: {note})" if status != "yes" else f" ({note})" if note else ""
        found[number] = title + missing
    return found


def _capabilities(titles: dict[str, str]) -> Iterator[tuple[str, ...]]:
    for one in CAPABILITIES:
        yield f"`{one.name}`", one.source, _offered(one), "yes" if one.enable else "", _about(one, titles)


def _offered(one: Capability) -> str:
    return OFFERED[one.when]


def _about(one: Capability, titles: dict[str, str]) -> str:
    number = _NUMBER.search(one.source)
    return titles.get(number[1], "") if number else ""


def _commands() -> Iterator[tuple[str, ...]]:
    for name, verb in sorted(VERBS.items(), key=lambda item: item[0].removeprefix("UID ")):
        states = "any" if len(verb.states) == 3 else ", ".join(one.value for one in State if one in verb.states)
        yield f"`{name}`", states, "".join(sorted(verb.rights)), verb.source


def _limits() -> Iterator[tuple[str, ...]]:
    for name, value, reason in _LIMIT.findall(LIMITS.read_text(encoding="utf-8")):
        yield f"`{name}`", value, reason
