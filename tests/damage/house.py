"""A server with mail whose store is then broken behind its back, and what its clients get of every message."""

import http.client
import imaplib
import json
import poplib
import sqlite3
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from blake3 import blake3

from pillarbox.core.ids import AccountId
from pillarbox.store.model import Place
from pillarbox.store.store import Store
from pillarbox.store.transaction import Transaction
from tests.crash.clients import Jmap
from tests.server import PASSWORD, ROOT, PillarboxServer, new_account

YOU, FRIEND = "you@damage.test", "friend@damage.test"
LARGE = (7, 17, 27)
"""Numbers of messages that are files; the others are rows."""


def letter(number: int) -> bytes:
    """The message of that number; nearly nothing of it can be compressed away."""
    filling = "".join(
        f"{(number * 7919 + line) ** 5 % 10**60:060d}\r\n" for line in range(2500 if number in LARGE else 60)
    )
    return (
        f"From: Ann <ann@damage.test>\r\nTo: {YOU}\r\nSubject: Number {number}\r\n"
        f"Message-ID: <{number}@damage.test>\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\n\r\n{filling}"
    ).encode()


@dataclass(frozen=True, slots=True)
class House:
    """The server, and how many messages YOU has; FRIEND has the first five of them."""

    server: PillarboxServer
    messages: int

    @property
    def database(self) -> Path:
        return self.server.settings.server.data / "mail.db"

    def blob_file(self, number: int) -> Path:
        """The file of a large message."""
        blob_id = self.blob_id(number)
        return self.server.settings.server.data / "blobs" / blob_id[:2] / blob_id[2:4] / blob_id

    def blob_id(self, number: int) -> str:
        """The name of the octets of a message."""
        return blake3(letter(number)).hexdigest()

    def run(self, *statements: str) -> None:
        """Change the database behind everybody's back."""
        with sqlite3.connect(self.database) as raw:
            for statement in statements:
                assert raw.execute(statement).rowcount, statement
        raw.close()

    def by_imap(self, account: str = YOU) -> dict[int, bytes | None]:
        """Every message by number; None where the server said NO or closed."""
        found: dict[int, bytes | None] = {}
        session = self.imap(account)
        uids = session.uid("SEARCH", "ALL")[1][0].split()
        for uid in uids:
            try:
                status, told = session.uid("FETCH", uid.decode(), "(BODY.PEEK[])")
            except (imaplib.IMAP4.abort, OSError):
                session = self.imap(account)
                found[int(uid)] = None
                continue
            whole = status == "OK" and told and isinstance(told[0], tuple)
            found[int(uid)] = told[0][1] if whole else None
        session.logout()
        return found

    def imap(self, account: str) -> imaplib.IMAP4:
        """A session with INBOX selected."""
        session = imaplib.IMAP4("127.0.0.1", self.server.port["imap"], timeout=30)
        session.login(account, PASSWORD)
        assert session.select("INBOX", readonly=True)[0] == "OK"
        return session

    def envelopes(self) -> list[bytes]:
        """The subjects that FETCH ENVELOPE gives in one command for all."""
        session = self.imap(YOU)
        told = session.uid("FETCH", "1:*", "(ENVELOPE)")[1]
        session.logout()
        return [bytes(line).split(b'"')[3] for line in told if isinstance(line, bytes)]

    def by_pop3(self) -> list[bytes | None]:
        """Every message in order; None where the server said -ERR or closed."""
        found: list[bytes | None] = []
        session = self._pop3()
        count = session.stat()[0]
        for number in range(1, count + 1):
            try:
                found.append(b"\r\n".join([*session.retr(number)[1], b""]))
            except poplib.error_proto as error:
                found.append(None)
                if not error.args[0].startswith(b"-ERR"):
                    session = self._pop3()
        session.quit()
        return found

    def _pop3(self) -> poplib.POP3:
        session = poplib.POP3("127.0.0.1", self.server.port["pop3"], timeout=30)
        session.user(YOU)
        session.pass_(PASSWORD)
        return session

    def by_jmap(self) -> dict[str, int]:
        """The status of downloading every message, by subject."""
        jmap = Jmap(self.server, YOU)
        ids = jmap.call("Email/query")["ids"]
        listed = jmap.call("Email/get", ids=ids, properties=["subject", "blobId"])["list"]
        found = {}
        for email in listed:
            web = http.client.HTTPConnection("127.0.0.1", self.server.port["http"], timeout=30)
            web.request("GET", f"/jmap/download/{jmap.account}/{email['blobId']}/m.eml", headers=jmap.headers)
            try:
                answer = web.getresponse()
                answer.read()
                found[str(email["subject"])] = answer.status
            except (http.client.HTTPException, OSError):  # found in the middle
                found[str(email["subject"])] = 0
            web.close()
        jmap.close()
        return found

    def check(self, *options: str) -> tuple[int, list[dict[str, str]]]:
        """`pillarbox check`: its exit code and what it says."""
        arguments = ["check", "--json", "--config", str(self.server.file), *options]
        program = "import sys; from pillarbox.cli.main import command; sys.exit(command(sys.argv[1:]))"
        done = subprocess.run(
            [sys.executable, "-c", program, *arguments],
            capture_output=True,
            cwd=ROOT,
            env={"PYTHONPATH": f"{ROOT}/src"},
            timeout=90,
            check=False,
        )
        assert b"Traceback" not in done.stderr, done.stderr.decode()
        return done.returncode, json.loads(done.stdout)


def build(folder: Path, messages: int = 40) -> House:
    """A server with mail, nothing broken yet."""
    server = PillarboxServer(folder)

    async def fill(store: Store) -> None:
        you, friend = await new_account(store, YOU), await new_account(store, FRIEND)
        for number in range(1, messages + 1):
            spool = store.spool()
            spool.write(letter(number))
            arrived = await spool.finish()
            both = [you, friend] if number <= 5 else [you]

            async def unit(tx: Transaction, both: list[AccountId] = both, arrived: object = arrived) -> None:
                for account in both:
                    inbox = await tx.mailbox_named(account, "INBOX")
                    await tx.add(account, arrived, [Place(inbox.mailbox_id, number & 1)])  # type: ignore[arg-type]  # noqa: B023

            await store.write(both, unit)

    try:
        server.store(fill)
    except BaseException:
        server.kill()
        raise
    return House(server, messages)
