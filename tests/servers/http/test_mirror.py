"""Random changes by all four pillars, and a client that follows: what it believes is what a fresh look shows."""

import asyncio
import contextlib
import http.client
import imaplib
import json
import poplib
import random
import smtplib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.engines_fixtures import new_schema
from tests.server import PASSWORD, PillarboxServer
from tests.servers.http.mirror import KINDS, NEWEST, Jmap, Mirror, Refused, fresh

STEPS = 40


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PillarboxServer]:
    """A server of two processes that has logged no bug."""
    url = ""
    if request.param == "postgres":
        url = asyncio.run(new_schema(request.getfixturevalue("postgres_server")))
    running = PillarboxServer(tmp_path_factory.mktemp(request.param), url, workers=2)
    yield running
    assert running.stop() == 0
    log = running.log.read_text("utf-8", "replace")
    assert "Traceback" not in log, log[-3000:]


class World:
    """Everything that can happen to somebody's mail."""

    def __init__(self, server: PillarboxServer, seed: int) -> None:
        self.random = random.Random(seed)
        self.server = server
        self.user, self.other = f"you{seed}@talk.test", f"friend{seed}@talk.test"
        for address in (self.user, self.other):
            server.add_account(address)
        self.jmap = Jmap(server, self.user)
        self.imap = imaplib.IMAP4("127.0.0.1", server.port["imap"])
        self.imap.login(self.user, PASSWORD)
        self.sent = 0
        self.boxes = 0
        self.deeds: list[Callable[[], object]] = [
            self.arrive, self.arrive, self.append, self.flag, self.flag, self.copy, self.move, self.expunge, self.pop,
            self.keyword, self.mailboxes, self.destroy, self.create, self.make_mailbox, self.drop_mailbox, self.rename,
            self.hide, self.send,
        ]  # fmt: skip

    def close(self) -> None:
        self.imap.logout()
        self.jmap.close()

    def letter(self) -> bytes:
        """A message, of one of a few conversations."""
        self.sent += 1
        topic = self.random.randrange(6)
        answers = f"References: <topic{topic}@x>\r\n" if self.random.random() < 0.6 else ""
        return (
            f"From: a@talk.test\r\nTo: {self.user}\r\nSubject: Topic {topic}\r\n"
            f"Message-ID: <m{self.sent}@x>\r\n{answers}"
            f"Date: Mon, 23 Nov 2026 10:00:00 +0000\r\n\r\nbody {self.sent}\r\n"
        ).encode()

    def arrive(self) -> None:
        with smtplib.SMTP("127.0.0.1", self.server.port["smtp"]) as client:
            client.sendmail("a@elsewhere.test", [self.user], self.letter())

    def select(self) -> list[bytes]:
        """A mailbox, selected; its UIDs."""
        self.imap.select(self.random.choice(("INBOX", "INBOX", "INBOX", "Archive", "Trash", "Sent")))
        return list(self.imap.uid("search", "ALL")[1][0].split())

    def some(self, uids: list[bytes]) -> str:
        chosen = self.random.sample(uids, self.random.randint(1, min(4, len(uids))))
        return b",".join(chosen).decode()

    def append(self) -> None:
        self.imap.append("Archive", "(\\Seen work)", None, self.letter())

    def flag(self) -> None:
        if uids := self.select():
            change = self.random.choice(("+FLAGS", "-FLAGS", "FLAGS"))
            self.imap.uid(
                "store", self.some(uids), change, self.random.choice(("\\Seen", "\\Flagged", "work", "\\Draft"))
            )

    def copy(self) -> None:
        if uids := self.select():
            self.imap.uid("copy", self.some(uids), self.random.choice(("Archive", "Trash")))

    def move(self) -> None:
        if uids := self.select():
            self.imap.uid("move", self.some(uids), self.random.choice(("INBOX", "Archive", "Trash")))

    def hide(self) -> None:
        """\\Deleted hides a message from JMAP, and taking it away shows it again."""
        if uids := self.select():
            self.imap.uid("store", self.some(uids), self.random.choice(("+FLAGS", "-FLAGS")), "\\Deleted")

    def expunge(self) -> None:
        if self.select():
            self.imap.expunge()

    def pop(self) -> None:
        client = poplib.POP3("127.0.0.1", self.server.port["pop3"])
        client.user(self.user)
        client.pass_(PASSWORD)
        if client.stat()[0]:
            client.dele(1)
        client.quit()

    def email(self) -> str | None:
        ids = self.jmap.call("Email/query")["ids"]
        return self.random.choice(ids) if ids else None

    def keyword(self) -> None:
        if email := self.email():
            word = self.random.choice(("$seen", "$flagged", "$draft", "work", "fun"))
            self.jmap.call("Email/set", update={email: {f"keywords/{word}": self.random.choice((True, None))}})

    def mailboxes(self) -> None:
        if email := self.email():
            boxes = [one["id"] for one in self.jmap.call("Mailbox/get")["list"]]
            chosen = self.random.sample(boxes, self.random.randint(1, min(3, len(boxes))))
            self.jmap.call("Email/set", update={email: {"mailboxIds": dict.fromkeys(chosen, True)}})

    def destroy(self) -> None:
        if email := self.email():
            self.jmap.call("Email/set", destroy=[email])

    def create(self) -> None:
        where = {self.jmap.role["drafts"]: True, self.jmap.role["inbox"]: True}
        self.jmap.call(
            "Email/set", create={"k": {"mailboxIds": where, "subject": "Topic 1", "keywords": {"$draft": True}}}
        )

    def send(self) -> None:
        """A draft goes to somebody else and to its author, and into Sent."""
        self.create()
        (found,) = self.jmap.call("Email/query", filter={"hasKeyword": "$draft"}, limit=1)["ids"]
        identity = self.jmap.call("Identity/get")["list"][0]["id"]
        to = {"mailFrom": {"email": self.user}, "rcptTo": [{"email": self.other}, {"email": self.user}]}
        create = {"s": {"identityId": identity, "emailId": found, "envelope": to}}
        then = {"#s": {"mailboxIds": {self.jmap.role["sent"]: True}, "keywords/$draft": None}}
        self.jmap.call("EmailSubmission/set", create=create, onSuccessUpdateEmail=then)

    def own(self) -> str | None:
        """A mailbox that was made here."""
        found = [one["id"] for one in self.jmap.call("Mailbox/get")["list"] if one["role"] is None]
        return self.random.choice(found) if found else None

    def make_mailbox(self) -> None:
        self.boxes += 1
        if self.random.random() < 0.5:
            self.imap.create(f"Box{self.boxes}")
        else:
            self.jmap.call("Mailbox/set", create={"k": {"name": f"Box{self.boxes}", "parentId": self.own()}})

    def drop_mailbox(self) -> None:
        if box := self.own():
            self.jmap.call("Mailbox/set", destroy=[box], onDestroyRemoveEmails=True)

    def rename(self) -> None:
        if box := self.own():
            self.boxes += 1
            self.jmap.call("Mailbox/set", update={box: {"name": f"Box{self.boxes}", "sortOrder": self.boxes}})


