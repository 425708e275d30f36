"""Mail libraries of other languages: each does the same errand in its own words, and says in JSON what it saw.

The errand: log in on TLS; list the mailboxes; make one with a name no ASCII can spell, subscribe to it, delete "Old";
append a message there; in INBOX read and search five messages, flag the first, give the second a keyword and copy it to
Archive, move the third, delete the fourth; idle until a message arrives. The scripts are in `strangers/`.
"""

import hashlib
import json
import subprocess
from collections.abc import Callable
from email.header import decode_header, make_header
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pillarbox.store.model import FLAGGED, SEEN
from pillarbox.wire.imap import mutf7
from tests.clients import environments
from tests.clients.letters import NAME, dotted, letter
from tests.clients.people import Person
from tests.clients.programs import HOST, SQLITE, Home, program
from tests.server import PASSWORD

Launch = tuple[list[str], dict[str, str]]
"""A command and what it needs in its environment."""


def _node(script: str) -> Launch:
    path, packages = environments.node()
    return [path, str(environments.STRANGERS / script)], {"NODE_PATH": packages}


def _python(script: str) -> Launch:
    return [str(environments.python()), str(environments.STRANGERS / script)], {}


def _machine(interpreter: str, script: str) -> Launch:
    return [program(interpreter), str(environments.STRANGERS / script)], {}


STRANGERS: dict[str, Callable[[], Launch]] = {
    "imapflow": partial(_node, "imapflow.cjs"),
    "node-imap": partial(_node, "node_imap.cjs"),
    "imapclient": partial(_python, "imapclient_.py"),
    "aioimaplib": partial(_python, "aioimaplib_.py"),
    "imap-tools": partial(_python, "imap_tools_.py"),
    "imaplib2": partial(_python, "imaplib2_.py"),
    "Mail::IMAPClient": partial(_machine, "perl", "mail_imapclient.pl"),
    "Mail::IMAPTalk": partial(_machine, "perl", "mail_imaptalk.pl"),
    "Net::IMAP::Client": partial(_machine, "perl", "net_imap_client.pl"),
    "net-imap": partial(_machine, "ruby", "net_imap.rb"),
    "Horde": partial(_machine, "php", "horde.php"),
    "Roundcube": partial(_machine, "php", "roundcube.php"),
    "c-client": partial(_machine, "php", "c_client.php"),
}

INBOX = [letter(1), letter(2, "a rare needle"), letter(3), letter(4), dotted()]
NEW = letter(50, "appended")


