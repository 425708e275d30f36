"""The four ways in, each as a small session over a real socket under verified TLS."""

import base64
import http.client
import imaplib
import json
import poplib
import smtplib
import ssl
from typing import Any

from pillarbox.wire.jmap.session import CORE, MAIL, SUBMISSION
from tests.clients.people import Person
from tests.server import PASSWORD

HOST = "localhost"
TIMEOUT = 60.0


def trust(person: Person) -> ssl.SSLContext:
    """Only the server's own certificate is trusted."""
    return ssl.create_default_context(cafile=str(person.server.settings.certificate))


def deliver(person: Person, octets: bytes) -> None:
    """Mail from elsewhere, under STARTTLS."""
    with smtplib.SMTP(HOST, person.server.port["smtp"], timeout=TIMEOUT) as session:
        session.starttls(context=trust(person))
        assert session.sendmail("s1@example.org", [person.address], octets, ["BODY=8BITMIME"]) == {}


def pop3(person: Person) -> poplib.POP3:
    """A POP3 session after the login."""
    session = poplib.POP3_SSL(HOST, person.server.port["pop3s"], context=trust(person), timeout=TIMEOUT)
    session.user(person.address)
    session.pass_(PASSWORD)
    return session


class Imap(imaplib.IMAP4_SSL):
    """An IMAP session with INBOX selected."""

    def __init__(self, person: Person) -> None:
        super().__init__(HOST, person.server.port["imaps"], ssl_context=trust(person), timeout=TIMEOUT)
        self.login(person.address, PASSWORD)
        assert self.select()[0] == "OK"

    def idle(self) -> None:
        """Begin to wait for news."""
        self.send(b"idle IDLE\r\n")
        assert self.readline().startswith(b"+ ")

    def until(self, start: bytes) -> bytes:
        """The first line that begins so."""
        while not (line := self.readline()).startswith(start):
            assert line, f"the connection ended before {start!r}"
        return line

    def done(self) -> None:
        """Wait no longer."""
        self.send(b"DONE\r\n")
        self.until(b"idle OK ")

    def message(self, number: int) -> tuple[str, bytes]:
        """The EMAILID (RFC 8474) and the octets of a message."""
        answer, data = self.fetch(str(number), "(EMAILID BODY.PEEK[])")
        assert answer == "OK"
        said = b" ".join(part[0] if isinstance(part, tuple) else part or b"" for part in data)
        (octets,) = [part[1] for part in data if isinstance(part, tuple)]
        return said.partition(b"EMAILID (")[2].partition(b")")[0].decode(), octets


class Jmap:
    """A JMAP client that knows the password (RFC 8620 §3)."""

    def __init__(self, person: Person) -> None:
        self._connection = http.client.HTTPSConnection(
            HOST, person.server.port["https"], context=trust(person), timeout=TIMEOUT
        )
        self._basic = "Basic " + base64.b64encode(f"{person.address}:{PASSWORD}".encode()).decode()
        session = json.loads(self._ask("GET", "/.well-known/jmap"))
        self.account: str = session["primaryAccounts"][MAIL]
        self._api: str = session["apiUrl"]
        self._download: str = session["downloadUrl"]

    def call(self, name: str, **arguments: Any) -> dict[str, Any]:
        """The answer of one method."""
        (found,) = self.calls((name, arguments))
        return found

    def calls(self, *calls: tuple[str, dict[str, Any]]) -> list[dict[str, Any]]:
        """The answers of several methods, none of which may fail; implied ones are left out."""
        made = [[name, {"accountId": self.account, **given}, f"c{n}"] for n, (name, given) in enumerate(calls)]
        body = json.dumps({"using": [CORE, MAIL, SUBMISSION], "methodCalls": made})
        answers = json.loads(self._ask("POST", self._api, body.encode()))["methodResponses"]
        found: dict[str, dict[str, Any]] = {}
        for name, answer, call in answers:
            assert name != "error", answer
            found.setdefault(call, answer)
        return [found[f"c{n}"] for n in range(len(calls))]

    def mailbox(self, role: str) -> str:
        """The id of the mailbox with a role."""
        (found,) = self.call("Mailbox/query", filter={"role": role})["ids"]
        return str(found)

    def octets(self, blob: str) -> bytes:
        """A blob."""
        where = self._download.replace("{accountId}", self.account).replace("{blobId}", blob)
        return self._ask("GET", where.replace("{name}", "message.eml").replace("{type}", "message/rfc822"))

    def close(self) -> None:
        self._connection.close()

    def _ask(self, method: str, path: str, body: bytes | None = None) -> bytes:
        headers = {"Authorization": self._basic, "Content-Type": "application/json"}
        for _ in range(4):
            self._connection.request(method, path, body, headers)
            answer = self._connection.getresponse()
            octets = answer.read()
            if answer.status not in (301, 302, 307, 308):
                break
            path = answer.getheader("Location") or ""
        assert answer.status == 200, (answer.status, octets)
        return octets
