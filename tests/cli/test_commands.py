"""Every command that does not serve, on a real store."""

import asyncio
import io
import json
import socket
import sys
from pathlib import Path

import pytest

from pillarbox.app import open_store
from pillarbox.cli import exits
from pillarbox.cli.main import command
from pillarbox.config.file import load


class Machine:
    """A settings file and what commands on it say."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.file = folder / "pillarbox.toml"
        self._capsys = capsys

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """Exit code, standard output and standard error."""
        self._capsys.readouterr()
        code = command([*arguments, "--config", str(self.file)])
        said = self._capsys.readouterr()
        return code, said.out, said.err

    def json(self, *arguments: str) -> object:
        """What a successful command answers to a program."""
        code, out, err = self.run(*arguments, "--json")
        assert (code, err) == (exits.OK, "")
        return json.loads(out)


@pytest.fixture
def machine(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Machine:
    made = Machine(tmp_path, capsys)
    code, out, _ = made.run("init", "--hostname", "mail.example.org", "--domain", "example.org", "--data", "mail")
    assert code == exits.OK
    assert "pillarbox account add" in out
    return made


def test_init_writes_an_annotated_file_once(machine: Machine) -> None:
    settings = load(machine.file)
    assert settings.server.hostname == "mail.example.org"
    assert settings.server.data == machine.file.parent / "mail"
    assert "# Mail from other servers." in machine.file.read_text()
    before = machine.file.read_bytes()
    code, _, err = machine.run("init", "--hostname", "other.example.org", "--domain", "example.org", "--data", "x")
    assert code == exits.REFUSED
    assert "exists already" in err
    assert machine.file.read_bytes() == before


def test_domains(machine: Machine) -> None:
    assert machine.json("domain", "list") == [{"domain": "example.org"}]
    assert machine.run("domain", "add", "example.net")[0] == exits.OK
    assert machine.run("domain", "add", "example.net")[0] == exits.REFUSED
    assert machine.run("domain", "list")[1] == "domain\nexample.net\nexample.org\n"
    assert machine.run("domain", "remove", "example.net")[0] == exits.OK
    assert machine.run("domain", "remove", "example.net")[0] == exits.REFUSED


def test_accounts(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("secret word\n"))
    assert machine.json("account", "add", "ann@example.org", "--name", "Ann", "--password-stdin") == {
        "address": "ann@example.org"
    }
    added = machine.json("account", "add", "bob@example.org", "--quota", "1000000")
    assert isinstance(added, dict)
    assert len(added["password"]) > 20
    listed = machine.json("account", "list")
    assert isinstance(listed, list)
    assert [(row["address"], row["name"], row["quota"]) for row in listed] == [
        ("ann@example.org", "Ann", None),
        ("bob@example.org", "", 1_000_000),
    ]
    assert machine.run("account", "add", "ann@example.org")[0] == exits.REFUSED
    assert machine.run("account", "add", "ann@elsewhere.example")[0] == exits.REFUSED
    assert "secret" not in machine.run("account", "password", "ann@example.org")[1]
    assert machine.run("account", "password", "nobody@example.org")[0] == exits.REFUSED
    assert machine.run("domain", "remove", "example.org")[0] == exits.REFUSED
    assert machine.run("account", "remove", "bob@example.org")[0] == exits.REFUSED  # nobody to ask
    assert machine.run("account", "remove", "bob@example.org", "--yes")[0] == exits.OK


def test_limits_and_admins(machine: Machine) -> None:
    assert machine.run("account", "add", "ann@example.org", "--quota", "1000", "--admin")[0] == exits.OK
    assert machine.run("account", "quota", "ann@example.org")[1].splitlines() == [
        "what\tused\tlimit",
        "octets\t0\t1000",
        "messages\t0\t-",
        "mailboxes\t6\t10000",
    ]
    changed = machine.json("account", "quota", "ann@example.org", "--octets", "none", "--messages", "5")
    assert isinstance(changed, list)
    assert [row["limit"] for row in changed] == [None, 5, 10000]
    changed = machine.json("account", "quota", "ann@example.org", "--messages", "default", "--mailboxes", "0")
    assert isinstance(changed, list)
    assert [row["limit"] for row in changed] == [None, None, 0]
    for word in ("many", "-1", "1.5", str(1 << 63), "²"):
        assert machine.run("account", "quota", "ann@example.org", "--octets", word)[0] == exits.REFUSED
    admins: list[object] = []
    for off in (), ("--off",), ():
        assert machine.run("account", "admin", "ann@example.org", *off)[0] == exits.OK
        listed = machine.json("account", "list")
        assert isinstance(listed, list)
        admins.append(listed[0]["admin"])
    assert admins == [True, False, True]
    assert machine.run("account", "admin", "nobody@example.org")[0] == exits.REFUSED


def test_shared_mailboxes(machine: Machine) -> None:
    for address in ("ann@example.org", "bob@example.org"):
        assert machine.run("account", "add", address)[0] == exits.OK
    assert machine.json("account", "add", "team@example.org", "--shared") == {"address": "team@example.org"}
    assert machine.run("account", "password", "team@example.org")[0] == exits.REFUSED
    listed = machine.json("account", "list")
    assert isinstance(listed, list)
    assert [row["shared"] for row in listed] == [False, False, True]
    assert machine.run("mailbox", "shares", "team@example.org")[1] == "Nothing is shared.\n"
    assert machine.run("mailbox", "add", "team@example.org", "Orders/2027")[0] == exits.OK
    assert machine.run("mailbox", "add", "team@example.org", "Orders")[0] == exits.REFUSED
    team = ("mailbox", "share", "team@example.org")
    assert machine.run(*team, "Orders", "ann@example.org", "write")[0] == exits.OK
    assert machine.run(*team, "Orders", "anyone")[0] == exits.OK
    shared = machine.json(*team, "Orders", "bob@example.org", "rilka")
    assert isinstance(shared, dict)
    assert shared["rights"] == "lrika"
    for wrong in (("Orders", "nobody@example.org"), ("Nothing", "anyone"), ("Orders", "anyone", "lrq")):
        assert machine.run(*team, *wrong)[0] == exits.REFUSED
    assert machine.run("mailbox", "shares", "team@example.org")[1].splitlines() == [
        "mailbox\twho\trights\tdenied",
        "Orders\tanyone\tlrs\t",
        "Orders\tann@example.org\tlrswite\t",
        "Orders\tbob@example.org\tlrika\t",
    ]
    assert machine.run("mailbox", "unshare", "team@example.org", "Orders", "anyone")[0] == exits.OK
    left = machine.json("mailbox", "shares", "team@example.org")
    assert isinstance(left, list)
    assert [row["who"] for row in left] == ["ann@example.org", "bob@example.org"]


def test_devices(machine: Machine) -> None:
    assert machine.run("account", "add", "ann@example.org")[0] == exits.OK
    assert machine.run("account", "devices", "ann@example.org")[1] == "No program has said what it is yet.\n"
    assert machine.run("account", "devices", "nobody@example.org")[0] == exits.REFUSED

    async def note() -> None:
        async with open_store(load(machine.file)) as store:
            (account,) = await store.directory.accounts()
            said = (("name", "K-9 Mail"), ("version", "6.8"), ("os", "Android"), ("vendor", "MZLA"))
            await store.devices.note(account.account_id, said, "192.0.2.1")

    asyncio.run(note())
    heading, row = machine.run("account", "devices", "ann@example.org")[1].splitlines()
    assert heading.split("\t") == ["program", "system", "address", "first", "last"]
    assert row.split("\t")[:3] == ["K-9 Mail 6.8", "Android", "192.0.2.1"]
    shown = machine.json("account", "devices", "ann@example.org")
    assert isinstance(shown, list)
    assert shown[0]["said"]["vendor"] == "MZLA"


def test_an_empty_password_is_refused(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n"))
    assert machine.run("account", "add", "ann@example.org", "--password-stdin")[0] == exits.REFUSED


def test_aliases(machine: Machine) -> None:
    assert machine.run("account", "add", "ann@example.org")[0] == exits.OK
    assert machine.run("alias", "add", "@example.org", "ann@example.org")[0] == exits.OK
    assert machine.run("alias", "add", "team@example.org", "ann@example.org", "far@example.com")[0] == exits.OK
    assert machine.json("alias", "list") == [
        {"address": "@example.org", "targets": ["ann@example.org"]},
        {"address": "team@example.org", "targets": ["ann@example.org", "far@example.com"]},
    ]
    assert machine.run("alias", "remove", "team@example.org")[0] == exits.OK
    assert machine.run("alias", "remove", "team@example.org")[0] == exits.REFUSED


def test_an_empty_queue(machine: Machine) -> None:
    assert machine.json("queue", "list") == []
    assert machine.run("queue", "list")[1] == "Nothing waits.\n"


def test_config(machine: Machine) -> None:
    assert 'hostname = "mail.example.org"' in machine.run("config")[1]
    assert "# Mail programs sending, with STARTTLS." in machine.run("config", "--explain")[1]
    tree = machine.json("config")
    assert isinstance(tree, dict)
    assert tree["server"]["hostname"] == "mail.example.org"


def test_check(machine: Machine) -> None:
    text = machine.file.read_text()
    for name in ("smtp", "submission", "submissions", "imap", "imaps", "pop3", "pop3s", "http", "https"):
        text = text.replace(f"#{name} = ", f'{name} = "127.0.0.1:0" #')
    machine.file.write_text(text)
    assert machine.run("account", "add", "ann@example.org")[0] == exits.OK
    rows = machine.json("check", "--repair", "--deep")
    assert isinstance(rows, list)
    assert {"what": "ann@example.org", "state": "ok", "detail": "whole"} in rows
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        machine.file.write_text(text.replace('smtp = "127.0.0.1:0"', f'smtp = "127.0.0.1:{port}"'))
        code, out, _ = machine.run("check")
    assert code == exits.UNSOUND
    assert f"127.0.0.1:{port}: Address already in use" in out


def test_wrong_settings_and_wrong_commands(machine: Machine) -> None:
    machine.file.write_text("[server]\nhostnam = 'x'\n")
    code, _, err = machine.run("account", "list")
    assert code == exits.SETTINGS
    assert err.count("\n") == 1
    assert "did you mean server.hostname?" in err
    assert machine.run("account", "lst")[0] == exits.USAGE
    machine.file.unlink()
    assert machine.run("serve")[0] == exits.SETTINGS
