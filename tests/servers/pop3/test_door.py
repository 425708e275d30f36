"""The POP3 door with a peer that sends much at once, and with a bug behind it."""

import asyncio
from typing import cast

import pytest

from pillarbox.core.errors import Busy, Denied, MailError, NotFound, Unavailable
from pillarbox.net.listener import Listener, listen
from pillarbox.servers.pop3 import door
from pillarbox.servers.pop3.errors import refusal
from pillarbox.services.login.service import Logins
from pillarbox.store.store import Store
from pillarbox.wire.pop3.command import Command, parse


async def opened() -> Listener:
    """A listener without anything behind it."""
    nothing = door.factory(cast(Store, None), cast(Logins, None), "mail.test", None, plain_from_loopback=True)
    return await listen("127.0.0.1", 0, nothing)


async def test_a_bug_is_answered_and_the_session_goes_on() -> None:
    listener = await opened()
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
    writer.write(b"USER you\r\nPASS word\r\nQUIT\r\n")
    said = (await reader.read()).splitlines()
    assert [line.split()[0] for line in said] == [b"+OK", b"+OK", b"-ERR", b"+OK"]
    assert said[2].startswith(b"-ERR [SYS/TEMP] ")
    writer.close()
    listener.close()


async def test_many_commands_at_once_leave_others_their_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    obeyed, most, seen = 0, 0, 0

    def counted(line: bytes) -> Command:
        nonlocal obeyed
        obeyed += 1
        return parse(line)

    monkeypatch.setattr(door, "parse", counted)
    listener = await opened()
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
    writer.write(b"CAPA\r\n" * 5000 + b"QUIT\r\n")
    reading = asyncio.ensure_future(reader.read())
    while not reading.done():
        await asyncio.sleep(0)
        most, seen = max(most, obeyed - seen), obeyed
    assert (await reading).endswith(b"+OK goodbye\r\n")
    assert obeyed == 5001
    assert most <= 200
    writer.close()
    listener.close()


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Denied("x"), b"-ERR [AUTH] "),
        (Busy("too many logins wait"), b"-ERR [SYS/TEMP] "),
        (Unavailable("x"), b"-ERR [SYS/TEMP] "),
        (NotFound("x"), b"-ERR [SYS/PERM] "),
    ],
)
def test_codes(error: MailError, code: bytes) -> None:
    """IN-USE is said of a maildrop only, never of a server that is busy."""
    assert refusal(error).startswith(code)
