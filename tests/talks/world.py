"""What a talk may ask to be there: an account of its own with mailboxes and messages, and connections to begin with.

    given greeting                      the talk begins with the server's first line
    given login                         connections are logged in (IMAP: nothing selected)
    given INBOX with 4 messages         messages 1 to 4 of `message`; connections have the mailbox selected
    given Archive/2024 with 3 messages  the mailbox is made when missing
    given INBOX with message dots.eml   a file of `messages/`; it follows those already there
    given mailbox Work                  an empty mailbox
    given account other@talk.test       one more account
    given admin                         the account may change what holds for everybody
    given friend                        one more account, this talk's own: {friend}; it has the same {password}
    given team                          a shared account, {team}, with whose INBOX {user} may do everything
    given no login                      connections are not logged in, though there are messages

Without "greeting", connections have read the greeting; without messages or "login" they are not logged in. When several
mailboxes are given messages the first one is selected. {user}, {password}, {plain} (base64 of SASL PLAIN) and
{plain_for_other} (the same to act as other@talk.test) are known.
"""

import base64
import itertools
import os
import random
import re
from pathlib import Path

from pillarbox.core.errors import Exists
from pillarbox.core.ids import AccountId
from pillarbox.store.model import Place
from pillarbox.store.rights import ALL, EntryChange
from pillarbox.store.store import Store
from pillarbox.store.transaction import Transaction
from tests.server import DOMAIN, PASSWORD, PillarboxServer, new_account
from tests.talks.connection import Connection
from tests.talks.script import Talk

MESSAGES = Path(__file__).parent / "messages"
RECEIVED = 837570205  # Wed, 17 Jul 1996 02:23:25 -0700, the date of the RFCs' examples
_WITH = re.compile(r"^(?P<mailbox>.+) with (?:(?P<count>\d+) messages?|message (?P<file>\S+\.eml))$")
_numbers = itertools.count(1)


def message(number: int) -> bytes:
    """A small message; each has its own subject, sender, date and id."""
    return (
        f"From: Sender {number} <s{number}@example.org>\r\nTo: you@{DOMAIN}\r\nSubject: Message {number}\r\n"
        f"Date: Wed, 17 Jul 1996 02:23:{20 + number % 40} -0700\r\nMessage-ID: <m{number}@example.org>\r\n\r\n"
        f"Body of message {number}.\r\n"
    ).encode()


class World:
    """One talk's own corner of a running server."""

    def __init__(self, server: PillarboxServer, store: Store, talk: Talk, protocol: str) -> None:
        self._server = server
        self._store = store
        self._protocol = protocol
        self._given = talk.given
        number = next(_numbers)
        self.user, self.friend, self.team = (f"{letter}{os.getpid()}.{number}@{DOMAIN}" for letter in ("t", "f", "g"))
        self._address = f"127.{random.randint(1, 254)}.{random.randint(0, 255)}.{random.randint(1, 254)}"
        self.selected: str | None = None
        self.login = "login" in talk.given
        self.greeting = "greeting" in talk.given
        self.stranger = "no login" in talk.given

    def remembered(self) -> dict[str, str]:
        """The names a talk knows from the start."""
        plain, other = (
            base64.b64encode(f"{authzid}\0{self.user}\0{PASSWORD}".encode()).decode()
            for authzid in ("", f"other@{DOMAIN}")
        )
        names = {"user": self.user, "friend": self.friend, "team": self.team}
        return {**names, "password": PASSWORD, "plain": plain, "plain_for_other": other}

    async def make(self) -> None:
        """Put everything there."""
        account = await new_account(self._store, self.user)
        for line in self._given:
            if line in ("login", "greeting", "no login"):
                continue
            if line == "admin":
                await self._store.directory.set_admin(account, True)
            elif line == "friend":
                await new_account(self._store, self.friend)
            elif line == "team":
                await self._shared(account)
            elif line.startswith("mailbox "):
                await self._mailbox(account, line[8:])
            elif line.startswith("account "):
                await self._other(line[8:])
            else:
                await self._messages(account, line)

    async def _other(self, address: str) -> None:
        try:
            await new_account(self._store, address)
        except Exists:
            return

    async def _shared(self, account: AccountId) -> None:
        team = (await self._store.directory.add_account(self.team, "", shared=True)).account_id

        async def unit(tx: Transaction) -> None:
            inbox = await tx.mailbox_named(team, "INBOX")
            await tx.change_acl(team, inbox.mailbox_id, EntryChange(account, "add", ALL))

        await self._store.write([team, account], unit)

    async def _messages(self, account: AccountId, line: str) -> None:
        match = _WITH.match(line)
        if match is None:
            raise ValueError(f"cannot give: {line}")
        name = match["mailbox"]
        self.selected = self.selected or name
        await self._mailbox(account, name)
        if match["file"]:
            await self._add(account, name, (MESSAGES / match["file"]).read_bytes())
        for number in range(1, int(match["count"] or 0) + 1):
            await self._add(account, name, message(number))

    async def _mailbox(self, account: AccountId, name: str) -> None:
        async def unit(tx: Transaction) -> None:
            await tx.create_mailbox(account, name, exist_ok=True)

        await self._store.write([account], unit)

    async def _add(self, account: AccountId, name: str, octets: bytes) -> None:
        spooling = self._store.spool()
        spooling.write(octets)
        arrived = await spooling.finish()

        async def unit(tx: Transaction) -> None:
            mailbox = await tx.mailbox_named(account, name)
            await tx.add(account, arrived, [Place(mailbox.mailbox_id)], received=RECEIVED)

        await self._store.write([account], unit)

    def connect(self, piece: int) -> Connection:
        """A connection, brought to where the talk begins."""
        connection = Connection(self._server.port[self._protocol], piece, self._address)
        if not self.greeting:
            connection.line()
            if (self.login or self.selected) and not self.stranger:
                {"imap": self._enter_imap, "pop3": self._enter_pop3}[self._protocol](connection)
        return connection

    def _enter_imap(self, connection: Connection) -> None:
        connection.send(f'x1 LOGIN "{self.user}" {PASSWORD}\r\n'.encode())
        _until(connection, "x1 OK")
        if self.selected and not self.login:
            connection.send(f'x2 SELECT "{self.selected}"\r\n'.encode())
            _until(connection, "x2 OK")

    def _enter_pop3(self, connection: Connection) -> None:
        connection.send(f"AUTH PLAIN {self.remembered()['plain']}\r\n".encode())
        line = connection.line()
        assert line is not None and line.startswith("+OK"), line


def _until(connection: Connection, start: str) -> None:
    while (line := connection.line()) is not None:
        if line.startswith(start):
            return
        assert not line.startswith(start.split(maxsplit=1)[0]), line
    raise AssertionError("the connection was closed at login")
