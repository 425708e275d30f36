"""What the attacks know of the server: who lives there, and what mail they have."""

import base64
import http.client
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pillarbox.core.ids import AccountId, spell
from pillarbox.store.model import ACCOUNT_PREFIX
from pillarbox.wire.jmap.session import CORE, MAIL, SUBMISSION
from tests.attacks.peer import TIMEOUT, Peer
from tests.server import DOMAIN, PASSWORD, PillarboxServer

VICTIM = f"victim@{DOMAIN}"
ATTACKER = f"attacker@{DOMAIN}"
VANDAL = f"vandal@{DOMAIN}"  # one more attacker, whose mailboxes are not the same afterwards
MESSAGE_SIZE = 2 << 20
SECRETS = ("wrong-guess", "guess1", "=secret", '"secret"', " secret", "argon2", "Basic ", "Bearer ", "AHZpY3RpbU")
"""What no line of the log may hold after all attacks: passwords given right and wrong, in every spelling."""

Call = tuple[str, dict[str, Any], str]


def basic(login: str, password: str = PASSWORD) -> str:
    """The value of an Authorization field."""
    return "Basic " + base64.b64encode(f"{login}:{password}".encode()).decode()


@dataclass(frozen=True)
class Answer:
    """An HTTP answer; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass(frozen=True)
class House:
    """The server, and the account ids of two people who both have PASSWORD."""

    server: PillarboxServer
    victim: AccountId
    attacker: AccountId

    def account(self, who: str = ATTACKER) -> str:
        """An account id as JMAP spells it."""
        return spell(ACCOUNT_PREFIX, self.victim if who == VICTIM else self.attacker)

    def rss(self) -> int:
        """Octets of memory that the server process holds."""
        for line in Path(f"/proc/{self.server.process.pid}/status").read_text("ascii").splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) << 10
        raise AssertionError("the server is gone")

    def peer(self, listener: str, source: str = "127.0.0.1") -> Peer:
        """A connection to a listener in clear."""
        return Peer(self.server.port[listener], source)

    def smtp(self, listener: str = "smtp") -> Peer:
        """An SMTP session after EHLO."""
        peer = self.peer(listener)
        assert peer.reply().startswith(b"220")
        assert peer.ask(b"EHLO attacker.example").startswith(b"250")
        return peer

    def submission(self) -> Peer:
        """An SMTP session in which the attacker has logged in."""
        peer = self.smtp("submission")
        token = base64.b64encode(f"\0{ATTACKER}\0{PASSWORD}".encode())
        assert peer.ask(b"AUTH PLAIN " + token).startswith(b"235")
        return peer

    def imap(self, who: str = ATTACKER) -> Peer:
        """An IMAP session after the login, with INBOX selected."""
        peer = self.peer("imap")
        assert peer.line().startswith(b"* OK")
        assert b"x OK" in peer.command(f"LOGIN {who} {PASSWORD}".encode())
        assert b"x OK" in peer.command(b"SELECT INBOX")
        return peer

    def pop3(self, who: str = ATTACKER) -> Peer:
        """A POP3 session after the login."""
        peer = self.peer("pop3")
        assert peer.line().startswith(b"+OK")
        assert peer.ask(f"USER {who}".encode()).startswith(b"+OK")
        assert peer.ask(f"PASS {PASSWORD}".encode()).startswith(b"+OK")
        return peer

    def append(self, octets: bytes, who: str = ATTACKER) -> int:
        """Put a message into INBOX; its UID. One with NUL, which IMAP does not take, comes by JMAP."""
        if b"\0" in octets:
            return self._imported(octets, who)
        with self.imap(who) as peer:
            peer.say(b"x APPEND INBOX {%d+}" % len(octets))
            peer.say(octets)
            answer = peer.until(b"x ")
        assert b"x OK [APPENDUID" in answer, answer
        return int(answer.rpartition(b"x OK [APPENDUID ")[2].split(b"]")[0].split()[1])

    def _imported(self, octets: bytes, who: str) -> int:
        mailboxes = self.call("Mailbox/get", {"ids": None}, who=who)["list"]
        inbox = next(one["id"] for one in mailboxes if one["role"] == "inbox")
        wish = {"blobId": self.upload(octets, who=who), "mailboxIds": {inbox: True}}
        assert self.call("Email/import", {"emails": {"c": wish}}, who=who)["created"]
        with self.imap(who) as peer:
            return int(peer.command(b"UID FETCH * UID").split(b"(UID ")[1].split(b")")[0])

    def inbox(self, who: str = VICTIM) -> bytes:
        """Every message in INBOX, as IMAP tells them."""
        with self.imap(who) as peer:
            return peer.command(b"UID FETCH 1:* BODY.PEEK[]")

    def request(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        """One HTTP request as nobody, or with the headers given (`_` for `-`)."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port["http"], timeout=TIMEOUT)
        try:
            connection.request(method, path, body, {name.replace("_", "-"): said for name, said in headers.items()})
            answer = connection.getresponse()
            said = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, said, answer.read())
        finally:
            connection.close()

    def own(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        """One HTTP request as the attacker."""
        return self.request(method, path, body, Authorization=basic(ATTACKER), **headers)

    def api(self, body: bytes, who: str = ATTACKER) -> Answer:
        """A JMAP request of these octets."""
        return self.request("POST", "/jmap/api", body, Authorization=basic(who), Content_Type="application/json")

    def calls(self, *calls: Call, who: str = ATTACKER) -> list[Any]:
        """The responses to method calls; `accountId` is added where it is missing."""
        whole = [(name, {"accountId": self.account(who), **given} if name != "Core/echo" else given, key)
                 for name, given, key in calls]  # fmt: skip
        said = self.api(json.dumps({"using": [CORE, MAIL, SUBMISSION], "methodCalls": whole}).encode(), who)
        assert said.status == 200, said.body[:1000]
        responses: list[Any] = said.json()["methodResponses"]
        return responses

    def call(self, name: str, given: dict[str, Any], who: str = ATTACKER) -> Any:
        """The arguments of the one response."""
        ((_, answer, _),) = self.calls((name, given, "c0"), who=who)
        return answer

    def upload(self, octets: bytes, kind: str = "message/rfc822", who: str = ATTACKER) -> str:
        """The blob id of uploaded octets."""
        path = f"/jmap/upload/{self.account(who)}/"
        said = self.request("POST", path, octets, Authorization=basic(who), Content_Type=kind)
        assert said.status == 201, said.body
        return str(said.json()["blobId"])