class Push:
    """The event source: the last state of each type that was pushed."""

    def __init__(self, jmap: Jmap, server: PillarboxServer) -> None:
        self._http = http.client.HTTPConnection("127.0.0.1", server.port["http"], timeout=20)
        where = "/jmap/eventsource/?types=Mailbox,Email,Thread&closeafter=no&ping=0"
        self._http.request("GET", where, headers=jmap.headers)
        self._stream = self._http.getresponse()
        assert self._stream.getheader("Content-Type") == "text/event-stream"
        self._account = jmap.account
        self.states: dict[str, str] = {}

    def until(self, modseq: int) -> None:
        """Read events until one speaks of a state at or after `modseq`."""
        while max(map(int, self.states.values()), default=0) < modseq:
            line = self._stream.readline()
            assert line, "the stream has ended"
            if line.startswith(b"data: "):
                data: dict[str, Any] = json.loads(line[6:])
                self.states.update(data["changed"][self._account])

    def close(self) -> None:
        self._http.close()


@pytest.mark.parametrize("seed", [4, 11])
def test_a_client_that_only_follows(server: PillarboxServer, seed: int) -> None:
    world = World(server, seed)
    inbox = world.jmap.role["inbox"]
    queries: list[dict[str, Any]] = [
        {"sort": NEWEST},
        {"sort": NEWEST, "filter": {"inMailbox": inbox}, "collapseThreads": True},
        {"filter": {"operator": "NOT", "conditions": [{"hasKeyword": "$seen"}]}, "sort": [{"property": "subject"}]},
        {"filter": {"someInThreadHaveKeyword": "work"}, "sort": [{"property": "hasKeyword", "keyword": "$flagged"}]},
    ]
    for _ in range(12):
        world.arrive()
    mirror = Mirror(world.jmap, queries)
    push = Push(world.jmap, server)
    try:
        for step in range(STEPS):
            deed = world.random.choice(world.deeds)
            with contextlib.suppress(Refused):
                deed()
            if world.random.random() < 0.4:
                continue
            state = max(int(fresh_state(world.jmap, kind)) for kind in KINDS)
            push_due = any(changed(world.jmap, kind, mirror.states[kind]) for kind in KINDS)
            if push_due:
                push.until(min(int(mirror.states[kind]) for kind in KINDS) + 1)
            mirror.follow()
            assert state <= max(map(int, mirror.states.values()))
            compare(world.jmap, mirror, f"seed {seed} step {step} {deed.__name__}")
    finally:
        push.close()
        world.close()


def fresh_state(jmap: Jmap, kind: str) -> str:
    return str(jmap.call(f"{kind}/get", ids=[])["state"])


def changed(jmap: Jmap, kind: str, since: str) -> bool:
    said = jmap.call(f"{kind}/changes", sinceState=since)
    return bool(said["created"] or said["updated"] or said["destroyed"])


def compare(jmap: Jmap, mirror: Mirror, where: str) -> None:
    for kind in KINDS:
        assert mirror.objects[kind] == fresh(jmap, kind)[0], f"{where}: {kind}"
    for query, result in zip(mirror.queries, mirror.results, strict=True):
        assert jmap.call("Email/query", **query)["ids"] == result, f"{where}: {query}"
    emails = mirror.objects["Email"].values()
    for box in mirror.objects["Mailbox"].values():
        mine = [one for one in emails if box["id"] in one["mailboxIds"]]
        counted = (box["totalEmails"], box["totalThreads"])
        assert counted == (len(mine), len({one["threadId"] for one in mine})), f"{where}: {box['name']}"
