"""mutt, and neomutt: sending through the submission ports, and reading by IMAP and POP3 on a terminal of its own."""

import itertools
import re
from pathlib import Path
from random import Random

import pytest

from pillarbox.store.model import DELETED, FLAGGED, SEEN
from tests.clients.ends import Dice, change_on_server, entered, number
from tests.clients.letters import dotted, letter
from tests.clients.people import Person
from tests.clients.programs import HOST, SQLITE, Home
from tests.clients.terminal import on_terminal
from tests.server import PASSWORD


def configured(home: Home, you: Person, more: str = "") -> Path:
    """The settings of somebody who trusts our certificate and asks no questions."""
    (home.folder / "cache").mkdir(exist_ok=True)
    return home.file(
        ".muttrc",
        f'set from="{you.address}" realname="Jörg Müller" use_from=yes use_envelope_from=yes envelope_from_address='
        f'"{you.address}"\nset imap_pass="{PASSWORD}" pop_pass="{PASSWORD}" smtp_pass="{PASSWORD}"\n'
        f'set ssl_force_tls=yes certificate_file="{home.certificate}"\n'
        f'set header_cache="{home.folder}/cache/" message_cachedir="{home.folder}/cache/"\n'
        f'set record="" confirmappend=no confirmcreate=no delete=yes quit=yes move=no mark_old=no wait_key=no\n'
        f'set folder="{home.folder}" pop_delete=no sleep_time=0 charset=utf-8 mail_check=0 read_inc=0\n'
        f"set sort=mailbox-order resume_edited_draft_files=no ts_enabled=no\n{more}",
    )


def url(home: Home, you: Person, listener: str, path: str = "") -> str:
    """Where a listener is, in mutt's words."""
    scheme = {"submission": "smtp", "submissions": "smtps"}.get(listener, listener)
    return f"{scheme}://{you.login}@{HOST}:{home.port(listener)}/{path}"


def opened(home: Home, you: Person, mailbox: str, keys: str, more: str = "") -> str:
    """Open a mailbox, press keys, wait for the end; all that was on the screen."""
    return on_terminal(home, ["mutt", "-n", "-F", configured(home, you, more), "-f", mailbox, "-e", f'push "{keys}"'])


@pytest.mark.parametrize("listener", ["submission", "submissions"])
def test_send(home: Home, you: Person, friend: Person, listener: str) -> None:
    picture = home.folder / "Bild ü.bin"
    picture.write_bytes(bytes(range(256)) * 100)
    body = "Schöne Grüße\n.\n..zwei\n"
    home.ok(
        ["mutt", "-n", "-F", configured(home, you), "-e", f'set smtp_url="{url(home, you, listener)}"', "-s",
         "Grüße, привет", "-a", picture, "--", friend.address],
        body.encode(),
    )  # fmt: skip
    (got,) = friend.octets()
    assert b"Subject: =?utf-8?" in got
    assert b"\r\n..zwei\r\n" in got
    assert b"filename*=iso-8859-1''Bild%20%FC%2Ebin" in got


@pytest.mark.parametrize("listener", ["imap", "imaps"])
def test_read_flag_delete_and_save(home: Home, you: Person, listener: str) -> None:
    you.put(letter(1), letter(2), dotted(), letter(4))
    saved = home.folder / "saved"
    keys = (
        "<first-entry><flag-message><first-entry><next-entry><delete-message>"
        f"<last-entry><display-message><exit><copy-message><kill-line>{saved}<enter><sync-mailbox><quit>"
    )
    for _ in range(2):  # the second time from the header cache
        opened(home, you, url(home, you, listener, "INBOX"), keys)
        keys = "<sync-mailbox><quit>"
    held = you.mail()
    assert [one.octets for one in held] == [letter(1), dotted(), letter(4)]
    assert [one.flags for one in held] == [FLAGGED, 0, SEEN]
    assert letter(4).partition(b"\r\n\r\n")[2].replace(b"\r\n", b"\n") in saved.read_bytes()


