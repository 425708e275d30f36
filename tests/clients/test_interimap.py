"""interimap and pullimap: two accounts of this server kept alike by QRESYNC, and mail pulled out of one."""

import itertools
from pathlib import Path
from random import Random

from tests.clients.ends import Dice, change_on_server, entered, on_server
from tests.clients.letters import NAME, awkward, dotted, letter
from tests.clients.people import Person
from tests.clients.programs import HOST, SQLITE, Home
from tests.server import PASSWORD

MAILBOXES = ("INBOX", "Work", "Lists/One")
MANY = 150


def end(home: Home, person: Person, more: str) -> str:
    """The settings of one end."""
    return (
        f"type = imaps\nhost = {HOST}\nport = {home.port('imaps')}\nusername = {person.address}\n"
        f"password = {PASSWORD}\nSSL_CAfile = {home.certificate}\n{more}\n"
    )


def configured(home: Home, you: Person, friend: Person) -> list[str | Path]:
    """The command that makes your account and your friend's the same, once."""
    near, far = end(home, you, "compress = NO"), end(home, friend, "compress = YES")
    text = f"database = {home.folder}/pairs.db\n\n[local]\n{near}\n[remote]\n{far}"
    return ["interimap", "--config", str(home.file(".config/interimap/config", text))]


def test_two_accounts_become_the_same(home: Home, you: Person, friend: Person) -> None:
    sync = configured(home, you, friend)
    you.put(*map(letter, range(MANY)), *awkward(), dotted())
    you.put(letter(1001), mailbox="Work")
    friend.put(*map(letter, range(2000, 2020)), mailbox="Lists/One")
    friend.put(letter(3000), mailbox=NAME)
    home.ok(sync)
    _same(you, friend, *MAILBOXES, NAME)
    home.ok([*sync, "--rename", "Work", "Arbeit"])
    home.ok([*sync, "--delete", "Lists/One"])
    home.ok(sync)
    _same(you, friend, "INBOX", "Arbeit", NAME)
    assert "Work" not in you.mailboxes() | friend.mailboxes()


def test_both_change_at_once(home: Home, you: Person, friend: Person) -> None:
    sync = configured(home, you, friend)
    for at, mailbox in enumerate(MAILBOXES):
        you.put(*map(letter, range(at * MANY, at * MANY + MANY)), mailbox=mailbox)
    home.ok(sync)
    near, far = entered(home, you), entered(home, friend)
    dice = Dice(Random(7), itertools.count(100_000))
    for _ in range(2):
        change_on_server(near, MAILBOXES, dice)
        change_on_server(far, MAILBOXES, dice)
        home.ok(sync)
        _same(you, friend, *MAILBOXES)
    near.logout()
    far.logout()


def _same(you: Person, friend: Person, *mailboxes: str) -> None:
    for mailbox in mailboxes:
        near, far = on_server(you, mailbox), on_server(friend, mailbox)
        assert (near - far, far - near) == ({}, {}), mailbox


@SQLITE
def test_pulled(home: Home, you: Person, friend: Person) -> None:
    delivery = f"deliver-method = smtp:[127.0.0.1]:{home.port('smtp')}\ndeliver-rcpt = {friend.address}\n"
    text = f"statefile = {home.folder}/state\npurge-after = 0\n{delivery}\n[pillarbox]\n{end(home, you, '')}"
    command: list[str | Path] = ["pullimap", "--config", home.file(".config/pullimap/config", text), "pillarbox"]
    mail = [letter(1), dotted(), letter(3)]
    you.put(*mail)
    home.ok(command)
    assert [octets[octets.index(b"From: Sender") :] for octets in friend.octets()] == mail
    assert you.mail() == []
    you.put(letter(4))
    home.ok(command)
    assert len(friend.mail()) == 4
