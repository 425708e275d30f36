"""The load of a crash test: threads that bring mail in by every way, change it and watch it, in spite of crashes."""

import random
import smtplib
import threading
import time
from collections.abc import Callable

from tests.crash.clients import GONE, Imap, Jmap, Json
from tests.crash.ledger import DELETED, OPEN, STANDS, Attempt, Ledger
from tests.server import PillarboxServer

SHARED = ("one@crash.test", "two@crash.test", "three@crash.test")
"""Accounts mail is delivered to by SMTP."""
APPENDED = "append@crash.test"
CREATED = "create@crash.test"
ACCOUNTS = (*SHARED, APPENDED, CREATED)
KEYWORDS = ("\\Seen", "\\Flagged", "\\Answered", "$Label", "Own-Word")
SIZES = (0, 0, 0, 0, 0, 0, 3_000, 3_000, 20_000, 90_000, 1_200_000)
"""Of the octets beside a few lines: rows, files, and files from the spool."""
REST = 0.05  # seconds a client waits before it tries again to connect


class Load:
    """The clients. Each has its own random numbers, made from `seed`."""

    def __init__(self, server: PillarboxServer, ledger: Ledger, seed: int) -> None:
        self.server = server
        self.ledger = ledger
        self.stopped = threading.Event()
        self.watchers = [Watcher(self, account) for account in (SHARED[0], APPENDED)]
        jobs: list[Callable[[random.Random], None]] = [self._deliver, self._deliver, self._append, self._append]
        jobs += [self._create, *(watcher.watch for watcher in self.watchers)]
        self._threads = [
            threading.Thread(target=self._again, args=(job, random.Random(f"{seed}.{n}")), daemon=True)
            for n, job in enumerate(jobs)
        ]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let everybody finish what is under way."""
        self.stopped.set()
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive()

    def _again(self, job: Callable[[random.Random], None], chance: random.Random) -> None:
        while not self.stopped.is_set():
            try:
                job(chance)
            except GONE:
                time.sleep(REST)
            except Exception as error:
                self.ledger.complain(f"{job.__name__}: {error!r}")
                raise

    def _deliver(self, chance: random.Random) -> None:
        """A few messages on one SMTP connection, to one or several accounts each."""
        with smtplib.SMTP("127.0.0.1", self.server.port["smtp"], timeout=30) as smtp:
            for _ in range(chance.randint(1, 5)):
                if self.stopped.is_set():
                    return
                recipients = tuple(chance.sample(SHARED, chance.randint(1, len(SHARED))))
                attempt = self.ledger.attempt("smtp", recipients, chance.choice(SIZES))
                refused = smtp.sendmail("ann@elsewhere.test", recipients, attempt.octets)
                attempt.accounts = tuple(one for one in recipients if one not in refused)
                self.ledger.acknowledge(attempt)

    def _append(self, chance: random.Random) -> None:
        """An IMAP session: appends with flags, and flags, moves and expunges what it appended."""
        imap = Imap(self.server, APPENDED)
        try:
            validity = imap.select("INBOX")
            own: list[Attempt] = []
            while not self.stopped.is_set():
                flags = chance.sample(KEYWORDS, chance.randint(0, 3))
                attempt = self.ledger.attempt("append", (APPENDED,), chance.choice(SIZES))
                placed = imap.append("INBOX", attempt.octets, " ".join(flags))
                attempt.keywords.update(flags)
                self._placed(attempt, "INBOX", placed)
                self.ledger.acknowledge(attempt)
                assert placed[0] == validity
                own.append(attempt)
                if len(own) > 3:
                    self._change(imap, chance, own.pop(chance.randrange(len(own))))
        finally:
            imap.close()

    def _change(self, imap: Imap, chance: random.Random, attempt: Attempt) -> None:
        assert attempt.placed is not None
        uid = attempt.placed[1]
        choice = chance.randrange(3)
        if choice == 0:
            word = chance.choice(KEYWORDS)
            imap.flag(uid, word)
            attempt.keywords.add(word)
        elif choice == 1:
            self._placed(attempt, "Archive", imap.move(uid, "Archive"))
        else:
            attempt.fate = OPEN
            imap.expunge(uid)
            attempt.fate = DELETED

    def _placed(self, attempt: Attempt, mailbox: str, placed: tuple[int, int]) -> None:
        attempt.placed = placed
        self.ledger.saw((APPENDED, mailbox), *placed, attempt.name)

    def _create(self, chance: random.Random) -> None:
        """A JMAP client: imports uploads, creates drafts, destroys some."""
        jmap = Jmap(self.server, CREATED)
        try:
            while not self.stopped.is_set():
                attempt = self.ledger.attempt("jmap", (CREATED,), chance.choice(SIZES))
                made = self._import(jmap, attempt) if chance.random() < 0.6 else self._set(jmap, attempt)
                attempt.size = made["size"]
                attempt.keywords.add("$seen")
                self.ledger.acknowledge(attempt)
                if chance.random() < 0.2:
                    attempt.fate = OPEN
                    gone = jmap.call("Email/set", destroy=[made["id"]])["destroyed"]
                    attempt.fate = DELETED if gone == [made["id"]] else STANDS
        finally:
            jmap.close()

    def _import(self, jmap: Jmap, attempt: Attempt) -> Json:
        email = {"blobId": jmap.upload(attempt.octets), "mailboxIds": {jmap.inbox: True}, "keywords": {"$seen": True}}
        return self._made(jmap.call("Email/import", emails={"k": email}))

    def _set(self, jmap: Jmap, attempt: Attempt) -> Json:
        email = {
            "mailboxIds": {jmap.inbox: True},
            "keywords": {"$seen": True},
            "messageId": [attempt.name.strip("<>")],
            "from": [{"email": CREATED}],
            "subject": "created",
            "textBody": [{"partId": "1", "type": "text/plain"}],
            "bodyValues": {"1": {"value": "Hello " * (len(attempt.octets) // 6)}},
        }
        attempt.octets = b""  # the server makes them
        return self._made(jmap.call("Email/set", create={"k": email}))

    def _made(self, answer: Json) -> Json:
        if not answer.get("created"):
            raise OSError(f"not created: {answer}")
        made = answer["created"]["k"]
        assert isinstance(made, dict)
        return made


class Watcher:
    """Looks at an INBOX again and again for UIDs above the last one it knows: one that comes later breaks a promise."""

    def __init__(self, load: Load, account: str) -> None:
        self._load = load
        self.account = account
        self.seen: set[int] = set()
        self.validity = 0

    def watch(self, chance: random.Random) -> None:
        """Until the load stops or the server dies."""
        imap = Imap(self._load.server, self.account)
        try:
            self.validity = imap.select("INBOX", readonly=True)
            while not self._load.stopped.is_set():
                last = max(self.seen, default=0)
                for uid, octets, _ in imap.fetch(last + 1, "BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]"):
                    name = octets.strip().rpartition(b" ")[2].decode()
                    self._load.ledger.saw((self.account, "INBOX"), self.validity, uid, name)
                    self.seen.add(uid)
                time.sleep(chance.uniform(0, 0.03))
        finally:
            imap.close()
