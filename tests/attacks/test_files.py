"""What lies on the disk and in the log: who may read it, what a stranger can write there, what is never written."""

import ast
import os
import stat
from pathlib import Path

from tests.attacks.house import ATTACKER, SECRETS, House, basic
from tests.server import ROOT, PillarboxServer

_SOURCE = sorted((ROOT / "src" / "pillarbox").rglob("*.py"))
_CALLS = frozenset(("eval", "exec", "compile", "__import__", "system", "popen", "mktemp"))
_MODULES = frozenset(
    ("pickle", "shelve", "marshal", "subprocess", "pty", "commands", "telnetlib", "yaml", "dill", "xml")
)


def test_the_data_folder_is_for_its_owner(house: House) -> None:
    house.append(b"Subject: large\r\n\r\n" + b"x" * 200_000)
    data = house.server.folder / "data"
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    for path in data.rglob("*"):
        mode = stat.S_IMODE(path.lstat().st_mode)
        assert not mode & 0o077 or path.name == "pillarbox.pid", (path, oct(mode))


def test_a_data_folder_that_others_may_enter_holds_nothing_they_may_read(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o755)
    data.chmod(0o755)
    before = os.umask(0o022)
    server = PillarboxServer(tmp_path)
    try:
        server.add_account("you@talk.test")
        for path in data.rglob("*"):
            mode = stat.S_IMODE(path.lstat().st_mode)
            assert not mode & 0o077 or path.name == "pillarbox.pid", (path, oct(mode))
    finally:
        server.stop()
        os.umask(before)


def test_lines_of_the_log_cannot_be_forged(house: House) -> None:
    forged = "\r\n2026-01-01T00:00:00Z error   forged.line x=y"
    with house.peer("submission", "127.0.0.16") as peer:
        peer.reply()
        peer.say(
            b"EHLO x\r" + forged.encode(),
            b"EHLO \x1b[31mforged.line",
            b"MAIL FROM:<forged.line\x85\xe2\x80\xa8@x>",
            b"QUIT",
        )
        peer.rest()
    with house.peer("imap", "127.0.0.16") as peer:
        peer.line()
        login = forged.encode()
        peer.say(b"x LOGIN {%d+}" % len(login), login + b" {1+}", b"y")
        peer.until(b"x ")
        peer.command(b'ID ("name" "forged.line")')
    house.request("GET", "/auth/session", Authorization=basic(forged, "z"))
    house.request("GET", "/jmap/%0d%0a2026-01-01T00:00:00Z%20error%20forged.line")
    house.own("GET", f"/jmap/download/{house.account()}/%0aforged.line/x")
    for line in house.server.log.read_text("utf-8").split("\n"):
        assert not line.startswith("2026-01-01") and "\x1b" not in line and "\r" not in line and "\u2028" not in line


def test_no_secret_is_in_the_log(house: House) -> None:
    given = house.request("POST", "/auth/token", b'{"username": "%b", "password": "secret"}' % ATTACKER.encode(),
                          Content_Type="application/json").json()["token"]  # fmt: skip
    house.request("GET", "/auth/session", Authorization=f"Bearer {given}x")
    house.request("GET", "/auth/session", Cookie=f"pillarbox={given}")
    log = house.server.log.read_text("utf-8")
    assert given not in log and basic(ATTACKER) not in log
    assert not [secret for secret in SECRETS if secret in log]


def test_the_source_runs_nothing_that_a_stranger_wrote() -> None:
    """No shell, no eval, no pickle; other programs are run by nothing in the package."""
    for path in _SOURCE:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                name = node.func.id if isinstance(node.func, ast.Name) else ""
                if (
                    isinstance(node.func, ast.Attribute)
                    and isinstance(node.func.value, ast.Name)
                    and node.func.value.id != "re"
                ):
                    name = node.func.attr
                assert name not in _CALLS, (path, node.lineno, name)
                assert not any(word.arg == "shell" for word in node.keywords), (path, node.lineno)
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not any(name.partition(".")[0] in _MODULES for name in names), (path, names)


def test_links_in_the_spool_are_not_followed(house: House) -> None:
    """What lies in the spool under a name of ours is removed, not written through."""
    target = house.server.folder / "target"
    target.write_bytes(b"precious")
    spool = house.server.folder / "data" / "spool"
    spool.mkdir(exist_ok=True)
    (spool / "pillarbox-0-x.spool").symlink_to(target)
    house.append(b"Subject: big\r\n\r\n" + b"x" * 1_500_000)
    assert target.read_bytes() == b"precious"
    (spool / "pillarbox-0-x.spool").unlink()