def run(home: Home, you: Person, launch: Launch) -> dict[str, Any]:
    """What the stranger said. When it is ready for it, a message is put into INBOX."""
    given = {
        "host": HOST,
        "port": home.port("imaps"),
        "clear": home.port("imap"),
        "user": you.address,
        "password": PASSWORD,
        "certificate": str(home.certificate),
        "made": NAME,
        "spelled": f'"{mutf7.encode(NAME).decode()}"',
        "letter": NEW.decode(),
    }
    command, more = launch
    process = subprocess.Popen(
        ["timeout", "60", *command, json.dumps(given)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=(home.folder / "complaints").open("wb"),
        env=home.environment() | more | {"SSL_CERT_FILE": str(home.certificate)},  # c-client asks nobody else
        cwd=home.folder,
    )
    assert process.stdout is not None
    said: dict[str, Any] = {}
    with process.stdout as lines:
        for line in lines:
            said = json.loads(line)
            if said == {"ready": True}:
                you.put(letter(60))
    code = process.wait()
    assert code == 0, (Path(home.folder) / "complaints").read_text("utf-8", "replace")[-3000:]
    return said


def named(spelled: str) -> str:
    """A mailbox name, from modified UTF-7 or not."""
    return mutf7.decode(spelled.encode()) if spelled.isascii() else spelled


@SQLITE
@pytest.mark.parametrize("name", STRANGERS)
def test_errand(home: Home, you: Person, name: str) -> None:
    errand(home, you, name)


@pytest.mark.parametrize("name", ["imapflow", "Horde"])
def test_errand_on_both_engines(home: Home, you: Person, name: str) -> None:
    errand(home, you, name)


def errand(home: Home, you: Person, name: str) -> None:
    """What was there, what the stranger saw of it, and what it left."""
    launch = STRANGERS[name]()
    you.put(*INBOX)
    you.put(letter(6), mailbox="Old")
    you.put(letter(7), mailbox="Ältere")
    before = you.mailboxes()
    said = run(home, you, launch)
    _saw(said, before)
    _left(you, before, said)
    if name in EXTRAS:
        EXTRAS[name](said)


def _saw(said: dict[str, Any], before: set[str]) -> None:
    """Whether the stranger saw what was there."""
    assert {named(one) for one in said["mailboxes"]} == before
    assert [str(make_header(decode_header(one))) for one in said["subjects"]] == [
        f"Grüße number {number}" for number in (1, 2, 3, 4, 900)
    ]
    assert said["digests"] == [hashlib.sha256(one).hexdigest() for one in INBOX]
    assert said["found"] == [2]
    assert said["left"] == [1, 2, 5]
    assert said.get("arrived") in (4, None)


def _left(you: Person, before: set[str], said: dict[str, Any]) -> None:
    """Whether the stranger did what it was told."""
    first, second, *others = you.mail()
    assert first.flags == FLAGGED | SEEN
    assert "$Work" in second.keywords
    assert [first.octets, second.octets, *(one.octets for one in others)] == [
        *INBOX[:2],
        INBOX[4],
        *([letter(60)] if "arrived" in said else []),
    ]
    assert you.octets("Archive") == [INBOX[1]]
    assert "$Work" in you.mail("Archive")[0].keywords
    assert sorted(you.octets(NAME)) == sorted([NEW, INBOX[2]])
    assert [one.flags & SEEN for one in you.mail(NAME) if one.octets == NEW] == [SEEN]
    assert you.mailboxes() == before - {"Old"} | {NAME, NAME.partition("/")[0]}


def _imapflow(said: dict[str, Any]) -> None:
    assert said["uses"] == {
        "\\Inbox": "INBOX",
        "\\Archive": "Archive",
        "\\Drafts": "Drafts",
        "\\Junk": "Junk",
        "\\Sent": "Sent",
        "\\Trash": "Trash",
    }
    assert said["messages"] == 5
    assert all(said["sizes"])
    assert said["emails"] == 5
    assert said["copied"] == [[2, 1]]
    assert said["moved"] == [[3, 2]]
    assert said["changed"]
    assert said["downloaded"] == said["digests"][0]
    assert {"CONDSTORE", "QRESYNC", "UTF8=ACCEPT"} <= set(said["enabled"])
    assert said["compressed"]
    assert said["quota"]


def _knows(**expected: Any) -> Callable[[dict[str, Any]], None]:
    """It must have said exactly this, among other things."""

    def check(said: dict[str, Any]) -> None:
        assert {name: said[name] for name in expected} == expected

    return check


ORDERED = {"sorted": [1, 2, 3, 4, 5], "threads": 5}  # all came in the same second, in answer to nothing
ALL_RIGHTS = "lrswipkxteacd"
NOTED = {"INBOX": {"/private/comment": "mine"}}

EXTRAS: dict[str, Callable[[dict[str, Any]], None]] = {
    "imapflow": _imapflow,
    "imapclient": _knows(sorted=[1, 2, 3, 4, 5], threads=[[1], [2], [3], [4], [5]], acl=True, umlauts=[1, 2, 3, 4, 5]),
    "Mail::IMAPClient": _knows(**ORDERED, envelope="<letter1@example.org>"),
    "Mail::IMAPTalk": _knows(**ORDERED, metadata=NOTED, compressed=True),
    "Net::IMAP::Client": _knows(**ORDERED),
    "net-imap": _knows(**ORDERED, acl=[ALL_RIGHTS]),
    "Horde": _knows(
        sorted=[1, 2, 3, 4, 5],
        threads=[1, 2, 3, 4, 5],
        metadata=NOTED,
        changed=[1, 2, 5],
        resynchronised=True,
        kept={"2": [], "3": ["\\flagged"]},
        vanished=[1],
    ),
    "Roundcube": _knows(**ORDERED, metadata=NOTED, rights=list(ALL_RIGHTS), unseen=2),
    "c-client": _knows(sorted=[1, 2, 3, 4, 5], check=3),
}
"""What single strangers can be asked beside the errand."""