@SQLITE
def test_compressed(home: Home, you: Person) -> None:
    """mutt does not compress unless it is told to."""
    you.put(*map(letter, range(1, 40)))
    keys = "<first-entry><flag-message><last-entry><display-message><exit><delete-message><sync-mailbox><quit>"
    opened(home, you, url(home, you, "imaps", "INBOX"), keys, "set imap_deflate=yes imap_qresync=yes\n")
    held = you.mail()
    assert [one.octets for one in held] == [*map(letter, range(1, 39))]
    assert held[0].flags == FLAGGED


@SQLITE
def test_copy_to_a_new_mailbox(home: Home, you: Person) -> None:
    you.put(letter(1), letter(2))
    target = url(home, you, "imaps", "Übrige")
    keys = f"<tag-pattern>.<enter><tag-prefix><copy-message><kill-line>{target}<enter><sync-mailbox><quit>"
    opened(home, you, url(home, you, "imaps", "INBOX"), keys)
    assert you.octets("Übrige") == you.octets() == [letter(1), letter(2)]


@pytest.mark.parametrize("listener", ["pop3", "pop3s"])
def test_pop3(home: Home, you: Person, listener: str) -> None:
    you.put(letter(1), dotted(), letter(3))
    saved = home.folder / "saved"
    keys = (
        f"<first-entry><next-entry><copy-message><kill-line>{saved}<enter>"
        "<first-entry><delete-message><sync-mailbox><quit>"
    )
    mailbox = url(home, you, listener).replace("pop3", "pop", 1)
    opened(home, you, mailbox, keys)
    assert you.octets() == [dotted(), letter(3)]
    assert dotted().partition(b"\r\n\r\n")[2].replace(b"\r\n", b"\n") in saved.read_bytes()


@SQLITE
def test_deleted_elsewhere(home: Home, you: Person) -> None:
    you.put(letter(1), letter(2), flags=DELETED)
    you.put(letter(3))
    opened(home, you, url(home, you, "imaps", "INBOX"), "<sync-mailbox><quit>")
    assert you.octets() == [letter(3)]


@pytest.mark.parametrize(
    ("server", "name"), [("sqlite", "mutt"), ("postgres", "mutt"), ("sqlite", "neomutt")], indirect=["server"]
)
def test_changes_are_learned_by_qresync(home: Home, you: Person, name: str) -> None:
    you.put(*map(letter, range(200)))
    you.put(letter(500), mailbox="Work")
    mailbox, dice = url(home, you, "imaps", "INBOX"), Dice(Random(name), itertools.count(1000))
    other = entered(home, you)
    for once in range(3):
        saved, flagged, log = (home.folder / f"{what}{once}" for what in ("saved", "flagged", "log"))
        keys = "".join(
            f"<untag-pattern>.<enter><tag-pattern>{pattern}<enter><tag-prefix-cond><copy-message><kill-line>{target}<enter><end-cond>"
            for pattern, target in ((".", saved), ("~F", flagged))
        )
        config = configured(home, you, "set imap_condstore=yes imap_qresync=yes\n")
        command: list[str | Path] = [name, "-n", "-F", config, "-f", mailbox, "-e", f'push "{keys}<quit>"', "-d", "2"]
        logged: list[str | Path] = ["-l", log] if name == "neomutt" else []
        on_terminal(home, [*command, *logged])
        there = you.mail()
        assert _numbers(saved) == sorted(number(one.octets) for one in there)
        assert _numbers(flagged) == sorted(number(one.octets) for one in there if one.flags & FLAGGED)
        log = home.folder / (f"log{once}0" if name == "neomutt" else ".muttdebug0")
        said = log.read_text("utf-8", "replace")
        assert "ENABLE QRESYNC" in said
        assert not once or " VANISHED)" in said
        change_on_server(other, ["INBOX", "Work"], dice)
    other.logout()


def _numbers(mbox: Path) -> list[int]:
    """The numbers of the letters in an mbox."""
    found = re.findall(rb"^Message-ID: <letter(\d+)@", mbox.read_bytes(), re.M) if mbox.exists() else []
    return sorted(map(int, found))
