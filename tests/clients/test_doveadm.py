"""Dovecot as a client: its `imapc` storage takes our mailboxes over, keeps both ends alike and gives them back.

It refuses to work for root, who lets nobody do it in a folder of nobody's own.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pillarbox.store.model import FLAGGED, SEEN
from tests.clients.ends import on_server
from tests.clients.letters import NAME, awkward, dotted, letter
from tests.clients.people import Person
from tests.clients.programs import Home
from tests.server import PASSWORD, PillarboxServer

MANY = 200
NOBODY = 65534


@pytest.fixture
def home(server: PillarboxServer) -> Iterator[Home]:
    """A home folder that Dovecot may work in."""
    with tempfile.TemporaryDirectory() as folder:
        if os.geteuid() == 0:
            os.chown(folder, NOBODY, NOBODY)
        yield Home(Path(folder), server)


def configured(home: Home, you: Person) -> list[str | Path]:
    """The beginning of every command."""
    certificate = shutil.copy(home.certificate, home.folder)
    config = home.file(
        "dovecot.conf",
        f"mail_location = maildir:{home.folder}/mail\nfirst_valid_uid = 0\nfirst_valid_gid = 0\n"
        f"base_dir = {home.folder}/run\nlog_path = /dev/stderr\nssl = no\n"
        f"imapc_host = 127.0.0.1\nimapc_port = {home.port('imaps')}\nimapc_ssl = imaps\nimapc_ssl_verify = yes\n"
        f"imapc_user = {you.address}\nimapc_password = {PASSWORD}\nssl_client_ca_file = {certificate}\n"
        "imapc_features = rfc822.size fetch-headers search modseq fetch-bodystructure\n"
        "namespace inbox {\n  inbox = yes\n  separator = /\n}\n",
    )
    config.chmod(0o644)
    Path(certificate).chmod(0o644)
    drop = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"] if os.geteuid() == 0 else []
    return [*drop, "env", "USER=you", "doveadm", "-c", config]


def test_taken_over_changed_at_both_ends_and_given_back(home: Home, you: Person, friend: Person) -> None:
    doveadm = configured(home, you)
    mail = [*map(letter, range(MANY)), *awkward(), dotted()]
    you.put(*mail)
    you.put(letter(1001), mailbox=NAME, flags=SEEN | FLAGGED)
    home.ok([*doveadm, "backup", "-R", "imapc:"])
    home.ok([*doveadm, "flags", "add", "\\Answered", "mailbox", "INBOX", "header", "message-id", "letter1@"])
    home.ok([*doveadm, "expunge", "mailbox", "INBOX", "header", "message-id", "letter2@"])
    home.ok([*doveadm, "move", NAME, "mailbox", "INBOX", "header", "message-id", "letter3@"])
    you.put(letter(5000))
    home.ok([*doveadm, "sync", "imapc:"])
    there = on_server(you, "INBOX")
    assert there[(letter(1), "R")] == there[(letter(5000), "")] == 1
    assert not {letter(2), letter(3)} & {octets for octets, _ in there}
    assert sorted(on_server(you, NAME)) == [(letter(1001), "FS"), (letter(3), "")]
    home.ok([*doveadm, "-o", f"imapc_user={friend.address}", "backup", "imapc:"])
    assert on_server(friend, "INBOX") == there
    assert on_server(friend, NAME) == on_server(you, NAME)
