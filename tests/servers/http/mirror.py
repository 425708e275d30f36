"""A JMAP client that learns of the mail only by push, /changes and /queryChanges, as a careful program would."""

import base64
import http.client
import json
from typing import Any

from tests.server import PASSWORD, PillarboxServer

USING = [f"urn:ietf:params:jmap:{name}" for name in ("core", "mail", "submission")]
KINDS = ("Mailbox", "Email", "Thread")
NEWEST = [{"property": "receivedAt", "isAscending": False}]

Json = dict[str, Any]


class Refused(Exception):
    """The error a method gave."""

    def __init__(self, value: Json) -> None:
        super().__init__(value["type"])
        self.kind = value["type"]


class Jmap:
    """Requests over one kept connection."""

    def __init__(self, server: PillarboxServer, user: str) -> None:
        self._http = http.client.HTTPConnection("127.0.0.1", server.port["http"], timeout=30)
        login = base64.b64encode(f"{user}:{PASSWORD}".encode()).decode()
        self.headers = {"Authorization": f"Basic {login}", "Content-Type": "application/json"}
        self.session = self._ask("GET", "/.well-known/jmap")
        self.account = self.session["primaryAccounts"][USING[1]]
        self.role = {one["role"]: one["id"] for one in self.call("Mailbox/get")["list"] if one["role"]}

    def close(self) -> None:
        """End the connection."""
        self._http.close()

    def _ask(self, method: str, path: str, body: bytes | None = None) -> Json:
        self._http.request(method, path, body, self.headers)
        answer = self._http.getresponse()
        octets = answer.read()
        assert answer.status in (200, 201), (answer.status, octets)
        found: Json = json.loads(octets)
        return found

    def call(self, name: str, **arguments: Any) -> Json:
        """The answer of one method. Raises Refused."""
        calls = [[name, {"accountId": self.account, **arguments}, "c"]]
        body = json.dumps({"using": USING, "methodCalls": calls}).encode()
        said, value, _ = self._ask("POST", self.session["apiUrl"], body)["methodResponses"][0]
        if said == "error":
            raise Refused(value)
        return dict(value)


class Mirror:
    """What the client believes: objects by kind and id, and the results of queries in order."""

    def __init__(self, jmap: Jmap, queries: list[Json]) -> None:
        self._jmap = jmap
        self.objects: dict[str, dict[str, Json]] = {}
        self.states: dict[str, str] = {}
        self.queries = queries
        self.results: list[list[str]] = []
        self.query_states: list[str] = []
        self.fetched = 0
        for kind in KINDS:
            got = fresh(jmap, kind)
            self.objects[kind], self.states[kind] = got
        for query in queries:
            answer = jmap.call("Email/query", **query)
            self.results.append(answer["ids"])
            self.query_states.append(answer["queryState"])

    def follow(self) -> None:
        """Take over everything that changed since the last look."""
        for kind in KINDS:
            self._follow(kind)
        for index in range(len(self.queries)):
            self._follow_query(index)

    def _follow(self, kind: str) -> None:
        known = self.objects[kind]
        while True:
            said = self._jmap.call(f"{kind}/changes", sinceState=self.states[kind], maxChanges=50)
            assert not set(said["created"]) & set(said["destroyed"]), said
            for gone in said["destroyed"]:
                known.pop(gone, None)
            counts = said.get("updatedProperties")
            self._get(kind, said["created"], None)
            self._get(kind, [one for one in said["updated"] if one in known], counts)
            self._get(kind, [one for one in said["updated"] if one not in known], None)
            self.states[kind] = said["newState"]
            if not said["hasMoreChanges"]:
                return

    def _get(self, kind: str, ids: list[str], properties: list[str] | None) -> None:
        if ids:
            asked = properties or PROPERTIES[kind]
            for one in self._jmap.call(f"{kind}/get", ids=ids, properties=asked)["list"]:
                self.objects[kind].setdefault(one["id"], {}).update(one)
                self.fetched += 1

    def _follow_query(self, index: int) -> None:
        query = {name: value for name, value in self.queries[index].items() if name != "limit"}
        since = self.query_states[index]
        said = self._jmap.call("Email/queryChanges", sinceQueryState=since, calculateTotal=True, **query)
        removed = set(said["removed"])
        ids = [one for one in self.results[index] if one not in removed]
        for item in sorted(said["added"], key=lambda item: int(item["index"])):
            ids.insert(item["index"], item["id"])
        assert len(ids) == said["total"], (query, said, self.results[index])
        self.results[index], self.query_states[index] = ids, said["newQueryState"]


PROPERTIES: dict[str, list[str] | None] = {
    "Mailbox": None,
    "Thread": None,
    "Email": ["id", "threadId", "mailboxIds", "keywords", "receivedAt", "size", "subject", "blobId"],
}


def fresh(jmap: Jmap, kind: str) -> tuple[dict[str, Json], str]:
    """All objects of a kind as somebody sees them who comes for the first time, and the state."""
    ids: list[str] | None = None
    if kind == "Email":
        ids = jmap.call("Email/query")["ids"]
    elif kind == "Thread":
        emails, _ = fresh(jmap, "Email")
        ids = sorted({one["threadId"] for one in emails.values()})
    got = jmap.call(f"{kind}/get", ids=ids, properties=PROPERTIES[kind])
    assert got["notFound"] == []
    return {one["id"]: one for one in got["list"]}, got["state"]
