"""Plain clients for crash tests, over real sockets; at a crash they raise one of GONE."""

import base64
import http.client
import imaplib
import json
import poplib
import re
import smtplib
from typing import Any

from tests.server import PASSWORD, PillarboxServer

WAIT = 30.0  # seconds for an answer
Json = dict[str, Any]

GONE = (OSError, EOFError, smtplib.SMTPException, imaplib.IMAP4.error, http.client.HTTPException, poplib.error_proto)
"""What a client gets when the server is killed under it."""

_ITEM = re.compile(rb"\bUID (\d+)\b")
_FLAGS = re.compile(rb"FLAGS \(([^)]*)\)")
_CODE = re.compile(rb"\[(?:APPENDUID|COPYUID) (\d+) (?:\S+ )?(\d+)\]")


class Imap:
    """One IMAP session of an account."""

    def __init__(self, server: PillarboxServer, user: str) -> None:
        self.session = imaplib.IMAP4("127.0.0.1", server.port["imap"], timeout=WAIT)
        self.session.login(user, PASSWORD)

    def close(self) -> None:
        """End it, whatever state it is in."""
        self.session.shutdown()

    def select(self, mailbox: str, readonly: bool = False) -> int:
        """Select; its UIDVALIDITY."""
        self._ok(self.session.select(mailbox, readonly))
        (validity,) = self.session.response("UIDVALIDITY")[1]
        return int(validity)

    def append(self, mailbox: str, octets: bytes, flags: str = "") -> tuple[int, int]:
        """UIDVALIDITY and UID of the new message."""
        return self._placed(self._ok(self.session.append(mailbox, f"({flags})", "", octets)))

    def flag(self, uid: int, flags: str) -> None:
        """Add flags."""
        self._ok(self.session.uid("STORE", str(uid), "+FLAGS.SILENT", f"({flags})"))

    def expunge(self, uid: int) -> None:
        """Remove a message for good."""
        self.flag(uid, "\\Deleted")
        self._ok(self.session.uid("EXPUNGE", str(uid)))

    def move(self, uid: int, mailbox: str) -> tuple[int, int]:
        """UIDVALIDITY and UID there; the answer to MOVE has them in an untagged OK (RFC 6851 §4.3)."""
        answer = self._ok(self.session.uid("MOVE", str(uid), mailbox))
        untagged = self.session.response("COPYUID")[1]
        words = untagged[-1].split() if untagged and untagged[-1] else None
        return (int(words[0]), int(words[2])) if words else self._placed(answer)

    def fetch(self, start: int, what: str) -> list[tuple[int, bytes, set[str]]]:
        """UID, octets and flags of every message from a UID on; `what` is one body section."""
        found = []
        pending: tuple[bytes, bytes] | None = None
        for part in self._ok(self.session.uid("FETCH", f"{start}:*", f"(UID FLAGS {what})")):
            if isinstance(part, tuple):
                pending = (part[0], part[1])
            elif pending is not None and isinstance(part, bytes):
                told = pending[0] + b" " + part
                uid, flags = _ITEM.search(told), _FLAGS.search(told)
                assert uid and flags, told
                if int(uid[1]) >= start:
                    found.append((int(uid[1]), pending[1], set(flags[1].decode().split())))
                pending = None
        return found

    def status(self, mailbox: str) -> dict[str, int]:
        """The counters the server keeps."""
        answer = self._ok(self.session.status(mailbox, "(MESSAGES UNSEEN UIDNEXT UIDVALIDITY)"))[0]
        words = answer[answer.rindex(b"(") + 1 : -1].decode().split()
        return dict(zip(words[::2], map(int, words[1::2]), strict=True))

    def _ok(self, answer: tuple[str, Any]) -> Any:
        if answer[0] != "OK":
            raise imaplib.IMAP4.error(repr(answer))
        return answer[1]

    def _placed(self, answer: list[bytes]) -> tuple[int, int]:
        found = _CODE.search(answer[-1])
        assert found, answer
        return int(found[1]), int(found[2])


class Jmap:
    """JMAP for one account over one kept connection."""

    def __init__(self, server: PillarboxServer, user: str) -> None:
        self._http = http.client.HTTPConnection("127.0.0.1", server.port["http"], timeout=WAIT)
        self.headers = {"Authorization": "Basic " + base64.b64encode(f"{user}:{PASSWORD}".encode()).decode()}
        session = self._ask("GET", "/.well-known/jmap")
        self.account = next(iter(session["accounts"]))
        boxes = self.call("Mailbox/get")["list"]
        self.inbox = next(box["id"] for box in boxes if box["role"] == "inbox")

    def close(self) -> None:
        """End the connection."""
        self._http.close()

    def call(self, name: str, **arguments: Any) -> Json:
        """The answer of one method."""
        using = ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"]
        calls = [[name, {"accountId": self.account, **arguments}, "c"]]
        answer = self._ask("POST", "/jmap/api", json.dumps({"using": using, "methodCalls": calls}).encode())
        said, value, _ = answer["methodResponses"][0]
        if said != name:
            raise http.client.HTTPException(f"{name}: {value}")
        assert isinstance(value, dict)
        return value

    def upload(self, octets: bytes) -> str:
        """The blob id."""
        kind = {"Content-Type": "message/rfc822"}
        return str(self._ask("POST", f"/jmap/upload/{self.account}/", octets, kind)["blobId"])

    def all_emails(self) -> dict[str, Json]:
        """Mailboxes, keywords and blob id of every message (up to 10,000)."""
        return self.emails(self.call("Email/query")["ids"])

    def emails(self, ids: list[str]) -> dict[str, Json]:
        """Mailboxes, keywords and blob id of these messages."""
        found: dict[str, Json] = {}
        properties = ["id", "mailboxIds", "keywords", "blobId", "messageId"]
        for start in range(0, len(ids), 500):
            answer = self.call("Email/get", ids=ids[start : start + 500], properties=properties)
            found |= {email["id"]: email for email in answer["list"]}
        return found

    def state(self) -> str:
        """Of the account's messages."""
        return str(self.call("Email/get", ids=[])["state"])

    def replayed(self, state: str, emails: dict[str, Json]) -> dict[str, Json]:
        """The messages now, as a client learns of them that had `emails` at `state`."""
        present = dict(emails)
        more = True
        while more:
            changes = self.call("Email/changes", sinceState=state, maxChanges=100)
            for gone in changes["destroyed"]:
                present.pop(gone, None)
            present |= self.emails([*changes["created"], *changes["updated"]])
            state, more = changes["newState"], changes["hasMoreChanges"]
        return present

    def _ask(self, method: str, path: str, body: bytes | None = None, more: dict[str, str] | None = None) -> Json:
        headers = {"Content-Type": "application/json", **self.headers, **(more or {})}
        self._http.request(method, path, body, headers)
        answer = self._http.getresponse()
        octets = answer.read()
        if answer.status not in (200, 201):
            raise http.client.HTTPException(f"{path}: {answer.status} {octets[:200]!r}")
        value = json.loads(octets)
        assert isinstance(value, dict)
        return value
