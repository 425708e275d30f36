"""A whole HTTP pillar over a real store, asked without sockets."""

import base64
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pillarbox.core.ids import spell
from pillarbox.servers.http.server import HttpServer
from pillarbox.servers.http.services import HttpServices, HttpSettings
from pillarbox.services.login.passwords import hash_password
from pillarbox.services.submission.service import Submissions
from pillarbox.store.model import ACCOUNT_PREFIX, Account
from pillarbox.store.store import Store
from pillarbox.wire.jmap.codec import decode, encode
from pillarbox.wire.jmap.session import CORE, MAIL, SUBMISSION
from tests.engines_fixtures import Engine
from tests.logins import open_logins
from tests.stores import StepClock, open_store

PASSWORD = hash_password("secret")
USING = [CORE, MAIL, SUBMISSION]
MESSAGE_SIZE = 1 << 20

Json = dict[str, Any]


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes
    cookies: list[str] = field(default_factory=list)

    def json(self) -> Any:
        return decode(self.body)


@dataclass
class House:
    """The server, its store, and two people with the password "secret"."""

    server: HttpServer
    store: Store
    you: Account
    friend: Account
    clock: StepClock
    services: HttpServices
    settings: HttpSettings

    @property
    def account(self) -> str:
        return spell(ACCOUNT_PREFIX, self.you.account_id)

    async def ask(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None, **more: Any
    ) -> Answer:
        """One request; `peer`, `scheme`, `piece` (octets per body message) and another `server` may be said."""
        path, _, query = path.partition("?")
        given = {"host": "mail.test", **(headers or {})}
        scope = {
            "type": "http", "method": method, "path": path, "raw_path": path.encode(), "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in given.items()],
            "client": (more.get("peer", "127.0.0.1"), 1), "scheme": more.get("scheme", "http"), "http_version": "1.1",
        }  # fmt: skip
        size = more.get("piece", 1 << 20)
        pieces = [body[at : at + size] for at in range(0, len(body), size)] or [b""]
        answer = Answer(0, {}, b"")

        async def receive() -> Json:
            if not pieces:
                return {"type": "http.disconnect"}
            return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                answer.status = message["status"]
                answer.headers = {name.decode(): value.decode() for name, value in message["headers"]}
                answer.cookies = [v.decode() for n, v in message["headers"] if n == b"set-cookie"]
            else:
                answer.body += message.get("body", b"")

        await more.get("server", self.server).application(scope, receive, send)
        return answer

    async def post(self, value: object, **more: Any) -> Answer:
        """A JMAP request with Basic credentials."""
        headers = {"content-type": "application/json", "authorization": basic()}
        return await self.ask("POST", "/jmap/api", encode(value), headers, **more)

    async def calls(self, *calls: tuple[str, Json], using: list[str] | None = None) -> list[list[Any]]:
        """Method calls, ids c0, c1…; accountId is filled in where it is not said."""
        made = [[name, {"accountId": self.account, **given}, f"c{n}"] for n, (name, given) in enumerate(calls)]
        answer = await self.post({"using": USING if using is None else using, "methodCalls": made})
        assert answer.status == 200, answer.body
        responses: list[list[Any]] = answer.json()["methodResponses"]
        return responses

    async def call(self, name: str, **given: Any) -> Json:
        """The answer of one method that succeeds."""
        responses = await self.calls((name, given))
        assert responses[0][0] == name, responses
        found: Json = responses[0][1]
        return found

    async def error(self, name: str, **given: Any) -> Json:
        """The error one method gives."""
        responses = await self.calls((name, given))
        assert responses[0][0] == "error", responses
        found: Json = responses[0][1]
        return found

    async def mailbox(self, role: str) -> str:
        """The id of the mailbox with a role."""
        found = await self.call("Mailbox/query", filter={"role": role})
        return str(found["ids"][0])

    async def imported(self, octets: bytes, role: str = "inbox", **more: Any) -> str:
        """A message, through upload and Email/import; its id."""
        blob = await self.uploaded(octets)
        email = {"blobId": blob, "mailboxIds": {await self.mailbox(role): True}, **more}
        answer = await self.call("Email/import", emails={"k": email})
        assert answer["created"], answer
        return str(answer["created"]["k"]["id"])

    async def uploaded(self, octets: bytes, kind: str = "message/rfc822") -> str:
        """The blob id of an upload."""
        headers = {"authorization": basic(), "content-type": kind}
        answer = await self.ask("POST", f"/jmap/upload/{self.account}/", octets, headers)
        assert answer.status == 201, answer.body
        return str(answer.json()["blobId"])


def basic(name: str = "you@demo.test", password: str = "secret") -> str:
    """An Authorization header."""
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


async def build(engine: Engine, static: Path | None = None) -> AsyncIterator[House]:
    """The house, torn down afterwards."""
    clock = StepClock()
    store = await open_store(engine, clock, MESSAGE_SIZE)
    await store.directory.add_domain("demo.test")
    you = await store.directory.add_account("you@demo.test", PASSWORD, "You")
    friend = await store.directory.add_account("friend@demo.test", PASSWORD, "Friend")
    logins = open_logins(store)
    services = HttpServices(store, logins, Submissions(store, "mail.test"), clock)
    settings = HttpSettings(engine.folder / "http.key", MESSAGE_SIZE, 1000, static or engine.folder / "static")
    yield House(HttpServer(services, settings), store, you, friend, clock, services, settings)
    logins.close()
    await store.close()
